#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does a volume with a thousand snapshots read as fast as one with a single one? Random 4 KiB reads by fio over NBD of two
volumes with the same data in memory, interleaved: one of 2 layers, one of 1,000, each of which holds its share of the
sectors at random places. Prints docs/PERFORMANCE.md's rows; with --check the exit status is 1 when a target is missed."""
import argparse
import contextlib
import os
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from nbd_peers import MIB, Row, Server, measure, run

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from harness import Coffer, nbd_client  # noqa: E402

SECTOR = 4096
TARGET = 0.9
ROWS = (Row("4k random read QD1", "IOPS", ("randread", "4k", 1, 1)),
        Row("4k random read QD32", "IOPS", ("randread", "4k", 32, 1)))


def fill_in_layers(coffer, ec2, volume, uri, layers, size, seed):
    """Every sector once, in an order of its own, with a snapshot between each `layers`th part and the next."""
    sectors = list(range(size // SECTOR))
    random.Random(seed).shuffle(sectors)
    with nbd_client(uri) as handle:
        for number in range(layers):
            if number > 0:
                coffer.create_snapshot(volume, ec2)
            data = os.urandom(SECTOR)
            for sector in sectors[number::layers]:
                handle.pwrite(data, sector * SECTOR)
            handle.flush()


def volume_of(coffer, ec2, layers, size, device, folder, seed):
    volume = coffer.create_volume(ec2, size=-(-size // (1 << 30)), Encrypted=True)
    uri = coffer.attach(volume, device, ec2)
    fill_in_layers(coffer, ec2, volume, uri, layers, size, seed)
    assert len(coffer.layers(volume)) == layers
    run("nbdcopy", uri, "null:")  # what is used for the first time is another question
    short = folder / f"{layers}.s"
    short.symlink_to(uri.partition("socket=")[2])
    return Server(f"{layers} layers", str(short), coffer.daemons()["coffer-volumed"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--layers", type=int, default=1000)
    arguments.add_argument("--size", type=int, default=512, metavar="MIB", help="of each volume's data (512)")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=2)
    arguments.add_argument("--folder", default="/dev/shm")
    arguments.add_argument("--check", action="store_true")
    options = arguments.parse_args()
    size = options.size * MIB
    with contextlib.ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="cb", dir=options.folder))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        coffer = cleanup.enter_context(Coffer(folder / "c"))
        ec2 = coffer.client("ec2")
        both = [volume_of(coffer, ec2, layers, size, device, folder, layers)
                for layers, device in ((2, "/dev/sdf"), (options.layers, "/dev/sdg"))]
        samples = {}
        for number in range(options.rounds):
            for row in ROWS:
                for server in both if number % 2 == 0 else reversed(both):
                    figure = measure(server, row, size, options.seconds)["main"]
                    samples.setdefault((row.name, server.name), []).append(figure)
    met = True
    print(f"| over NBD | 2 layers | {options.layers} layers | ratio | target |\n|---|---|---|---|---|")
    for row in ROWS:
        short, long = (statistics.median(samples[row.name, server.name]) for server in both)
        met = met and long / short >= TARGET
        print(f"| {row.name} | {short / 1e3:.1f}k | {long / 1e3:.1f}k | {long / short:.2f} | ≥ {TARGET} |")
    return 1 if options.check and not met else 0


if __name__ == "__main__":
    sys.exit(main())
