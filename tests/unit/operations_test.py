# SPDX-License-Identifier: Apache-2.0
"""Is every operation that is served also called by a test with a real client? (The pipeline itself refuses to answer
without a member that the model requires, so that a call that succeeds shows that its answer is complete.)"""
import re
from pathlib import Path

import pytest
from botocore import xform_name

ROOT = Path(__file__).resolve().parent.parent.parent
LISTS = sorted((ROOT / "src" / "wire" / "operations").glob("*.txt"))


def operations(path):
    return [line for line in path.read_text().split("\n") if line and not line.startswith("#")]


def called(tests):
    """Method names of boto3 clients that the tests' text calls, paginators and waiters left aside."""
    return set(re.findall(r"\b(?:(?:\w*_)?(?:kms|ec2|ebs|iam|sts|organizations)|client\([^)]*\))\.([a-z_]+)\b", tests)) \
        | set(re.findall(r'get_paginator\("([a-z_]+)"\)', tests))


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_operation_is_called(path):
    names = called("\n".join(test.read_text() for test in (ROOT / "tests").rglob("*.py")))
    listed = {xform_name(name) for name in operations(path)}
    assert listed, path
    assert not listed - names, "operations that no test calls"


def test_an_operation_without_a_call_would_be_found():
    assert "describe_key" in called("kms.describe_key(KeyId=key)")
    assert "encrypt" not in called("kms.describe_key(KeyId=key)  # not encrypt")
