"""Keystone as an ordinary process: `keystone_api.py DIRECTORY` makes a new one there, with a user admin whose password is admin, and
serves it on 127.0.0.1 until standard input ends. Says its port first, and "ready" when it answers.
"""

import pathlib
import sys

from serving import listen, make_database, obey, say, start

CONFIG = """
[DEFAULT]
log_file = {0}/keystone.log
[database]
connection = sqlite:///{0}/keystone.db
[fernet_tokens]
key_repository = {0}/keys
[fernet_receipts]
key_repository = {0}/keys
[credential]
key_repository = {0}/keys
[oslo_policy]
policy_dirs = {0}/policy
"""


def main(directory):
    server = listen()
    say(server.server_port)
    sys.argv = ["keystone"]
    (directory / "keystone.conf").write_text(CONFIG.format(directory))
    make_database(directory / "keystone.db")
    import keystone.server
    from keystone.cmd import bootstrap
    from keystone.common import fernet_utils
    from keystone.common.sql import upgrades
    from keystone.server.flask import application, core

    keystone.server.configure(config_files=[str(directory / "keystone.conf")])
    upgrades.offline_sync_database_to_version()
    keys = fernet_utils.FernetUtils(str(directory / "keys"), 3, "fernet_tokens")
    keys.create_key_directory()
    keys.initialize_key_repository()
    first = bootstrap.Bootstrapper()
    first.admin_password = first.admin_username = first.project_name = first.admin_role_name = "admin"
    first.service_name, first.region_id = "keystone", "RegionOne"
    first.public_url = first.internal_url = first.admin_url = f"http://127.0.0.1:{server.server_port}/v3"
    first.bootstrap()
    start(server, core.setup_app_middleware(application.application_factory("public")))
    say("ready")
    obey({})


main(pathlib.Path(sys.argv[1]))
