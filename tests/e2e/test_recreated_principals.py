# SPDX-License-Identifier: Apache-2.0
"""Does a user or role that is made again under an old name inherit nothing, and does a renamed one keep what it has?"""
import json

import pytest
from botocore.exceptions import ClientError

from harness import is_served, wait_until


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture
def kms(coffer):
    return coffer.client("kms")


def new_user(coffer, name):
    """The user's ARN, id and a kms client of its own."""
    iam = coffer.client("iam")
    user = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return user["Arn"], user["UserId"], coffer.client("kms", credentials=(key["AccessKeyId"], key["SecretAccessKey"]))


def remove_user(iam, name):
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def policy_naming(coffer, arn):
    account = coffer.client("sts").get_caller_identity()["Account"]
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": [arn]}, "Action": "kms:Encrypt", "Resource": "*"}]})


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_recreated_user_has_no_grants(coffer, iam, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    arn, old_id, eve = new_user(coffer, "eve")
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt"])
    eve.encrypt(KeyId=key, Plaintext=b"x")
    remove_user(iam, "eve")
    assert kms.list_grants(KeyId=key)["Grants"][0]["GranteePrincipal"] == old_id
    _, _, eve = new_user(coffer, "eve")
    assert refused(eve.encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"


def test_a_recreated_user_has_no_part_in_key_policies(coffer, iam, kms):
    arn, old_id, eve = new_user(coffer, "eve")
    key = kms.create_key(Policy=policy_naming(coffer, arn))["KeyMetadata"]["KeyId"]
    eve.encrypt(KeyId=key, Plaintext=b"x")
    remove_user(iam, "eve")
    shown = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert shown["Statement"][1]["Principal"] == {"AWS": [old_id]}
    _, _, eve = new_user(coffer, "eve")
    assert refused(eve.encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"


def test_a_recreated_user_cannot_assume_what_the_old_one_could(coffer, iam):
    arn, old_id, _ = new_user(coffer, "eve")
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}}
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    remove_user(iam, "eve")
    shown = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"]["Principal"] == {"AWS": old_id}
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    sts = coffer.client("sts", credentials=(key["AccessKeyId"], key["SecretAccessKey"]))
    assert refused(sts.assume_role, RoleArn=role, RoleSessionName="se")[0] == "AccessDenied"


@pytest.mark.parametrize("path, fate", [(None, "served"), ("/", "refused"), ("/other/", "refused")])
def test_a_recreated_user_is_not_whom_work_goes_on_for(coffer, iam, path, fate):
    """An attachment is made again in the name of who made it, not of another who may use the key and has the name now."""
    everything = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    key = coffer.client("kms").create_key()["KeyMetadata"]["KeyId"]
    volume = coffer.create_volume(Encrypted=True, KmsKeyId=key)
    new_user(coffer, "bob")
    iam.put_user_policy(UserName="bob", PolicyName="all", PolicyDocument=everything)
    access = iam.create_access_key(UserName="bob")["AccessKey"]
    coffer.attach(volume, "/dev/sdf", coffer.client("ec2", credentials=(access["AccessKeyId"], access["SecretAccessKey"])))
    if path:
        iam.delete_user_policy(UserName="bob", PolicyName="all")
        remove_user(iam, "bob")
        iam.create_user(UserName="bob", Path=path)
        iam.put_user_policy(UserName="bob", PolicyName="all", PolicyDocument=everything)
    coffer.kill_daemons("coffer-volumed")

    def outcome():
        failures = [each["failure"] for each in coffer.json("status")["attachments"] if each.get("failure")]
        uri = coffer.command("volume", "uri", volume, check=False).stdout.strip()
        return failures or ["served"] * bool(uri and is_served(uri))

    [said] = wait_until(outcome, "the attachment to be tried again")
    assert said == "served" if fate == "served" else "does not exist any more" in said


def test_a_condition_that_compares_the_arn_stays_as_it_is(coffer, iam, kms):
    arn, _, _ = new_user(coffer, "eve")
    account = coffer.client("sts").get_caller_identity()["Account"]
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:Encrypt", "Resource": "*",
         "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}}}]}
    key = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    remove_user(iam, "eve")
    shown = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert shown["Statement"][1]["Condition"] == policy["Statement"][1]["Condition"]
    assert shown["Statement"][1]["Principal"] != policy["Statement"][1]["Principal"]


def test_a_renamed_user_keeps_its_permissions(coffer, iam, kms):
    arn, _, eve = new_user(coffer, "eve")
    key = kms.create_key(Policy=policy_naming(coffer, arn))["KeyMetadata"]["KeyId"]
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["DescribeKey"])
    iam.update_user(UserName="eve", NewUserName="adam", NewPath="/garden/")
    new = arn.replace("user/eve", "user/garden/adam")
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])["Statement"][1]["Principal"] == {"AWS": [new]}
    eve.encrypt(KeyId=key, Plaintext=b"x")
    eve.describe_key(KeyId=key)
    assert kms.list_grants(KeyId=key)["Grants"][0]["GranteePrincipal"] == new


@pytest.mark.parametrize("name", ["user/nobody", "role/nobody", "user/path/eve"])
def test_principals_that_do_not_exist_are_refused(coffer, iam, kms, name):
    arn, _, _ = new_user(coffer, "eve")
    unknown = arn.replace("user/eve", name)
    assert refused(kms.create_key, Policy=policy_naming(coffer, unknown)) == (
        "MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refused(kms.put_key_policy, KeyId=key, PolicyName="default", Policy=policy_naming(coffer, unknown))[0] == \
        "MalformedPolicyDocumentException"
    assert refused(kms.create_grant, KeyId=key, GranteePrincipal=unknown, Operations=["Encrypt"]) == (
        "InvalidArnException", f"ARN does not refer to a valid principal: {unknown}")
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": unknown}, "Action": "sts:AssumeRole"}}
    assert refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=json.dumps(trust)) == (
        "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{unknown}"')
