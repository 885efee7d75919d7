# SPDX-License-Identifier: Apache-2.0
"""Instance profiles and service-linked roles: do they live as at AWS, and hold what hangs on them?"""
import json

import pytest

from harness import refused
from principals import new_role, new_user, policy, trust

ACCOUNT = "123456789012"
EC2 = trust({"Service": "ec2.amazonaws.com"})


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


def test_an_instance_profile_comes_back_with_its_role(iam):
    role = new_role(iam, "web", EC2)
    made = iam.create_instance_profile(InstanceProfileName="web", Path="/servers/",
                                       Tags=[{"Key": "team", "Value": "blue"}])["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/servers/web"
    assert made["InstanceProfileId"].startswith("AIPA") and made["Roles"] == []
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    found = iam.get_instance_profile(InstanceProfileName="WEB")["InstanceProfile"]
    assert [each["Arn"] for each in found["Roles"]] == [role]
    assert found["Roles"][0]["AssumeRolePolicyDocument"] == json.loads(EC2)
    assert found["Tags"] == [{"Key": "team", "Value": "blue"}] and found["InstanceProfileId"] == made["InstanceProfileId"]


def test_instance_profiles_are_listed_by_path_role_and_page(iam):
    new_role(iam, "app", EC2)
    for number in range(5):
        iam.create_instance_profile(InstanceProfileName=f"p{number}", Path="/a/" if number % 2 else "/b/")
    for name in ("p1", "p3"):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="app")
    pages = iam.get_paginator("list_instance_profiles").paginate(PaginationConfig={"PageSize": 2})
    assert [p["InstanceProfileName"] for page in pages for p in page["InstanceProfiles"]] == [f"p{n}" for n in range(5)]
    listed = iam.list_instance_profiles(PathPrefix="/b/")["InstanceProfiles"]
    assert [p["InstanceProfileName"] for p in listed] == ["p0", "p2", "p4"]
    listed = iam.list_instance_profiles_for_role(RoleName="app")
    assert [p["InstanceProfileName"] for p in listed["InstanceProfiles"]] == ["p1", "p3"] and not listed["IsTruncated"]
    assert iam.list_instance_profiles_for_role(RoleName="app", MaxItems=1)["IsTruncated"]


def test_a_profile_has_one_role_and_neither_goes_before_the_other_lets_go(iam):
    for name in ("one", "two"):
        new_role(iam, name, EC2)
    iam.create_instance_profile(InstanceProfileName="p")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="one")
    assert refused("LimitExceeded", iam.add_role_to_instance_profile, InstanceProfileName="p", RoleName="two") == (
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    conflict = "Cannot delete entity, must remove roles from instance profile first."
    assert refused("DeleteConflict", iam.delete_role, RoleName="one") == conflict
    assert refused("DeleteConflict", iam.delete_instance_profile, InstanceProfileName="p") == conflict
    refused("NoSuchEntity", iam.remove_role_from_instance_profile, InstanceProfileName="p", RoleName="two")
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="one")
    iam.delete_role(RoleName="one")
    iam.delete_instance_profile(InstanceProfileName="p")
    assert refused("NoSuchEntity", iam.get_instance_profile, InstanceProfileName="p") == (
        "Instance Profile p cannot be found.")


def test_names_of_instance_profiles_are_taken_once(iam):
    iam.create_instance_profile(InstanceProfileName="Same")
    assert refused("EntityAlreadyExists", iam.create_instance_profile, InstanceProfileName="same") == (
        "Instance Profile same already exists.")
    refused("NoSuchEntity", iam.add_role_to_instance_profile, InstanceProfileName="Same", RoleName="absent")
    refused("NoSuchEntity", iam.delete_instance_profile, InstanceProfileName="absent")
    refused("NoSuchEntity", iam.list_instance_profiles_for_role, RoleName="absent")


def test_putting_a_role_into_a_profile_takes_the_right_to_pass_it(coffer, iam):
    arn = new_role(iam, "powerful", EC2)
    iam.create_instance_profile(InstanceProfileName="p")
    own = coffer.client("iam", credentials=new_user(iam, "limited", policy("iam:AddRoleToInstanceProfile")))
    message = refused("AccessDenied", own.add_role_to_instance_profile, InstanceProfileName="p", RoleName="powerful")
    assert f"iam:PassRole on resource: {arn} because no identity-based policy allows" in message
    iam.put_user_policy(UserName="limited", PolicyName="pass", PolicyDocument=policy(
        "iam:PassRole", arn, Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))
    own.add_role_to_instance_profile(InstanceProfileName="p", RoleName="powerful")


def test_tags_of_an_instance_profile_and_of_a_policy(coffer, iam):
    iam.create_instance_profile(InstanceProfileName="p")
    iam.tag_instance_profile(InstanceProfileName="p", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_instance_profile(InstanceProfileName="p", TagKeys=["A"])
    assert iam.list_instance_profile_tags(InstanceProfileName="p")["Tags"] == [{"Key": "b", "Value": "2"}]
    arn = iam.create_policy(PolicyName="q", PolicyDocument=policy("kms:*"))["Policy"]["Arn"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == [
        {"Key": "b", "Value": "2"}]
    own = coffer.client("iam", credentials=new_user(iam, "owner-of-b", policy(
        "iam:Get*", Condition={"StringEquals": {"aws:ResourceTag/b": "2"}})))
    own.get_policy(PolicyArn=arn)
    refused("AccessDenied", own.get_instance_profile, InstanceProfileName="absent")
    own.get_instance_profile(InstanceProfileName="p")
    refused("AccessDenied", iam.tag_policy, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess",
            Tags=[{"Key": "a", "Value": "1"}])


def test_a_service_linked_role_is_its_services_alone(iam):
    role = iam.create_service_linked_role(AWSServiceName="mrk.kms.amazonaws.com", Description="replicas")["Role"]
    name = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys"
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/mrk.kms.amazonaws.com/{name}"
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "mrk.kms.amazonaws.com"}
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    for change, arguments in [
            (iam.delete_role, {}), (iam.attach_role_policy, {"PolicyArn": administrator}),
            (iam.detach_role_policy, {"PolicyArn": administrator}),
            (iam.put_role_policy, {"PolicyName": "p", "PolicyDocument": policy("*")}),
            (iam.update_assume_role_policy, {"PolicyDocument": trust({"AWS": ACCOUNT})}),
            (iam.put_role_permissions_boundary, {"PermissionsBoundary": administrator}),
            (iam.update_role, {"MaxSessionDuration": 7200})]:
        assert refused("UnmodifiableEntity", change, RoleName=name, **arguments) == (
            f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS")
    shown = iam.update_role_description(RoleName=name, Description="of keys")["Role"]
    assert shown["Description"] == iam.get_role(RoleName=name)["Role"]["Description"] == "of keys"
    refused("InvalidInput", iam.create_role, RoleName="mine", Path="/aws-service-role/mrk.kms.amazonaws.com/",
            AssumeRolePolicyDocument=EC2)


def test_a_service_linked_role_goes_by_a_task(iam):
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="mine")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForAutoScaling_mine"
    assert refused("InvalidInput", iam.create_service_linked_role, AWSServiceName="autoscaling.amazonaws.com",
                   CustomSuffix="mine") == ("Service role name AWSServiceRoleForAutoScaling_mine has been taken in this "
                                            "account, please try a different suffix.")
    assert refused("InvalidInput", iam.create_service_linked_role, AWSServiceName="backup.amazonaws.com",
                   CustomSuffix="mine") == "Custom suffix is not allowed for backup.amazonaws.com"
    refused("InvalidInput", iam.create_service_linked_role, AWSServiceName="nothing.amazonaws.com")
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert task.startswith("task/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_mine/")
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    refused("NoSuchEntity", iam.get_role, RoleName=role["RoleName"])
    refused("NoSuchEntity", iam.get_service_linked_role_deletion_status, DeletionTaskId="task/other")
    new_role(iam, "ordinary", EC2)
    refused("NoSuchEntity", iam.delete_service_linked_role, RoleName="ordinary")
