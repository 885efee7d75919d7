#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares decide_policies (the product's policy engine) with oracle.py over random policies and requests."""
import argparse
import collections
import json
import os
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import oracle  # noqa: E402
import random_policies  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("COFFER_BUILD", ROOT / "build")) / "decide_policies"
REQUESTS_A_SET = 10
SETS_A_BATCH = 500


def written(policy):
    return None if policy is None else json.dumps(policy)


def line_of(case):
    """The case as decide_policies reads it: documents as texts."""
    return json.dumps({**case, "identity": [written(one) for one in case["identity"]], "boundary": written(case["boundary"]),
                       "session": [written(one) for one in case["session"]], "resource": written(case["resource"]),
                       **{kind: [[written(one) for one in level] for level in case[kind]]
                          for kind in ("service_control", "resource_control")}})


def decisions_of(cases, bug):
    command = [PROGRAM] + (["--plant", bug] if bug else [])
    lines = "".join(line_of(case) + "\n" for case in cases)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"decide_policies: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(seed, pairs, bug=None, most=3):
    """(counts of the oracle's decisions, the first disagreements); stops after `most` of them."""
    source = random.Random(seed)
    counts, differences, compared = collections.Counter(), [], 0
    while compared < pairs and len(differences) < most:
        sets = min(SETS_A_BATCH, -(-(pairs - compared) // REQUESTS_A_SET))
        cases = [random_policies.case(source, REQUESTS_A_SET) for _ in range(sets)]
        for case, decisions in zip(cases, decisions_of(cases, bug), strict=True):
            for request, decision in zip(case["requests"], decisions, strict=True):
                expected = oracle.decide(case, request)
                counts[expected.replace(request["action"], "ACTION")] += 1
                compared += 1
                if decision != expected:
                    request = {key: value for key, value in request.items() if key != "lower_context"}
                    differences.append({"expected": expected, "given": decision, **case, "requests": [request]})
    return counts, differences[:most]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    arguments.add_argument("--pairs", type=int, default=10_000)
    arguments.add_argument("--plant", metavar="BUG", help="a bug of decide_policies, to see that it is found")
    options = arguments.parse_args()
    print(f"seed {options.seed}, {options.pairs} pairs of policies and request", flush=True)
    counts, differences = compare(options.seed, options.pairs, options.plant)
    for decision, count in counts.most_common():
        print(f"{count:>9}  {decision}")
    for difference in differences:
        print(json.dumps(difference, indent=1))
    print(f"{sum(counts.values())} compared, {len(differences)} disagreements shown" if differences
          else f"{sum(counts.values())} compared, all agree")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
