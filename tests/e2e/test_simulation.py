# SPDX-License-Identifier: Apache-2.0
"""The policy simulator: does it decide as calls are decided, and say by which statements and keys?"""
import json

import pytest

from harness import refused
from organization import SCP, Organization, document, statement
from principals import new_role, new_user, policy, trust

ACCOUNT, OTHER = "123456789012", "210987654321"
KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture(scope="module")
def shared_iam(shared_coffer):
    return shared_coffer.client("iam")


def simulate(iam, *documents, actions=("kms:Decrypt",), **more):
    return iam.simulate_custom_policy(PolicyInputList=documents, ActionNames=list(actions), **more)["EvaluationResults"]


def entry(name, *values, kind="string"):
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


# The examples of IAM's command line reference, simulate-custom-policy

AFTER_A_DATE = ('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
                '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}')


def test_the_published_example_of_an_allowed_call(shared_iam):
    result, = simulate(shared_iam, AFTER_A_DATE, actions=["dynamodb:CreateBackup"],
                       ContextEntries=[entry("aws:CurrentTime", "2019-04-25T11:00:00Z", kind="date")])
    statement = result["MatchedStatements"][0]
    assert statement["SourcePolicyType"] == "IAM Policy"
    del statement["SourcePolicyType"]
    assert result == {
        "EvalActionName": "dynamodb:CreateBackup", "EvalResourceName": "*", "EvalDecision": "allowed",
        "MatchedStatements": [{"SourcePolicyId": "PolicyInputList.1", "StartPosition": {"Line": 1, "Column": 38},
                               "EndPosition": {"Line": 1, "Column": 167}}], "MissingContextValues": []}


def test_the_published_example_of_a_refused_call(shared_iam):
    result, = simulate(shared_iam, AFTER_A_DATE, actions=["dynamodb:CreateBackup"],
                       ContextEntries=[entry("aws:CurrentTime", "2014-04-25T11:00:00Z", kind="date")])
    assert result == {"EvalActionName": "dynamodb:CreateBackup", "EvalResourceName": "*",
                      "EvalDecision": "implicitDeny", "MatchedStatements": [], "MissingContextValues": []}


# Custom policies

def test_only_the_denying_statement_is_shown(shared_iam):
    result, = simulate(shared_iam, policy("kms:*"), policy("kms:Decrypt", effect="Deny"))
    assert result["EvalDecision"] == "explicitDeny"
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == ["PolicyInputList.2"]


def test_every_action_meets_every_resource_page_by_page(shared_iam):
    arguments = {"PolicyInputList": [policy("kms:Decrypt", KEY)], "ActionNames": ["kms:Decrypt", "kms:Encrypt"],
                 "ResourceArns": [KEY, KEY[:-1] + "c"]}
    results = shared_iam.simulate_custom_policy(**arguments)["EvaluationResults"]
    decided = [(r["EvalActionName"], r["EvalResourceName"][-1], r["EvalDecision"]) for r in results]
    assert decided == [("kms:Decrypt", "b", "allowed"), ("kms:Decrypt", "c", "implicitDeny"),
                       ("kms:Encrypt", "b", "implicitDeny"), ("kms:Encrypt", "c", "implicitDeny")]
    specific, = results[0]["ResourceSpecificResults"]
    assert specific["EvalResourceName"] == KEY and specific["EvalResourceDecision"] == "allowed"
    assert specific["MatchedStatements"] == results[0]["MatchedStatements"]
    assert results[0]["EvalDecisionDetails"] == {}
    pages = shared_iam.get_paginator("simulate_custom_policy").paginate(**arguments, PaginationConfig={"PageSize": 3})
    assert [len(page["EvaluationResults"]) for page in pages] == [3, 1]


def test_keys_that_are_missing_are_named(shared_iam):
    document = policy("kms:*", Condition={"StringEquals": {"kms:ViaService": "ec2.us-west-2.amazonaws.com",
                                                           "aws:PrincipalTag/team": "${aws:username}"}})
    result, = simulate(shared_iam, document, ContextEntries=[entry("aws:principaltag/TEAM", "x")])
    assert result["EvalDecision"] == "implicitDeny"
    assert sorted(result["MissingContextValues"]) == ["aws:username", "kms:ViaService"]
    result, = simulate(shared_iam, document, actions=["ec2:CreateVolume"])
    assert result["MissingContextValues"] == []
    given = [entry("kms:ViaService", "ec2.us-west-2.amazonaws.com"), entry("aws:PrincipalTag/team", "blue"),
             entry("aws:username", "blue")]
    result, = simulate(shared_iam, document, ContextEntries=given)
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_keys_with_several_values(shared_iam):
    document = policy("kms:*", Condition={"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["a", "b"]}})
    both, = simulate(shared_iam, document, ContextEntries=[entry("kms:EncryptionContextKeys", "a", "b", kind="stringList")])
    more, = simulate(shared_iam, document, ContextEntries=[entry("kms:EncryptionContextKeys", "a", "c", kind="stringList")])
    assert (both["EvalDecision"], more["EvalDecision"]) == ("allowed", "implicitDeny")


def test_a_boundary_is_told_apart(shared_iam):
    result, = simulate(shared_iam, policy("kms:*"), PermissionsBoundaryPolicyInputList=[policy("ec2:*")])
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    result, = simulate(shared_iam, policy("kms:*"), PermissionsBoundaryPolicyInputList=[policy("kms:Decrypt")])
    assert result["EvalDecision"] == "allowed"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}


def key_policy(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "all of it", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}]})


def test_a_key_policy_must_allow_by_itself(shared_iam):
    asked = {"ResourceArns": [KEY], "CallerArn": ALICE}
    result, = simulate(shared_iam, policy("kms:*"), ResourcePolicy=key_policy(f"arn:aws:iam::{ACCOUNT}:user/bob"), **asked)
    assert result["EvalDecision"] == "implicitDeny"
    result, = simulate(shared_iam, policy("ec2:*"), ResourcePolicy=key_policy(ALICE), **asked)
    assert result["EvalDecision"] == "allowed"
    assert [(each["SourcePolicyId"], each["SourcePolicyType"]) for each in result["MatchedStatements"]] == [
        ("ResourcePolicy", "Resource Policy")]


def test_another_accounts_resource_needs_both_sides(shared_iam):
    key = KEY.replace(ACCOUNT, OTHER)
    asked = {"ResourceArns": [key], "CallerArn": ALICE}
    result, = simulate(shared_iam, policy("ec2:*"), ResourcePolicy=key_policy(ALICE), **asked)
    assert result["EvalDecision"] == "implicitDeny"
    assert result["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    result, = simulate(shared_iam, policy("kms:*"), ResourcePolicy=key_policy(ALICE), **asked)
    assert result["EvalDecision"] == "allowed"


def test_the_owner_of_a_bucket_is_said_by_the_request(shared_iam):
    bucket = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/*"}]})
    asked = {"actions": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::bucket/x"], "CallerArn": ALICE,
             "ResourcePolicy": bucket}
    own, = simulate(shared_iam, policy("ec2:*"), **asked)
    others, = simulate(shared_iam, policy("ec2:*"), ResourceOwner=f"arn:aws:iam::{OTHER}:root", **asked)
    assert (own["EvalDecision"], others["EvalDecision"]) == ("allowed", "implicitDeny")


@pytest.mark.parametrize("wrong", [
    {"PolicyInputList": ["{}"]}, {"ActionNames": ["nothing"]}, {"ResourceArns": ["not-an-arn"]},
    {"ResourcePolicy": key_policy(ALICE)}, {"CallerArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
    {"ResourceOwner": "somebody"}, {"PermissionsBoundaryPolicyInputList": [policy("a:b"), policy("a:b")]}],
    ids=lambda wrong: next(iter(wrong)))
def test_what_cannot_be_simulated_is_refused(shared_iam, wrong):
    refused("InvalidInput", shared_iam.simulate_custom_policy,
            **{"PolicyInputList": [policy("kms:*")], "ActionNames": ["kms:Decrypt"], **wrong})


# Policies of principals

def test_the_policies_of_a_user_and_its_groups(iam):
    new_user(iam, "alice", policy("kms:Encrypt"))
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="own", PolicyDocument=policy("kms:Decrypt"))
    iam.add_user_to_group(GroupName="staff", UserName="alice")
    managed = iam.create_policy(PolicyName="managed", PolicyDocument=policy("kms:Sign"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="alice", PolicyArn=managed)
    results = iam.simulate_principal_policy(
        PolicySourceArn=ALICE, ActionNames=["kms:Encrypt", "kms:Decrypt", "kms:Sign", "kms:Verify", "kms:ListKeys"],
        PolicyInputList=[policy("kms:ListKeys")])["EvaluationResults"]
    by = {r["EvalActionName"]: [each["SourcePolicyId"] for each in r["MatchedStatements"]] for r in results}
    assert by == {"kms:Encrypt": ["user_alice_policy-0"], "kms:Decrypt": ["group_staff_own"], "kms:Sign": ["managed"],
                  "kms:Verify": [], "kms:ListKeys": ["PolicyInputList.1"]}
    group = iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:group/staff",
                                          ActionNames=["kms:Encrypt", "kms:Decrypt"])["EvaluationResults"]
    assert [r["EvalDecision"] for r in group] == ["implicitDeny", "allowed"]


def test_a_role_with_its_boundary(iam):
    arn = new_role(iam, "app", trust({"Service": "ec2.amazonaws.com"}), policy("kms:*"))
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=policy("kms:Encrypt"))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=boundary)
    first, second = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["kms:Encrypt", "kms:Decrypt"])["EvaluationResults"]
    assert first["EvalDecision"] == "allowed" and first["PermissionsBoundaryDecisionDetail"][
        "AllowedByPermissionsBoundary"]
    assert second["EvalDecision"] == "implicitDeny" and not second["PermissionsBoundaryDecisionDetail"][
        "AllowedByPermissionsBoundary"]
    assert second["MatchedStatements"] == [] and first["MatchedStatements"][0]["SourcePolicyId"] == "role_app_policy-0"


def test_what_an_organization_forbids_is_told_apart(coffer):
    organization = Organization(coffer).enable(SCP)
    account = organization.account()
    organization.attach(account, document(statement("kms:Decrypt")))
    member = organization.of_member(account, "iam")
    new_user(member, "alice", policy("kms:*"))
    first, second = member.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{account}:user/alice",
                                                     ActionNames=["kms:Encrypt", "kms:Decrypt"])["EvaluationResults"]
    assert (first["EvalDecision"], first["OrganizationsDecisionDetail"]) == ("allowed", {"AllowedByOrganizations": True})
    assert (second["EvalDecision"], second["OrganizationsDecisionDetail"]) == (
        "explicitDeny", {"AllowedByOrganizations": False})
    assert second["MatchedStatements"] == []


def test_the_callers_own_keys_are_known(iam):
    new_user(iam, "alice", policy("s3:GetObject", "arn:aws:s3:::home/${aws:username}/*"))
    iam.tag_user(UserName="alice", Tags=[{"Key": "team", "Value": "blue"}])
    iam.put_user_policy(UserName="alice", PolicyName="tagged", PolicyDocument=policy(
        "s3:PutObject", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}))
    results = iam.simulate_principal_policy(PolicySourceArn=ALICE, ActionNames=["s3:GetObject", "s3:PutObject"],
                                            ResourceArns=["arn:aws:s3:::home/alice/x"])["EvaluationResults"]
    assert [r["EvalDecision"] for r in results] == ["allowed", "allowed"]
    assert all(r["MissingContextValues"] == [] for r in results)


def test_the_simulator_agrees_with_the_calls_themselves(coffer, iam):
    documents = [policy("kms:List*"), policy("kms:ListAliases", effect="Deny"), policy(
        "kms:CreateKey", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})]
    kms = coffer.client("kms", credentials=new_user(iam, "alice", *documents))
    calls = {"kms:ListKeys": kms.list_keys, "kms:ListAliases": kms.list_aliases, "kms:CreateKey": kms.create_key}
    results = iam.simulate_principal_policy(
        PolicySourceArn=ALICE, ActionNames=list(calls),
        ContextEntries=[entry("aws:RequestedRegion", "us-west-2")])["EvaluationResults"]
    assert {r["EvalActionName"]: r["EvalDecision"] for r in results} == {
        "kms:ListKeys": "allowed", "kms:ListAliases": "explicitDeny", "kms:CreateKey": "implicitDeny"}
    calls["kms:ListKeys"]()
    for name in ("kms:ListAliases", "kms:CreateKey"):
        refused("AccessDeniedException", calls[name])


def test_who_may_simulate(coffer, iam):
    own = coffer.client("iam", credentials=new_user(iam, "alice", policy("iam:SimulatePrincipalPolicy", ALICE)))
    own.simulate_principal_policy(PolicySourceArn=ALICE, ActionNames=["kms:Decrypt"])
    new_user(iam, "bob")
    bob = ALICE.replace("alice", "bob")
    refused("AccessDenied", own.simulate_principal_policy, PolicySourceArn=bob, ActionNames=["kms:Decrypt"])
    refused("AccessDenied", own.get_context_keys_for_principal_policy, PolicySourceArn=ALICE)
    refused("AccessDenied", own.simulate_custom_policy, PolicyInputList=[policy("a:b")], ActionNames=["kms:Decrypt"])
    refused("NoSuchEntity", iam.simulate_principal_policy, PolicySourceArn=ALICE + "x", ActionNames=["kms:Decrypt"])
    refused("InvalidInput", iam.simulate_principal_policy, PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:root",
            ActionNames=["kms:Decrypt"])


def test_the_keys_that_policies_ask_for(iam):
    document = policy("kms:*", "arn:aws:kms:*:*:key/${kms:KeyId}", Condition={
        "StringEquals": {"kms:ViaService": "a", "aws:PrincipalTag/team": "${aws:username}"}})
    keys = ["kms:KeyId", "kms:ViaService", "aws:PrincipalTag/team", "aws:username"]
    assert sorted(iam.get_context_keys_for_custom_policy(PolicyInputList=[document])["ContextKeyNames"]) == sorted(keys)
    new_user(iam, "alice", document)
    found = iam.get_context_keys_for_principal_policy(PolicySourceArn=ALICE, PolicyInputList=[
        policy("a:b", Condition={"Bool": {"aws:SecureTransport": "true"}})])["ContextKeyNames"]
    assert sorted(found) == sorted(keys + ["aws:SecureTransport"])
