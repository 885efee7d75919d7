# SPDX-License-Identifier: Apache-2.0
"""Is docs/KMS.md's table that of today, and does a test call each operation of KMS by each of two SDKs?"""
import importlib.machinery
import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load():
    loader = importlib.machinery.SourceFileLoader("kms_conformance", str(ROOT / "tools" / "kms_conformance"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_the_table_is_that_of_today():
    tool = load()
    assert tool.page_with(tool.table()) == tool.PAGE.read_text(), "run tools/kms_conformance"


def test_each_operation_of_aws_is_called_by_each_sdk():
    tool = load()
    tests = tool.callers()
    aws = {name for name, is_aws in tool.operations().items() if is_aws} & tool.served()
    assert len(aws) >= 12
    for sdk in ("boto3", "JavaScript"):
        assert not {name for name in aws if sdk not in tests.get(tool.method(name), {})}, sdk


def test_differences_are_of_operations_that_there_are():
    tool = load()
    assert not set(tool.differences()) - set(tool.operations())


def test_a_call_is_found_by_its_client():
    assert load().calls("owner_kms.encrypt(KeyId=key)\nrefused(code, kms.decrypt, KeyId=key)") == {
        "owner_kms": {"encrypt"}, "kms": {"decrypt"}}
