# SPDX-License-Identifier: Apache-2.0
"""What a management account hands on: to delegated administrators the sight of the organization, by the resource policy
the management of policies; and nothing to anybody else."""
import json

import pytest

from harness import refused
from organization import MANAGER, SCP, Organization, document, statement
from principals import new_user, policy

BACKUP, CONFIG = "backup.amazonaws.com", "config.amazonaws.com"
DENY = document(statement("s3:*"))


@pytest.fixture
def organization(coffer):
    return Organization(coffer).enable(SCP)


def reason_of(call, **parameters):
    with pytest.raises(call.__self__.exceptions.ClientError) as error:
        call(**parameters)
    return error.value.response["Reason"]


def hand_on(organization, account, *actions, **more):
    """The resource policy: this account may do this."""
    return organization.client.put_resource_policy(Content=document(
        statement(list(actions), "Allow", Principal={"AWS": f"arn:aws:iam::{account}:root"}, **more)))["ResourcePolicy"]


def test_services_are_trusted_until_they_are_not(organization):
    organizations = organization.client
    assert organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"] == []
    for service in (CONFIG, BACKUP, BACKUP):
        organizations.enable_aws_service_access(ServicePrincipal=service)
    listed = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert [each["ServicePrincipal"] for each in listed] == [BACKUP, CONFIG] and listed[0]["DateEnabled"]
    first = organizations.list_aws_service_access_for_organization(MaxResults=1)
    rest = organizations.list_aws_service_access_for_organization(NextToken=first["NextToken"])
    assert first["EnabledServicePrincipals"] + rest["EnabledServicePrincipals"] == listed
    organizations.disable_aws_service_access(ServicePrincipal=BACKUP)
    listed = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert [each["ServicePrincipal"] for each in listed] == [CONFIG]
    assert reason_of(organizations.enable_aws_service_access, ServicePrincipal="backup") == "UNRECOGNIZED_SERVICE_PRINCIPAL"


def test_a_delegated_administrator_is_registered_for_each_service(organization):
    organizations, account = organization.client, organization.account()
    other = organization.account()
    register = organizations.register_delegated_administrator
    assert reason_of(register, AccountId=account, ServicePrincipal=BACKUP) == "SERVICE_ACCESS_NOT_ENABLED"
    for service in (BACKUP, CONFIG):
        organizations.enable_aws_service_access(ServicePrincipal=service)
        register(AccountId=account, ServicePrincipal=service)
    register(AccountId=other, ServicePrincipal=CONFIG)
    refused("AccountAlreadyRegisteredException", register, AccountId=account, ServicePrincipal=BACKUP)
    refused("AccountNotFoundException", register, AccountId="999999999999", ServicePrincipal=BACKUP)
    assert reason_of(register, AccountId=MANAGER, ServicePrincipal=BACKUP) == "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    shown = organizations.list_delegated_administrators()["DelegatedAdministrators"]
    assert [each["Id"] for each in shown] == sorted([account, other])
    assert shown[0]["Status"] == "ACTIVE" and shown[0]["DelegationEnabledDate"]
    [shown] = organizations.list_delegated_administrators(ServicePrincipal=BACKUP)["DelegatedAdministrators"]
    assert shown["Id"] == account
    services = organizations.list_delegated_services_for_account(AccountId=account)["DelegatedServices"]
    assert [each["ServicePrincipal"] for each in services] == [BACKUP, CONFIG]
    assert reason_of(organizations.remove_account_from_organization, AccountId=account) == "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    for service in (BACKUP, CONFIG):
        organizations.deregister_delegated_administrator(AccountId=account, ServicePrincipal=service)
    refused("AccountNotRegisteredException", organizations.deregister_delegated_administrator, AccountId=account,
            ServicePrincipal=BACKUP)
    refused("AccountNotRegisteredException", organizations.list_delegated_services_for_account, AccountId=account)
    organizations.remove_account_from_organization(AccountId=account)


def test_a_delegated_administrator_sees_the_organization_and_changes_nothing(organization):
    organizations, account, other = organization.client, organization.account(), organization.account()
    member = organization.of_member(account, "organizations")
    stranger = organization.of_member(other, "organizations")
    organizations.enable_aws_service_access(ServicePrincipal=BACKUP)
    for each in (member, stranger):
        refused("AccessDeniedException", each.list_accounts)
    organizations.register_delegated_administrator(AccountId=account, ServicePrincipal=BACKUP)
    assert account in {each["Id"] for each in member.list_accounts()["Accounts"]}
    assert member.list_roots()["Roots"][0]["Id"] == organization.root
    member.describe_account(AccountId=other)
    member.list_policies(Filter=SCP)
    assert member.list_delegated_administrators()["DelegatedAdministrators"][0]["Id"] == account
    unit = organization.unit()
    for call, parameters in ((member.create_organizational_unit, {"ParentId": organization.root, "Name": "x"}),
                             (member.create_policy, {"Content": DENY, "Description": "", "Name": "x", "Type": SCP}),
                             (member.attach_policy, {"PolicyId": organization.policy(DENY), "TargetId": unit}),
                             (member.close_account, {"AccountId": other}),
                             (member.register_delegated_administrator, {"AccountId": other, "ServicePrincipal": BACKUP})):
        refused("AccessDeniedException", call, **parameters)
    refused("AccessDeniedException", stranger.list_accounts)
    poor = new_user(organization.of_member(account, "iam"), "poor", policy("kms:*"))
    message = refused("AccessDeniedException", organization.coffer.client("organizations", credentials=poor).list_accounts)
    assert "because no identity-based policy allows the organizations:ListAccounts action" in message
    organizations.deregister_delegated_administrator(AccountId=account, ServicePrincipal=BACKUP)
    refused("AccessDeniedException", member.list_accounts)


def test_the_resource_policy_is_kept_replaced_and_deleted(organization):
    organizations, account = organization.client, organization.account()
    refused("ResourcePolicyNotFoundException", organizations.describe_resource_policy)
    refused("ResourcePolicyNotFoundException", organizations.delete_resource_policy)
    made = hand_on(organization, account, "organizations:ListAccounts")["ResourcePolicySummary"]
    assert made["Arn"] == f"arn:aws:organizations::{MANAGER}:resourcepolicy/{organization.id}/{made['Id']}"
    organizations.tag_resource(ResourceId=made["Id"], Tags=[{"Key": "a", "Value": "1"}])
    again = hand_on(organization, account, "organizations:ListRoots")
    assert again["ResourcePolicySummary"] == made, "it stays the same policy"
    assert organizations.describe_resource_policy()["ResourcePolicy"] == again
    assert organizations.list_tags_for_resource(ResourceId=made["Id"])["Tags"] == [{"Key": "a", "Value": "1"}]
    for bad in ("{}", DENY, "nonsense"):
        assert reason_of(organizations.put_resource_policy, Content=bad) == "INVALID_RESOURCE_POLICY_JSON"
    organizations.delete_resource_policy()
    refused("ResourcePolicyNotFoundException", organizations.describe_resource_policy)


def test_the_resource_policy_hands_on_exactly_what_it_says(organization):
    account, other, unit, elsewhere = (organization.account(), organization.account(), organization.unit(),
                                       organization.unit())
    member, stranger = (organization.of_member(each, "organizations") for each in (account, other))
    scp = organization.policy(DENY)
    attach = {"PolicyId": scp, "TargetId": unit}
    refused("AccessDeniedException", member.attach_policy, **attach)
    arn = f"arn:aws:organizations::{MANAGER}"
    hand_on(organization, account, "organizations:AttachPolicy", "organizations:DetachPolicy", "organizations:CloseAccount",
            resource=[f"{arn}:policy/{organization.id}/*", f"{arn}:ou/{organization.id}/{unit}", f"{arn}:account/*"])
    refused("AccessDeniedException", stranger.attach_policy, **attach)
    refused("AccessDeniedException", member.attach_policy, PolicyId=scp, TargetId=elsewhere)
    refused("AccessDeniedException", member.list_accounts)
    refused("AccessDeniedException", member.close_account, AccountId=other)  # which cannot be handed on
    member.attach_policy(**attach)
    attached = organization.client.list_policies_for_target(TargetId=unit, Filter=SCP)["Policies"]
    assert scp in {each["Id"] for each in attached}
    member.detach_policy(**attach)


def test_conditions_of_the_resource_policy_hold(organization):
    account = organization.account()
    member = organization.of_member(account, "organizations")
    usual = {"Content": DENY, "Description": "", "Type": SCP}
    blue = {"Tags": [{"Key": "team", "Value": "blue"}], **usual}
    condition = {"StringEquals": {"aws:RequestTag/team": "blue"}, "StringEqualsIfExists": {"organizations:PolicyType": SCP}}
    hand_on(organization, account, "organizations:CreatePolicy", Condition=condition)
    refused("AccessDeniedException", member.create_policy, Name="tagged", **blue)  # tags are not handed on with it
    hand_on(organization, account, "organizations:CreatePolicy", "organizations:TagResource", Condition=condition)
    refused("AccessDeniedException", member.create_policy, Name="untagged", **usual)
    made = member.create_policy(Name="tagged", **blue)["Policy"]["PolicySummary"]
    assert json.loads(organization.client.describe_policy(PolicyId=made["Id"])["Policy"]["Content"]) == json.loads(DENY)
