# SPDX-License-Identifier: Apache-2.0
"""Do two evaluators of policies, written apart, agree? And would it be seen if they did not?"""
import os
import pathlib
import random
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import compare  # noqa: E402

SEED = int(os.environ.get("COFFER_SEED", random.SystemRandom().randrange(10**9)))
BUGS = ["deny-loses", "conditions-hold", "boundary-ignored", "session-ignored", "key-policy-optional",
        "other-accounts-are-ours", "resource-control-ignored"]


def test_both_evaluators_agree():
    print(f"seed {SEED}")
    counts, differences = compare.compare(SEED, 10_000)
    assert differences == [], f"seed {SEED}"
    # Every way to decide has to occur, else agreement says little about it.
    phrases = ["allowed", *(f"with an explicit deny in {article} {name}"
                            for article, name in compare.oracle.KIND_NAMES.values()),
               *(f"because no {name} allows the ACTION action" for _, name in compare.oracle.KIND_NAMES.values())]
    assert [phrase for phrase in phrases if not counts[phrase]] == [], f"seed {SEED}"
    assert counts["allowed"] > 500, f"seed {SEED}"


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug):
    assert compare.compare(SEED, 20_000, bug, most=1)[1], f"seed {SEED}"
