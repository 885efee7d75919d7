# SPDX-License-Identifier: Apache-2.0
"""Does `coffer who-can` list everybody who may do it, everybody who could, and nobody else?"""
import json

import pytest
from botocore.exceptions import ClientError

from organization import SCP, Organization, document
from organization import statement as control
from principals import new_role, new_user, policy, second_account, trust

VIA_EC2 = "ec2.us-west-2.amazonaws.com"
PROVIDER = "accounts.google.com"


@pytest.fixture
def account(coffer):
    return coffer.client("sts").get_caller_identity()["Account"]


@pytest.fixture
def user(coffer, account):
    """Makes a user with these policies: (its ARN, a kms client of its own)."""
    def make(name, *documents):
        credentials = new_user(coffer.client("iam"), name, *documents)
        return f"arn:aws:iam::{account}:user/{name}", coffer.client("kms", credentials=credentials)
    return make


@pytest.fixture
def key(coffer):
    return coffer.client("kms").create_key()["KeyMetadata"]["Arn"]


def key_with(coffer, account, *statements):
    """A key whose policy lets its account in, and says this besides."""
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [own, *statements]})
    return coffer.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]


def lets(principal, action="kms:Decrypt", **condition):
    made = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    return {**made, "Condition": condition} if condition else made


def asked(action, resource, context=()):
    words = [word for pair in context for word in ("--context", pair)]
    return ["who-can", "--action", action, *(["--resource", resource] if resource else []), *words]


def who_can(coffer, action, resource, *context):
    return {each["principal"]: each for each in coffer.json(*asked(action, resource, context))["principals"]}


def verdicts(found):
    return {name: each["allowed"] for name, each in found.items()}


def root(account):
    return f"arn:aws:iam::{account}:root"


def test_everybody_is_listed_with_the_path(coffer, user, key, account):
    bob, _ = user("bob", policy("kms:*"))
    carol, _ = user("carol")
    alice, _ = user("alice", policy("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": VIA_EC2}}))
    user("nobody")
    grant = coffer.client("kms").create_grant(KeyId=key, GranteePrincipal=carol, Operations=["Decrypt"])["GrantId"]
    found = who_can(coffer, "kms:Decrypt", key)
    assert verdicts(found) == {root(account): True, bob: True, carol: True, alice: False}
    assert any("user/bob/policy-0, statement 1" in line for line in found[bob]["because"])
    assert any(grant in line for line in found[carol]["because"])
    assert who_can(coffer, "kms:Decrypt", key, f"kms:ViaService={VIA_EC2}")[alice]["allowed"]


def test_it_agrees_with_what_then_happens(coffer, user, key):
    blob = coffer.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    users = [user(name, *documents) for name, documents in {
        "a": [policy("kms:Decrypt")], "b": [policy("kms:Encrypt")], "c": [policy("*")],
        "d": [policy("kms:Decrypt", "arn:aws:kms:us-west-2:*:key/0")], "e": []}.items()]
    can = {arn for arn, each in who_can(coffer, "kms:Decrypt", key).items() if each["allowed"]}
    for arn, kms in users:
        try:
            kms.decrypt(CiphertextBlob=blob)
            opened = True
        except ClientError:
            opened = False
        assert opened == (arn in can), arn


def test_who_is_stopped_only_by_a_conditional_deny_could(coffer, user, key):
    allow = policy("kms:*")
    dave, kms = user("dave", allow, policy("kms:*", effect="Deny",
                                           Condition={"StringNotEquals": {"kms:EncryptionContext:team": "a"}}))
    erin, _ = user("erin", allow, policy("kms:Decrypt", effect="Deny"))
    frank, _ = user("frank", allow, policy("kms:*", effect="Deny", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/frank"}}))
    found = who_can(coffer, "kms:Encrypt", key)
    assert not found[dave]["allowed"] and frank not in found and found[erin]["allowed"]
    assert found[dave]["because"] == [
        "statement 1 of user/dave/policy-1 would not, if kms:EncryptionContext:team were a (it is absent)"]
    assert who_can(coffer, "kms:Encrypt", key, "kms:EncryptionContext:team=a")[dave]["allowed"]
    kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "a"})
    assert erin not in who_can(coffer, "kms:Decrypt", key)


def test_a_conditional_statement_of_a_key_policy_counts_beside_that_for_the_account(coffer, user, account):
    grace, _ = user("grace")
    key = key_with(coffer, account, lets({"AWS": grace}, StringEquals={"kms:ViaService": VIA_EC2}))
    found = who_can(coffer, "kms:Decrypt", key)
    assert verdicts(found) == {root(account): True, grace: False}
    assert any(f"kms:ViaService met StringEquals {VIA_EC2}" in line for line in found[grace]["because"])


def test_a_grant_whose_constraint_is_not_met_is_told(coffer, user, key, account):
    heidi, kms = user("heidi")
    coffer.client("kms").create_grant(KeyId=key, GranteePrincipal=heidi, Operations=["Encrypt"],
                                      Constraints={"EncryptionContextSubset": {"team": "a"}})
    found = who_can(coffer, "kms:Encrypt", key)
    assert verdicts(found) == {root(account): True, heidi: False}
    assert ", if the encryption context contained team=a" in found[heidi]["because"][0]
    assert who_can(coffer, "kms:Encrypt", key, "kms:EncryptionContext:team=a")[heidi]["allowed"]
    kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "a"})
    assert heidi not in who_can(coffer, "kms:Decrypt", key)


def test_explain_tells_of_such_a_grant_too(coffer, user, key):
    mallory, _ = user("mallory")
    made = coffer.client("kms").create_grant(KeyId=key, GranteePrincipal=mallory, Operations=["Encrypt"],
                                             Constraints={"EncryptionContextEquals": {"team": "a"}})
    told = coffer.json("explain", "--principal", mallory, "--action", "kms:Encrypt", "--resource", key)
    assert not told["allowed"]
    assert told["instead"] == ["a grant of Encrypt on the key",
                               f"the grant {made['GrantId']}, if the encryption context were exactly team=a"]


def test_everybody_other_accounts_and_services_are_told(coffer, account):
    key = key_with(coffer, account, lets({"AWS": "*"}, "kms:DescribeKey"), lets({"AWS": "999999999999"}),
                   lets({"Service": "logs.amazonaws.com"}),
                   lets({"Service": "s3.amazonaws.com"}, StringEquals={"aws:SourceAccount": account}))
    found = who_can(coffer, "kms:Decrypt", key)
    assert {name: (each["kind"], each["allowed"]) for name, each in found.items()} == {
        root(account): ("principal", True), "999999999999": ("account", True), "logs.amazonaws.com": ("service", True),
        "s3.amazonaws.com": ("service", False)}
    assert who_can(coffer, "kms:DescribeKey", key)["*"]["kind"] == "everybody"
    shown = coffer.command(*asked("kms:Decrypt", key)).stdout
    assert "account 999999999999, which is not here, and whom it lets" in shown
    assert "the service logs.amazonaws.com" in shown.split("Who could")[0]


def test_a_condition_on_the_caller_keeps_others_out(coffer, account):
    key = key_with(coffer, account, lets({"AWS": "*"}, StringEquals={"kms:CallerAccount": account}))
    assert verdicts(who_can(coffer, "kms:Decrypt", key)) == {root(account): True}


def test_who_may_assume_a_role(coffer, user, account):
    iam = coffer.client("iam")
    ivan, _ = user("ivan", policy("sts:AssumeRole"))
    documents = trust({"AWS": account, "Service": "ec2.amazonaws.com"})
    of_service = new_role(iam, "of-service", documents)
    assert {name: each["kind"] for name, each in who_can(coffer, "sts:AssumeRole", of_service).items()} == {
        ivan: "principal", "ec2.amazonaws.com": "service"}
    of_web = new_role(iam, "of-web", trust({"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity",
                                           StringEquals={f"{PROVIDER}:aud": "app"}))
    found = who_can(coffer, "sts:AssumeRole", of_web)
    assert {name: (each["kind"], each["action"], each["allowed"]) for name, each in found.items()} == {
        PROVIDER: ("provider", "sts:AssumeRoleWithWebIdentity", False)}
    shown = coffer.command(*asked("sts:AssumeRole", of_web, [f"{PROVIDER}:aud=app"])).stdout
    assert f"whom {PROVIDER} vouches for, by sts:AssumeRoleWithWebIdentity" in shown.split("Who could")[0]


def test_a_session_that_a_key_policy_names(coffer, account):
    role = new_role(coffer.client("iam"), "worker", trust({"AWS": account}))
    session = f"arn:aws:sts::{account}:assumed-role/worker/nightly"
    key = key_with(coffer, account, lets({"AWS": session}))
    assert verdicts(who_can(coffer, "kms:Decrypt", key)) == {root(account): True, session: True}
    assert role not in who_can(coffer, "kms:Decrypt", key)


def test_a_control_policy_is_told_by_name_and_place(coffer):
    organization = Organization(coffer).enable(SCP)
    unit = organization.unit("Production")
    member = organization.account(unit)
    key = organization.of_member(member, "kms").create_key()["KeyMetadata"]["Arn"]
    denies = document(control("kms:Decrypt", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    made = organization.client.create_policy(Name="NoDecrypt", Description="", Type=SCP, Content=denies)
    policy_id = made["Policy"]["PolicySummary"]["Id"]
    organization.client.attach_policy(PolicyId=policy_id, TargetId=unit)
    told = coffer.json("explain", "--principal", root(member), "--action", "kms:Decrypt", "--resource", key,
                       "--context", "aws:SecureTransport=true")
    denying = f'statement 1 of {policy_id} "NoDecrypt" on {unit} "Production"'
    assert told["questions"][0]["needed"] == [{
        "what": f"{denying} must not deny it",
        "any_of": [f"{denying} would not, if aws:SecureTransport were false (it is true)"]}]


def test_a_question_is_recorded(coffer, key, account):
    who_can(coffer, "kms:Decrypt", key)
    coffer.json("explain", "--principal", root(account), "--action", "kms:Decrypt", "--resource", key)
    records = {each["eventName"]: each for each in coffer.json("trail")["records"]}
    for name in ("ListPrincipalsWithAccess", "ExplainAccess"):
        assert records[name]["requestParameters"]["resource"] == key


def test_what_an_account_without_an_organization_does_not_see(coffer):
    second_account(coffer)
    organization = Organization(coffer)
    resource = coffer.client("organizations").list_roots()["Roots"][0]["Arn"]
    manager = coffer.client("sts").get_caller_identity()["Account"]
    found = who_can(coffer, "organizations:ListChildren", resource)
    assert root(manager) in found and root("210987654321") not in found
    told = coffer.command(*asked("organizations:ListChildren", resource.replace(organization.root, "r-none")), check=False)
    assert told.returncode == 4 and "NoSuchEntity" in told.stderr


def test_an_action_without_a_resource(coffer, user, account):
    judy, _ = user("judy", policy("kms:CreateKey"))
    user("ken")
    assert verdicts(who_can(coffer, "kms:CreateKey", None)) == {root(account): True, judy: True}
