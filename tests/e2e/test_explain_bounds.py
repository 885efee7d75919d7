# SPDX-License-Identifier: Apache-2.0
"""What only a call, a session, a grant or a key's state tells, does an explanation say so? And what is others', does it keep?"""
import itertools
import json

import pytest

from harness import REGION, refused
from organization import RCP, ROLE, Organization, everybody
from principals import new_role, new_user, policy, second_account, session_of, trust

ACCOUNT = "123456789012"
OTHER_REGION = "us-east-1"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def organization(shared_coffer):
    return Organization(shared_coffer).enable(RCP)


@pytest.fixture
def user(shared_coffer):
    """Makes a user with these policies: (its ARN, its clients)."""
    def make(*documents):
        name = f"user-{next(NUMBERS)}"
        credentials = new_user(shared_coffer.client("iam"), name, *documents)
        return (f"arn:aws:iam::{ACCOUNT}:user/{name}",
                lambda service, **more: shared_coffer.client(service, credentials=credentials, **more))
    return make


def explain(coffer, principal, action, resource="*", *context):
    words = [word for pair in context for word in ("--context", pair)]
    return coffer.json("explain", "--principal", principal, "--action", action, "--resource", resource, *words)


def unless(**condition):
    return policy("*", effect="Deny", Condition=condition)


# What the call tells

def test_the_endpoint_tells_whether_the_transport_is_secure(shared_coffer, user):
    arn, client = user(policy("*"), unless(Bool={"aws:SecureTransport": "false"}))
    refused("AccessDeniedException", client("kms").list_keys)
    assert not explain(shared_coffer, arn, "kms:ListKeys")["allowed"]
    assert explain(shared_coffer, arn, "kms:ListKeys", "*", "aws:SecureTransport=true")["allowed"]


def test_iam_is_called_in_its_one_region(shared_coffer, user):
    arn, client = user(policy("*"), unless(StringNotEquals={"aws:RequestedRegion": REGION}))
    refused("AccessDenied", client("iam").list_users)
    assert not explain(shared_coffer, arn, "iam:ListUsers", f"arn:aws:iam::{ACCOUNT}:user/")["allowed"]


def test_a_region_that_only_the_call_tells_is_said_to_be_taken(shared_coffer, user):
    arn, client = user(policy("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": OTHER_REGION}}))
    client("ec2", region=OTHER_REGION).describe_volumes()
    told = explain(shared_coffer, arn, "ec2:DescribeVolumes")
    assert not told["allowed"]
    assert told["notes"] == [f"The call is taken to be made in {REGION}: --context aws:RequestedRegion=REGION asks for another."]
    assert explain(shared_coffer, arn, "ec2:DescribeVolumes", "*", f"aws:RequestedRegion={OTHER_REGION}")["allowed"]


# What the session tells

def test_what_the_session_of_a_role_brings_is_said_to_decide(shared_coffer):
    iam = shared_coffer.client("iam")
    role = new_role(iam, "tagged", trust({"AWS": ACCOUNT}), policy("kms:ListKeys", Condition={
        "StringEquals": {"aws:PrincipalTag/team": "red"}}))
    told = explain(shared_coffer, role, "kms:ListKeys")
    assert not told["allowed"]
    assert told["notes"] == ["It depends on the session: only one, or --context KEY=VALUE, tells aws:PrincipalTag/team."]
    assert explain(shared_coffer, role, "kms:ListKeys", "*", "aws:PrincipalTag/team=red")["allowed"]


def test_sessions_get_no_session_token(shared_coffer):
    iam = shared_coffer.client("iam")
    role = new_role(iam, "renewing", trust({"AWS": ACCOUNT}), policy("sts:*"))
    sts = shared_coffer.client("sts", credentials=new_user(iam, "renewer", policy("sts:*")))
    session = session_of(sts.assume_role(RoleArn=role, RoleSessionName="se"))
    refused("AccessDenied", shared_coffer.client("sts", credentials=session).get_session_token)
    told = explain(shared_coffer, role, "sts:GetSessionToken")
    assert (told["allowed"], told["reason"]) == (False, "because GetSessionToken takes no session credentials")


@pytest.mark.parametrize("session", ["adm", "adm/", "adm/a b", "adm/x"])
def test_what_is_no_sessions_arn_is_refused(shared_coffer, session):
    answer = shared_coffer.command("explain", "--principal", f"arn:aws:sts::{ACCOUNT}:assumed-role/{session}", "--action",
                                   "kms:ListKeys", check=False)
    assert answer.returncode == 2 and "assumed-role/ROLE/SESSION" in answer.stderr


# What the key and its grants tell

def test_a_grant_is_retired_by_itself(shared_coffer, user):
    arn, client = user()
    kms = shared_coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    mine = kms.create_grant(KeyId=key, GranteePrincipal=arn, RetiringPrincipal=arn, Operations=["Decrypt"])["GrantId"]
    others = kms.create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt"])["GrantId"]
    told = explain(shared_coffer, arn, "kms:RetireGrant", key)
    assert told["allowed"] and f"Each grant is asked about by itself: this is about {mine}." in told["notes"]
    refused("AccessDeniedException", client("kms").retire_grant, KeyId=key, GrantId=others)
    client("kms").retire_grant(KeyId=key, GrantId=mine)


def test_what_kms_refuses_whatever_policies_say(shared_coffer):
    kms, root = shared_coffer.client("kms"), f"arn:aws:iam::{ACCOUNT}:root"
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert explain(shared_coffer, root, "kms:Sign", key)["notes"] == [
        "Whatever policies say, KMS refuses it: a key of the usage ENCRYPT_DECRYPT and the spec SYMMETRIC_DEFAULT has no Sign."]
    kms.disable_key(KeyId=key)
    message = refused("DisabledException", kms.encrypt, KeyId=key, Plaintext=b"x")
    assert explain(shared_coffer, root, "kms:Encrypt", key)["notes"] == [f"Whatever policies say, KMS refuses it: {message}"]
    assert explain(shared_coffer, root, "kms:DescribeKey", key)["notes"] == []


def test_a_key_policy_that_names_the_user_is_enough(shared_coffer, user):
    arn, client = user()
    kms = shared_coffer.client("kms")
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:P*", "Resource": "*"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [own]}),
                         BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]
    needed = [need["what"] for need in explain(shared_coffer, arn, "kms:Encrypt", key)["questions"][0]["needed"]]
    assert needed[1].startswith(f"unless that names {arn} itself, an identity-based policy of {arn}")
    named = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:Encrypt", "Resource": "*"}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [own, named]}))
    client("kms").encrypt(KeyId=key, Plaintext=b"x")


# What is others'

def test_who_can_tells_of_outsiders_whatever_the_letters_and_the_first_account(shared_coffer, organization):
    first = organization.account()
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    all_of_them = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    key = shared_coffer.client("kms").create_key(Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [own, all_of_them]}))["KeyMetadata"]["Arn"]
    shared_coffer.client("organizations").close_account(AccountId=first)
    for action in ("kms:Decrypt", "kms:decrypt"):
        told = shared_coffer.json("who-can", "--action", action, "--resource", key)["principals"]
        assert [each["allowed"] for each in told if each["kind"] == "everybody"] == [True]


@pytest.mark.parametrize("action", ["s3:GetObject", "organizations:EnableAllFeatures", "sts:GetServiceBearerToken", "foo:Bar"])
def test_an_account_hears_nothing_of_anothers_organization(shared_coffer, organization, action):
    content = everybody("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/secret": "zeus"}})
    unit = organization.unit()
    member = organization.account(unit)
    organization.attach(unit, content, RCP)
    outsider = shared_coffer.extended_client("iam", credentials=second_account(shared_coffer, f"2109876543{next(NUMBERS):02}"))
    asking = outsider.get_user()["User"]["Arn"]
    for resource in (f"arn:aws:organizations::{member}:handshake/o-x/invite/h-x", f"arn:aws:s3::{member}:bucket"):
        refused("AccessDenied", outsider.explain_access, PolicySourceArn=asking, ActionName=action, ResourceArn=resource)


def test_a_member_hears_nothing_of_the_organizations_resource_policy(shared_coffer, organization):
    member = organization.account()
    statement = {"Sid": "Auditors", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "organizations:ListAccounts",
                 "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/secret": "zeus"}}}
    shared_coffer.client("organizations").put_resource_policy(Content=json.dumps({
        "Version": "2012-10-17", "Statement": [statement]}))
    asker = shared_coffer.extended_client("iam", credentials=organization.session(member))
    role = f"arn:aws:iam::{member}:role/{ROLE}"
    told = asker.explain_access(PolicySourceArn=role, ActionName="organizations:ListAccounts")
    assert not told["Allowed"] and "zeus" not in told["Explanation"] and "Auditors" not in told["Explanation"]
    seen = json.dumps(explain(shared_coffer, role, "organizations:ListAccounts"))
    assert "zeus" in seen, "the installation's owner does see it"


def test_a_context_without_end_is_refused(shared_coffer):
    iam = shared_coffer.extended_client("iam")
    entry = {"ContextKeyName": "aws:a", "ContextKeyType": "string", "ContextKeyValues": ["x" * 100_000]}
    message = refused("ValidationError", iam.explain_access, PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:root",
                      ActionName="kms:ListKeys", ContextEntries=[entry])
    assert message == "The context has more than 65536 bytes."
