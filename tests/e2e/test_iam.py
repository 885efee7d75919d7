# SPDX-License-Identifier: Apache-2.0
"""Users, groups, roles and their policies: is what they may do exactly what their policies say, at once?"""
import json

import pytest
from botocore.exceptions import ClientError

from harness import ZONE, refused
from principals import access_key, new_role, new_user, policy, second_account, trust

ACCOUNT = "123456789012"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture(scope="module")
def shared_iam(shared_coffer):
    return shared_coffer.client("iam")


# What policies allow

def test_a_user_may_do_exactly_what_its_policy_allows(coffer, iam):
    credentials = new_user(iam, "creator", policy("kms:CreateKey"))
    kms = coffer.client("kms", credentials=credentials)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    arn = f"arn:aws:iam::{ACCOUNT}:user/creator"
    assert refused("AccessDeniedException", kms.list_keys) == (
        f"User: {arn} is not authorized to perform: kms:ListKeys on resource: * because no identity-based policy "
        "allows the kms:ListKeys action")
    refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x")
    refused("AccessDeniedException", kms.generate_random, NumberOfBytes=8)
    message = refused("UnauthorizedOperation", coffer.client("ec2", credentials=credentials).describe_volumes)
    assert ("is not authorized to perform: ec2:DescribeVolumes because no identity-based policy allows "
            "the ec2:DescribeVolumes action. Encoded authorization failure message: ") in message
    message = refused("AccessDenied", coffer.client("iam", credentials=credentials).create_user, UserName="another")
    assert message == (f"User: {arn} is not authorized to perform: iam:CreateUser on resource: "
                       f"arn:aws:iam::{ACCOUNT}:user/another because no identity-based policy allows the "
                       "iam:CreateUser action")


def test_a_change_of_policies_counts_at_once(coffer, iam):
    kms = coffer.client("kms", credentials=new_user(iam, "alice"))
    refused("AccessDeniedException", kms.list_keys)
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy("kms:List*"))
    kms.list_keys()
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy("kms:List*", effect="Deny"))
    assert "with an explicit deny in an identity-based policy" in refused("AccessDeniedException", kms.list_keys)
    iam.delete_user_policy(UserName="alice", PolicyName="p")
    assert "no identity-based policy" in refused("AccessDeniedException", kms.list_keys)


def test_a_volume_of_a_user_is_made_with_the_users_right_on_the_key(coffer, iam):
    ec2 = coffer.client("ec2", credentials=new_user(iam, "builder", policy("ec2:*")))
    kms = coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)["VolumeId"]
    assert "not authorized to perform: kms:" in coffer.command("volume", "why", volume).stdout
    iam.put_user_policy(UserName="builder", PolicyName="kms", PolicyDocument=policy("kms:*", key))
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})


def test_conditions_see_the_request(coffer, iam):
    def allowed(**condition):
        iam.put_user_policy(UserName="carol", PolicyName="p", PolicyDocument=policy("kms:ListKeys", Condition=condition))
        try:
            kms.list_keys()
            return True
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            return False

    kms = coffer.client("kms", credentials=new_user(iam, "carol"))
    iam.tag_user(UserName="carol", Tags=[{"Key": "team", "Value": "blue"}])
    assert allowed(IpAddress={"aws:SourceIp": "127.0.0.0/8"})
    assert not allowed(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    assert allowed(StringEquals={"aws:RequestedRegion": "us-west-2"})
    assert not allowed(StringEquals={"aws:RequestedRegion": "us-east-1"})
    assert allowed(DateGreaterThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"})
    assert not allowed(DateLessThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"})
    assert allowed(StringEquals={"aws:username": "carol", "aws:PrincipalTag/team": "blue"})
    assert not allowed(StringEquals={"aws:PrincipalTag/team": "red"})
    assert not allowed(Bool={"aws:SecureTransport": "true"})
    assert allowed(StringLike={"aws:UserAgent": "*Boto3*"})
    assert allowed(Null={"aws:TokenIssueTime": "true"}, Bool={"aws:ViaAWSService": "false"})


def test_a_users_own_keys_by_a_policy_variable(coffer, iam):
    document = policy("iam:*AccessKey*", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}")
    own_iam = coffer.client("iam", credentials=new_user(iam, "dave", document))
    iam.create_user(UserName="erin")
    second = own_iam.create_access_key()["AccessKey"]
    assert second["UserName"] == "dave"
    assert len(own_iam.list_access_keys(UserName="dave")["AccessKeyMetadata"]) == 2
    refused("AccessDenied", own_iam.create_access_key, UserName="erin")


def test_an_administrators_boundary_holds(coffer, iam):
    boundary = iam.create_policy(PolicyName="only-kms", PolicyDocument=policy("kms:*"))["Policy"]["Arn"]
    iam.create_user(UserName="bounded", PermissionsBoundary=boundary)
    iam.attach_user_policy(UserName="bounded", PolicyArn=ADMINISTRATOR)
    credentials = access_key(iam, "bounded")
    coffer.client("kms", credentials=credentials).list_keys()
    ec2 = coffer.client("ec2", credentials=credentials)
    assert "no permissions boundary allows" in refused("UnauthorizedOperation", ec2.describe_volumes)
    refused("DeleteConflict", iam.delete_policy, PolicyArn=boundary)
    iam.delete_user_permissions_boundary(UserName="bounded")
    ec2.describe_volumes()
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=boundary)
    refused("UnauthorizedOperation", ec2.describe_volumes)


def test_a_group_hands_its_policies_to_its_members(coffer, iam):
    kms = coffer.client("kms", credentials=new_user(iam, "member"))
    iam.create_group(GroupName="staff", Path="/people/")
    iam.put_group_policy(GroupName="staff", PolicyName="inline", PolicyDocument=policy("kms:ListKeys"))
    refused("AccessDeniedException", kms.list_keys)
    iam.add_user_to_group(GroupName="staff", UserName="member")
    kms.list_keys()
    managed = iam.create_policy(PolicyName="more", PolicyDocument=policy("kms:ListAliases"))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="staff", PolicyArn=managed)
    kms.list_aliases()
    group = iam.get_group(GroupName="staff")
    assert group["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/people/staff"
    assert [user["UserName"] for user in group["Users"]] == ["member"]
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName="member")["Groups"]] == ["staff"]
    assert [g["GroupName"] for g in iam.list_groups(PathPrefix="/people/")["Groups"]] == ["staff"]
    assert iam.list_attached_group_policies(GroupName="staff")["AttachedPolicies"][0]["PolicyName"] == "more"
    assert iam.list_group_policies(GroupName="staff")["PolicyNames"] == ["inline"]
    assert iam.get_group_policy(GroupName="staff", PolicyName="inline")["PolicyDocument"]["Statement"]
    refused("DeleteConflict", iam.delete_group, GroupName="staff")
    refused("DeleteConflict", iam.delete_user, UserName="member")
    iam.remove_user_from_group(GroupName="staff", UserName="member")
    refused("AccessDeniedException", kms.list_keys)
    iam.detach_group_policy(GroupName="staff", PolicyArn=managed)
    iam.delete_group_policy(GroupName="staff", PolicyName="inline")
    iam.delete_group(GroupName="staff")
    refused("NoSuchEntity", iam.get_group, GroupName="staff")


# Access keys

def test_a_disabled_key_is_refused_until_it_is_enabled(coffer, iam):
    credentials = new_user(iam, "frank", policy("kms:ListKeys"))
    kms = coffer.client("kms", credentials=credentials)
    kms.list_keys()
    iam.update_access_key(UserName="frank", AccessKeyId=credentials[0], Status="Inactive")
    refused("UnrecognizedClientException", kms.list_keys)
    refused("InvalidClientTokenId", coffer.client("iam", credentials=credentials).list_users)
    assert iam.list_access_keys(UserName="frank")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    iam.update_access_key(UserName="frank", AccessKeyId=credentials[0], Status="Active")
    kms.list_keys()


def test_a_deleted_users_key_is_refused(coffer, iam):
    credentials = new_user(iam, "grace", policy("kms:ListKeys"))
    kms = coffer.client("kms", credentials=credentials)
    kms.list_keys()
    refused("DeleteConflict", iam.delete_user, UserName="grace")
    iam.delete_user_policy(UserName="grace", PolicyName="policy-0")
    assert "access keys" in refused("DeleteConflict", iam.delete_user, UserName="grace")
    iam.delete_access_key(UserName="grace", AccessKeyId=credentials[0])
    iam.delete_user(UserName="grace")
    refused("UnrecognizedClientException", kms.list_keys)
    refused("NoSuchEntity", iam.get_user, UserName="grace")


def test_a_user_has_two_keys_at_most(iam):
    new_user(iam, "heidi")
    access_key(iam, "heidi")
    assert refused("LimitExceeded", iam.create_access_key, UserName="heidi") == \
        "Cannot exceed quota for AccessKeysPerUser: 2"


def test_the_last_use_of_a_key_is_shown(coffer, iam):
    credentials = new_user(iam, "ivan", policy("kms:ListKeys"))
    never = iam.get_access_key_last_used(AccessKeyId=credentials[0])
    assert never["UserName"] == "ivan" and never["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    coffer.client("kms", credentials=credentials).list_keys()
    used = iam.get_access_key_last_used(AccessKeyId=credentials[0])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("kms", "us-west-2") and used["LastUsedDate"]


def test_a_secret_key_is_in_no_record(coffer, iam):
    _, secret = new_user(iam, "judy")
    assert secret not in json.dumps(coffer.trail())
    record = next(r for r in coffer.trail() if r["eventName"] == "CreateAccessKey")
    assert record["responseElements"]["accessKey"]["userName"] == "judy"


def test_the_trail_names_the_user(coffer, iam):
    credentials = new_user(iam, "mallory", policy("kms:ListKeys"))
    kms = coffer.client("kms", credentials=credentials)
    kms.list_keys()
    refused("AccessDeniedException", kms.create_key)
    ok, denied = [r for r in coffer.trail() if r["userIdentity"].get("userName") == "mallory"]
    user = iam.get_user(UserName="mallory")["User"]
    assert ok["userIdentity"] == {"type": "IAMUser", "principalId": user["UserId"], "arn": user["Arn"],
                                  "accountId": ACCOUNT, "accessKeyId": credentials[0], "userName": "mallory"}
    assert denied["eventName"] == "CreateKey" and denied["errorCode"] == "AccessDeniedException"
    assert [r["awsRegion"] for r in coffer.trail() if r["eventName"] == "CreateUser"] == ["us-east-1"]


# The entities themselves

def test_users(shared_iam):
    iam = shared_iam
    made = iam.create_user(UserName="Alice", Path="/team/", Tags=[{"Key": "a", "Value": "b"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/Alice" and made["UserId"].startswith("AIDA")
    assert made["Tags"] == [{"Key": "a", "Value": "b"}]
    assert refused("EntityAlreadyExists", iam.create_user, UserName="alice") == "User with name alice already exists."
    assert refused("NoSuchEntity", iam.get_user, UserName="nobody") == "The user with name nobody cannot be found."
    refused("ValidationError", iam.create_user, UserName="with space")
    iam.update_user(UserName="Alice", NewUserName="Alicia", NewPath="/")
    assert iam.get_user(UserName="Alicia")["User"]["UserId"] == made["UserId"]
    iam.tag_user(UserName="Alicia", Tags=[{"Key": "A", "Value": "c"}, {"Key": "d", "Value": ""}])
    assert iam.list_user_tags(UserName="Alicia")["Tags"] == [{"Key": "A", "Value": "c"}, {"Key": "d", "Value": ""}]
    iam.untag_user(UserName="Alicia", TagKeys=["d"])
    assert iam.list_user_tags(UserName="Alicia")["Tags"] == [{"Key": "A", "Value": "c"}]
    iam.delete_user(UserName="Alicia")
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_lists_come_in_pages(shared_iam):
    iam = shared_iam
    names = [f"page-{number}" for number in range(7)]
    for name in names:
        iam.create_user(UserName=name, Path="/pages/")
    pages = list(iam.get_paginator("list_users").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 1]
    assert [user["UserName"] for page in pages for user in page["Users"]] == names
    assert iam.list_users(PathPrefix="/elsewhere/")["Users"] == []
    refused("ValidationError", iam.list_users, Marker="nonsense")


def test_roles(shared_iam):
    iam = shared_iam
    arn = new_role(iam, "reader", trust({"AWS": ACCOUNT}), policy("kms:List*"), Path="/r/", MaxSessionDuration=7200,
                   Description="reads", Tags=[{"Key": "k", "Value": "v"}])
    assert arn == f"arn:aws:iam::{ACCOUNT}:role/r/reader"
    role = iam.get_role(RoleName="reader")["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(trust({"AWS": ACCOUNT}))
    assert role["MaxSessionDuration"] == 7200 and role["RoleId"].startswith("AROA")
    iam.update_role(RoleName="reader", Description="still reads", MaxSessionDuration=3600)
    iam.create_user(UserName="read-by-a")
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/read-by-a"}))
    role = iam.get_role(RoleName="reader")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("still reads", 3600)
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"].endswith("user/read-by-a")
    assert [r["RoleName"] for r in iam.list_roles(PathPrefix="/r/")["Roles"]] == ["reader"]
    iam.tag_role(RoleName="reader", Tags=[{"Key": "k", "Value": "w"}])
    assert iam.list_role_tags(RoleName="reader")["Tags"] == [{"Key": "k", "Value": "w"}]
    iam.untag_role(RoleName="reader", TagKeys=["k"])
    assert iam.list_role_policies(RoleName="reader")["PolicyNames"] == ["policy-0"]
    assert iam.get_role_policy(RoleName="reader", PolicyName="policy-0")["PolicyDocument"]["Statement"]
    refused("DeleteConflict", iam.delete_role, RoleName="reader")
    iam.delete_role_policy(RoleName="reader", PolicyName="policy-0")
    iam.attach_role_policy(RoleName="reader", PolicyArn=ADMINISTRATOR)
    assert iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"] == [
        {"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}]
    refused("DeleteConflict", iam.delete_role, RoleName="reader")
    iam.detach_role_policy(RoleName="reader", PolicyArn=ADMINISTRATOR)
    iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=ADMINISTRATOR)
    assert iam.get_role(RoleName="reader")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == ADMINISTRATOR
    iam.delete_role_permissions_boundary(RoleName="reader")
    iam.delete_role(RoleName="reader")
    refused("NoSuchEntity", iam.get_role, RoleName="reader")
    refused("EntityAlreadyExists", lambda **role: [iam.create_role(**role) for _ in range(2)], RoleName="twice",
            AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))


def test_managed_policies_and_their_versions(shared_iam, shared_coffer):
    iam = shared_iam
    made = iam.create_policy(PolicyName="versions", Path="/p/", PolicyDocument=policy("kms:ListKeys"),
                             Description="first")["Policy"]
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/p/versions" and made["DefaultVersionId"] == "v1"
    assert "Duplicate names" in refused("EntityAlreadyExists", iam.create_policy, PolicyName="versions",
                                        PolicyDocument=policy("kms:ListKeys"))
    kms = shared_coffer.client("kms", credentials=new_user(iam, "versioned"))
    iam.attach_user_policy(UserName="versioned", PolicyArn=arn)
    iam.attach_user_policy(UserName="versioned", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    kms.list_keys()
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("kms:ListAliases"))["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", False)
    kms.list_keys()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    refused("AccessDeniedException", kms.list_keys)
    kms.list_aliases()
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == \
        json.loads(policy("kms:ListAliases"))
    refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    refused("NoSuchEntity", iam.get_policy_version, PolicyArn=arn, VersionId="v1")
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("kms:ListKeys"))
    refused("LimitExceeded", iam.create_policy_version, PolicyArn=arn, PolicyDocument=policy("kms:ListKeys"))
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [v["VersionId"] for v in versions] == ["v6", "v5", "v4", "v3", "v2"]
    assert [v["VersionId"] for v in versions if v["IsDefaultVersion"]] == ["v2"]
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.detach_user_policy(UserName="versioned", PolicyArn=arn)
    refused("NoSuchEntity", iam.detach_user_policy, UserName="versioned", PolicyArn=arn)
    assert "more than one version" in refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    for version in ("v3", "v4", "v5", "v6"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)
    refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)
    refused("NoSuchEntity", iam.attach_user_policy, UserName="versioned", PolicyArn=arn)
    assert iam.list_attached_user_policies(UserName="versioned")["AttachedPolicies"] == []


def test_policies_of_awss_own(shared_iam):
    iam = shared_iam
    listed = {p["Arn"] for p in iam.list_policies(Scope="AWS")["Policies"]}
    assert ADMINISTRATOR in listed
    assert ADMINISTRATOR not in {p["Arn"] for p in iam.list_policies(Scope="Local")["Policies"]}
    assert iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"]["Document"]["Statement"] == [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}]
    refused("AccessDenied", iam.delete_policy, PolicyArn=ADMINISTRATOR)


@pytest.mark.parametrize("document", ["{}", "nonsense", policy("kms:*", Principal="*"), policy("*:*:*"),
                                      policy("kms:*", Condition={"StringEquls": {"a": "b"}})])
def test_bad_policies_are_refused(shared_iam, document):
    refused("MalformedPolicyDocument", shared_iam.create_policy, PolicyName="bad", PolicyDocument=document)


def test_sizes_of_policies_are_bounded(shared_iam):
    iam = shared_iam
    iam.create_user(UserName="large")
    spaces = " " * 4000
    iam.put_user_policy(UserName="large", PolicyName="spaces", PolicyDocument=spaces + policy("kms:*"))
    large = policy(["kms:" + "x" * 100 + str(number) for number in range(17)])
    iam.put_user_policy(UserName="large", PolicyName="most", PolicyDocument=large)
    refused("LimitExceeded", iam.put_user_policy, UserName="large", PolicyName="too-much", PolicyDocument=large)
    assert iam.list_user_policies(UserName="large")["PolicyNames"] == ["most", "spaces"]
    refused("NoSuchEntity", iam.get_user_policy, UserName="large", PolicyName="too-much")
    refused("LimitExceeded", iam.create_policy, PolicyName="huge",
            PolicyDocument=policy(["kms:" + "x" * 100 + str(number) for number in range(70)]))


def test_accounts_have_users_of_their_own(coffer, iam):
    other_iam = coffer.client("iam", credentials=second_account(coffer))
    iam.create_user(UserName="same")
    other_iam.create_user(UserName="same")
    assert len(other_iam.list_users()["Users"]) == 1
    policy_arn = iam.create_policy(PolicyName="mine", PolicyDocument=policy("kms:*"))["Policy"]["Arn"]
    refused("NoSuchEntity", other_iam.attach_user_policy, UserName="same", PolicyArn=policy_arn)
    refused("AccessDenied", other_iam.get_policy, PolicyArn=policy_arn)


def test_iam_is_signed_for_one_region_or_another(coffer):
    for region in ("us-west-2", "us-east-1"):
        exports = coffer.environment()
        credentials = (exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])
        assert coffer.client("iam", region, credentials).get_user()["User"]["UserId"] == ACCOUNT


def test_the_command_line_of_aws(coffer):
    def aws(*arguments):
        return json.loads(coffer.execute("aws", "iam", *arguments, "--output", "json").stdout or "null")

    made = aws("create-user", "--user-name", "cli", "--path", "/x/", "--tags", "Key=a,Value=b")["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/x/cli"
    aws("put-user-policy", "--user-name", "cli", "--policy-name", "p", "--policy-document", policy("kms:*"))
    assert aws("get-user-policy", "--user-name", "cli", "--policy-name", "p")["PolicyDocument"] == json.loads(policy("kms:*"))
    assert [user["UserName"] for user in aws("list-users")["Users"]] == ["cli"]
    assert aws("create-access-key", "--user-name", "cli")["AccessKey"]["SecretAccessKey"]
    failed = coffer.execute("aws", "iam", "delete-user", "--user-name", "cli", check=False)
    assert "(DeleteConflict)" in failed.stderr


def test_everything_is_there_after_a_restart(coffer, iam):
    credentials = new_user(iam, "stays", policy("kms:ListKeys"))
    coffer.restart()
    coffer.client("kms", credentials=credentials).list_keys()
    refused("AccessDeniedException", coffer.client("kms", credentials=credentials).create_key)
