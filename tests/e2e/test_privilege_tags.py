# SPDX-License-Identifier: Apache-2.0
"""Do tags, and what policies say of tags and of an organization's policies, keep everybody to what was given to him?
Each test tries the way around, and beside it the way that is open."""
import pytest
from botocore import xform_name

from harness import REGION, Coffer, refused
from organization import RCP, SCP, Organization, document, everybody, statement
from permissions.made import Made, name
from principals import new_user, policy, second_account
from test_negative_matrix import entries

ALL = policy("*")
# What IAM and Organizations make with tags.
CREATIONS = [("iam", "CreateUser"), ("iam", "CreateRole"), ("iam", "CreatePolicy"), ("iam", "CreateInstanceProfile"),
             ("iam", "CreateVirtualMFADevice"), ("iam", "CreateOpenIDConnectProvider"), ("organizations", "CreateAccount"),
             ("organizations", "CreatePolicy"), ("organizations", "CreateOrganizationalUnit"),
             ("organizations", "PutResourcePolicy")]


@pytest.fixture(scope="module")
def coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("tags") / "data", "--development") as running:
        yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("made") / "data", "--development") as running:
        yield Made(running)


@pytest.fixture(scope="module")
def organization(coffer):
    return Organization(coffer).enable(SCP, RCP)


@pytest.fixture(scope="module")
def user(coffer):
    """user(document...)("service"): a client of a new user."""
    def make(*documents):
        credentials = new_user(coffer.client("iam"), name("user"), *documents)
        return lambda service: coffer.client(service, credentials=credentials)
    return make


# Types of policies

def test_who_may_touch_no_service_control_policy_touches_none(organization, user):
    mine = user(ALL, policy("organizations:*", effect="Deny",
                            Condition={"StringEquals": {"organizations:PolicyType": SCP}}))("organizations")
    unit = organization.unit()
    attached, loose = organization.attach(unit, document(statement("s3:*"))), organization.policy(document(statement("s3:*")))
    for operation, parameters in (
            ("update_policy", {"PolicyId": loose, "Content": document(statement("ec2:*"))}),
            ("delete_policy", {"PolicyId": loose}), ("describe_policy", {"PolicyId": loose}),
            ("attach_policy", {"PolicyId": loose, "TargetId": unit}),
            ("detach_policy", {"PolicyId": attached, "TargetId": unit}),
            ("detach_policy", {"PolicyId": "p-FullAWSAccess", "TargetId": unit}),
            ("list_targets_for_policy", {"PolicyId": attached})):
        message = refused("AccessDeniedException", getattr(mine, operation), **parameters)
        assert message.endswith("with an explicit deny in an identity-based policy"), operation
    other = organization.policy(everybody("s3:*"), RCP)
    mine.update_policy(PolicyId=other, Content=everybody("ec2:*"))
    mine.attach_policy(PolicyId=other, TargetId=unit)
    assert unit in {each["TargetId"] for each in mine.list_targets_for_policy(PolicyId=other)["Targets"]}
    mine.detach_policy(PolicyId=other, TargetId=unit)
    mine.delete_policy(PolicyId=other)


def test_who_may_attach_one_type_attaches_no_other(organization, user):
    mine = user(policy(["organizations:AttachPolicy", "organizations:DetachPolicy"],
                       Condition={"StringEquals": {"organizations:PolicyType": RCP}}))("organizations")
    unit = organization.unit()
    refused("AccessDeniedException", mine.attach_policy, PolicyId=organization.policy(document(statement("s3:*"))), TargetId=unit)
    mine.attach_policy(PolicyId=organization.policy(everybody("s3:*"), RCP), TargetId=unit)


# What is made with tags

@pytest.mark.parametrize("service, operation", CREATIONS, ids=lambda text: text)
def test_what_is_made_with_tags_takes_the_permission_to_tag(made, service, operation):
    """(That no more is needed is test_negative_matrix.py's.)"""
    documents = policy(f"{service}:*"), policy(["iam:Tag*", "organizations:TagResource"], effect="Deny")
    mine = made.coffer.client(service, credentials=new_user(made.iam, name("maker"), *documents))
    create = getattr(mine, xform_name(operation))
    call = entries(service)[operation](made)
    message = refused({"iam": "AccessDenied"}.get(service, "AccessDeniedException"), create, **call.parameters)
    [(action, resource)] = [need for need in call.needs if not isinstance(need, str)]
    assert f"is not authorized to perform: {action} on resource: {resource} with an explicit deny" in message
    create(**{parameter: value for parameter, value in call.parameters.items() if parameter != "Tags"})


def test_an_account_is_invited_with_tags_by_who_may_tag(organization, user):
    guest = "555555555555"
    second_account(organization.coffer, guest)
    invitation = {"Target": {"Type": "ACCOUNT", "Id": guest}, "Tags": [{"Key": "a", "Value": "1"}]}
    inviter = user(policy("organizations:InviteAccountToOrganization"))("organizations")
    assert "organizations:TagResource" in refused("AccessDeniedException", inviter.invite_account_to_organization, **invitation)
    inviter.invite_account_to_organization(Target=invitation["Target"])


def test_a_policys_tags_are_told_to_conditions(user):
    mine = user(policy(["iam:CreatePolicy", "iam:TagPolicy"],
                       Condition={"StringEquals": {"aws:RequestTag/team": "blue"},
                                  "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}))("iam")
    create = {"PolicyDocument": policy("s3:*")}
    for tags in ({}, {"team": "red"}, {"team": "blue", "other": "1"}):
        refused("AccessDenied", mine.create_policy, PolicyName=name("policy"),
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()], **create)
    mine.create_policy(PolicyName=name("policy"), Tags=[{"Key": "team", "Value": "blue"}], **create)


# Spellings

def create_tags(coffer, tags):
    return "ec2", "create_tags", {"Resources": [coffer.create_volume()], "Tags": tags}


def create_volume(_, tags):
    return "ec2", "create_volume", {"AvailabilityZone": REGION + "a", "Size": 1,
                                    "TagSpecifications": [{"ResourceType": "volume", "Tags": tags}]}


def start_snapshot(_, tags):
    return "ebs", "start_snapshot", {"VolumeSize": 1, "Tags": tags}


def of_kms(tags):
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]


def create_key(_, tags):
    return "kms", "create_key", {"Tags": of_kms(tags)}


def tag_key(coffer, tags):
    return "kms", "tag_resource", {"KeyId": coffer.client("kms").create_key()["KeyMetadata"]["Arn"], "Tags": of_kms(tags)}


def tag_unit(coffer, tags):
    client = coffer.client("organizations")
    unit = client.create_organizational_unit(ParentId=client.list_roots()["Roots"][0]["Id"], Name=name("unit"))
    return "organizations", "tag_resource", {"ResourceId": unit["OrganizationalUnit"]["Id"], "Tags": tags}


@pytest.mark.parametrize("request_with", [create_tags, create_volume, start_snapshot, create_key, tag_key, tag_unit])
@pytest.mark.parametrize("forbidden_first", [True, False])
def test_a_second_spelling_hides_no_tag_of_a_request(coffer, organization, user, request_with, forbidden_first):
    mine = user(ALL, policy("*", effect="Deny", Condition={"StringEquals": {"aws:RequestTag/Team": "prod"}}))
    tags = [{"Key": "Team", "Value": "prod"}, {"Key": "team", "Value": "dev"}]
    service, operation, parameters = request_with(coffer, tags if forbidden_first else tags[::-1])
    code = "UnauthorizedOperation" if service == "ec2" else "AccessDeniedException"
    refused(code, getattr(mine(service), operation), **parameters)
    service, operation, parameters = request_with(coffer, tags[1:])
    getattr(mine(service), operation)(**parameters)


# Other organizations

def test_nothing_is_told_of_another_organizations_tags_and_types(coffer, organization):
    account, unit = organization.account(Tags=[{"Key": "stage", "Value": "secret"}]), organization.unit()
    scp = organization.policy(document(statement("s3:*")), Tags=[{"Key": "stage", "Value": "secret"}])
    rcp = organization.policy(everybody("s3:*"), RCP)
    organization.client.tag_resource(ResourceId=unit, Tags=[{"Key": "stage", "Value": "secret"}])
    owner = second_account(coffer, "666666666666")
    coffer.client("organizations", credentials=owner).create_organization(FeatureSet="ALL")
    iam = coffer.client("iam", credentials=owner)
    denials = [policy("organizations:*", effect="Deny", Condition=condition) for condition in (
        {"StringLike": {"aws:ResourceTag/stage": "*"}}, {"StringLike": {"organizations:PolicyType": "*"}})]
    denials.append(policy("organizations:*", "arn:aws:organizations::*:policy/*/resource_control_policy/*", "Deny"))
    spies = [coffer.client("organizations", credentials=new_user(iam, name("spy"), ALL, denial)) for denial in denials]
    for spy in spies:
        refused("AccountNotFoundException", spy.describe_account, AccountId=account)
        refused("OrganizationalUnitNotFoundException", spy.describe_organizational_unit, OrganizationalUnitId=unit)
        for secret in (scp, rcp):
            refused("PolicyNotFoundException", spy.describe_policy, PolicyId=secret)
