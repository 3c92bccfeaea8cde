"""What kubectl says, as text that can be compared: scenarios are read here, run against a side, and written down without what differs
from run to run. Knows nothing of pytest, nor of which side it talks to.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = ("1.20", "1.35")
PATIENCE = 60  # seconds that one command may take
# With -v=6 kubectl tells, each in a line, what it was answered; these lines are left out of what is written down.
TRACE = re.compile(r"I\d{4} ")
WATCHING = r"\bwatch=true\b.*\b200 OK\b"

# In this order. What is replaced by a word of another length would move columns; so the gaps between columns are made equal.
# What a client says of a watch that a time-out of a second ended, by the luck of the milliseconds, is left out.
VARYING = [(re.compile(pattern, re.M), by) for pattern, by in (
    (r"^[IWEF]\d{4} .*very short watch: .*\n", ""),
    (r"^[IWEF]\d{4} .*\"Failed to watch\" err=\"context deadline exceeded\".*\n", ""),
    (r"\b[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (\S+?):\d+\]", r"LOG \1]"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d)( UTC)?", "TIME"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UID"),
    (r'(resourceVersion"?: ?"?|Resource Version: +)\d+', r"\1REVISION"),
    (r"https://127\.0\.0\.1:\d+", "https://SERVER"),
    (r"127\.0\.0\.1:\d+", "SERVER"),
    (r"/tmp/(LIVE|MERGED)-\d+", r"/tmp/\1"),
    (r"/tmp/kubectl-edit-\w+\.yaml", "/tmp/kubectl-edit.yaml"),
    (r"\bmade-[a-z0-9]{5}\b", "made-XXXXX"),
    (r"X509SHA256=[0-9a-f]{64}", "X509SHA256=HASH"),
    (r"\d+[smhdy](\d+[smhd])? \(x(\d+) over \d+[smhdy](\d+[smhd])?\)", r"AGE (x\2 over AGE)"),
    (r"(?<=\S)(\s\s+)\d+(ms|[smhdy])(\d+[smhd])?(?=\s*$|  +)", r"\1AGE"),
    (r"^\d+[smhdy](\d+[smhd])?(?=  +)", "AGE"),
    (r"<invalid>(?=\s*$|  +)", "AGE"),
    (r"(?<=\S)(?<!^[-+])[ ]{2,}", "   "),
    (r"(?<=\S)\t+", "   "),
    (r"[ ]+$", ""),
)]


def scenarios():
    """Every scenario by name, in the order of the files."""
    found = {}
    for path in sorted((HERE / "scenarios").glob("*.yaml")):
        for scenario in yaml.safe_load(path.read_text()):
            name = scenario["name"]
            if name in found:
                raise ValueError(f"{path.name}: there is another scenario {name}")
            found[name] = scenario
    return found


def versions_of(scenario):
    return scenario.get("versions", VERSIONS)


def golden(version, name, side):
    """The file with what `side`, which is kubernetes or slipway, is to answer."""
    return HERE / "goldens" / f"{name}.{version}{'' if side == 'kubernetes' else '.slipway'}.txt"


class Run:
    """One scenario with one version of kubectl against one side, in a namespace and a folder of its own."""

    def __init__(self, side, version, directory, scenario):
        self.side, self.version, self.scenario = side, version, scenario
        self.namespace, self.directory = scenario["name"], pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        programs = self.directory / "bin"
        programs.mkdir()
        (programs / "kubectl").symlink_to(kubectl(version))
        self.environment = {
            "PATH": f"{programs}:/usr/bin:/bin", "HOME": str(self.directory / "home"), "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "NAMESPACE": self.namespace, "SERVER": side.url, "AUTHORITY": str(side.authority), "TERM": "dumb", "KUBE_EDITOR": "./editor"}
        for user in ("admin", *(user for user in ("viewer", "nobody") if f"${user.upper()}" in str(scenario["steps"]))):
            path = side.kubeconfig(self.directory / f"{user}.kubeconfig", user)
            config = yaml.safe_load(path.read_text())
            config["contexts"][0]["context"]["namespace"] = self.namespace
            path.write_text(yaml.safe_dump(config))
            self.environment[user.upper()] = str(path)
        self.environment["KUBECONFIG"] = self.environment["ADMIN"]
        shutil.copytree(HERE / "manifests", self.directory / "files")
        for name, text in scenario.get("files", {}).items():
            path = self.directory / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if text.startswith("#!"):
                path.chmod(0o755)

    def transcript(self):
        """Makes the namespace, runs the steps and says what came of them."""
        if self.scenario.get("namespace", True):
            self.side.api.must("POST", "/api/v1/namespaces",
                               {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        said = []
        for step in self.scenario["steps"]:
            if step == "tick":
                begun = int(time.time())
                while int(time.time()) == begun:
                    time.sleep(0.02)
                continue
            if isinstance(step, str):
                command, (code, out, err) = step, self.command(step)
            else:
                command, (code, out, err) = step["watch"], self.watch(step)
            lines = command.rstrip("\n").split("\n")
            said += ["$ " + lines[0], *("> " + line for line in lines[1:])]
            said += ["  " + line if line else "" for line in self.steady(out).splitlines()]
            said += ["! " + line if line else "!" for line in self.steady(err).splitlines()]
            said.append(f"= {code}")
        return "\n".join(said) + "\n"

    def start(self, command):
        return subprocess.Popen(["/bin/bash", "-c", command], cwd=self.directory / "files", env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)

    def command(self, command):
        child = self.start(command)
        try:
            out, err = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            err += f"\nstill running after {PATIENCE} s\n"
        return child.returncode, out, err

    def watch(self, step):
        """Starts a command that waits for changes; once it was answered that it watches, runs those of `during`; ends it when it has
        said `lines` lines, and without these lets it end."""
        child = self.start(f"exec {step['watch']} -v=6")
        out, err, complaints = [], [], []
        readers = [threading.Thread(target=lambda pipe=pipe, into=into: into.extend(iter(pipe.readline, "")))
                   for pipe, into in ((child.stdout, out), (child.stderr, err))]
        for reader in readers:
            reader.start()

        def until(condition):
            end = time.monotonic() + PATIENCE
            while not condition() and child.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
            return condition()

        answered = re.compile(step.get("answered", WATCHING))
        if not until(lambda: any(answered.search(line) for line in err)):
            complaints.append(f"it was never answered {answered.pattern}\n")
        for command in step["during"]:
            code, _, complaint = self.command(command)
            if code:
                complaints.append(f"{command}: {code} {complaint}")
        ended = self.end_of(child, until, out, step.get("lines"))
        for reader in readers:
            reader.join()
        return ended, "".join(out), "".join([line for line in err if not TRACE.match(line)] + complaints)

    def end_of(self, child, until, out, lines):
        """Its exit code, or that it was ended, once it has said `lines` lines, which may be another number for each version."""
        if lines is None:
            until(lambda: child.poll() is not None)
        else:
            lines = lines[self.version] if isinstance(lines, dict) else lines
            until(lambda: len(out) >= lines)
        try:
            os.killpg(child.pid, signal.SIGTERM)
        except ProcessLookupError:  # It has ended by itself.
            pass
        code = child.wait()
        return "ended" if lines is not None or code == -signal.SIGTERM else code

    def steady(self, text):
        text = text.replace(str(self.directory / "files"), "FILES").replace(str(self.directory), "DIRECTORY")
        text = text.replace(str(self.side.authority), "AUTHORITY").replace(str(self.side.directory), "SIDE")
        for pattern, by in VARYING:
            text = pattern.sub(by, text)
        # The causes of an invalid object: Kubernetes says some of them in the order of a hash.
        return re.sub(r"(?:^(?:# )?\* .*\n?){2,}", lambda run: "".join(sorted(run[0].splitlines(True))), text, flags=re.M)

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def kubectl(version):
    """The program of a version."""
    folder = os.environ.get("SLIPWAY_KUBECTL")
    if not folder:
        raise RuntimeError("SLIPWAY_KUBECTL is not set: run this as `./dev test kubectl`, which installs what it needs")
    return pathlib.Path(folder) / version / "kubectl"
