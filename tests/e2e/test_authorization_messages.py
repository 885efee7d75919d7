# SPDX-License-Identifier: Apache-2.0
"""Does a refused EC2 call get a message that only those open who may, and does it tell what decided?"""
import json
import re

import pytest
from harness import REGION, ZONE, refused
from principals import session_of, trust

ACCOUNT = "123456789012"
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Sid": "Most", "Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
    {"Sid": "NoPlain", "Effect": "Deny", "Action": "ec2:CreateVol*", "Resource": "*", "Condition": {"Bool": {"ec2:Encrypted": "false"}}}]}


@pytest.fixture
def user(coffer):
    """A user's clients: user("name", policy)("ec2")."""
    def make(name, policy=None):
        iam = coffer.client("iam")
        iam.create_user(UserName=name)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: coffer.client(service, credentials=(key["AccessKeyId"], key["SecretAccessKey"]))
    return make


def message_of(text):
    return re.fullmatch(r".*Encoded authorization failure message: ([A-Za-z0-9_-]+)", text).group(1)


def decoded(coffer, text):
    answer = coffer.client("sts").decode_authorization_message(EncodedMessage=message_of(text))
    return json.loads(answer["DecodedMessage"])


def test_an_explicit_deny_is_told_with_its_statement_and_the_condition_keys(coffer, user):
    ec2 = user("alice", POLICY)("ec2")
    text = refused("UnauthorizedOperation", ec2.create_volume, AvailabilityZone=ZONE, Size=7, VolumeType="gp3")
    assert text.startswith("You are not authorized to perform this operation. User: arn:aws:iam::")
    told = decoded(coffer, text)
    assert (told["allowed"], told["explicitDeny"]) == (False, True)
    statement, = told["matchedStatements"]["items"]
    assert (statement["statementId"], statement["effect"], statement["actions"]) == ("NoPlain", "DENY", {"items": [{"value": "ec2:CreateVol*"}]})
    assert statement["conditions"] == {"items": [{"key": "ec2:Encrypted", "values": {"items": [{"value": "false"}]}}]}
    user_id = coffer.client("iam").get_user(UserName="alice")["User"]["UserId"]
    assert statement["principals"] == {"items": [{"value": user_id}]} and statement["principalGroups"] == {"items": []}
    context = told["context"]
    assert context["action"] == "ec2:CreateVolume" and context["principal"]["name"] == "alice"
    assert context["principal"]["arn"].endswith(":user/alice") and context["principal"]["id"].startswith("AIDA")
    values = {c["key"]: [v["value"] for v in c["values"]["items"]] for c in context["conditions"]["items"]}
    assert values["ec2:Encrypted"] == ["false"] and values["ec2:VolumeSize"] == ["7"] and values["aws:RequestedRegion"] == [REGION]
    assert all(key != key.lower() or key in ("aws:userid", "aws:username") for key in values), values


def test_a_missing_permission_is_told_without_a_statement(coffer, user):
    told = decoded(coffer, refused("UnauthorizedOperation", user("bob")("ec2").describe_volumes))
    assert not told["explicitDeny"] and told["matchedStatements"] == {"items": []}
    assert (told["context"]["action"], told["context"]["resource"]) == ("ec2:DescribeVolumes", "*")
    keys = {condition["key"] for condition in told["context"]["conditions"]["items"]}
    assert {"aws:PrincipalArn", "aws:RequestedRegion", "aws:SourceIp", "aws:CurrentTime"} <= keys


def test_a_session_is_told_by_its_role(coffer, user):
    iam = coffer.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))
    answer = user("dave", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}})(
        "sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName="se")
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument=json.dumps(POLICY))
    told = decoded(coffer, refused("UnauthorizedOperation", coffer.client("ec2", credentials=session_of(answer)).create_volume,
                                   AvailabilityZone=ZONE, Size=1))
    assert told["context"]["principal"] == {"id": answer["AssumedRoleUser"]["AssumedRoleId"], "arn": answer["AssumedRoleUser"]["Arn"]}
    statement, = told["matchedStatements"]["items"]
    assert statement["principals"] == {"items": [{"value": answer["AssumedRoleUser"]["AssumedRoleId"].split(":")[0]}]}


def test_only_who_may_decode_does(coffer, user):
    bob = user("bob")
    message = message_of(refused("UnauthorizedOperation", bob("ec2").describe_volumes))
    refused("AccessDenied", bob("sts").decode_authorization_message, EncodedMessage=message)
    allowed = user("carol", {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:DecodeAuthorizationMessage",
                                                                    "Resource": "*"}})
    assert json.loads(allowed("sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"])["context"]


def test_another_account_opens_nothing(coffer, user):
    message = message_of(refused("UnauthorizedOperation", user("bob")("ec2").describe_volumes))
    made = coffer.json("account", "create", "--id", "210987654321")
    sts = coffer.client("sts", credentials=(made["access_key_id"], made["secret_access_key"]))
    refused("InvalidAuthorizationMessageException", sts.decode_authorization_message, EncodedMessage=message)


def test_a_message_that_was_changed_opens_nothing(coffer, user):
    message = message_of(refused("UnauthorizedOperation", user("bob")("ec2").describe_volumes))
    sts = coffer.client("sts")
    for wrong in ("x", "!", message[:-4], message[:40] + ("A" if message[40] != "A" else "B") + message[41:], message + "AAAA"):
        refused("InvalidAuthorizationMessageException", sts.decode_authorization_message, EncodedMessage=wrong)
    assert sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"]


def test_the_message_says_nothing_in_the_clear(coffer, user):
    import base64
    message = message_of(refused("UnauthorizedOperation", user("bob")("ec2").describe_volumes))
    raw = base64.urlsafe_b64decode(message + "=" * (-len(message) % 4))
    told = coffer.client("sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"].encode()
    assert b"DescribeVolumes" in told and b"DescribeVolumes" not in raw and b"bob" not in raw
