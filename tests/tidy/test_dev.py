"""`dev`: installs what is missing and nothing else, works from any folder and in a path with a space."""

import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAKES = {
    # Everything is installed but what $MISSING names.
    "dpkg-query": 'shift 3; for package; do case " $MISSING " in " everything " | *" $package "*) ;; '
                  '*) printf "%s/installed " "$package" ;; esac; done',
    # Nobody here is root, and what root would do is only noted down: packages come last, after `bash -c SCRIPT bash`.
    "id": "echo 1000",
    "sudo": 'echo "sudo ${*:5}" >>"$LOG"; exit "${SUDO_RESULT:-0}"',
    "cmake": "exit 1",  # Nothing is built here.
    "clang-format-16": 'shift; for file; do echo "format $file" >>"$LOG"; done',
}


class Checkout:
    """A copy of `dev` in a folder whose path holds a space, with programs of ours in front of the system's."""

    def __init__(self, directory):
        self.root, self.log = directory / "a b" / "slipway", directory / "log"
        self.root.mkdir(parents=True)
        shutil.copy(ROOT / "dev", self.root / "dev")
        self.peers = self.root / "tests" / "peers" / "requirements.txt"
        self.peers.parent.mkdir(parents=True)
        shutil.copy(ROOT / "tests/peers/requirements.txt", self.peers)
        self.cache = directory / "cache"
        self.peers_folder().mkdir(parents=True)
        (self.peers_folder() / "complete").touch()
        self.openstack = self.peers.parent / "openstack/packages"
        self.openstack.parent.mkdir()
        shutil.copy(ROOT / "tests/peers/openstack/packages", self.openstack)
        self.openstack_folder().mkdir()
        (self.openstack_folder() / "complete").touch()
        self.kubectls = self.peers.parent / "kubernetes/kubectls"
        self.kubectls.parent.mkdir()
        shutil.copy(ROOT / "tests/peers/kubernetes/kubectls", self.kubectls)
        kubectl = self.folder("kubectl", self.kubectls)
        kubectl.mkdir()
        (kubectl / "complete").touch()
        self.clients = self.peers.parent / "clients"
        shutil.copytree(ROOT / "tests/peers/clients", self.clients)
        self.clients_folder().mkdir()
        (self.clients_folder() / "complete").touch()
        programs = directory / "bin"
        programs.mkdir()
        for name, body in FAKES.items():
            (programs / name).write_text(f"#!/bin/bash\n{body}\n")
            (programs / name).chmod(0o755)
        self.environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "LOG": str(self.log), "MISSING": "",
                                         "XDG_CACHE_HOME": str(self.cache)}

    def folder(self, name, *files):
        return self.cache / "slipway" / f"{name}-{hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:16]}"

    def peers_folder(self):
        """Where what the list of peers names is kept."""
        return self.folder("peers", self.peers)

    def openstack_folder(self):
        """Where what the list of OpenStack's packages names is kept."""
        return self.folder("openstack", self.openstack)

    def clients_folder(self):
        """Where the client libraries of Kubernetes are kept."""
        return self.folder("clients", self.clients / "package-lock.json", *sorted((self.clients / "go").iterdir()))

    def dev(self, *arguments, cwd="/", **environment):
        return subprocess.run([self.root / "dev", *arguments], cwd=cwd, env=self.environment | environment, text=True,
                              capture_output=True, check=False)

    def packages(self, verb):
        """What the verb would install on a machine that has nothing."""
        self.dev(verb, MISSING="everything")
        return {name for line in self.logged() for name in line.split()[1:]}

    def logged(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_nothing_is_installed_twice(checkout):
    done = checkout.dev("setup")
    assert (done.returncode, done.stdout, done.stderr, checkout.logged()) == (0, "", "", [])


def test_what_is_missing_is_installed_and_said_in_one_line(checkout):
    done = checkout.dev("setup", MISSING="ninja-build lighttpd")
    assert done.returncode == 0
    assert done.stderr == "dev: installing ninja-build lighttpd\n"
    assert checkout.logged() == ["sudo ninja-build lighttpd"]


def test_another_list_of_peers_is_installed_beside_the_old_one(checkout):
    old = checkout.peers_folder()
    checkout.peers.write_text("nothing-of-this-name==0\n")
    done = checkout.dev("setup", PIP_NO_INDEX="1")
    assert done.returncode != 0, "there is no such package"
    assert f"dev: installing what tests/peers names into {checkout.peers_folder()}\n" in done.stderr
    assert "nothing-of-this-name" in done.stderr
    assert not (checkout.peers_folder() / "complete").exists() and (old / "complete").exists()


def test_another_list_of_openstack_is_unpacked_beside_the_old_one(checkout):
    old = checkout.openstack_folder()
    checkout.openstack.write_text("nothing-of-this-name\n")
    done = checkout.dev("setup")
    assert done.returncode != 0, "there is no such package"
    assert f"dev: unpacking Keystone and Nova into {checkout.openstack_folder()}\n" in done.stderr
    assert "nothing-of-this-name" in done.stderr
    assert not (checkout.openstack_folder() / "complete").exists() and (old / "complete").exists()


def test_a_failed_installation_is_a_failure(checkout):
    assert checkout.dev("setup", MISSING="ninja-build", SUDO_RESULT="1").returncode == 1


def test_each_verb_installs_only_its_own(checkout):
    done = checkout.dev("fmt", MISSING="lighttpd clang-tidy-16 cmake")
    assert (done.returncode, checkout.logged()) == (0, [])


# Which package brings a program that a reader of the README calls. Essential ones are on every Debian.
PROGRAMS = {"curl": "curl", "git": "git", "pkill": "procps", "grep": "", "mktemp": "", "sed": "", "cat": "", "head": "", "rm": "",
            "sleep": ""}
SHELL = {"break", "cd", "do", "done", "echo", "exit", "export", "fi", "if", "jobs", "kill", "then", "true", "until", "wait", "while", "{", "}"}
OURS = {"./dev", "slipway", "slipway-agent"}


def commands(script):
    """The words of a shell script that stand where a command stands."""
    script = re.sub(r"<<'END'.*?\nEND\n", "\n", script, flags=re.S).replace("\\\n", " ")
    script = re.sub(r"[0-9]>&[0-9]", "", script)
    script += "\n" + "\n".join(re.findall(r"\$\(([^()]*)\)", script))
    for line in script.splitlines():
        first = True
        words = shlex.shlex(line, posix=True, punctuation_chars="();|&")
        words.whitespace_split = True
        for word in words:
            separates = set(word) <= set("();|&")
            if first and not separates and word != "for" and "=" not in word:
                yield word
            first = separates or first and (word in ("do", "if", "then", "until", "while", "{") or "=" in word)


def modules(text):
    return set(re.findall(r"/usr/bin/python3 -m ([A-Za-z0-9_]+)", text))


def brings(module):
    return "python3" if module in sys.stdlib_module_names else f"python3-{module}"


def test_the_demo_installs_what_its_application_calls(checkout):
    called = modules((ROOT / "manifests/demo/shop/slipway.yaml").read_text())
    assert "pytest" in called
    assert {brings(module) for module in called} <= checkout.packages("demo")


def test_build_installs_what_the_tour_of_the_readme_calls(checkout):
    tour = (ROOT / "README.md").read_text().split("## A tour in ten minutes")[1].split("\n## ")[0]
    script = "".join(re.findall(r"```sh\n(.*?)```", tour, re.S))
    called = set(commands(script)) - SHELL - OURS
    assert {"curl", "git", "sed"} <= called
    assert called <= set(PROGRAMS), "say here which package brings it"
    packages = {PROGRAMS[program] for program in called} | {brings(module) for module in modules(script)}
    assert packages - {""} <= checkout.packages("build")


def test_fmt_finds_our_files_and_not_what_was_built(checkout):
    for name in ("src/x/a.cpp", "src/x/a b.hpp", "build/dev/c.cpp", ".hidden/d.cpp", "src/x/e.md"):
        (checkout.root / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.root / name).touch()
    assert checkout.dev("fmt").returncode == 0
    assert sorted(checkout.logged()) == [f"format {checkout.root}/src/x/a b.hpp", f"format {checkout.root}/src/x/a.cpp"]


def test_run_passes_arguments_and_stays_in_the_callers_folder(checkout, tmp_path):
    program = checkout.root / "build/dev/bin/slipway"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/bash\npwd; printf "<%s>" "$@"; exit 7\n')
    program.chmod(0o755)
    done = checkout.dev("run", "slipway", "get", "a b", "", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (7, f"{tmp_path}\n<get><a b><>")


@pytest.mark.parametrize("arguments", [["run"], ["run", "../x"], ["install"], ["nonsense"]])
def test_wrong_use_is_explained(checkout, arguments):
    done = checkout.dev(*arguments)
    assert done.returncode == 2 and "usage" in done.stderr or "name of a program" in done.stderr


def test_clean_removes_what_was_built_and_nothing_else(checkout):
    (checkout.root / "build/dev").mkdir(parents=True)
    assert checkout.dev("clean").returncode == 0
    assert sorted(path.name for path in checkout.root.iterdir()) == ["dev", "tests"]


def test_help_names_every_verb(checkout):
    text = checkout.dev("help").stdout
    for verb in ("setup", "build", "install", "run", "test", "test-sanitizers", "check", "bench", "demo", "fmt", "clean", "help"):
        assert f"\n  {verb} " in text or f"\n  {verb}\n" in text


def test_continuous_integration_runs_the_check_and_the_tests(checkout):
    (checkout.root / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", checkout.root / ".ci/run")
    for failing, code in (("check", 1), ("test", 1), ("neither", 0)):
        (checkout.root / "dev").write_text(f'#!/bin/bash\necho "$@"\n[ "$1" != {failing} ]\n')
        done = subprocess.run([checkout.root / ".ci/run"], cwd="/", text=True, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (code, "check\ntest\n")
