# SPDX-License-Identifier: Apache-2.0
"""Does bench/nbd_peers.py measure all servers, and leave nothing behind?"""
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "nbd_peers.py"
SERVERS = ["Coffer encrypted", "Coffer plain", "nbdkit file", "qemu-nbd raw", "nbdkit luks", "qemu-nbd luks"]


@pytest.fixture
def folder():
    """In memory, and with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/dev/shm") as made:
        yield Path(made)


def start(folder, *arguments):
    return subprocess.Popen(["/usr/bin/python3", BENCH, "--folder", folder, "--size", "32", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, seconds):
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()  # it cleans up
        process.communicate(timeout=60)
        raise


def servers_below(folder):
    """Programs whose command line names the folder, as those of all servers do."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace") if entry.name.isdigit() else ""
        except OSError:
            continue
        if str(folder) in words and str(BENCH) not in words:
            found.append(words.split("\0")[0].rsplit("/")[-1])
    return found


def test_a_quick_run_measures_every_server(folder):
    process = start(folder, "--quick", "--rows", "4k random read QD32", "nbdcopy")
    out, errors = finish(process, 150)
    assert process.returncode == 0, errors
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in out.splitlines() if line.startswith("|")]
    header, rows = lines[0], {line[0]: line for line in lines[2:5]}
    assert header[2:2 + len(SERVERS)] == SERVERS
    assert set(rows) == {"4k random read QD32", "nbdcopy read", "server CPU per 4k read, QD32"}
    # Wide limits: the machine may be busy. A figure outside of them is not slow but wrong.
    for name, least, most in (("4k random read QD32", 0.2, 5000), ("nbdcopy read", 0.002, 100),
                              ("server CPU per 4k read, QD32", 0.2, 2000)):
        for server, cell in zip(SERVERS, rows[name][2:]):
            assert least < float(cell.rstrip("k")) < most, (name, server, cell)
    reads = [float(cell.rstrip("k")) for cell in rows["4k random read QD32"][2:]]
    ratio = reads[0] / max(reads[2:4])
    rounding = 0.01 + 0.1 * (1 + ratio) / max(reads[2:4])
    assert float(rows["4k random read QD32"][8]) == pytest.approx(ratio, abs=rounding)
    assert re.search(r"^\| nbdcopy read \| best plain peer \| ≥ 2.0 \| [\d.]+ \| (yes|no) \|$", out, re.MULTILINE)
    assert list(folder.iterdir()) == [] and servers_below(folder) == []


def test_a_run_that_is_stopped_leaves_nothing(folder):
    process = start(folder, "--rounds", "100", "--rows", "4k random read QD1")
    deadline = time.monotonic() + 60
    wanted = {"coffer", "coffer-volumed", "nbdkit", "qemu-nbd", "fio"}
    while not wanted <= set(servers_below(folder)):
        assert process.poll() is None and time.monotonic() < deadline, servers_below(folder)
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    finish(process, 60)
    assert process.returncode == 1
    assert list(folder.iterdir()) == [] and servers_below(folder) == []
