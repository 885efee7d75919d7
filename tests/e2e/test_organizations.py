# SPDX-License-Identifier: Apache-2.0
"""Organizations: does the tree of units and accounts grow, move and shrink as AWS has it, for its manager alone?"""
import re

import pytest

from harness import refused
from organization import MANAGER, ROLE, SCP, Organization
from principals import new_user, policy, second_account


@pytest.fixture(scope="module")
def organization(shared_coffer):
    return Organization(shared_coffer).enable(SCP)


@pytest.fixture(scope="module")
def organizations(organization):
    return organization.client


def ids(answer, kind, key="Id"):
    return [one[key] for one in answer[kind]]


def test_an_organization_is_shown_as_it_was_made(coffer):
    organizations = coffer.client("organizations")
    made = organizations.create_organization(FeatureSet="ALL")["Organization"]
    assert re.fullmatch(r"o-[a-z0-9]{10,32}", made["Id"])
    assert made["Arn"] == f"arn:aws:organizations::{MANAGER}:organization/{made['Id']}"
    assert made["MasterAccountArn"] == f"arn:aws:organizations::{MANAGER}:account/{made['Id']}/{MANAGER}"
    assert (made["MasterAccountId"], made["FeatureSet"]) == (MANAGER, "ALL")
    assert organizations.describe_organization()["Organization"] == made
    [root] = organizations.list_roots()["Roots"]
    assert re.fullmatch(r"r-[a-z0-9]{4,32}", root["Id"])
    assert root["Arn"] == f"arn:aws:organizations::{MANAGER}:root/{made['Id']}/{root['Id']}"
    assert (root["Name"], root["PolicyTypes"]) == ("Root", [])
    [first] = organizations.list_accounts()["Accounts"]
    assert (first["Id"], first["Status"], first["JoinedMethod"]) == (MANAGER, "ACTIVE", "INVITED")


def test_an_account_is_in_one_organization_at_most(organizations):
    refused("AlreadyInOrganizationException", organizations.create_organization)


def test_without_an_organization_there_is_nothing_to_see(coffer):
    organizations = coffer.client("organizations")
    for call in (organizations.describe_organization, organizations.list_roots, organizations.list_accounts,
                 organizations.delete_organization):
        message = refused("AWSOrganizationsNotInUseException", call)
        assert message == "Your account is not a member of an organization."


def test_units_lie_in_units(organization, organizations):
    upper = organization.unit("Upper")
    lower = organization.unit("Lower", upper)
    shown = organizations.describe_organizational_unit(OrganizationalUnitId=lower)["OrganizationalUnit"]
    assert shown == {"Id": lower, "Name": "Lower",
                     "Arn": f"arn:aws:organizations::{MANAGER}:ou/{organization.id}/{lower}"}
    assert re.fullmatch(f"ou-{organization.root[2:]}-[a-z0-9]{{8,32}}", lower)
    assert organizations.list_organizational_units_for_parent(ParentId=upper)["OrganizationalUnits"] == [shown]
    assert organizations.list_parents(ChildId=lower)["Parents"] == [{"Id": upper, "Type": "ORGANIZATIONAL_UNIT"}]
    assert organizations.list_parents(ChildId=upper)["Parents"] == [{"Id": organization.root, "Type": "ROOT"}]
    children = organizations.list_children(ParentId=upper, ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert children == [{"Id": lower, "Type": "ORGANIZATIONAL_UNIT"}]


def test_a_unit_gets_another_name_but_not_its_neighbours(organization, organizations):
    parent = organization.unit()
    one, two = organization.unit("one", parent), organization.unit("two", parent)
    message = refused("DuplicateOrganizationalUnitException", organizations.update_organizational_unit,
                      OrganizationalUnitId=one, Name="two")
    assert message == "An OU with the same name already exists."
    refused("DuplicateOrganizationalUnitException", organizations.create_organizational_unit, ParentId=parent, Name="two")
    renamed = organizations.update_organizational_unit(OrganizationalUnitId=two, Name="three")["OrganizationalUnit"]
    assert (renamed["Id"], renamed["Name"]) == (two, "three")


def test_units_are_five_deep_at_most(organization, organizations):
    parent = None
    for _ in range(5):
        parent = organization.unit(parent=parent)
    with pytest.raises(organizations.exceptions.ConstraintViolationException) as error:
        organization.unit(parent=parent)
    assert error.value.response["Reason"] == "OU_DEPTH_LIMIT_EXCEEDED"


def test_only_an_empty_unit_is_deleted(organization, organizations):
    unit = organization.unit()
    account = organization.account(unit)
    refused("OrganizationalUnitNotEmptyException", organizations.delete_organizational_unit, OrganizationalUnitId=unit)
    organizations.move_account(AccountId=account, SourceParentId=unit, DestinationParentId=organization.root)
    inner = organization.unit(parent=unit)
    refused("OrganizationalUnitNotEmptyException", organizations.delete_organizational_unit, OrganizationalUnitId=unit)
    organizations.delete_organizational_unit(OrganizationalUnitId=inner)
    organizations.delete_organizational_unit(OrganizationalUnitId=unit)
    refused("OrganizationalUnitNotFoundException", organizations.describe_organizational_unit,
            OrganizationalUnitId=unit)


def test_an_account_is_made_at_once(organization, organizations):
    status = organizations.create_account(Email="first@example.org", AccountName="First")["CreateAccountStatus"]
    assert (status["State"], status["AccountName"]) == ("SUCCEEDED", "First")
    assert re.fullmatch(r"car-[a-z0-9]{8,32}", status["Id"])
    told = organizations.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    assert told == status
    account = organizations.describe_account(AccountId=status["AccountId"])["Account"]
    assert account["Arn"] == f"arn:aws:organizations::{MANAGER}:account/{organization.id}/{account['Id']}"
    assert [account[key] for key in ("Name", "Email", "Status", "JoinedMethod")] == \
        ["First", "first@example.org", "ACTIVE", "CREATED"]
    assert account["Id"] in ids(organization.coffer.json("account", "list"), "accounts", "account")


def test_an_email_address_is_of_one_account(organizations):
    organizations.create_account(Email="twice@example.org", AccountName="one")
    failed = organizations.create_account(Email="twice@example.org", AccountName="two")["CreateAccountStatus"]
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    assert "AccountId" not in failed
    statuses = organizations.get_paginator("list_create_account_status").paginate(States=["FAILED"])
    assert failed["Id"] in [one["Id"] for page in statuses for one in page["CreateAccountStatuses"]]
    assert organizations.list_create_account_status(MaxResults=1)["NextToken"]


def test_the_manager_gets_into_a_new_account(organization):
    account = organization.account()
    sts = organization.of_member(account, "sts")
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:sts::{account}:assumed-role/{ROLE}/se"
    key = organization.of_member(account, "kms").create_key()["KeyMetadata"]
    assert key["AWSAccountId"] == account
    role = organization.of_member(account, "iam").get_role(RoleName=ROLE)["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{MANAGER}:root"}


def test_the_role_has_the_name_that_was_asked_for(organization):
    account = organization.account(RoleName="Admin")
    answer = organization.sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/Admin", RoleSessionName="se")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/Admin/se"
    refused("AccessDenied", organization.sts.assume_role, RoleArn=f"arn:aws:iam::{account}:role/{ROLE}",
            RoleSessionName="se")


def test_accounts_move_between_units(organization, organizations):
    one, two = organization.unit(), organization.unit()
    account = organization.account(one)
    assert ids(organizations.list_accounts_for_parent(ParentId=one), "Accounts") == [account]
    move = {"AccountId": account, "SourceParentId": one, "DestinationParentId": two}
    organizations.move_account(**move)
    assert ids(organizations.list_accounts_for_parent(ParentId=one), "Accounts") == []
    assert ids(organizations.list_children(ParentId=two, ChildType="ACCOUNT"), "Children") == [account]
    assert organizations.list_parents(ChildId=account)["Parents"] == [{"Id": two, "Type": "ORGANIZATIONAL_UNIT"}]
    refused("AccountNotFoundException", organizations.move_account, **move)
    refused("DuplicateAccountException", organizations.move_account, **{**move, "SourceParentId": two})
    absent = two[:-1] + ("a" if two[-1] != "a" else "b")
    refused("SourceParentNotFoundException", organizations.move_account, **{**move, "SourceParentId": absent})
    refused("DestinationParentNotFoundException", organizations.move_account,
            **{**move, "SourceParentId": two, "DestinationParentId": absent})


def test_lists_come_in_pages(organization, organizations):
    parent = organization.unit()
    made = sorted(organization.unit(parent=parent) for _ in range(5))
    pages = list(organizations.get_paginator("list_organizational_units_for_parent").paginate(
        ParentId=parent, PaginationConfig={"PageSize": 2}))
    assert [len(page["OrganizationalUnits"]) for page in pages] == [2, 2, 1]
    assert [one["Id"] for page in pages for one in page["OrganizationalUnits"]] == made
    token = organizations.list_organizational_units_for_parent(ParentId=parent, MaxResults=2)["NextToken"]
    refused("InvalidInputException", organizations.list_accounts, NextToken=token)


@pytest.mark.parametrize("code, name, parameters", [
    ("AccountNotFoundException", "describe_account", {"AccountId": "999999999999"}),
    ("ParentNotFoundException", "list_children", {"ParentId": "r-none", "ChildType": "ACCOUNT"}),
    ("ParentNotFoundException", "create_organizational_unit", {"ParentId": "ou-none-12345678", "Name": "n"}),
    ("ChildNotFoundException", "list_parents", {"ChildId": "999999999999"}),
    ("TargetNotFoundException", "list_tags_for_resource", {"ResourceId": "999999999999"}),
    ("CreateAccountStatusNotFoundException", "describe_create_account_status", {"CreateAccountRequestId": "car-12345678"}),
    ("HandshakeNotFoundException", "describe_handshake", {"HandshakeId": "h-12345678"}),
    ("PolicyNotFoundException", "describe_policy", {"PolicyId": "p-12345678"}),
    ("RootNotFoundException", "enable_policy_type", {"RootId": "r-none", "PolicyType": SCP}),
    ("InvalidInputException", "describe_account", {"AccountId": "abcdefghijkl"}),
])
def test_what_is_not_there_is_named(organizations, code, name, parameters):
    assert refused(code, getattr(organizations, name), **parameters)


def test_control_policies_have_no_effective_policy(organization, organizations):
    with pytest.raises(organizations.exceptions.InvalidInputException) as error:
        organizations.describe_effective_policy(PolicyType=SCP, TargetId=MANAGER)
    assert error.value.response["Reason"] == "INVALID_ENUM"
    refused("EffectivePolicyNotFoundException", organizations.describe_effective_policy, PolicyType="TAG_POLICY")
    member = organization.of_member(organization.account(), "organizations")
    refused("AccessDeniedException", member.describe_effective_policy, PolicyType="TAG_POLICY", TargetId=MANAGER)


def test_a_member_sees_its_organization_and_no_more(organization, organizations):
    account = organization.account()
    member = organization.of_member(account, "organizations")
    assert member.describe_organization()["Organization"]["Id"] == organization.id
    for call, parameters in ((member.list_accounts, {}), (member.list_roots, {}),
                             (member.describe_account, {"AccountId": account}),
                             (member.create_account, {"Email": "x@example.org", "AccountName": "x"}),
                             (member.list_policies, {"Filter": SCP}), (member.delete_organization, {})):
        message = refused("AccessDeniedException", call, **parameters)
        assert message == "You don't have permissions to access this resource."


def test_policies_decide_first_who_may_call(organization):
    unit, other = organization.unit(), organization.unit()
    arn = f"arn:aws:organizations::{MANAGER}:ou/{organization.id}/{unit}"
    user = new_user(organization.coffer.client("iam"), "describer", policy("organizations:DescribeOrganizationalUnit", arn))
    mine = organization.coffer.client("organizations", credentials=user)
    mine.describe_organizational_unit(OrganizationalUnitId=unit)
    message = refused("AccessDeniedException", mine.describe_organizational_unit, OrganizationalUnitId=other)
    assert message.endswith("because no identity-based policy allows the organizations:DescribeOrganizationalUnit action")
    refused("AccessDeniedException", mine.describe_organization)


def test_tags_are_kept_with_what_they_are_on(organization, organizations):
    unit = organizations.create_organizational_unit(ParentId=organization.root, Name="tagged",
                                                    Tags=[{"Key": "a", "Value": "1"}])["OrganizationalUnit"]["Id"]
    organizations.tag_resource(ResourceId=unit, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}])
    assert organizations.list_tags_for_resource(ResourceId=unit)["Tags"] == [{"Key": "a", "Value": "2"},
                                                                            {"Key": "b", "Value": ""}]
    organizations.untag_resource(ResourceId=unit, TagKeys=["a"])
    assert organizations.list_tags_for_resource(ResourceId=unit)["Tags"] == [{"Key": "b", "Value": ""}]
    refused("InvalidInputException", organizations.tag_resource, ResourceId=unit, Tags=[{"Key": "aws:x", "Value": "1"}])


def test_who_is_invited_joins(organization, organizations):
    guest = second_account(organization.coffer, "222222222222")
    guest_organizations = organization.coffer.client("organizations", credentials=guest)
    shown = organizations.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": "222222222222"},
                                                         Notes="come")["Handshake"]
    assert (shown["State"], shown["Action"]) == ("OPEN", "INVITE")
    assert shown["Arn"] == f"arn:aws:organizations::{MANAGER}:handshake/{organization.id}/invite/{shown['Id']}"
    assert ids(guest_organizations.list_handshakes_for_account(), "Handshakes") == [shown["Id"]]
    assert guest_organizations.describe_handshake(HandshakeId=shown["Id"])["Handshake"] == shown
    refused("AWSOrganizationsNotInUseException", guest_organizations.describe_organization)
    assert guest_organizations.accept_handshake(HandshakeId=shown["Id"])["Handshake"]["State"] == "ACCEPTED"
    assert guest_organizations.describe_organization()["Organization"]["Id"] == organization.id
    assert organizations.describe_account(AccountId="222222222222")["Account"]["JoinedMethod"] == "INVITED"
    assert organizations.list_handshakes_for_organization()["Handshakes"][-1]["State"]
    refused("HandshakeAlreadyInStateException", guest_organizations.accept_handshake, HandshakeId=shown["Id"])
    with pytest.raises(organizations.exceptions.HandshakeConstraintViolationException) as error:
        organizations.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": "222222222222"})
    assert error.value.response["Reason"] == "ALREADY_IN_AN_ORGANIZATION"


def test_an_invitation_is_declined_or_taken_back(organization, organizations):
    guest = second_account(organization.coffer, "333333333333")
    guest_organizations = organization.coffer.client("organizations", credentials=guest)
    target = {"Type": "ACCOUNT", "Id": "333333333333"}
    first = organizations.invite_account_to_organization(Target=target)["Handshake"]["Id"]
    refused("DuplicateHandshakeException", organizations.invite_account_to_organization, Target=target)
    refused("AccessDeniedException", guest_organizations.cancel_handshake, HandshakeId=first)
    refused("AccessDeniedException", organizations.accept_handshake, HandshakeId=first)
    assert guest_organizations.decline_handshake(HandshakeId=first)["Handshake"]["State"] == "DECLINED"
    second = organizations.invite_account_to_organization(Target=target)["Handshake"]["Id"]
    assert organizations.cancel_handshake(HandshakeId=second)["Handshake"]["State"] == "CANCELED"
    refused("InvalidHandshakeTransitionException", guest_organizations.accept_handshake, HandshakeId=second)
    stranger = second_account(organization.coffer, "444444444444")
    other_organizations = organization.coffer.client("organizations", credentials=stranger)
    refused("HandshakeNotFoundException", other_organizations.describe_handshake, HandshakeId=second)


def test_accounts_leave_and_the_organization_ends(coffer):
    organization = Organization(coffer)
    organizations = organization.client
    stays, leaves = organization.account(), organization.account()
    refused("MasterCannotLeaveOrganizationException", organizations.leave_organization)
    refused("MasterCannotLeaveOrganizationException", organizations.remove_account_from_organization, AccountId=MANAGER)
    member_organizations = organization.of_member(leaves, "organizations")
    member_organizations.leave_organization()
    refused("AWSOrganizationsNotInUseException", member_organizations.describe_organization)
    message = refused("OrganizationNotEmptyException", organizations.delete_organization)
    assert message == "To delete an organization you must first remove all member accounts (except the master)."
    organizations.remove_account_from_organization(AccountId=stays)
    organization.unit("left behind")
    organizations.delete_organization()
    refused("AWSOrganizationsNotInUseException", organizations.describe_organization)
    assert organizations.create_organization()["Organization"]["Id"] != organization.id
