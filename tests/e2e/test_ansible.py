# SPDX-License-Identifier: Apache-2.0
"""Ansible's modules of IAM, STS, KMS and EBS (Debian's amazon.aws and community.aws): do they make, find unchanged, and
remove? The phases of tests/ansible/playbook.yml are its hosts; a user with AWS's AdministratorAccess plays it."""
import json
import os

import pytest

from harness import ROOT
from principals import new_role, new_user, policy, trust

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/keeping"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:user/operator"
PHASES = ("rehearsal", "made", "again", "seen", "removed", "removed_again")
MADE = {"policy", "boundary", "user", "inline policy", "group", "role", "instance profile", "key", "volume"}
TO_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
VARIABLES = {
    "account": ACCOUNT, "volumes_policy": json.loads(policy(["ec2:CreateVolume", "ec2:AttachVolume"])),
    "boundary_policy": json.loads(policy(["ec2:*", "kms:*"])), "assuming_policy": json.loads(policy("sts:AssumeRole", ROLE)),
    "trust_policy": json.loads(trust({"AWS": OPERATOR, "Service": "ec2.amazonaws.com"})),
    "key_policy": {"Version": "2012-10-17", "Statement": [TO_ACCOUNT]}}


def by_phase(told):
    """{phase: {task: its result}} of the play's report."""
    results = {phase: {} for phase in PHASES}
    for play in told["plays"]:
        for task in play["tasks"]:
            for phase, result in task["hosts"].items():
                results[phase][task["task"]["name"]] = result
    return results


def changed(results):
    return {name for name, result in results.items() if result.get("changed")}


@pytest.fixture(scope="module")
def played(shared_coffer, tmp_path_factory):
    home = tmp_path_factory.mktemp("ansible")
    iam = shared_coffer.client("iam")
    key, secret = new_user(iam, "operator")
    iam.attach_user_policy(UserName="operator", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    new_role(iam, "operator", trust({"AWS": OPERATOR}))
    (home / "inventory").write_text("".join(f"{phase} ansible_connection=local\n" for phase in PHASES))
    (home / "variables.json").write_text(json.dumps(VARIABLES))
    done = shared_coffer.execute(
        "env", f"AWS_ACCESS_KEY_ID={key}", f"AWS_SECRET_ACCESS_KEY={secret}", "ansible-playbook", "-i", home / "inventory",
        "-e", f"@{home / 'variables.json'}", ROOT / "tests" / "ansible" / "playbook.yml", check=False, timeout=600, cwd=home,
        env={**os.environ, "PATH": "/usr/bin:/bin", "HOME": str(home), "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
             "ANSIBLE_PIPELINING": "1", "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3"})
    results = by_phase(json.loads(done.stdout))
    failures = {(phase, name): result.get("msg") or result for phase, tasks in results.items()
                for name, result in tasks.items() if result.get("failed")}
    assert not failures and done.returncode == 0, (failures, done.stderr)
    return results


def test_a_rehearsal_tells_what_would_be_made_and_makes_nothing(played):
    assert changed(played["rehearsal"]) == MADE - {"inline policy"}
    assert changed(played["made"]) == MADE


def test_the_second_run_changes_nothing(played):
    assert set(played["again"]) == MADE and changed(played["again"]) == set()


def test_the_modules_that_look_see_what_was_made(played):
    seen = played["seen"]
    assert seen["caller"]["arn"] == OPERATOR
    assert [each["user_name"] for each in seen["user"]["iam_users"]] == ["keeper"]
    assert seen["inline policy"]["policies"] == [{"policy_name": "assuming", "policy_document": VARIABLES["assuming_policy"]}]
    role, = seen["role"]["iam_roles"]
    assert role["assume_role_policy_document_raw"] == VARIABLES["trust_policy"] and role["tags"] == {"team": "storage"}
    assert [each["policy_name"] for each in role["managed_policies"]] == ["volumes"]
    assert role["permissions_boundary"]["permissions_boundary_arn"] == f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    assert seen["session"]["sts_user"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/keeping/play"


def test_the_key_and_the_volume_under_it_are_as_wished(shared_coffer, played):
    key, = played["seen"]["key"]["kms_keys"]
    assert key["key_policies"] == [VARIABLES["key_policy"]] and key["enable_key_rotation"] is True
    assert [(each["grantee_principal"], each["operations"]) for each in key["grants"]] == [(ROLE, ["Decrypt"])]
    volume, = played["seen"]["volume"]["volumes"]
    assert volume["encrypted"] and volume["tags"] == {"Name": "data", "team": "storage"}
    created = next(record for record in shared_coffer.trail() if record["eventName"] == "CreateVolume")
    assert created["userIdentity"]["arn"] == OPERATOR
    assert created["responseElements"]["kmsKeyId"] == key["key_arn"]


def test_all_is_removed_once(shared_coffer, played):
    assert changed(played["removed"]) == MADE and changed(played["removed_again"]) == set()
    iam, kms = shared_coffer.client("iam"), shared_coffer.client("kms")
    assert [each["UserName"] for each in iam.list_users()["Users"]] == ["operator"]
    assert [each["RoleName"] for each in iam.list_roles()["Roles"]] == ["operator"]
    assert not iam.list_groups()["Groups"] and not iam.list_instance_profiles()["InstanceProfiles"]
    assert not iam.list_policies(Scope="Local")["Policies"]
    assert not shared_coffer.client("ec2").describe_volumes()["Volumes"]
    key = played["seen"]["key"]["kms_keys"][0]["key_id"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
