"""Nova's API as an ordinary process: `nova_api.py DIRECTORY KEYSTONE_URL` makes a new one there, with two cells and five servers on a
page, and serves it on 127.0.0.1 until standard input ends. Says its port when it answers. Its policy is the default of the releases
from 2023.1 on: who lists the servers of a project needs a role there that may read.

Nobody schedules or runs a server: they are put into the database by Nova's own objects. Each line of standard input is JSON,
[NAME, ARGUMENTS], one of the functions below; what it gives comes back as a line.
"""

import contextlib
import json
import os
import pathlib
import sys
import uuid

from serving import listen, make_database, obey, say, start

os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"
PASTE = "usr/share/nova-common/api-paste.ini"
CONFIG = """
[DEFAULT]
state_path = {0}
log_file = {0}/nova.log
transport_url = fake://
[api]
max_limit = 5
[database]
connection = sqlite:///{0}/one.db
[api_database]
connection = sqlite:///{0}/api.db
[keystone_authtoken]
auth_type = password
auth_url = {1}
www_authenticate_uri = {1}
username = admin
password = admin
project_name = admin
user_domain_id = default
project_domain_id = default
[neutron]
endpoint_override = http://127.0.0.1:{2}
[oslo_concurrency]
lock_path = {0}
[oslo_policy]
policy_dirs = {0}/policy
enforce_new_defaults = true
"""


def neutron(environ, respond):
    """All that Nova wants of Neutron for a list: which security groups its ports have."""
    respond("200 OK", [("content-type", "application/json")])
    return [json.dumps({environ["PATH_INFO"].rsplit("/", 1)[-1].removesuffix(".json").replace("-", "_"): []}).encode()]


class Nova:
    def __init__(self, directory, url):
        sys.argv = ["nova-api"]
        import nova

        config, paste = directory / "nova.conf", pathlib.Path(nova.__file__).parents[5] / PASTE
        for name in ("api", "cell0", "one", "two"):
            make_database(directory / f"{name}.db")
        network = listen()
        start(network, neutron)
        config.write_text(CONFIG.format(directory, url, network.server_port))
        os.environ["OS_NOVA_CONFIG_DIR"], os.environ["OS_NOVA_CONFIG_FILES"] = "/", f"{paste};{config}"
        from nova import context, objects
        from nova.api.openstack import wsgi_app
        from nova.cmd import manage
        from nova.db import migration

        self.context, self.objects, self.directory = context, objects, directory
        wsgi_app.init_global_data([str(paste), str(config)], "osapi_compute")
        migration.db_sync(database="api")
        self.admin = context.get_admin_context()
        manage.CellV2Commands().map_cell0(database_connection=f"sqlite:///{directory}/cell0.db")
        for name in ("one", "two"):
            manage.CellV2Commands().create_cell(name=name, database_connection=f"sqlite:///{directory}/{name}.db", transport_url=f"fake://{name}/")
        for cell in objects.CellMappingList.get_all(self.admin):
            with context.target_cell(self.admin, cell) as inside:
                migration.db_sync(None, database="main", context=inside)
        self.application = wsgi_app.init_application("osapi_compute")

    def cell(self, name):
        return next(cell for cell in self.objects.CellMappingList.get_all(self.admin) if cell.name == name)

    def launch(self, name, project, cell="one", zone="nova", networks=(), metadata=None, tags=(), **state):
        """A new server; its id. `networks`: (label, fixed, floating) of each."""
        made = str(uuid.uuid4())
        flavor = self.objects.Flavor(id=1, flavorid="1", name="m1.small", memory_mb=2048, vcpus=1, root_gb=20, ephemeral_gb=0, swap=0,
                                     rxtx_factor=1.0, vcpu_weight=0, disabled=False, is_public=True, extra_specs={})
        values = {"uuid": made, "project_id": project, "user_id": "somebody", "display_name": name, "availability_zone": zone,
                  "hostname": name, "image_ref": "4f4e8f4e-1111-4222-8333-444455556666", "flavor": flavor, "metadata": metadata or {},
                  "system_metadata": {}, "vm_state": "active", "task_state": None, "power_state": 1, "instance_type_id": 1,
                  "old_flavor": None, "new_flavor": None, "root_device_name": "/dev/vda", "deleted": False}
        specification = {"instance_uuid": made, "flavor": flavor, "image": None, "num_instances": 1, "project_id": project,
                         "user_id": "somebody", "availability_zone": zone, "numa_topology": None, "pci_requests": None}
        mapping = self.cell(cell)
        with self.context.target_cell(self.admin, mapping) as inside:
            instance = self.objects.Instance(context=inside, **(values | state))
            instance.create()
            instance.info_cache = self.objects.InstanceInfoCache(context=inside, instance_uuid=made)
            instance.info_cache.network_info = self.network_info(networks)
            instance.info_cache.save()
            self.objects.TagList.create(inside, made, list(tags))
        self.objects.InstanceMapping(self.admin, instance_uuid=made, cell_mapping=mapping, project_id=project, user_id="somebody",
                                     queued_for_delete=False).create()
        self.objects.RequestSpec(self.admin, **specification).create()
        return made

    @staticmethod
    def network_info(networks):
        from nova.network import model

        def address(fixed, floating):
            return model.FixedIP(address=fixed, floating_ips=[model.IP(address=each, type="floating") for each in floating])

        return model.NetworkInfo([
            model.VIF(id=str(uuid.uuid4()), address="fa:16:3e:00:00:01", type="ovs", network=model.Network(
                id=str(uuid.uuid4()), bridge="br-int", label=label, subnets=[
                    model.Subnet(cidr="::/0" if ":" in fixed else "0.0.0.0/0", ips=[address(fixed, floating if ":" not in fixed else [])])
                    for fixed in every]))
            for label, every, floating in networks])

    def change(self, server, **values):
        """Other values of its columns."""
        mapping = self.objects.InstanceMapping.get_by_instance_uuid(self.admin, server)
        with self.context.target_cell(self.admin, mapping.cell_mapping) as inside:
            instance = self.objects.Instance.get_by_uuid(inside, server, expected_attrs=["metadata"])
            for name, value in values.items():
                setattr(instance, name, value)
            instance.save()

    def destroy(self, server):
        mapping = self.objects.InstanceMapping.get_by_instance_uuid(self.admin, server)
        with self.context.target_cell(self.admin, mapping.cell_mapping) as inside:
            self.objects.Instance.get_by_uuid(inside, server).destroy()
        mapping.queued_for_delete = True
        mapping.save()

    def lose(self, name, lost=True):
        """Whether the database of a cell is down."""
        cell = self.cell(name)
        cell.database_connection = f"sqlite:////nonexistent/{name}.db" if lost else f"sqlite:///{self.directory}/{name}.db"
        cell.save()
        # In its place and not only out of it: a request that goes on meanwhile knows the cell as it was, and would put that back.
        from nova import rpc
        from nova.db.main import api

        self.context.CELL_CACHE[cell.uuid] = (api.create_context_manager(cell.database_connection), rpc.create_transport(cell.transport_url))


def main(directory, url):
    with contextlib.redirect_stdout(sys.stderr):
        nova = Nova(directory, url)
    server = listen()
    start(server, nova.application)
    say(server.server_port)
    obey({"launch": nova.launch, "change": nova.change, "destroy": nova.destroy, "lose": nova.lose})


main(pathlib.Path(sys.argv[1]), sys.argv[2])
