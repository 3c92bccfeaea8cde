"""A small world on one machine: a Slipway server, agents, and a git server, all of them real processes on loopback.

Used by the demo (`run`) and by the end-to-end tests. Standard library only. Everything lives below one directory and
every process is ended by World.close().
"""

import base64
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
LIGHTTPD = "/usr/sbin/lighttpd"


class WorldError(Exception):
    """Something that the world needs did not happen; the message says what and where to look."""


def wait_for(what, condition, timeout=60.0, interval=0.05):
    """Waits until condition() is true and returns its value; a WorldError that names `what` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise WorldError(f"waited {timeout:.0f} s for {what}, in vain")
        time.sleep(interval)


def free_port(address="127.0.0.1"):
    """A port that nobody listens on at this moment. Only for programs that cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def free_network(hosts, port):
    """Takes the first of 127.0.0, 127.0.1, … where `port` is free on every host, such as 10; returns it and a socket that keeps
    other worlds away from it for as long as it is open."""
    for third in range(64):
        network = f"127.0.{third}"
        keeper, probes = socket.socket(), [socket.socket() for _ in hosts]
        try:
            keeper.bind((f"{network}.2", port))
            for host, probe in zip(hosts, probes):
                probe.bind((f"{network}.{host}", port))
            return network, keeper
        except OSError:
            keeper.close()
        finally:
            for probe in probes:
                probe.close()
    raise WorldError(f"port {port} is taken on all of 127.0.0.0/16; perhaps one program listens on all addresses: "
                     f"`ss -ltnp 'sport = :{port}'` names it; stop it and try again")


def run(*argv, cwd=None, env=None, stdin=None):
    """Runs a program to its end and returns what it printed; a WorldError with its output when it fails."""
    done = subprocess.run([str(part) for part in argv], cwd=cwd, env=env, input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise WorldError(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


class Process:
    """A program in a process group of its own, with its output in a log file."""

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name, self.argv, self.log = name, [str(part) for part in argv], pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=output,
                                          stderr=subprocess.STDOUT, env=env, cwd=cwd,
                                          start_new_session=True)

    def running(self):
        return self.child.poll() is None

    def kill(self):
        """As a crash: SIGKILL, to this process alone."""
        self.child.kill()
        self.child.wait()

    def stop(self, timeout=10):
        """As an operator: SIGTERM, and SIGKILL to whoever is left of its group."""
        if self.running():
            self.child.terminate()
            try:
                self.child.wait(timeout)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
            try:
                os.killpg(self.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return self.child.returncode

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class GitServer:
    """Bare repositories behind `git http-backend`, lighttpd and TLS."""

    def __init__(self, root, password="let-me-in"):
        self.root = pathlib.Path(root)
        self.repositories = self.root / "repositories"
        self.repositories.mkdir(parents=True)
        self.certificate = self.root / "tls.crt"
        self.user, self.password = "slipway", password
        self.port = free_port()
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
            "2", "-subj", "/CN=git", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.root / "tls.key",
            "-out", self.certificate)
        (self.root / "tls.pem").write_text((self.root / "tls.key").read_text() + self.certificate.read_text())
        (self.root / "users").write_text(f"{self.user}:{self.password}\n")
        (self.root / "lighttpd.conf").write_text(self.configuration())
        self.process = Process("git server", [LIGHTTPD, "-D", "-f", self.root / "lighttpd.conf"],
                               self.root / "log")
        wait_for("the git server to listen", self.listening, 20)

    def configuration(self):
        return f'''
server.document-root = "{self.repositories}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.modules = ("mod_openssl", "mod_auth", "mod_authn_file", "mod_alias", "mod_setenv", "mod_cgi")
ssl.engine = "enable"
ssl.pemfile = "{self.root}/tls.pem"
auth.backend = "plain"
auth.backend.plain.userfile = "{self.root}/users"
auth.require = ("" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
alias.url = ("/" => "/usr/lib/git-core/git-http-backend/")
cgi.assign = ("" => "")
setenv.add-environment = (
  "GIT_PROJECT_ROOT" => "{self.repositories}",
  "GIT_HTTP_EXPORT_ALL" => "1",
  "GIT_CONFIG_COUNT" => "1", "GIT_CONFIG_KEY_0" => "safe.directory", "GIT_CONFIG_VALUE_0" => "*")
'''

    def listening(self):
        if not self.process.running():
            raise WorldError(f"the git server ended:\n{self.process.tail()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, name):
        return f"https://127.0.0.1:{self.port}/{name}.git"

    def create(self, name):
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", self.repositories / f"{name}.git")
        run("git", "-C", self.repositories / f"{name}.git", "config", "http.receivepack", "true")

    def secret(self, name):
        """The Secret that a GitRepository names to read from here."""
        data = {"username": self.user, "password": self.password, "ca.crt": self.certificate.read_text()}
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "data": encoded}


class WorkTree:
    """A developer's clone: change files, commit, push over HTTP."""

    def __init__(self, directory, server, name):
        self.directory, self.server = pathlib.Path(directory), server
        self.directory.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Ada Lovelace")
        self.git("config", "user.email", "ada@example.com")
        self.git("config", "http.sslCAInfo", str(server.certificate))
        remote = server.url(name).replace("https://", f"https://{server.user}:{server.password}@")
        self.git("remote", "add", "origin", remote)

    def git(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "GIT_CONFIG_NOSYSTEM": "1",
                       "GIT_TERMINAL_PROMPT": "0"}
        return run("git", *arguments, cwd=self.directory, env=environment).strip()

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, name, old, new):
        text = (self.directory / name).read_text()
        if old not in text:
            raise WorldError(f"{name} does not hold {old!r}")
        self.write(name, text.replace(old, new))

    def push(self, subject, *options):
        """Commits everything and pushes it; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)
        self.git("push", "--quiet", *options, "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")


class World:
    """One server and its agents. `binaries` is the folder with slipway and slipway-agent."""

    def __init__(self, directory, binaries=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        binaries = pathlib.Path(binaries or os.environ.get("SLIPWAY_BIN") or PROJECT / "build" / "dev" / "bin")
        self.slipway_binary, self.agent_binary = binaries / "slipway", binaries / "slipway-agent"
        for binary in (self.slipway_binary, self.agent_binary):
            if not binary.exists():
                raise WorldError(f"{binary} is not there; `./dev build` makes it")
        self.data = self.directory / "server"
        self.server, self.url, self.agents_url, self.ca_hash = None, "", "", ""
        self.listen, self.agent_listen, self.grace = "127.0.0.1:0", "127.0.0.1:0", "6s"
        self.server_flags = []
        self.server_variables = {}  # of its environment, besides ours
        self.agents, self.git = {}, None
        self.patience = 8  # seconds that applications have to end by themselves

    # -- the server ---------------------------------------------------------------------------------------------------
    def launch_server(self):
        """Starts `slipway server`. A restart keeps its ports."""
        self.server = Process("slipway server", [
            self.slipway_binary, "server", "--data-dir", self.data, "--listen", self.listen, "--agent-listen",
            self.agent_listen, "--agent-grace", self.grace, *self.server_flags], self.directory / "server.log",
            env=os.environ | self.server_variables)

    def start_server(self):
        """Starts it, and waits until it serves."""
        log = self.directory / "server.log"
        seen = log.stat().st_size if log.exists() else 0
        self.launch_server()

        def ready():
            if not self.server.running():
                raise WorldError(f"slipway server ended with {self.server.child.returncode}:\n{self.server.tail()}")
            return re.search(r"^ready (https://\S+)$", log.read_text(errors="replace")[seen:], re.M)

        self.url = wait_for("slipway server to be ready", ready, 60)[1]
        text = log.read_text(errors="replace")[seen:]
        self.agents_url = re.search(r"^agents (https://\S+)$", text, re.M)[1]
        self.ca_hash = re.search(r"--ca-hash (sha256:[0-9a-f]{64})", text)[1]
        self.listen, self.agent_listen = (url.removeprefix("https://") for url in (self.url, self.agents_url))

    def environment(self):
        return {"PATH": os.environ["PATH"], "KUBECONFIG": str(self.data / "admin.kubeconfig"), "NO_COLOR": "1",
                "HOME": str(self.directory)}

    def slipway(self, *arguments, stdin=None):
        """Runs a client command and returns what it printed."""
        return run(self.slipway_binary, *arguments, env=self.environment(), stdin=stdin)

    def get(self, kind, name):
        return json.loads(self.slipway("get", kind, name, "-o", "json"))

    def list(self, kind):
        return json.loads(self.slipway("get", kind, "-o", "json"))["items"]

    def apply(self, *documents):
        """Applies files (paths) and objects (dicts), in this order."""
        for document in documents:
            if isinstance(document, dict):
                self.slipway("apply", "-f", "-", stdin=json.dumps(document))
            else:
                self.slipway("apply", "-f", document)

    def apply_text(self, path, **values):
        """Applies a file with every ${NAME} in it replaced."""
        text = pathlib.Path(path).read_text()
        for name, value in values.items():
            text = text.replace("${" + name + "}", value)
        self.slipway("apply", "-f", "-", stdin=text)

    # -- agents -------------------------------------------------------------------------------------------------------
    def token(self):
        path = self.directory / "agent.token"
        if not path.exists():
            path.write_text(self.slipway("token", "create", "--quiet"))
            path.chmod(0o600)
        return path

    def agent_root(self, name):
        return self.directory / "agents" / name

    def start_agent(self, name, address, who=None, **variables):
        """An agent called `name`, unless `who` says otherwise on its command line."""
        root = self.agent_root(name)
        root.mkdir(parents=True, exist_ok=True)
        self.agents[name] = Process(name, [
            self.agent_binary, "--server", self.agents_url, "--ca-hash", self.ca_hash, "--token-file", self.token(),
            *(who or ("--name", name)), "--root", root, "--address", address], self.directory / f"{name}.log",
            env=os.environ | variables)
        return self.agents[name]

    def write_shared(self, name, application, file, text):
        """Puts a file where a server keeps what its releases share."""
        path = self.agent_root(name) / "apps" / application / "shared" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def reachable(self, name):
        server = json.loads(self.slipway("get", "server", name, "-o", "json", "--ignore-not-found") or "null")
        conditions = {c["type"]: c["status"] for c in (server or {}).get("status", {}).get("conditions", [])}
        return conditions.get("Reachable") == "True"

    # -- the end ------------------------------------------------------------------------------------------------------
    def started_here(self, argv, environ):
        """Whether a process is of this world: one of its programs with its folders as arguments, or something that one of its
        agents runs. Never one that only works in the folder or knows of it, such as the shell of somebody who looks around."""
        inside = os.fsencode(self.directory) + b"/"
        programs = [os.fsencode(path) for path in (self.agent_binary, self.slipway_binary, LIGHTTPD)]
        if argv[0] in programs:
            return any(word.startswith(inside) for word in argv[1:])
        return any(variable.startswith(b"SLIPWAY_ROOT=" + inside) for variable in environ)

    def leftovers(self):
        """Pids of processes of this world that run still: supervised applications survive their agent."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                argv, environ = ((entry / name).read_bytes().split(b"\0") for name in ("cmdline", "environ"))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if self.started_here(argv, environ):
                found.append(int(entry.name))
        return found

    def close(self):
        """Ends every process of this world. The directory stays: its owner removes it."""
        for process in [*self.agents.values(), self.server, self.git.process if self.git else None]:
            if process:
                process.stop()
        told = set()

        def everybody_left(number, again):
            pids = self.leftovers()
            for pid in pids if again else set(pids) - told:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            told.update(pids)
            return not pids

        try:
            # Once each: some take a second SIGTERM for an order to drop everything.
            wait_for("the applications to end", lambda: everybody_left(signal.SIGTERM, again=False), self.patience)
        except WorldError:
            wait_for("the applications to be killed", lambda: everybody_left(signal.SIGKILL, again=True), 10)


def ask(address, port=8080, path="/", timeout=2):
    """(status, JSON body) of an application on one server; (0, reason) when nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{address}:{port}{path}", timeout=timeout) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)
