# SPDX-License-Identifier: Apache-2.0
"""Does the set-up script install what is missing, and only that? dpkg-query, apt-get, id and sudo are played."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Machine:
    def __init__(self, folder):
        self.programs = folder / "bin"
        self.log = folder / "apt.log"
        self.programs.mkdir()
        for name in ("bash", "env", "rm", "tail"):
            (self.programs / name).symlink_to(shutil.which(name))

    def has(self, program, script):
        path = self.programs / program
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def installed(self, names):
        listed = " ".join(names)
        self.has("dpkg-query", f'for name in {listed}; do [ "${{@: -1}}" = "$name" ] && {{ echo -n installed; exit 0; }}; done; '
                               "echo -n not-installed; exit 1")

    def user(self, number):
        self.has("id", f"echo {number}")

    def setup(self, *lists, root=ROOT):
        self.has("apt-get", f'echo "$@" >> {self.log}')
        done = subprocess.run([root / "tools" / "setup", *lists], env={"PATH": str(self.programs)}, capture_output=True,
                              text=True, check=False)
        return done, self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def listed_packages(which):
    text = (ROOT / "tools" / "setup").read_text()
    block = text.split(f"{which}_packages=(", 1)[1].split("\n)", 1)[0]
    return [word for line in block.splitlines() for word in line.split("#")[0].split()]


def test_nothing_missing_calls_no_apt(machine):
    machine.user(0)
    machine.installed(listed_packages("build") + listed_packages("test"))
    machine.has("npm", "exit 0")
    done, calls = machine.setup("build", "tests")
    assert (done.returncode, calls) == (0, [])


def test_the_javascript_sdk_is_installed_once_and_for_tests_only(machine, tmp_path):
    root, calls = tmp_path / "root", tmp_path / "npm.log"
    (root / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "setup", root / "tools" / "setup")
    folder = root / "tests" / "javascript"
    folder.mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    machine.user(0)
    machine.installed(listed_packages("build") + listed_packages("test"))
    machine.has("npm", f'echo "$1 in $PWD" >> {calls}; [ -d node_modules ] || {shutil.which("mkdir")} node_modules; '
                       ": > node_modules/.package-lock.json")
    for lists in (["build"], ["build", "tests"], ["build", "tests"]):
        done, _ = machine.setup(*lists, root=root)
        assert done.returncode == 0, done.stderr
    assert calls.read_text() == f"ci in {folder}\n"


def test_a_failing_npm_is_said(machine, tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup", tmp_path / "tools" / "setup")
    (tmp_path / "tests" / "javascript").mkdir(parents=True)
    machine.installed(listed_packages("build") + listed_packages("test"))
    machine.has("npm", "echo no network >&2; exit 1")
    done, _ = machine.setup("build", "tests", root=tmp_path)
    assert done.returncode == 2 and "no network" in done.stderr and "tests/javascript" in done.stderr


def test_root_installs_only_what_is_missing_after_one_update(machine):
    machine.user(0)
    machine.installed([name for name in listed_packages("build") if name not in ("cmake", "libfmt-dev")])
    done, calls = machine.setup("build")
    assert done.returncode == 0, done.stderr
    assert [call.split()[-2:] for call in calls[1:]] == [["cmake", "libfmt-dev"]]
    assert "update" in calls[0] and "--no-install-recommends" in calls[1]
    assert "cmake libfmt-dev" in done.stdout
    assert not set(listed_packages("test")) & set(" ".join(calls).split())


def test_another_user_goes_through_sudo(machine):
    machine.user(1000)
    machine.installed(listed_packages("build")[1:])
    machine.has("sudo", f'echo sudo >> {machine.log}; exec "$@"')
    done, calls = machine.setup("build")
    assert done.returncode == 0 and calls.count("sudo") == 2 and "sudo" in done.stdout


def test_without_root_and_sudo_it_lists_them_and_exits_2(machine):
    machine.user(1000)
    machine.installed(listed_packages("build")[1:])
    done, calls = machine.setup("build")
    assert (done.returncode, calls) == (2, [])
    assert listed_packages("build")[0] in done.stderr


def test_a_failing_apt_is_said(machine):
    machine.user(0)
    machine.installed([])
    machine.setup("build")
    machine.has("apt-get", "echo no network; exit 100")
    done = subprocess.run([ROOT / "tools" / "setup", "build"], env={"PATH": str(machine.programs)}, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 2 and "no network" in done.stderr


def test_every_listed_package_is_installed_here_and_named_once():
    names = listed_packages("build") + listed_packages("test")
    assert len(names) == len(set(names))
    states = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status}\n", *names], capture_output=True, text=True,
                            check=False)
    assert set(states.stdout.split()) == {"installed"}, states.stderr


def packages_of(headers):
    """The installed packages that ship these headers in one of the compiler's folders; what has no file there is left out."""
    files = [str(folder / header) for header in headers
             for folder in (pathlib.Path("/usr/include"), *pathlib.Path("/usr/include").glob("*-linux-gnu"))
             if (folder / header).is_file()]
    found = subprocess.run(["dpkg-query", "-S", *files], capture_output=True, text=True, check=True).stdout
    return {line.split(":")[0] for line in found.splitlines()}


def test_every_library_that_the_source_includes_is_installed():
    included = set()
    for file in (ROOT / "src").rglob("*"):
        if file.suffix in (".cc", ".h"):
            included.update(re.findall(r"^#include <([^>]+)>", file.read_text(), re.MULTILINE))
    packages = packages_of(included) - {"libc6-dev", "linux-libc-dev"}  # these come with g++
    assert {"libssl-dev", "libsqlite3-dev"} <= packages  # the search finds something
    assert packages <= set(listed_packages("build"))
