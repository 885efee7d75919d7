# SPDX-License-Identifier: Apache-2.0
"""Service and resource control policies: do they bind whom AWS's bind, from the next call on, and nobody else?"""
import json

import pytest

from harness import ZONE, refused
from organization import MANAGER, RCP, ROLE, SCP, Organization, document, everybody, statement
from principals import new_role, new_user, policy, second_account, session_of, trust

DENIED = "with an explicit deny in a {} control policy"
OUTSIDER = "888888888888"


@pytest.fixture(scope="module")
def organization(shared_coffer):
    return Organization(shared_coffer).enable(SCP, RCP)


@pytest.fixture(scope="module")
def outsiders_credentials(shared_coffer):
    return second_account(shared_coffer, OUTSIDER)


@pytest.fixture(scope="module")
def outsider(shared_coffer, outsiders_credentials):
    """The KMS of an account in no organization."""
    return shared_coffer.client("kms", credentials=outsiders_credentials)


@pytest.fixture
def unit(organization):
    return organization.unit()


@pytest.fixture
def account(organization, unit):
    return organization.account(unit)


def key_for_all(kms, account, **condition):
    """A key of that account which lets everybody encrypt; its ARN."""
    allow = [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"},
             {"Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*",
              **({"Condition": condition} if condition else {})}]
    return kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": allow}))["KeyMetadata"]["Arn"]


# Service control policies

def test_a_deny_on_a_unit_binds_the_accounts_below_it(organization, unit, account):
    beside = organization.of_member(organization.account(), "kms")
    kms = organization.of_member(account, "kms")
    kms.list_keys()
    organization.attach(unit, document(statement("kms:ListKeys")))
    message = refused("AccessDeniedException", kms.list_keys)
    assert message == (f"User: arn:aws:sts::{account}:assumed-role/{ROLE}/se is not authorized to perform: kms:ListKeys "
                       f"on resource: * {DENIED.format('service')}")
    kms.list_aliases()
    beside.list_keys()


def test_a_deny_on_the_root_leaves_the_management_account_alone(organization, account):
    made = organization.attach(organization.root, document(statement("kms:CreateKey")))
    refused("AccessDeniedException", organization.of_member(account, "kms").create_key)
    organization.coffer.client("kms").create_key()
    organization.client.detach_policy(PolicyId=made, TargetId=organization.root)
    organization.of_member(account, "kms").create_key()


def test_every_level_must_allow(organization, unit, account):
    kms, ec2 = organization.of_member(account, "kms"), organization.of_member(account, "ec2")
    organization.attach(unit, document(statement("kms:*", "Allow")))
    ec2.describe_volumes()
    organization.client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    kms.list_keys()
    message = refused("UnauthorizedOperation", ec2.describe_volumes)
    assert "because no service control policy allows the ec2:DescribeVolumes action" in message


def test_a_policy_allows_nothing_by_itself(organization, account):
    organization.attach(account, document(statement("*", "Allow")))
    powerless = organization.coffer.client(
        "kms", credentials=new_user(organization.of_member(account, "iam"), "powerless"))
    assert refused("AccessDeniedException", powerless.list_keys).endswith(
        "because no identity-based policy allows the kms:ListKeys action")


def test_root_users_of_members_are_bound(organization):
    credentials = second_account(organization.coffer, "777777777777")
    root = organization.coffer.client("kms", credentials=credentials)
    invitation = organization.client.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": "777777777777"})
    guest_organizations = organization.coffer.client("organizations", credentials=credentials)
    guest_organizations.accept_handshake(HandshakeId=invitation["Handshake"]["Id"])
    organization.attach("777777777777", document(statement("kms:CreateKey")))
    assert refused("AccessDeniedException", root.create_key).endswith(DENIED.format("service"))
    guest_organizations.leave_organization()
    root.create_key()


def test_a_key_is_denied_in_use_as_soon_as_the_policy_is_attached(organization, account):
    kms = organization.of_member(account, "kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = organization.policy(document(statement("kms:Encrypt")))
    for _ in range(3):
        kms.encrypt(KeyId=key, Plaintext=b"x")
        organization.client.attach_policy(PolicyId=made, TargetId=account)
        refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x")
        organization.client.detach_policy(PolicyId=made, TargetId=account)
    organization.client.attach_policy(PolicyId=made, TargetId=account)
    organization.client.update_policy(PolicyId=made, Content=document(statement("kms:Decrypt")))
    kms.encrypt(KeyId=key, Plaintext=b"x")


def test_an_account_that_moves_leaves_the_policy_behind(organization, unit, account):
    kms = organization.of_member(account, "kms")
    organization.attach(unit, document(statement("kms:ListKeys")))
    refused("AccessDeniedException", kms.list_keys)
    organization.client.move_account(AccountId=account, SourceParentId=unit, DestinationParentId=organization.root)
    kms.list_keys()


def test_a_service_acts_in_the_callers_name_within_the_policy(organization, account):
    ec2, kms = organization.of_member(account, "ec2"), organization.of_member(account, "kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    organization.attach(account, document(statement("kms:GenerateDataKeyWithoutPlaintext")))
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)["VolumeId"]
    record = next(one for one in organization.coffer.trail()
                  if one["eventName"] == "GenerateDataKeyWithoutPlaintext" and one["recipientAccountId"] == account)
    assert DENIED.format("service") in record["errorMessage"], volume


def test_service_linked_roles_are_not_bound(organization, account):
    """Only its service assumes such a role, so that what a session of it would be decided by is asked."""
    iam = organization.of_member(account, "iam")
    linked = iam.create_service_linked_role(AWSServiceName="mrk.kms.amazonaws.com")["Role"]["Arn"]
    usual = new_role(iam, "usual", trust({"AWS": account}), policy("kms:*"))
    organization.attach(account, document(statement("kms:ListKeys")))

    def kinds(principal):
        told = organization.coffer.json("explain", "--principal", principal, "--action", "kms:ListKeys")
        return {each["kind"] for question in told["questions"] for each in question["policies"]}

    assert "service control policy" in kinds(usual)
    assert "service control policy" not in kinds(linked)


def test_policies_decide_the_same_after_a_restart(coffer):
    organization = Organization(coffer).enable(SCP)
    account = organization.account()
    organization.attach(account, document(statement("kms:ListKeys")))
    credentials = organization.session(account)
    coffer.restart()
    assert refused("AccessDeniedException", coffer.client("kms", credentials=credentials).list_keys).endswith(
        DENIED.format("service"))


# Resource control policies

def perimeter(organization):
    """Nobody from outside of the organization (Organizations User Guide, "Resource control policy examples")."""
    return everybody(["kms:*", "sts:*"], Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id},
                                                    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}})


def test_a_key_is_closed_to_those_outside(organization, outsider, unit, account):
    kms = organization.of_member(account, "kms")
    key = key_for_all(kms, account)
    outsider.encrypt(KeyId=key, Plaintext=b"x")
    organization.attach(unit, perimeter(organization), RCP)
    message = refused("AccessDeniedException", outsider.encrypt, KeyId=key, Plaintext=b"x")
    assert message == (f"User: arn:aws:iam::{OUTSIDER}:root is not authorized to perform: kms:Encrypt on resource: {key} "
                       f"{DENIED.format('resource')}")
    kms.encrypt(KeyId=key, Plaintext=b"x")
    organization.coffer.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    organization.of_member(organization.account(), "kms").encrypt(KeyId=key, Plaintext=b"x")


def test_a_grant_does_not_open_the_perimeter(organization, outsider, unit, account):
    kms = organization.of_member(account, "kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    token = kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{OUTSIDER}:root", Operations=["Encrypt"])
    outsider.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[token["GrantToken"]])
    organization.attach(unit, perimeter(organization), RCP)
    assert refused("AccessDeniedException", outsider.encrypt, KeyId=key, Plaintext=b"x").endswith(
        DENIED.format("resource"))


def test_the_management_accounts_keys_are_not_bound(organization, outsider):
    key = key_for_all(organization.coffer.client("kms"), MANAGER)
    made = organization.attach(organization.root, perimeter(organization), RCP)
    outsider.encrypt(KeyId=key, Plaintext=b"x")
    organization.client.detach_policy(PolicyId=made, TargetId=organization.root)


def test_aws_managed_keys_and_retiring_are_left_alone(organization, account):
    kms, ec2 = organization.of_member(account, "kms"), organization.of_member(account, "ec2")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    me = f"arn:aws:iam::{account}:role/{ROLE}"
    grant = kms.create_grant(KeyId=key, GranteePrincipal=me, RetiringPrincipal=me, Operations=["Encrypt"])["GrantId"]
    organization.attach(account, everybody("kms:*"), RCP)
    refused("AccessDeniedException", kms.describe_key, KeyId=key)
    kms.retire_grant(KeyId=key, GrantId=grant)
    ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)
    assert kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyManager"] == "AWS"


def test_a_role_is_closed_to_those_outside(organization, unit, account):
    coffer = organization.coffer
    credentials = second_account(coffer, "666666666666")
    sts = coffer.client("sts", credentials=new_user(coffer.client("iam", credentials=credentials), "u", policy("sts:*")))
    arn = new_role(organization.of_member(account, "iam"), "open", trust({"AWS": "666666666666"}))
    sts.assume_role(RoleArn=arn, RoleSessionName="se")
    organization.attach(unit, perimeter(organization), RCP)
    refused("AccessDenied", sts.assume_role, RoleArn=arn, RoleSessionName="se")
    organization.session(account)


def test_other_services_are_not_bound(organization, account):
    ec2, kms = organization.of_member(account, "ec2"), organization.of_member(account, "kms")
    organization.attach(account, everybody("*"), RCP)
    ec2.describe_volumes()
    kms.list_keys()  # about no resource


# Condition keys

def test_a_key_policy_may_ask_for_the_callers_organization(organization, outsider, account):
    key = key_for_all(organization.of_member(account, "kms"), account,
                      StringEquals={"aws:PrincipalOrgID": organization.id})
    organization.of_member(organization.account(), "kms").encrypt(KeyId=key, Plaintext=b"x")
    organization.coffer.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    refused("AccessDeniedException", outsider.encrypt, KeyId=key, Plaintext=b"x")


def test_a_key_policy_may_ask_for_the_callers_place(organization, unit):
    inner = organization.unit(parent=unit)
    key = key_for_all(organization.coffer.client("kms"), MANAGER,
                      **{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths":
                                                    f"{organization.id}/{organization.root}/{unit}/*"}})
    organization.of_member(organization.account(inner), "kms").encrypt(KeyId=key, Plaintext=b"x")
    refused("AccessDeniedException", organization.of_member(organization.account(), "kms").encrypt, KeyId=key,
            Plaintext=b"x")


@pytest.mark.parametrize("key", ["aws:ResourceOrgID", "aws:ResourceAccount"])
def test_an_identity_policy_may_ask_for_the_resources_owner(organization, outsider, account, key):
    mine = key_for_all(organization.of_member(account, "kms"), account)
    foreign = key_for_all(outsider, OUTSIDER)
    value = organization.id if key == "aws:ResourceOrgID" else account
    user = new_user(organization.coffer.client("iam"), f"inside-{key[4:]}",
                    policy("kms:Encrypt", Condition={"StringEquals": {key: value}}))
    kms = organization.coffer.client("kms", credentials=user)
    kms.encrypt(KeyId=mine, Plaintext=b"x")
    refused("AccessDeniedException", kms.encrypt, KeyId=foreign, Plaintext=b"x")


# What the owner is told

def test_explain_names_the_policy_and_its_level(organization, outsider, unit, account):
    kms = organization.of_member(account, "kms")
    key = key_for_all(kms, account)
    scp = organization.attach(unit, document(statement("kms:Encrypt")))
    asked = ["--action", "kms:Encrypt", "--resource", key]
    told = organization.coffer.json("explain", "--principal", f"arn:aws:iam::{account}:role/{ROLE}", *asked)
    assert (told["allowed"], told["reason"]) == (False, DENIED.format("service"))
    names = [one["name"] for one in told["questions"][0]["policies"]]
    assert [name for name in names if name.startswith(f'{scp} "policy-') and f'" on {unit} "unit-' in name]
    everyone = f"arn:aws:iam::{OUTSIDER}:root"
    assert organization.coffer.json("explain", "--principal", everyone, *asked)["allowed"]
    organization.attach(unit, perimeter(organization), RCP)
    told = organization.coffer.json("explain", "--principal", everyone, *asked)
    assert (told["allowed"], told["reason"]) == (False, DENIED.format("resource"))


@pytest.mark.parametrize("key", ["aws:ResourceAccount", "AWS:resourceaccount"])
def test_explain_access_shows_no_other_organizations_policies(organization, outsiders_credentials, unit, account, key):
    """To whom a bucket belongs is the installation's owner's to say, not an account's."""
    organization.attach(unit, everybody("s3:*"), RCP)
    everyone, asked = f"arn:aws:iam::{OUTSIDER}:root", {"ActionName": "s3:GetObject", "ResourceArn": "arn:aws:s3:::bucket/x"}
    iam = organization.coffer.extended_client("iam", credentials=outsiders_credentials)
    entry = {"ContextKeyName": key, "ContextKeyValues": [account], "ContextKeyType": "string"}
    plain, claimed = (iam.explain_access(PolicySourceArn=everyone, **asked, **more) for more in ({}, {"ContextEntries": [entry]}))
    assert claimed["Allowed"] and claimed["Explanation"] == plain["Explanation"]
    told = organization.coffer.json("explain", "--principal", everyone, "--action", "s3:GetObject",
                                    "--resource", "arn:aws:s3:::bucket/x", "--context", f"{key}={account}")
    assert (told["allowed"], told["reason"]) == (False, DENIED.format("resource"))
