# SPDX-License-Identifier: Apache-2.0
"""kill -9 of volumed while fio and a client of our own write: every block that fio reads back verifies, and each 512
bytes are what was flushed last, or something written since.

COFFER_VOLUMED_KILLS=110 COFFER_KILL_SEED=7 run it longer or again; tests/long/kill-volumed."""
import os
import random
import signal
import subprocess
import threading
import time

import nbd
import pytest

from harness import is_served, nbd_client, wait_until

KILLS = int(os.environ.get("COFFER_VOLUMED_KILLS", "4"))
SEED = int(os.environ.get("COFFER_KILL_SEED", random.randrange(1 << 30)))
UNIT = 512
OURS = 8 << 20                      # where our own client writes: [0, OURS)
FIO = 32 << 20                      # and fio: [FIO, 2 × FIO)


def fio(uri, *options, check=True, **more):
    command = ["fio", "--name=blocks", "--ioengine=nbd", f"--uri={uri}", "--thread",
               f"--offset={FIO}", f"--size={FIO}", "--bs=4k", "--verify=crc32c", "--verify_fatal=1", f"--randseed={SEED}",
               *options]
    if not check:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
    return result


def verified_by_fio(uri, folder):
    """Reads all of fio's blocks; each must be one that fio wrote there, in whichever round."""
    result = fio(uri, "--rw=randwrite", "--verify_only=1", "--iodepth=16", cwd=folder)
    return result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


class Writer(threading.Thread):
    """Two connections to one volume; writes of any alignment through either, flushes, forced writes and discards."""

    def __init__(self, coffer, volume, stop):
        super().__init__()
        self.coffer, self.volume, self.stop = coffer, volume, stop
        self.chance = random.Random(SEED)
        self.may_be = [[bytes(UNIT)] for _ in range(OURS // UNIT)]  # of each unit: flushed last, then written since
        self.unflushed = set()
        self.writes = self.flushes = self.connections = 0

    def run(self):
        while not self.stop.is_set():
            try:
                handles = [nbd.NBD(), nbd.NBD()]
                for handle in handles:
                    handle.connect_uri(self.coffer.uri(self.volume))
                self.connections += 1
                self.unflushed.clear()  # another volumed: what was not flushed then is not by a flush now
                while not self.stop.is_set():
                    self.one_operation(handles[self.chance.randrange(2)])
            except (nbd.Error, AssertionError):
                time.sleep(0.02)

    def one_operation(self, handle):
        first = self.chance.randrange(OURS // UNIT)
        units = range(first, min(first + self.chance.choice([1, 3, 8, 8, 16, 64]), OURS // UNIT))
        kind = self.chance.random()
        if kind < 0.2:
            covered = set(self.unflushed)
            handle.flush()
            self.settle(covered)
        elif kind < 0.25:
            # What a discard leaves of sectors that it covers in part is as it was.
            self.remember(units, bytes(UNIT * len(units)))
            handle.zero(UNIT * len(units), first * UNIT)
        else:
            contents = self.chance.randbytes(UNIT * len(units))
            forced = kind > 0.9
            self.remember(units, contents)
            handle.pwrite(contents, first * UNIT, nbd.CMD_FLAG_FUA if forced else 0)
            if forced:
                self.settle(units)
        self.writes += 1

    def remember(self, units, contents):
        for place, unit in enumerate(units):
            self.may_be[unit].append(contents[place * UNIT:(place + 1) * UNIT])
            self.unflushed.add(unit)

    def settle(self, units):
        for unit in units:
            del self.may_be[unit][:-1]
        self.unflushed.difference_update(units)
        self.flushes += 1

    def wrong(self):
        """The units that hold what they must not."""
        wrong = []
        with nbd_client(self.coffer.uri(self.volume)) as handle:
            for unit, allowed in enumerate(self.may_be):
                found = handle.pread(UNIT, unit * UNIT)
                if found not in allowed:
                    wrong.append(unit)
        return wrong


@pytest.fixture(scope="module")
def aftermath(shared_coffer, tmp_path_factory):
    print("seed", SEED, "kills", KILLS)
    coffer, folder = shared_coffer, tmp_path_factory.mktemp("fio")
    volume = coffer.create_volume(Encrypted=True)
    coffer.attach(volume, "/dev/sdf")
    filled = fio(coffer.uri(volume), "--rw=write", "--do_verify=0", "--end_fsync=1", cwd=folder)
    assert filled.returncode == 0, filled.stderr
    chance, stop, unverified = random.Random(SEED), threading.Event(), []
    writer = Writer(coffer, volume, stop)
    writer.start()
    for kill in range(KILLS):
        load = fio(coffer.uri(volume), "--rw=randwrite", "--do_verify=0", "--iodepth=16", "--fsync=32", "--time_based",
                   "--runtime=60", f"--randseed={SEED + kill}", check=False, cwd=folder)
        time.sleep(chance.uniform(0.2, 1.2))
        assert load.poll() is None, "fio was to be at work"
        before = coffer.daemons()["coffer-volumed"]
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: coffer.daemons().get("coffer-volumed", before) != before, "a new volumed", 30)
        wait_until(lambda: is_served(coffer.uri(volume)), "the volume", 30)
        load.kill()  # its NBD engine waits for ever once the server is gone
        load.wait()
        clean, report = verified_by_fio(coffer.uri(volume), folder)
        if not clean:
            unverified.append((kill, report))
    stop.set()
    writer.join()
    print("writes", writer.writes, "flushes", writer.flushes, "connections", writer.connections)
    return coffer, volume, folder, writer, unverified


def test_every_block_verifies_after_every_kill(aftermath):
    _, _, _, _, unverified = aftermath
    assert unverified == []


def test_flushed_writes_are_there_and_no_third_value(aftermath):
    _, _, _, writer, _ = aftermath
    assert writer.connections > KILLS // 2 and writer.flushes > 10 * KILLS, "there was no load"
    assert writer.wrong() == []


def test_fio_finds_a_block_that_is_not_its_own(aftermath):
    """The positive control."""
    coffer, volume, folder, writer, _ = aftermath
    assert verified_by_fio(coffer.uri(volume), folder)[0]
    with nbd_client(coffer.uri(volume)) as handle:
        handle.pwrite(os.urandom(UNIT), FIO + 77 * 4096 + 1024)
    assert not verified_by_fio(coffer.uri(volume), folder)[0]
