# SPDX-License-Identifier: Apache-2.0
"""What goes from one role's session to the next: source identity and transitive tags. And when a role was last used."""
import json

import pytest

from harness import REGION, Coffer, refused
from principals import new_role, new_user, policy, session_of, trust

ACCOUNT = "123456789012"
ALL = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture
def sts(coffer, iam):
    return coffer.client("sts", credentials=new_user(iam, "alice", policy("sts:*")))


def a_chain(coffer, sts, first, second, *, then=None, **said):
    """Credentials of a session of `first`, got with `said`, and of one of `second` that it asked for."""
    one = session_of(sts.assume_role(RoleArn=first, RoleSessionName="one", **said))
    return one, session_of(coffer.client("sts", credentials=one).assume_role(RoleArn=second, RoleSessionName="two", **then or {}))


def test_a_source_identity_goes_through_the_chain(coffer, iam, sts):
    first = new_role(iam, "first", trust({"AWS": ACCOUNT}, ALL), policy("sts:*"))
    second = new_role(iam, "second", trust({"AWS": ACCOUNT}, ALL), policy("sts:*"), policy("kms:ListKeys", Condition={
        "StringEquals": {"aws:SourceIdentity": "Anaya"}}))
    answer = sts.assume_role(RoleArn=first, RoleSessionName="se", SourceIdentity="Anaya")
    assert answer["SourceIdentity"] == "Anaya"
    one, two = a_chain(coffer, sts, first, second, SourceIdentity="Anaya")
    coffer.client("kms", credentials=two).list_keys()
    record = next(record for record in coffer.trail() if record["eventName"] == "ListKeys")
    assert record["userIdentity"]["sessionContext"]["sourceIdentity"] == "Anaya"
    without = session_of(sts.assume_role(RoleArn=second, RoleSessionName="se"))
    refused("AccessDeniedException", coffer.client("kms", credentials=without).list_keys)
    chained = coffer.client("sts", credentials=one)
    assert "cannot be changed" in refused("AccessDenied", chained.assume_role, RoleArn=second, RoleSessionName="se",
                                          SourceIdentity="Bob")
    chained.assume_role(RoleArn=second, RoleSessionName="se", SourceIdentity="Anaya")


def test_both_sides_must_allow_a_source_identity(coffer, iam, sts):
    silent = new_role(iam, "silent", trust({"AWS": ACCOUNT}), policy("sts:*"))
    asked = {"RoleSessionName": "se", "SourceIdentity": "Anaya"}
    sts.assume_role(RoleArn=silent, RoleSessionName="se")
    assert "no role trust policy allows the sts:SetSourceIdentity action" in refused(
        "AccessDenied", sts.assume_role, RoleArn=silent, **asked)
    open_role = new_role(iam, "open", trust({"AWS": ACCOUNT}, ALL), policy("sts:*"))
    bob = coffer.client("sts", credentials=new_user(iam, "bob", policy("sts:AssumeRole")))
    assert "sts:SetSourceIdentity" in refused("AccessDenied", bob.assume_role, RoleArn=open_role, **asked)
    # Whoever brings one needs the permission further on too.
    one = coffer.client("sts", credentials=session_of(sts.assume_role(RoleArn=open_role, **asked)))
    refused("AccessDenied", one.assume_role, RoleArn=silent, RoleSessionName="se")


def test_a_trust_policy_asks_for_a_source_identity(iam, sts):
    role = new_role(iam, "named", trust({"AWS": ACCOUNT}, ALL, StringLike={"sts:SourceIdentity": "A*"}))
    assume = {"RoleArn": role, "RoleSessionName": "se"}
    sts.assume_role(**assume, SourceIdentity="Anaya")
    refused("AccessDenied", sts.assume_role, **assume, SourceIdentity="Bob")
    refused("AccessDenied", sts.assume_role, **assume)


def test_transitive_tags_go_through_the_chain(coffer, iam, sts):
    first = new_role(iam, "first", trust({"AWS": ACCOUNT}, ALL), policy("sts:*"))
    second = new_role(iam, "second", trust({"AWS": ACCOUNT}, ALL), policy("sts:*"), *(
        policy(action, Condition={"StringEquals": {f"aws:PrincipalTag/{name}": value}})
        for action, name, value in (("kms:ListKeys", "team", "blue"), ("kms:ListAliases", "cost", "1"))))
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": "1"}]
    one, two = a_chain(coffer, sts, first, second, Tags=tags, TransitiveTagKeys=["team"])
    kms = coffer.client("kms", credentials=two)
    kms.list_keys()
    refused("AccessDeniedException", kms.list_aliases)
    chained = coffer.client("sts", credentials=one)
    assert "conflicts with a transitive tag key" in refused(
        "ValidationError", chained.assume_role, RoleArn=second, RoleSessionName="se", Tags=[{"Key": "TEAM", "Value": "red"}])
    assert "must be included in the requested tags" in refused(
        "ValidationError", sts.assume_role, RoleArn=first, RoleSessionName="se", TransitiveTagKeys=["team"])
    # And on, to the next session but one.
    three = session_of(coffer.client("sts", credentials=two).assume_role(RoleArn=second, RoleSessionName="se"))
    coffer.client("kms", credentials=three).list_keys()
    untaggable = new_role(iam, "untaggable", trust({"AWS": ACCOUNT}))
    assert "sts:TagSession" in refused("AccessDenied", chained.assume_role, RoleArn=untaggable, RoleSessionName="se")


def test_a_trust_policy_knows_which_tags_are_transitive(iam, sts):
    role = new_role(iam, "r", trust({"AWS": ACCOUNT}, ALL, **{"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["team"]}}))
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": "1"}]
    sts.assume_role(RoleArn=role, RoleSessionName="se", Tags=tags, TransitiveTagKeys=["team"])
    refused("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="se", Tags=tags, TransitiveTagKeys=["team", "cost"])


def test_when_a_role_was_last_used(tmp_path):
    with Coffer(tmp_path / "data", "--development") as coffer:
        iam = coffer.client("iam")
        sts = coffer.client("sts", credentials=new_user(iam, "alice", policy("sts:*")))
        role = new_role(iam, "web", trust({"AWS": ACCOUNT}), policy("kms:ListKeys"))
        credentials = session_of(sts.assume_role(RoleArn=role, RoleSessionName="se"))
        assert iam.get_role(RoleName="web")["Role"]["RoleLastUsed"] == {}
        coffer.client("kms", credentials=credentials).list_keys()
        used = iam.get_role(RoleName="web")["Role"]["RoleLastUsed"]
        assert used["Region"] == REGION and used["LastUsedDate"]
        details, = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
        assert details["RoleLastUsed"] == used
        assert "RoleLastUsed" not in iam.list_roles()["Roles"][0]
        coffer.json("clock", "advance", "401d")
        assert iam.get_role(RoleName="web")["Role"]["RoleLastUsed"] == {}


def test_another_role_of_the_name_was_not_used(coffer, iam, sts):
    for _ in range(2):
        role = new_role(iam, "web", trust({"AWS": ACCOUNT}))
        assert iam.get_role(RoleName="web")["Role"]["RoleLastUsed"] == {}
        used = coffer.client("sts", credentials=session_of(sts.assume_role(RoleArn=role, RoleSessionName="se")))
        assert json.dumps(used.get_caller_identity()["Arn"])
        assert iam.get_role(RoleName="web")["Role"]["RoleLastUsed"] != {}
        iam.delete_role(RoleName="web")
