#!/usr/bin/python3
"""The API beside Kubernetes' own: `slipway server` with its SQLite file, and kube-apiserver with etcd, on the same machine and disk,
over TLS with client certificates, every write durable on both sides. What a load asks of both is in api_load.cpp. The two take turns.

Usage: api_bench.py BINARIES; prints JSON lines as the other benchmarks do. SLIPWAY_KUBERNETES names kube-apiserver and etcd,
SLIPWAY_KUBECTL the kubectls. SLIPWAY_BENCH_OBJECTS: how many are listed (13,600).
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARIES = pathlib.Path(sys.argv[1]).resolve()
os.environ["SLIPWAY_BIN"] = str(BINARIES)
sys.path[:0] = [str(PROJECT / "tests" / "e2e"), str(PROJECT / "manifests" / "demo")]

import kubernetes_world  # noqa: E402  (found by the line above)

KIND = "/apis/slipway.dev/v1alpha1/namespaces/default/gitrepositories"
CREATES = {1: 300, 16: 1500, 256: 5000}  # clients: objects in a round; two rounds of all make LISTED
ROUNDS = 2
LISTED = int(os.environ.get("SLIPWAY_BENCH_OBJECTS", "13600"))
WATCHERS = {1000: 40, 5000: 12}  # watchers: writes
MANIFESTS = 500
TICKS = os.sysconf("SC_CLK_TCK")


def say(name, value, unit, **more):
    print(json.dumps({"name": name, "value": value, "unit": unit, **more}), flush=True)


class Subject:
    """One of the two, and what its processes have used."""

    def __init__(self, name, side, processes):
        self.name, self.side, self.processes, self.created = name, side, processes, 0

    def load(self, what, clients, objects, namespace="default"):
        side = self.side
        argv = [BINARIES / "api_load", "--port", side.url.rsplit(":", 1)[1], "--ca", side.authority, "--cert", side.certificate, "--key",
                side.key, "--clients", clients, "--objects", objects, "--first", self.created, "--namespace", namespace,
                *[f"--pid={pid}" for pid in self.pids()], what]
        done = subprocess.run([str(part) for part in argv], stdout=subprocess.PIPE, text=True, check=True)
        self.created += objects
        said = json.loads(done.stdout)
        assert not said.get("failed"), f"{self.name}: {said}"
        return said

    def pids(self):
        return [process.child.pid for process in self.processes()]

    def cpu(self):
        """Seconds of processor time so far."""
        ticks = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def peak(self):
        """The most memory, in MB, since the last forget()."""
        kib = 0
        for pid in self.pids():
            lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
            kib += int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
        return kib / 1000

    def forget(self):
        for pid in self.pids():
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")

    def list(self, query=""):
        """Seconds, and bytes, of one list of all."""
        side = self.side
        argv = ["curl", "-sS", "--fail", "-k", "--cert", side.certificate, "--key", side.key, "-o", "/dev/null", "-w",
                "%{time_total} %{size_download}", f"{side.url}{KIND}{query}"]
        seconds, size = subprocess.run([str(part) for part in argv], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        return float(seconds), int(size)


class Kubernetes(Subject):
    """kube-apiserver and etcd."""

    def __init__(self, directory):
        side = kubernetes_world.Kubernetes(directory, durable=True)
        super().__init__("kube-apiserver + etcd", side, lambda: [p for p in side.processes if p.name != "controllers"])

    def come_back(self):
        """After a kill -9 of kube-apiserver; etcd goes on."""
        killed = self.side.server
        killed.kill()
        self.side.server = kubernetes_world.demo_world.Process(killed.name, killed.argv, killed.log)
        self.side.processes[self.side.processes.index(killed)] = self.side.server


class Slipway(Subject):
    """`slipway server`."""

    def __init__(self, directory):
        side = kubernetes_world.Slipway(directory)
        super().__init__("slipway server", side, lambda: [side.world.server])

    def come_back(self):
        self.side.world.server.kill()
        self.side.world.launch_server()


def creates(subjects):
    rates = {}
    for subject in subjects:
        subject.forget()
    for _ in range(ROUNDS):
        for clients, objects in CREATES.items():
            for subject in subjects:
                said = subject.load("create", clients, objects)
                rates.setdefault((clients, subject.name), []).append(objects / said["seconds"])
    for clients in CREATES:
        who = f"{clients} client" + ("s" if clients > 1 else "")
        name = {subject.name: f"api: creates, {who}: {subject.name}" for subject in subjects}
        peer, ours = (max(rates[clients, subject.name]) for subject in subjects)
        say(name[subjects[0].name], peer, "objects/s")
        say(name[subjects[1].name], ours, "objects/s", peer=name[subjects[0].name], goal=10 * peer, better="more")
    memory(subjects, "creates", 100)


def memory(subjects, when, goal):
    names = [f"api: memory of {when}: {subject.name}" for subject in subjects]
    say(names[0], subjects[0].peak(), "MB")
    say(names[1], subjects[1].peak(), "MB", peer=names[0], goal=goal, better="less")


def lists(subjects):
    for subject in subjects:
        if subject.created < LISTED:
            subject.load("create", 64, LISTED - subject.created)
        subject.forget()
    count = {subject.created for subject in subjects}
    assert len(count) == 1, count
    what = f"api: list of {count.pop():,} objects"
    taken = {}
    for _ in range(3):
        for subject in subjects:
            for query in ("", "?resourceVersion=0"):
                seconds, size = subject.list(query)
                taken.setdefault((subject.name, query), []).append(seconds)
                taken[subject.name, "size"] = size
    peer, ours = subjects
    cached = min(taken[peer.name, "?resourceVersion=0"])
    say(f"{what}: {peer.name}", min(taken[peer.name, ""]), "s")
    say(f"{what}, from its cache: {peer.name}", cached, "s")
    say(f"{what}: {ours.name}", min(taken[ours.name, ""]), "s", peer=f"{what}, from its cache: {peer.name}", goal=cached / 10,
        better="less")
    for subject in subjects:
        say(f"{what}, bytes: {subject.name}", taken[subject.name, "size"] / 1e6, "MB")
    memory(subjects, "lists", 150)


def restarts(subjects):
    name = "api: kill -9 to the first answer"
    for subject in subjects:
        path = f"{KIND}/object-1000000"
        begun = time.monotonic()
        subject.come_back()
        answered = False
        while not answered:
            time.sleep(0.002)
            answered = subprocess.run(["curl", "-s", "--fail", "-k", "--cert", str(subject.side.certificate), "--key",
                                       str(subject.side.key), "-o", "/dev/null", subject.side.url + path], check=False).returncode == 0
            assert time.monotonic() < begun + 120, f"{subject.name} did not come back"
        say(f"{name}: {subject.name}", time.monotonic() - begun, "s",
            **({} if subject is subjects[0] else {"peer": f"{name}: {subjects[0].name}", "goal": 0.5, "better": "less"}))


def watches(subjects):
    for watchers, writes in WATCHERS.items():
        found = {}
        for subject in subjects:
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"watched-{watchers}"}}
            kubernetes_world.Api(subject.side).must("POST", "/api/v1/namespaces", space)
            subject.load("create", 1, 1, space["metadata"]["name"])
            said = subject.load("watch", watchers, writes, space["metadata"]["name"])
            assert said["events"] == watchers * writes, said
            found[subject.name] = said["p99"] * 1e3, said["events"] / said["cpu"]
        who = f"{watchers:,} watchers"
        for i, (what, unit, better, factor) in enumerate((("p99 lag", "ms", "less", 0.25), ("events a CPU-second", "events/s", "more", 5))):
            names = [f"api: {who}, {what}: {subject.name}" for subject in subjects]
            peer, ours = (found[subject.name][i] for subject in subjects)
            say(names[0], peer, unit)
            say(names[1], ours, unit, peer=names[0], goal=factor * peer, better=better)


def applies(subjects, directory):
    kubectl = sorted(pathlib.Path(os.environ["SLIPWAY_KUBECTL"]).glob("1.3*/kubectl"))[-1]
    folder = directory / "manifests"
    folder.mkdir()
    for number in range(MANIFESTS):
        (folder / f"{number}.json").write_text(json.dumps({
            "apiVersion": "slipway.dev/v1alpha1", "kind": "GitRepository", "metadata": {"name": f"applied-{number}"},
            "spec": {"url": "https://git.example.org/a.git", "ref": {"branch": "main"}, "suspend": True}}))
    name = f"api: kubectl apply of {MANIFESTS} manifests"
    for subject in subjects:
        config = subject.side.kubeconfig(directory / "kubeconfig")
        begun, before = time.monotonic(), subject.cpu()
        subprocess.run([kubectl, "apply", "--server-side=false", "-f", folder], env={**os.environ, "KUBECONFIG": str(config),
                       "HOME": str(directory)}, stdout=subprocess.DEVNULL, check=True)
        say(f"{name}: {subject.name}", time.monotonic() - begun, "s",
            **({} if subject is subjects[0] else {"peer": f"{name}: {subjects[0].name}"}))
        say(f"{name}, CPU of the server: {subject.name}", subject.cpu() - before, "s")


@contextlib.contextmanager
def both(directory):
    subjects = []
    try:
        subjects.append(Kubernetes(directory / "kubernetes"))
        subjects.append(Slipway(directory / "slipway"))
        yield subjects
    finally:
        for subject in subjects:
            subject.side.close()


def main():
    # Beside the programs: the temporary directory may live in memory.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=BINARIES))
    try:
        with both(directory / "objects") as subjects:
            creates(subjects)
            lists(subjects)
            applies(subjects, directory)
            restarts(subjects)  # last: Kubernetes needs a while until it watches again
        # Where there are few objects: kube-apiserver looks at all of a kind for each watcher that begins.
        with both(directory / "watches") as subjects:
            watches(subjects)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
