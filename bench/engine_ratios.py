#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""engine_ratios.py BENCH_ENGINE FOLDER [ROUNDS]: runs bench_engine in FOLDER (in memory: /dev/shm) and prints medians and
ratios beside their targets. Exit status 1 when a ratio misses its target."""
import collections
import statistics
import subprocess
import sys


def figures(program, folder, rounds):
    """{name: median}"""
    run = subprocess.run([program, folder, rounds], check=True, stdout=subprocess.PIPE, text=True)
    values = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        name, value, _ = line.split()
        values[name].append(float(value))
    return {name: statistics.median(all_) for name, all_ in values.items()}


def rows(value):
    """(what, figure, target, met)"""
    chain = value["reads_1000_layers"] / value["reads_2_layers"]
    first = value["first_writes_after_snapshot"] / value["first_writes_empty"]
    yield "4k random reads, 1,000 layers / 2 layers", f"{chain:.2f}", ">= 0.9", chain >= 0.9
    yield "first writes after a snapshot / to an empty volume", f"{first:.2f}", ">= 0.8", first >= 0.8
    copy = value["copy_snapshot"] / 1e9
    yield "CopySnapshot, one thread, GB/s", f"{copy:.2f}", ">= 1", copy >= 1
    for size in ("1GiB", "1TiB"):
        most, idle = value[f"pause_most_{size}"] / 1e3, value[f"no_pause_most_{size}"] / 1e3
        yield (f"slowest write during 200 snapshots of {size}, ms (without: {idle:.2f})", f"{most:.2f}", "<= 5", most <= 5)
    pause = value["pause_median_1TiB"] / value["pause_median_1GiB"]
    yield "median pause, 1 TiB / 1 GiB", f"{pause:.2f}", "<= 2", pause <= 2


def main(program, folder, rounds="5"):
    table = list(rows(figures(program, folder, rounds)))
    print("| what | figure | target | |")
    print("|---|---|---|---|")
    for what, figure, target, met in table:
        print(f"| {what} | {figure} | {target} | {'met' if met else 'missed'} |")
    return 0 if all(met for *_, met in table) else 1


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
