# SPDX-License-Identifier: Apache-2.0
"""The references' two scripts, run as a reader would run them: by Python, with the installation as AWS."""
import ast
import json
import re

import pytest

from harness import ZONE
from principals import new_role, new_user, policy, trust
from references import sample

PYTHON = "/usr/bin/python3"
AUDIT = "import boto3\n" + sample("audit_unencrypted_volumes.py.txt")
CHECK = "import boto3\n" + sample("check_kms_permissions.py.txt")
# What an attached policy does not carry has to be asked for.
CORRECTED_CHECK = CHECK.replace("policy['DefaultVersionId']",
                                "iam.get_policy(PolicyArn=policy['PolicyArn'])['Policy']['DefaultVersionId']")
EC2 = trust({"Service": "ec2.amazonaws.com"})


def run(coffer, script, check=True, credentials=None):
    """Its standard output, or all of its result."""
    command = [PYTHON, "-"]
    if credentials:
        command = ["env", f"AWS_ACCESS_KEY_ID={credentials[0]}", f"AWS_SECRET_ACCESS_KEY={credentials[1]}", *command]
    result = coffer.execute(*command, input=script, check=check)
    return result.stdout if check else result


# The audit of unencrypted volumes

@pytest.fixture(scope="module")
def volumes(shared_coffer):
    """Which of them are encrypted: {volume id: bool}. One is attached, and one of each is made of a snapshot."""
    ec2 = shared_coffer.client("ec2")
    made = {}
    for number in range(11):
        encrypted = number % 3 == 0
        made[shared_coffer.create_volume(ec2, size=1 + number, Encrypted=encrypted)] = encrypted
    for volume, encrypted in list(made.items())[:2]:
        snapshot = shared_coffer.create_snapshot(volume, ec2)
        made[ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"]] = encrypted
    shared_coffer.attach(next(volume for volume, encrypted in made.items() if not encrypted), "/dev/sdf", ec2)
    return made


@pytest.mark.parametrize("paginate", ["paginator.paginate()", "paginator.paginate(PaginationConfig={'PageSize': 5})"],
                         ids=["as printed", "in pages"])
def test_the_audit_finds_all_unencrypted_volumes_and_no_others(shared_coffer, volumes, paginate):
    script = AUDIT.replace("paginator.paginate()", paginate)
    assert paginate in script
    printed, found = run(shared_coffer, script + "\nprint([(v['VolumeId'], v['Size'], v['State']) for v in unencrypted])"
                         ).splitlines()
    plain = {volume for volume, encrypted in volumes.items() if not encrypted}
    assert printed == f"Found {len(plain)} unencrypted volumes" and len(plain) > 5
    told = {volume: (size, state) for volume, size, state in ast.literal_eval(found)}
    assert set(told) == plain
    described = shared_coffer.client("ec2").describe_volumes(VolumeIds=sorted(plain))["Volumes"]
    assert told == {each["VolumeId"]: (each["Size"], each["State"]) for each in described}
    assert {state for _, state in told.values()} == {"available", "in-use"}


def test_the_audit_takes_the_right_to_describe_volumes(shared_coffer, volumes):
    iam = shared_coffer.client("iam")
    auditor = new_user(iam, "auditor", policy("ec2:DescribeVolumes"))
    assert re.fullmatch(r"Found \d+ unencrypted volumes\n", run(shared_coffer, AUDIT, credentials=auditor))
    done = run(shared_coffer, AUDIT, check=False, credentials=new_user(iam, "nobody"))
    assert done.returncode != 0 and "(UnauthorizedOperation)" in done.stderr
    assert "because no identity-based policy allows the ec2:DescribeVolumes action" in done.stderr


# The troubleshooting of a role

@pytest.fixture(scope="module")
def key(shared_coffer):
    return shared_coffer.client("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture(scope="module")
def roles(shared_coffer, key):
    """ARNs of a role with kms:Decrypt by a managed policy, and of one without."""
    iam = shared_coffer.client("iam")
    made = {}
    for name, action in (("with", "kms:Decrypt"), ("without", "kms:Encrypt")):
        made[name] = new_role(iam, name, EC2, Path="/apps/")
        managed = iam.create_policy(PolicyName=f"{name}-decrypt", PolicyDocument=policy(action, key))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    return made


def reported(coffer, role, key):
    """What the corrected script prints: {policy name: document}."""
    lines = run(coffer, CORRECTED_CHECK + f"\ncheck_kms_permissions({role!r}, {key!r})").splitlines()
    names = [line.removeprefix("Policy: ") for line in lines[::2]]
    return dict(zip(names, (ast.literal_eval(line.removeprefix("Document: ")) for line in lines[1::2]), strict=True))


def explained(coffer, role, key):
    return coffer.json("explain", "--principal", role, "--action", "kms:Decrypt", "--resource", key)


def test_the_printed_check_ends_in_a_key_error(shared_coffer, roles, key):
    done = run(shared_coffer, CHECK + f"\ncheck_kms_permissions({roles['with']!r}, {key!r})", check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.splitlines()[-1] == "KeyError: 'DefaultVersionId'"


@pytest.mark.parametrize("name, action, allowed", [("with", "kms:Decrypt", True), ("without", "kms:Encrypt", False)])
def test_the_corrected_check_shows_what_is_attached(shared_coffer, roles, key, name, action, allowed):
    assert reported(shared_coffer, roles[name], key) == {f"{name}-decrypt": json.loads(policy(action, key))}
    assert explained(shared_coffer, roles[name], key)["allowed"] is allowed


def test_the_corrected_check_shows_the_version_that_counts(shared_coffer, roles, key):
    iam = shared_coffer.client("iam")
    arn = iam.list_attached_role_policies(RoleName="without")["AttachedPolicies"][0]["PolicyArn"]
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("kms:Decrypt", key))["PolicyVersion"]["VersionId"]
    for version, action in ((made, "kms:Decrypt"), ("v1", "kms:Encrypt")):
        iam.set_default_policy_version(PolicyArn=arn, VersionId=version)
        assert reported(shared_coffer, roles["without"], key)["without-decrypt"] == json.loads(policy(action, key))
        assert explained(shared_coffer, roles["without"], key)["allowed"] is (action == "kms:Decrypt")
    iam.delete_policy_version(PolicyArn=arn, VersionId=made)


def test_explain_sees_what_the_check_does_not(shared_coffer, key):
    """An inline policy, a boundary, the key's own policy: the script lists managed policies only."""
    iam, kms = shared_coffer.client("iam"), shared_coffer.client("kms")
    role = new_role(iam, "inline", EC2, policy("kms:Decrypt", key))
    assert reported(shared_coffer, role, key) == {}
    assert explained(shared_coffer, role, key)["allowed"]
    shown = shared_coffer.command("explain", "--principal", role, "--action", "kms:Decrypt", "--resource", key).stdout
    assert "identity-based policy: role/inline/policy-0" in shown

    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=policy("ec2:*"))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="inline", PermissionsBoundary=boundary)
    assert explained(shared_coffer, role, key)["reason"] == (
        "because no permissions boundary allows the kms:Decrypt action")
    iam.delete_role_permissions_boundary(RoleName="inline")

    default = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    denying = {**default, "Statement": [*default["Statement"], {
        "Sid": "NotThisRole", "Effect": "Deny", "Principal": {"AWS": role}, "Action": "kms:Decrypt", "Resource": "*"}]}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(denying))
    assert explained(shared_coffer, role, key)["reason"] == "with an explicit deny in a resource-based policy"
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(default))
