# SPDX-License-Identifier: Apache-2.0
"""The policies of an organization: are they made, attached, listed and deleted by AWS's rules?"""
import json

import pytest

from harness import refused
from organization import MANAGER, RCP, SCP, Organization, document, everybody, statement


@pytest.fixture(scope="module")
def organization(shared_coffer):
    return Organization(shared_coffer).enable(SCP, RCP)


@pytest.fixture(scope="module")
def organizations(organization):
    return organization.client


def attached(organizations, target, policy_type=SCP):
    return [one["Id"] for one in organizations.list_policies_for_target(TargetId=target, Filter=policy_type)["Policies"]]


def test_a_policy_is_shown_as_it_was_made(organization, organizations):
    content = document(statement("ec2:*"))
    made = organizations.create_policy(Content=content, Description="no EC2", Name="NoEc2", Type=SCP)["Policy"]
    summary = made["PolicySummary"]
    assert made["Content"] == content
    assert summary["Arn"] == (f"arn:aws:organizations::{MANAGER}:policy/{organization.id}/service_control_policy/"
                              f"{summary['Id']}")
    assert [summary[key] for key in ("Name", "Description", "Type", "AwsManaged")] == ["NoEc2", "no EC2", SCP, False]
    assert organizations.describe_policy(PolicyId=summary["Id"])["Policy"] == made
    changed = organizations.update_policy(PolicyId=summary["Id"], Description="none")["Policy"]
    assert (changed["Content"], changed["PolicySummary"]["Description"]) == (content, "none")
    assert summary["Id"] in [one["Id"] for one in organizations.list_policies(Filter=SCP)["Policies"]]
    assert summary["Id"] not in [one["Id"] for one in organizations.list_policies(Filter=RCP)["Policies"]]
    message = refused("DuplicatePolicyException", organizations.create_policy, Content=content, Description="",
                      Name="NoEc2", Type=SCP)
    assert message == "A policy with the specified name and type already exists."


@pytest.mark.parametrize("policy_type, name", [(SCP, "FullAWSAccess"), (RCP, "RCPFullAWSAccess")])
def test_awss_own_policy_is_on_everything(organization, organizations, policy_type, name):
    own = f"p-{name}"
    targets = [organization.root, organization.unit(), organization.account(), MANAGER]
    assert [attached(organizations, target, policy_type) for target in targets] == [[own]] * 4
    policy = organizations.describe_policy(PolicyId=own)["Policy"]
    assert policy["PolicySummary"]["Arn"] == f"arn:aws:organizations::aws:policy/{policy_type.lower()}/{own}"
    assert policy["PolicySummary"]["AwsManaged"] is True
    assert json.loads(policy["Content"])["Statement"][0]["Action"] == "*"
    for change in (organizations.update_policy, organizations.delete_policy):
        assert refused("InvalidInputException", change, PolicyId=own)
    pages = organizations.get_paginator("list_targets_for_policy").paginate(PolicyId=own, PaginationConfig={"PageSize": 3})
    listed = {one["TargetId"]: one for page in pages for one in page["Targets"]}
    assert set(targets) <= set(listed)
    assert listed[organization.root] == {"TargetId": organization.root, "Name": "Root", "Type": "ROOT",
                                         "Arn": f"arn:aws:organizations::{MANAGER}:root/{organization.id}/"
                                                f"{organization.root}"}


def test_a_policy_is_attached_once(organization, organizations):
    unit = organization.unit()
    policy = organization.attach(unit, document(statement("ec2:*")))
    assert attached(organizations, unit) == sorted([policy, "p-FullAWSAccess"])
    assert [one["TargetId"] for one in organizations.list_targets_for_policy(PolicyId=policy)["Targets"]] == [unit]
    refused("DuplicatePolicyAttachmentException", organizations.attach_policy, PolicyId=policy, TargetId=unit)
    refused("PolicyInUseException", organizations.delete_policy, PolicyId=policy)
    organizations.detach_policy(PolicyId=policy, TargetId=unit)
    refused("PolicyNotAttachedException", organizations.detach_policy, PolicyId=policy, TargetId=unit)
    organizations.delete_policy(PolicyId=policy)
    refused("PolicyNotFoundException", organizations.attach_policy, PolicyId=policy, TargetId=unit)
    refused("TargetNotFoundException", organizations.attach_policy, PolicyId="p-FullAWSAccess", TargetId="999999999999")


def test_the_last_policy_stays(organization, organizations):
    unit = organization.unit()
    with pytest.raises(organizations.exceptions.ConstraintViolationException) as error:
        organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert error.value.response["Reason"] == "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    assert error.value.response["Error"]["Message"] == ("You cannot remove the last policy attached to the specified "
                                                        "target. You must have at least one attached at all times.")
    other = organization.attach(unit, document(statement("*", "Allow")))
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert attached(organizations, unit) == [other]


def test_rcp_full_access_stays_in_any_case(organization, organizations):
    unit = organization.unit()
    organization.attach(unit, everybody("kms:*"), RCP)
    refused("ConstraintViolationException", organizations.detach_policy, PolicyId="p-RCPFullAWSAccess", TargetId=unit)


def test_five_policies_of_a_type_are_the_most(organization, organizations):
    unit = organization.unit()
    for _ in range(4):
        organization.attach(unit, document(statement("ec2:*")))
    sixth = organization.policy(document(statement("ec2:*")))
    with pytest.raises(organizations.exceptions.ConstraintViolationException) as error:
        organizations.attach_policy(PolicyId=sixth, TargetId=unit)
    assert error.value.response["Reason"] == "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    assert error.value.response["Error"]["Message"] == ("You have attached the maximum number of policies to the "
                                                        "specified target.")
    organization.attach(unit, everybody("kms:*"), RCP)


@pytest.mark.parametrize("policy_type, content", [
    (SCP, "{}"), (SCP, "no JSON"), (SCP, document({**statement("ec2:*"), "Principal": "*"})),
    (SCP, json.dumps({"Statement": statement("ec2:*")})),
    (SCP, document({"Effect": "Deny", "Action": "ec2:*"})),
    (RCP, document(statement("kms:*"))),
    (RCP, document(statement("kms:*", "Allow", Principal="*"))),
    (RCP, document(statement("kms:*", Principal={"AWS": MANAGER}))),
    (RCP, document({"Effect": "Deny", "Principal": "*", "NotAction": "kms:*", "Resource": "*"}))])
def test_what_is_no_policy_of_its_type_is_refused(organizations, policy_type, content):
    message = refused("MalformedPolicyDocumentException", organizations.create_policy, Content=content, Description="",
                      Name="bad", Type=policy_type)
    assert message.startswith("The provided policy document does not meet the requirements of the specified policy type.")


def test_a_policy_has_5120_characters_at_most(organization, organizations):
    content = document(statement("ec2:*"))
    longest = content + " " * (5120 - len(content))
    organization.policy(longest)
    with pytest.raises(organizations.exceptions.ConstraintViolationException) as error:
        organization.policy(longest + " ")
    assert error.value.response["Reason"] == "POLICY_CONTENT_LIMIT_EXCEEDED"


def test_tags_of_a_policy(organization, organizations):
    policy = organization.policy(document(statement("ec2:*")), Tags=[{"Key": "k", "Value": "v"}])
    assert organizations.list_tags_for_resource(ResourceId=policy)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_a_type_is_enabled_before_its_policies_are_attached(coffer):
    organization = Organization(coffer)
    organizations = organization.client
    policy = organization.policy(document(statement("ec2:*")))
    message = refused("PolicyTypeNotEnabledException", organizations.attach_policy, PolicyId=policy,
                      TargetId=organization.root)
    assert message == "This operation can be performed only for enabled policy types."
    enabled = organizations.enable_policy_type(RootId=organization.root, PolicyType=SCP)["Root"]
    assert enabled["PolicyTypes"] == [{"Type": SCP, "Status": "ENABLED"}]
    refused("PolicyTypeAlreadyEnabledException", organizations.enable_policy_type, RootId=organization.root, PolicyType=SCP)
    refused("PolicyTypeNotAvailableForOrganizationException", organizations.enable_policy_type, RootId=organization.root,
            PolicyType="TAG_POLICY")
    organizations.attach_policy(PolicyId=policy, TargetId=organization.root)
    assert organizations.disable_policy_type(RootId=organization.root, PolicyType=SCP)["Root"]["PolicyTypes"] == []
    refused("PolicyTypeNotEnabledException", organizations.disable_policy_type, RootId=organization.root, PolicyType=SCP)
    organizations.enable_policy_type(RootId=organization.root, PolicyType=SCP)
    assert attached(organizations, organization.root) == ["p-FullAWSAccess"]


def test_consolidated_billing_alone_has_no_policies(coffer):
    organizations = coffer.client("organizations")
    organizations.create_organization(FeatureSet="CONSOLIDATED_BILLING")
    root = organizations.list_roots()["Roots"][0]["Id"]
    refused("PolicyTypeNotAvailableForOrganizationException", organizations.enable_policy_type, RootId=root, PolicyType=SCP)
