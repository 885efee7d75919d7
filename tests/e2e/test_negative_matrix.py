# SPDX-License-Identifier: Apache-2.0
"""For every operation that is served: is who may nothing refused, with AWS's code and words, and does exactly the
permission that AWS names let it through? Generated from the lists in src/wire/operations, with the tables in
tests/permissions, so that an operation without an entry fails."""
import fnmatch
import importlib
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from harness import ROOT, Coffer
from permissions.made import Made

LISTS = sorted((ROOT / "src/wire/operations").glob("*.txt"), key=lambda path: path.stem)
# What a refusal is: its code and its HTTP status.
REFUSALS = {"ec2": ("UnauthorizedOperation", 403), "ebs": ("AccessDeniedException", 403), "kms": ("AccessDeniedException", 400),
            "organizations": ("AccessDeniedException", 400), "iam": ("AccessDenied", 403), "sts": ("AccessDenied", 403)}


def operations(path):
    return [line for line in Path(path).read_text().split("\n") if line and not line.startswith("#")]


def entries(service):
    return importlib.import_module(f"permissions.{service}").OPERATIONS


def without_entry(service, names):
    return sorted(set(names) - set(entries(service)))


SERVED = [(path.stem, operation) for path in LISTS for operation in operations(path)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("matrix") / "data", "--development") as coffer:
        yield Made(coffer)


def perform(client, operation, parameters):
    return getattr(client, xform_name(operation))(**parameters)


def check_refused(service, permissions, call):
    """It is refused for want of one of the permissions."""
    with pytest.raises(ClientError) as error:
        call()
    answer = error.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == REFUSALS[service], error.value
    wordings = [f"is not authorized to perform: {action}"
                + ("" if service == "ec2" and resource == "*" else f" on resource: {resource}")
                + f" because no identity-based policy allows the {action} action" for action, resource in permissions]
    assert any(wording in answer["Error"]["Message"] for wording in wordings), (answer["Error"]["Message"], wordings)


def covers(permissions, permission):
    """Does what is to be, "snapshot/*", stand for this one too?"""
    return any(action == permission[0] and fnmatch.fnmatchcase(permission[1], resource) for action, resource in permissions)


def check_dry_run(client, operation, parameters):
    with pytest.raises(ClientError) as error:
        perform(client, operation, {**parameters, "DryRun": True})
    answer = error.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("DryRunOperation", 412), error.value


def check_let_through(client, operation, call):
    if call.ends is None:
        perform(client, operation, call.parameters)
        return
    with pytest.raises(ClientError) as error:
        perform(client, operation, call.parameters)
    assert error.value.response["Error"]["Code"] == call.ends, error.value


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_operation_has_an_entry(path):
    assert operations(path) and without_entry(path.stem, operations(path)) == []


def test_an_operation_without_an_entry_would_be_found():
    assert without_entry("ec2", ["DescribeVolumes", "MakeVolumesFaster"]) == ["MakeVolumesFaster"]


@pytest.mark.parametrize("service, operation", SERVED, ids=lambda text: text)
def test_exactly_the_permission_is_needed(made, service, operation):
    call = entries(service)[operation](made)
    caller = call.by or made.owner
    nobody, somebody = (caller.client(user, service) for user in ("nobody", "somebody"))
    permissions = call.permissions(service, operation)
    if not permissions:
        check_let_through(nobody, operation, call)
        return
    check_refused(service, permissions, lambda: perform(nobody, operation, call.parameters))
    if service == "ec2":
        check_refused(service, permissions, lambda: perform(nobody, operation, {**call.parameters, "DryRun": True}))
    for missing in permissions if len(permissions) > 1 else ():
        others = [permission for permission in permissions if permission != missing]
        if covers(others, missing):
            continue
        caller.allow(others)
        check_refused(service, [missing], lambda: perform(somebody, operation, call.parameters))
    caller.allow(permissions)
    if service == "ec2":
        check_dry_run(somebody, operation, call.parameters)
    check_let_through(somebody, operation, call)
