# SPDX-License-Identifier: Apache-2.0
"""Does an explanation know of a resource what a call is told of it: tags, sizes, owners, boundaries? What EC2 tells policies is
read from the messages that its refusals carry; the rest is compared with what the calls answer."""
import itertools
import json

import pytest
from botocore.exceptions import ClientError

from harness import REGION, refused
from principals import access_key, new_role, new_user, policy, second_account, trust
from test_authorization_messages import decoded

ACCOUNT = "123456789012"
IAM = f"arn:aws:iam::{ACCOUNT}:"
NUMBERS = itertools.count()
# What a request says, or its principal: not the resource.
NOT_OF_THE_RESOURCE = ("aws:principal", "aws:user", "aws:currenttime", "aws:epochtime", "aws:sourceip", "aws:secure", "aws:via",
                       "ec2:attribute")


@pytest.fixture(scope="module")
def iam(shared_coffer):
    return shared_coffer.extended_client("iam")


@pytest.fixture(scope="module")
def user(shared_coffer, iam):
    """A new user that may nothing: its name, ARN and key."""
    def make(**more):
        name = f"user-{next(NUMBERS)}"
        arn = iam.create_user(UserName=name, **more)["User"]["Arn"]
        return name, arn, access_key(iam, name)
    return make


@pytest.fixture(scope="module")
def things(shared_coffer):
    """A volume with everything that a volume can have, its snapshot, and the host: each with calls about it."""
    ec2, host = shared_coffer.client("ec2"), shared_coffer.host()
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "Team", "Value": "navy"}]

    def tagged(kind):
        return [{"ResourceType": kind, "Tags": tags}]

    parent = shared_coffer.create_snapshot(shared_coffer.create_volume(ec2), ec2)
    volume = shared_coffer.create_volume(ec2, size=8, SnapshotId=parent, Encrypted=True, Iops=3500, Throughput=200,
                                         TagSpecifications=tagged("volume"))
    snapshot = shared_coffer.create_snapshot(volume, ec2, TagSpecifications=tagged("snapshot"))
    of_ec2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
    return {"volume": (of_ec2 + "volume/" + volume, {
                "delete_volume": {"VolumeId": volume}, "modify_volume": {"VolumeId": volume, "Size": 9},
                "detach_volume": {"VolumeId": volume}, "create_snapshot": {"VolumeId": volume},
                "create_tags": {"Resources": [volume], "Tags": tags}}),
            "snapshot": (f"arn:aws:ec2:{REGION}::snapshot/{snapshot}", {
                "delete_snapshot": {"SnapshotId": snapshot}, "delete_tags": {"Resources": [snapshot]},
                "copy_snapshot": {"SourceRegion": REGION, "SourceSnapshotId": snapshot}}),
            "instance": (of_ec2 + "instance/" + host, {
                "create_snapshots": {"InstanceSpecification": {"InstanceId": host}}})}


def is_of_the_resource(key):
    return not key.lower().startswith(NOT_OF_THE_RESOURCE)


def told_of(shared_coffer, key, operation, parameters):
    """The action that the call is refused for, and what EC2 told of the resource."""
    with pytest.raises(ClientError) as error:
        getattr(shared_coffer.client("ec2", credentials=key), operation)(**parameters)
    context = decoded(shared_coffer, error.value.response["Error"]["Message"])["context"]
    return context, {each["key"]: [value["value"] for value in each["values"]["items"]]
                     for each in context["conditions"]["items"] if is_of_the_resource(each["key"])}


@pytest.mark.parametrize("kind, operation", [
    *(("volume", operation) for operation in ("delete_volume", "modify_volume", "detach_volume", "create_snapshot", "create_tags")),
    *(("snapshot", operation) for operation in ("delete_snapshot", "delete_tags", "copy_snapshot")),
    ("instance", "create_snapshots")])
def test_explanations_know_what_ec2_tells(shared_coffer, iam, user, things, kind, operation):
    arn, calls = things[kind]
    name, user_arn, key = user()
    context, known = told_of(shared_coffer, key, operation, calls[operation])
    assert context["resource"] == arn
    known = {each: values for each, values in known.items() if not each.lower().startswith(("aws:requesttag", "aws:tagkeys"))}
    assert any(each.lower().startswith("ec2:resourcetag/") for each in known) and len(known) > 6, known
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=policy(context["action"], Condition={
        "ForAnyValue:StringEquals": known}))
    told = iam.explain_access(PolicySourceArn=user_arn, ActionName=context["action"], ResourceArn=arn)
    shown = json.loads(told["Explanation"])["questions"][0]["policies"][-1]["statements"][0]["conditions"]
    assert {each["key"]: each["actual"] for each in shown} == known
    assert told["Allowed"]


def test_the_ebs_direct_apis_tell_tags_alone(shared_coffer, iam, user, things):
    arn = things["snapshot"][0]
    for condition, allowed in (({"aws:ResourceTag/team": ["navy"]}, True), ({"ec2:ResourceTag/team": ["navy"]}, False),
                               ({"ec2:VolumeSize": ["8"]}, False)):
        name, user_arn, key = user()
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy("ebs:ListSnapshotBlocks", Condition={
            "ForAnyValue:StringEquals": condition}))
        told = iam.explain_access(PolicySourceArn=user_arn, ActionName="ebs:ListSnapshotBlocks", ResourceArn=arn)
        assert told["Allowed"] is allowed
        ebs = shared_coffer.client("ebs", credentials=key)
        if allowed:
            ebs.list_snapshot_blocks(SnapshotId=arn.rsplit("/")[1])
        else:
            refused("AccessDeniedException", ebs.list_snapshot_blocks, SnapshotId=arn.rsplit("/")[1])


def test_who_can_knows_tags(shared_coffer, iam, user, things):
    allowed, refused_one = user(), user()
    for (name, _, _), team in ((allowed, "blue"), (refused_one, "green")):
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy("ec2:DeleteVolume", Condition={
            "ForAnyValue:StringEquals": {"ec2:ResourceTag/team": team}}))
    listed = shared_coffer.json("who-can", "--action", "ec2:DeleteVolume", "--resource", things["volume"][0])["principals"]
    assert {each["principal"]: each["allowed"] for each in listed if each["principal"] in (allowed[1], refused_one[1])} == {
        allowed[1]: True, refused_one[1]: False}


def test_a_context_that_is_given_wins(shared_coffer, iam, user, things):
    name, arn, _ = user()
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy("ec2:DeleteVolume", Condition={
        "StringEquals": {"ec2:VolumeType": "io2"}}))
    ask = ("explain", "--principal", arn, "--action", "ec2:DeleteVolume", "--resource", things["volume"][0])
    assert not shared_coffer.json(*ask)["allowed"]
    assert shared_coffer.json(*ask, "--context", "ec2:VolumeType=io2")["allowed"]


@pytest.mark.parametrize("operation, more", [
    ("put_user_policy", {"PolicyName": "p", "PolicyDocument": policy("s3:*")}),
    ("attach_user_policy", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
    ("tag_user", {"Tags": [{"Key": "a", "Value": "b"}]})])
def test_boundaries_are_known_where_they_are_asked_for(shared_coffer, iam, user, operation, more):
    boundary = iam.create_policy(PolicyName=f"b-{next(NUMBERS)}", PolicyDocument=policy("*"))["Policy"]["Arn"]
    target, target_arn, _ = user(PermissionsBoundary=boundary)
    action = "iam:" + operation.title().replace("_", "")
    name, arn, key = user()
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(action, Condition={
        "StringEquals": {"iam:PermissionsBoundary": boundary}}))
    told = iam.explain_access(PolicySourceArn=arn, ActionName=action, ResourceArn=target_arn)["Allowed"]
    assert told is (operation != "tag_user")
    try:
        getattr(shared_coffer.client("iam", credentials=key), operation)(UserName=target, **more)
        done = True
    except ClientError as error:
        done = error.response["Error"]["Code"] != "AccessDenied"
    assert done is told


def test_roles_tags_decide_who_assumes_them(shared_coffer, iam, user):
    role = new_role(iam, f"role-{next(NUMBERS)}", trust({"AWS": ACCOUNT}), Tags=[{"Key": "team", "Value": "blue"}])
    for key in ("aws:ResourceTag/team", "iam:ResourceTag/team"):
        for team in ("blue", "green"):
            name, arn, credentials = user()
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy("sts:AssumeRole", Condition={
                "StringEquals": {key: team}}))
            told = iam.explain_access(PolicySourceArn=arn, ActionName="sts:AssumeRole", ResourceArn=role)["Allowed"]
            assert told is (team == "blue")
            assume = shared_coffer.client("sts", credentials=credentials).assume_role
            if told:
                assume(RoleArn=role, RoleSessionName="se")
            else:
                refused("AccessDenied", assume, RoleArn=role, RoleSessionName="se")


# KMS

@pytest.mark.parametrize("action, condition, operation, more", [
    ("kms:Encrypt", {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}, "encrypt", {"Plaintext": b"x"}),
    ("kms:GenerateDataKey", {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}, "generate_data_key",
     {"KeySpec": "AES_256"}),
    ("kms:CreateGrant", {"Bool": {"kms:GrantIsForAWSResource": "false"}}, "create_grant",
     {"GranteePrincipal": IAM + "root", "Operations": ["Decrypt"]}),
    ("kms:CreateGrant", {"Bool": {"kms:GrantIsForAWSResource": "true"}}, "create_grant",
     {"GranteePrincipal": IAM + "root", "Operations": ["Decrypt"]}),
    ("kms:DisableKey", {"NumericLessThan": {"kms:TrailingDaysWithoutKeyUsage": "1"}}, "disable_key", {}),
    ("kms:DisableKey", {"NumericGreaterThan": {"kms:TrailingDaysWithoutKeyUsage": "1"}}, "disable_key", {})])
def test_what_every_request_of_kms_says_is_known(shared_coffer, iam, user, action, condition, operation, more):
    key = shared_coffer.client("kms").create_key()["KeyMetadata"]["Arn"]
    name, arn, credentials = user()
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(action, Condition=condition))
    told = iam.explain_access(PolicySourceArn=arn, ActionName=action, ResourceArn=key)["Allowed"]
    call = getattr(shared_coffer.client("kms", credentials=credentials), operation)
    if told:
        call(KeyId=key, **more)
    else:
        refused("AccessDeniedException", call, KeyId=key, **more)


def test_only_some_operations_reach_other_accounts_keys(shared_coffer, iam):
    other = second_account(shared_coffer)
    theirs = shared_coffer.client("iam", credentials=other)
    credentials = new_user(theirs, "visitor", policy("kms:*"))
    kms, visitor = shared_coffer.client("kms"), shared_coffer.client("kms", credentials=credentials)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    open_to_them = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    open_to_them["Statement"].append({"Effect": "Allow", "Principal": {"AWS": "210987654321"}, "Action": "kms:*", "Resource": "*"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(open_to_them))
    told = {action: shared_coffer.json("explain", "--principal", "arn:aws:iam::210987654321:user/visitor", "--action", action,
                                       "--resource", key) for action in ("kms:DescribeKey", "kms:DisableKey")}
    visitor.describe_key(KeyId=key)
    refused("AccessDeniedException", visitor.disable_key, KeyId=key)
    assert told["kms:DescribeKey"]["allowed"] and not told["kms:DisableKey"]["allowed"]
    assert told["kms:DisableKey"]["reason"] == "because only principals of the key's own account can do this with it"


def test_a_grant_says_who_retires_it(shared_coffer, iam, user):
    kms = shared_coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    (_, retiring, credentials), (_, other, _) = user(), user()
    ask = ("explain", "--action", "kms:RetireGrant", "--resource", key, "--principal")
    assert shared_coffer.json(*ask, retiring)["reason"] == "because the key has no grant"
    grant = kms.create_grant(KeyId=key, GranteePrincipal=other, Operations=["Decrypt"], RetiringPrincipal=retiring)["GrantId"]
    assert [shared_coffer.json(*ask, each)["allowed"] for each in (retiring, other)] == [True, False]
    shared_coffer.client("kms", credentials=credentials).retire_grant(KeyId=key, GrantId=grant)


def test_a_grant_that_a_boundary_stops_is_shown_as_stopped(shared_coffer, iam, user):
    boundary = iam.create_policy(PolicyName=f"b-{next(NUMBERS)}", PolicyDocument=policy("ec2:*"))["Policy"]["Arn"]
    name, arn, credentials = user()
    kms = shared_coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Encrypt"])
    ask = ("explain", "--action", "kms:Encrypt", "--resource", key, "--principal", arn)
    assert [each["decision"] for each in shared_coffer.json(*ask)["questions"]] == ["implicitDeny", "allowed"]
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    refused("AccessDeniedException", shared_coffer.client("kms", credentials=credentials).encrypt, KeyId=key, Plaintext=b"x")
    told = shared_coffer.json(*ask)
    assert not told["allowed"] and [each["decision"] for each in told["questions"]] == ["implicitDeny", "implicitDeny"]
