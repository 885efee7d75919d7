#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What attached volumes cost while nobody uses them: resident memory of coffer-volumed for each, and its CPU time. Prints
docs/PERFORMANCE.md's lines; with --check the exit status is 1 when a target is missed."""
import argparse
import contextlib
import os
import shutil
import string
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from harness import Coffer, nbd_client  # noqa: E402

MOST_MEMORY = 256 << 10  # for each volume
MOST_CPU = 0.01  # of one core, all volumes together


def device_names():
    """Those that EC2 documents, with and without partition digits."""
    letters = string.ascii_lowercase[1:]
    disks = [f"/dev/sd{a}" for a in letters] + [f"/dev/xvd{a}{b}" for a in letters for b in ("", *string.ascii_lowercase)]
    return disks + [f"{disk}{digit}" for disk in disks for digit in range(1, 10)]


def resident(pid):
    """Bytes of its own: files that are mapped belong to the page cache."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return sum(int(status[name].split()[0]) << 10 for name in ("RssAnon", "RssShmem"))


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def attach(coffer, ec2, devices):
    """A new encrypted volume at each."""
    host = coffer.host()

    def one(device):
        volume = coffer.create_volume(ec2, Encrypted=True)
        ec2.attach_volume(VolumeId=volume, InstanceId=host, Device=device)
        return volume

    with ThreadPoolExecutor(4) as workers:
        return list(workers.map(one, devices))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--volumes", type=int, default=1000)
    arguments.add_argument("--seconds", type=int, default=10, help="of idleness")
    arguments.add_argument("--check", action="store_true", help="exit status 1 when a target is missed")
    arguments.add_argument("--folder", default="/dev/shm", help="where the data goes, and goes away afterwards")
    options = arguments.parse_args()
    with contextlib.ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="ca", dir=options.folder))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        coffer = Coffer(folder / "c")
        cleanup.callback(coffer.stop)
        coffer.start()
        ec2 = coffer.client("ec2")
        pid = coffer.daemons()["coffer-volumed"]
        devices = device_names()
        attach(coffer, ec2, devices[:4])  # what the first ones need once
        before = resident(pid)
        volumes = attach(coffer, ec2, devices[4:4 + options.volumes])
        each = (resident(pid) - before) / len(volumes)
        begun = cpu_seconds(pid)
        time.sleep(options.seconds)
        share = (cpu_seconds(pid) - begun) / options.seconds
        with nbd_client(coffer.uri(volumes[-1])) as handle:  # they are really served
            handle.pwrite(b"x" * 4096, 0)
    memory_met, cpu_met = each < MOST_MEMORY, share <= MOST_CPU
    print(f"| {len(volumes)} attached volumes of 1 GiB, no client: memory of each | < 256 KiB | {each / 1024:.0f} KiB "
          f"| {'yes' if memory_met else 'no'} |")
    print(f"| the same: CPU time of all, of one core | ≤ {MOST_CPU:.0%} | {share:.2%} | {'yes' if cpu_met else 'no'} |")
    return 1 if options.check and not (memory_met and cpu_met) else 0


if __name__ == "__main__":
    sys.exit(main())
