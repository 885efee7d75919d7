#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What it costs to decide whether a caller may use a KMS key, and its part of the whole call, both as processor time in one
process without sockets and in turns within one run. Prints docs/PERFORMANCE.md's table; with --check the exit status is 1 when
a target is missed. Needs build/bench_authorisation (cmake -DCOFFER_BENCH=ON)."""
import argparse
import collections
import os
import statistics
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ.get("COFFER_BUILD", Path(__file__).resolve().parent.parent / "build"))
LARGEST_MICROSECONDS = 5
CALLERS = {
    "root": "root user, default key policy",
    "user": "user with five policies of its own and of a group, one of them with conditions",
    "role_session": "role session with boundary and session policy, key policy with conditions",
    "grant": "user who may by a grant only",
    "organization_member": "role session in an organization: control policies of both types at four levels",
    "large_policies": "user with ten policies of 6 KB, key policy of 32 KB",
}
WITHOUT_TARGET = {"large_policies"}  # as much as AWS lets a user and a key have


def figures(rounds, folder):
    """{name: median of nanoseconds}"""
    run = subprocess.run([BUILD / "bench_authorisation", str(rounds)], check=True, stdout=subprocess.PIPE, text=True,
                         env=os.environ | {"TMPDIR": folder})
    values = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        name, value, _ = line.split()
        values[name].append(float(value))
    return {name: statistics.median(column) for name, column in values.items()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--folder", default="/dev/shm", help="where the installation is, and goes away afterwards")
    arguments.add_argument("--check", action="store_true", help="exit status 1 when a target is missed")
    options = arguments.parse_args()
    value = figures(options.rounds, options.folder)
    missed = []
    print("| caller | authorisation µs | whole call µs | part of it | target |\n|---|---|---|---|---|")
    for name, meaning in CALLERS.items():
        own, call = value[name] / 1000, value[name + "_call"] / 1000
        target = "" if name in WITHOUT_TARGET else f"<= {LARGEST_MICROSECONDS} µs"
        print(f"| {meaning} | {own:.1f} | {call:.0f} | {own / call:.3f} | {target} |")
        if target and own > LARGEST_MICROSECONDS:
            missed.append(name)
    if options.check and missed:
        sys.exit("missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()
