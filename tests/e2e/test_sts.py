# SPDX-License-Identifier: Apache-2.0
"""Who am I, and temporary credentials: do they give just what role, trust and session policies allow?"""
import json

import pytest

from harness import refused
from principals import new_role, new_user, policy, second_account, session_of, trust

ACCOUNT, OTHER = "123456789012", "210987654321"


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture
def assume(coffer, iam):
    """A user who may assume anything: a function that does."""
    sts = coffer.client("sts", credentials=new_user(iam, "assumer", policy("sts:*")))

    def assumed(arn, name="session", **more):
        return session_of(sts.assume_role(RoleArn=arn, RoleSessionName=name, **more))

    assumed.sts = sts
    return assumed


def test_everybody_may_ask_who_he_is(coffer, iam):
    root = coffer.client("sts").get_caller_identity()
    assert (root["UserId"], root["Account"], root["Arn"]) == (ACCOUNT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    credentials = new_user(iam, "alice", policy("*", effect="Deny"))
    user = coffer.client("sts", credentials=credentials).get_caller_identity()
    assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert user["UserId"] == iam.get_user(UserName="alice")["User"]["UserId"]


def test_a_session_may_do_what_its_role_may(coffer, iam, assume):
    arn = new_role(iam, "lister", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/assumer"}), policy("kms:ListKeys"),
                   Path="/roles/")
    credentials = assume(arn, "mine")
    assert credentials[0].startswith("ASIA")
    kms = coffer.client("kms", credentials=credentials)
    kms.list_keys()
    session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/lister/mine"
    assert refused("AccessDeniedException", kms.create_key).startswith(f"User: {session_arn} is not authorized")
    identity = coffer.client("sts", credentials=credentials).get_caller_identity()
    role_id = iam.get_role(RoleName="lister")["Role"]["RoleId"]
    assert (identity["Arn"], identity["UserId"]) == (session_arn, f"{role_id}:mine")
    record = next(r for r in coffer.trail() if r["eventName"] == "ListKeys")
    assert record["userIdentity"]["type"] == "AssumedRole" and record["userIdentity"]["arn"] == session_arn
    assert record["userIdentity"]["principalId"] == f"{role_id}:mine"
    context = record["userIdentity"]["sessionContext"]
    assert context["sessionIssuer"] == {"type": "Role", "principalId": role_id, "arn": arn, "accountId": ACCOUNT,
                                        "userName": "lister"}
    assert context["attributes"]["mfaAuthenticated"] == "false"


def test_secret_and_token_of_a_session_are_in_no_record(coffer, iam, assume):
    _, secret, token = assume(new_role(iam, "r", trust({"AWS": ACCOUNT})))
    recorded = json.dumps(coffer.trail())
    assert secret not in recorded and token not in recorded
    assert next(r for r in coffer.trail() if r["eventName"] == "AssumeRole")["requestParameters"]["roleSessionName"]


def test_the_trust_policy_decides_who_may_assume_a_role(coffer, iam, assume):
    iam.create_user(UserName="somebody")
    arn = new_role(iam, "guarded", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/somebody"}))
    message = refused("AccessDenied", assume.sts.assume_role, RoleArn=arn, RoleSessionName="se")
    assert message == (f"User: arn:aws:iam::{ACCOUNT}:user/assumer is not authorized to perform: sts:AssumeRole on "
                       f"resource: {arn} because no role trust policy allows the sts:AssumeRole action")
    iam.update_assume_role_policy(RoleName="guarded", PolicyDocument=trust({"AWS": ACCOUNT}))
    assume(arn)
    # A trust policy that names the account leaves it to the user's own policies.
    powerless = coffer.client("sts", credentials=new_user(iam, "powerless"))
    refused("AccessDenied", powerless.assume_role, RoleArn=arn, RoleSessionName="se")
    refused("AccessDenied", assume.sts.assume_role, RoleArn=arn.replace("guarded", "absent"), RoleSessionName="se")
    refused("AccessDenied", coffer.client("sts").assume_role, RoleArn=arn, RoleSessionName="se")  # root may not


def test_a_role_of_another_account_by_its_external_id(coffer, iam):
    other = second_account(coffer, OTHER)
    other_iam = coffer.client("iam", credentials=other)
    arn = new_role(other_iam, "visited", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                                               StringEquals={"sts:ExternalId": "agreed"}), policy("kms:*"))
    sts = coffer.client("sts", credentials=new_user(iam, "visitor", policy("sts:AssumeRole", arn)))
    bare = f"User: arn:aws:iam::{ACCOUNT}:user/visitor is not authorized to perform: sts:AssumeRole on resource: {arn}"
    for wrong in ({}, {"ExternalId": "guessed"}):
        assert refused("AccessDenied", sts.assume_role, RoleArn=arn, RoleSessionName="visit", **wrong) == bare
    credentials = session_of(sts.assume_role(RoleArn=arn, RoleSessionName="visit", ExternalId="agreed"))
    key = coffer.client("kms", credentials=credentials).create_key()["KeyMetadata"]
    assert key["AWSAccountId"] == OTHER
    assert coffer.client("sts", credentials=credentials).get_caller_identity()["Account"] == OTHER
    # The trust alone is not enough from another account.
    powerless = coffer.client("sts", credentials=new_user(iam, "powerless"))
    refused("AccessDenied", powerless.assume_role, RoleArn=arn, RoleSessionName="visit", ExternalId="agreed")


def test_session_policies_narrow(coffer, iam, assume):
    arn = new_role(iam, "wide", trust({"AWS": ACCOUNT}), policy("kms:List*"))
    kms = coffer.client("kms", credentials=assume(arn, Policy=policy(["kms:ListKeys", "kms:CreateKey"])))
    kms.list_keys()
    assert "no session policy allows" in refused("AccessDeniedException", kms.list_aliases)
    assert "no identity-based policy allows" in refused("AccessDeniedException", kms.create_key)
    managed = iam.create_policy(PolicyName="narrow", PolicyDocument=policy("kms:ListAliases"))["Policy"]["Arn"]
    kms = coffer.client("kms", credentials=assume(arn, PolicyArns=[{"arn": managed}]))
    kms.list_aliases()
    refused("AccessDeniedException", kms.list_keys)
    iam.delete_policy(PolicyArn=managed)
    refused("AccessDeniedException", kms.list_aliases)
    refused("MalformedPolicyDocument", assume.sts.assume_role, RoleArn=arn, RoleSessionName="se", Policy="{}")


def test_session_tags_are_conditions(coffer, iam, assume):
    arn = new_role(iam, "tagged", trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession"]),
                   policy("kms:ListKeys", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}))
    coffer.client("kms", credentials=assume(arn, Tags=[{"Key": "team", "Value": "blue"}])).list_keys()
    refused("AccessDeniedException", coffer.client("kms", credentials=assume(arn)).list_keys)
    untaggable = new_role(iam, "untaggable", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/assumer"}))
    refused("AccessDenied", assume.sts.assume_role, RoleArn=untaggable, RoleSessionName="se",
            Tags=[{"Key": "team", "Value": "blue"}])


def test_durations_are_bounded_by_the_role(iam, assume):
    arn = new_role(iam, "short", trust({"AWS": ACCOUNT}), MaxSessionDuration=3600)
    made = assume.sts.assume_role(RoleArn=arn, RoleSessionName="se", DurationSeconds=900)["Credentials"]
    assert made["Expiration"]
    refused("ValidationError", assume.sts.assume_role, RoleArn=arn, RoleSessionName="se", DurationSeconds=3601)


def test_a_wrong_token_is_refused(coffer, iam, assume):
    arn = new_role(iam, "r", trust({"AWS": ACCOUNT}), policy("kms:ListKeys"))
    first, second = assume(arn), assume(arn)
    for key, secret, token in [(*first[:2], second[2]), (*first[:2], first[2][:-4] + "AAAA"), (*first[:2], None)]:
        refused("UnrecognizedClientException", coffer.client("kms", credentials=(key, secret, token)).list_keys)
    refused("InvalidSignatureException", coffer.client("kms", credentials=(first[0], second[1], first[2])).list_keys)
    coffer.client("kms", credentials=first).list_keys()


def test_a_long_lived_key_has_no_token(coffer, iam):
    key, secret = new_user(iam, "alice", policy("kms:ListKeys"))
    refused("UnrecognizedClientException", coffer.client("kms", credentials=(key, secret, "token")).list_keys)


def test_a_deleted_roles_sessions_die_at_once(coffer, iam, assume):
    arn = new_role(iam, "mortal", trust({"AWS": ACCOUNT}))
    credentials = assume(arn)
    sts = coffer.client("sts", credentials=credentials)
    sts.get_caller_identity()
    iam.delete_role(RoleName="mortal")
    refused("InvalidClientTokenId", sts.get_caller_identity)
    new_role(iam, "mortal", trust({"AWS": ACCOUNT}))  # another role
    refused("InvalidClientTokenId", sts.get_caller_identity)


def test_a_changed_role_counts_for_sessions_that_are_there(coffer, iam, assume):
    arn = new_role(iam, "r", trust({"AWS": ACCOUNT}), policy("kms:ListKeys"))
    kms = coffer.client("kms", credentials=assume(arn))
    kms.list_keys()
    iam.put_role_policy(RoleName="r", PolicyName="stop", PolicyDocument=policy(
        "*", effect="Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}}))
    assert "explicit deny" in refused("AccessDeniedException", kms.list_keys)


def test_a_session_assumes_another_role(coffer, iam, assume):
    first = new_role(iam, "first", trust({"AWS": ACCOUNT}), policy("sts:AssumeRole"))
    second = new_role(iam, "second", trust({"AWS": first}), policy("kms:ListKeys"), MaxSessionDuration=7200)
    sts = coffer.client("sts", credentials=assume(first))
    coffer.client("kms", credentials=session_of(sts.assume_role(RoleArn=second, RoleSessionName="se"))).list_keys()
    assert "role chaining" in refused("ValidationError", sts.assume_role, RoleArn=second, RoleSessionName="se",
                                      DurationSeconds=7200)


def test_temporary_credentials_of_a_user(coffer, iam):
    user = new_user(iam, "alice", policy("kms:ListKeys"))
    sts = coffer.client("sts", credentials=user)
    credentials = session_of(sts.get_session_token(DurationSeconds=900))
    kms = coffer.client("kms", credentials=credentials)
    kms.list_keys()
    refused("AccessDeniedException", kms.create_key)
    own_sts = coffer.client("sts", credentials=credentials)
    assert own_sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    refused("AccessDenied", own_sts.get_session_token)
    iam.delete_access_key(UserName="alice", AccessKeyId=user[0])
    iam.delete_user_policy(UserName="alice", PolicyName="policy-0")
    iam.delete_user(UserName="alice")
    refused("UnrecognizedClientException", kms.list_keys)


def test_whose_an_access_key_is(coffer):
    sts = coffer.client("sts")
    other = second_account(coffer, OTHER)
    assert sts.get_access_key_info(AccessKeyId=other[0])["Account"] == OTHER
    refused("ValidationError", sts.get_access_key_info, AccessKeyId="AKIA0000000000000000")


def test_sts_answers_in_every_installed_region_and_in_its_global_one(coffer):
    exports = coffer.environment()
    credentials = (exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])
    for region in ("us-west-2", "us-east-1"):
        assert coffer.client("sts", region, credentials).get_caller_identity()["Account"] == ACCOUNT
    refused("SignatureDoesNotMatch", coffer.client("sts", "eu-north-1", credentials).get_caller_identity)


def test_the_command_line_of_aws(coffer, iam):
    said = json.loads(coffer.execute("aws", "sts", "get-caller-identity", "--output", "json").stdout)
    assert said == {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}
    made = json.loads(coffer.execute("aws", "sts", "get-session-token", "--output", "json").stdout)["Credentials"]
    credentials = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert coffer.client("sts", credentials=credentials).get_caller_identity()["Arn"].endswith(":root")


def test_sessions_survive_a_restart(coffer, iam, assume):
    credentials = assume(new_role(iam, "r", trust({"AWS": ACCOUNT}), policy("kms:ListKeys")))
    coffer.restart()
    coffer.client("kms", credentials=credentials).list_keys()
