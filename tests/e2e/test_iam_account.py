# SPDX-License-Identifier: Apache-2.0
"""What IAM tells of an account as a whole, and what tools ask before they delete: is it complete and true?"""
import json

import pytest

from harness import refused
from principals import new_role, new_user, policy, second_account, trust

ACCOUNT, OTHER = "123456789012", "210987654321"
EC2 = trust({"Service": "ec2.amazonaws.com"})
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture
def populated(iam):
    """One of each: a user in a group, a role in a profile, a policy attached to all and a boundary."""
    arn = iam.create_policy(PolicyName="shared", Path="/p/", PolicyDocument=policy("kms:ListKeys"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("kms:List*"), SetAsDefault=True)
    new_user(iam, "alice", policy("kms:*"))
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=arn)
    iam.tag_user(UserName="alice", Tags=[{"Key": "team", "Value": "blue"}])
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="of-group", PolicyDocument=policy("ec2:*"))
    iam.add_user_to_group(GroupName="staff", UserName="alice")
    new_role(iam, "web", EC2, policy("s3:*"))
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    iam.attach_role_policy(RoleName="web", PolicyArn=arn)
    iam.attach_group_policy(GroupName="staff", PolicyArn=arn)
    iam.attach_role_policy(RoleName="web", PolicyArn=ADMINISTRATOR)
    return arn


def test_the_summary_counts_what_there_is(iam, populated):
    summary = iam.get_account_summary()["SummaryMap"]
    counted = {name: summary[name] for name in ("Users", "Groups", "Roles", "Policies", "InstanceProfiles", "Providers")}
    assert counted == {"Users": 1, "Groups": 1, "Roles": 1, "Policies": 1, "InstanceProfiles": 1, "Providers": 0}
    assert summary["PolicyVersionsInUse"] == 2 and summary["AccountAccessKeysPresent"] == 1
    assert summary["AccountMFAEnabled"] == summary["AccountPasswordPresent"] == 0
    assert summary["AccessKeysPerUserQuota"] == 2


def test_the_authorization_details_have_all_that_decides(iam, populated):
    details = iam.get_account_authorization_details()
    user, = details["UserDetailList"]
    assert user["UserName"] == "alice" and user["GroupList"] == ["staff"]
    assert user["UserPolicyList"] == [{"PolicyName": "policy-0", "PolicyDocument": json.loads(policy("kms:*"))}]
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == populated
    assert user["Tags"] == [{"Key": "team", "Value": "blue"}]
    group, = details["GroupDetailList"]
    assert group["GroupPolicyList"][0]["PolicyDocument"] == json.loads(policy("ec2:*"))
    assert group["AttachedManagedPolicies"] == [{"PolicyName": "shared", "PolicyArn": populated}]
    role, = details["RoleDetailList"]
    assert role["AssumeRolePolicyDocument"] == json.loads(EC2)
    assert [profile["InstanceProfileName"] for profile in role["InstanceProfileList"]] == ["web"]
    assert {each["PolicyName"] for each in role["AttachedManagedPolicies"]} == {"shared", "AdministratorAccess"}
    own, aws = details["Policies"]
    assert own["Arn"] == populated and own["DefaultVersionId"] == "v2"
    assert (own["AttachmentCount"], own["PermissionsBoundaryUsageCount"]) == (2, 1)
    versions = {version["VersionId"]: version for version in own["PolicyVersionList"]}
    assert versions["v1"]["Document"] == json.loads(policy("kms:ListKeys")) and not versions["v1"]["IsDefaultVersion"]
    assert versions["v2"]["IsDefaultVersion"]
    assert aws["Arn"] == ADMINISTRATOR and aws["PolicyVersionList"][0]["Document"]["Statement"]


def test_the_authorization_details_by_kind_and_by_page(iam, populated):
    roles = iam.get_account_authorization_details(Filter=["Role"])
    assert len(roles["RoleDetailList"]) == 1 and roles["UserDetailList"] == roles["Policies"] == []
    local = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])
    assert [each["PolicyName"] for each in local["Policies"]] == ["shared"]
    new_user(iam, "bob")
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1}))
    assert len(pages) == 6 and all(page["IsTruncated"] for page in pages[:-1]) and not pages[-1]["IsTruncated"]
    assert [user["UserName"] for page in pages for user in page["UserDetailList"]] == ["alice", "bob"]
    refused("ValidationError", iam.get_account_authorization_details, Marker="made-up")


def test_documents_are_percent_encoded_on_the_wire(coffer, iam, populated):
    answer = coffer.execute("aws", "iam", "get-account-authorization-details", "--debug")
    assert "%7B%22Version%22%3A%222012-10-17%22" in answer.stderr


def test_who_has_a_policy(coffer, iam, populated):
    found = iam.list_entities_for_policy(PolicyArn=populated)
    assert [each["UserName"] for each in found["PolicyUsers"]] == ["alice"]  # as its boundary
    assert [each["GroupName"] for each in found["PolicyGroups"]] == ["staff"]
    assert [each["RoleName"] for each in found["PolicyRoles"]] == ["web"]
    assert found["PolicyRoles"][0]["RoleId"] == iam.get_role(RoleName="web")["Role"]["RoleId"]
    attached = iam.list_entities_for_policy(PolicyArn=populated, PolicyUsageFilter="PermissionsPolicy")
    assert attached["PolicyUsers"] == [] and len(attached["PolicyRoles"]) == 1
    only = iam.list_entities_for_policy(PolicyArn=populated, EntityFilter="Group")
    assert (only["PolicyUsers"], only["PolicyRoles"], len(only["PolicyGroups"])) == ([], [], 1)
    pages = iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=populated, PaginationConfig={"PageSize": 1})
    assert sum(len(page["PolicyUsers"] + page["PolicyRoles"] + page["PolicyGroups"]) for page in pages) == 3
    other = coffer.client("iam", credentials=second_account(coffer, OTHER))
    assert other.list_entities_for_policy(PolicyArn=ADMINISTRATOR)["PolicyRoles"] == []
    refused("AccessDenied", other.list_entities_for_policy, PolicyArn=populated)


def test_a_group_keeps_its_members_under_a_new_name(iam, populated):
    iam.create_group(GroupName="taken")
    refused("EntityAlreadyExists", iam.update_group, GroupName="staff", NewGroupName="taken")
    iam.update_group(GroupName="staff", NewGroupName="people", NewPath="/all/")
    group = iam.get_group(GroupName="people")
    assert group["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/all/people"
    assert [user["UserName"] for user in group["Users"]] == ["alice"]
    refused("NoSuchEntity", iam.get_group, GroupName="staff")


def test_an_account_has_one_alias_that_no_other_has(coffer, iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="first-name")
    iam.create_account_alias(AccountAlias="coffer-test")
    assert iam.list_account_aliases()["AccountAliases"] == ["coffer-test"]
    other = coffer.client("iam", credentials=second_account(coffer, OTHER))
    assert refused("EntityAlreadyExists", other.create_account_alias, AccountAlias="coffer-test") == (
        "The account alias coffer-test already exists.")
    refused("NoSuchEntity", other.delete_account_alias, AccountAlias="coffer-test")
    iam.delete_account_alias(AccountAlias="coffer-test")
    assert iam.list_account_aliases()["AccountAliases"] == []
    refused("NoSuchEntity", iam.delete_account_alias, AccountAlias="coffer-test")


def test_credentials_that_users_do_not_have_here(coffer, iam):
    own = coffer.client("iam", credentials=new_user(iam, "alice", policy("iam:*")))
    assert iam.list_mfa_devices(UserName="alice")["MFADevices"] == own.list_mfa_devices()["MFADevices"] == []
    assert iam.list_signing_certificates(UserName="alice")["Certificates"] == []
    assert iam.list_ssh_public_keys(UserName="alice")["SSHPublicKeys"] == []
    assert iam.list_service_specific_credentials(UserName="alice")["ServiceSpecificCredentials"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    for asked in (iam.get_login_profile, iam.delete_login_profile):
        assert refused("NoSuchEntity", asked, UserName="alice") == "Login Profile for User alice cannot be found."
    assert refused("NoSuchEntity", iam.list_mfa_devices, UserName="absent") == (
        "The user with name absent cannot be found.")
    assert refused("NoSuchEntity", iam.get_account_password_policy) == (
        f"The Password Policy with domain name {ACCOUNT} cannot be found.")
