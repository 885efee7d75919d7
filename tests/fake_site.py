# SPDX-License-Identifier: Apache-2.0
"""`coffer` with daemons in miniature (fake_daemon.py), for tests of the supervisor and of the command."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

TESTS = pathlib.Path(__file__).resolve().parent
COFFER = pathlib.Path(os.environ.get("COFFER_BUILD", TESTS.parent / "build")) / "coffer"
PATIENCE = 30


class Site:
    """A folder with a copy of `coffer` and fake daemons beside it, and a data folder."""

    def __init__(self, root):
        self.root = root
        self.log = root / "log"
        self.data = root / "data"
        self.programs = root / "bin"
        self.programs.mkdir()
        shutil.copy(COFFER, self.programs / "coffer")
        for name in ("keyd", "apid", "volumed"):
            shutil.copy(TESTS / "e2e" / "fake_daemon.py", self.programs / f"coffer-{name}")
        self.running = []

    def up(self, *arguments, **environment):
        if "--listen" not in arguments:
            arguments += ("--listen", "127.0.0.1:0")
        process = subprocess.Popen(
            [self.programs / "coffer", "up", "--data", self.data, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "COFFER_FAKE_LOG": str(self.log), **environment})
        self.running.append(process)
        return process

    def ready(self, *arguments, **environment):
        process = self.up(*arguments, **environment)
        line = process.stdout.readline()
        assert line.startswith("ready http"), process.stderr.read()
        return process, line.split()[1]

    def refused(self, *arguments, **environment):
        process = self.up(*arguments, **environment)
        out, err = process.communicate(timeout=PATIENCE)
        assert out == ""
        return process.returncode, err

    def events(self, name=None, event=None):
        if not self.log.exists():
            return []
        entries = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [entry for entry in entries if name in (None, entry["name"]) and event in (None, entry["event"])]

    def wait_for_events(self, name, event, count):
        deadline = time.monotonic() + PATIENCE
        while len(self.events(name, event)) < count:
            assert time.monotonic() < deadline, self.events(name)
            time.sleep(0.02)
        return self.events(name, event)

    def command(self, *arguments, **environment):
        return subprocess.run([self.programs / "coffer", *arguments], capture_output=True, text=True, timeout=PATIENCE,
                              env={**os.environ, **environment})

    def installation(self):
        return json.loads((self.data / "installation.json").read_text())

    def close(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()


def stop(process, how=signal.SIGTERM):
    process.send_signal(how)
    return process.wait(timeout=PATIENCE)
