# SPDX-License-Identifier: Apache-2.0
"""Do `coffer explain` and ExplainAccess say what then happens, and why?"""
import json

import pytest
from botocore.exceptions import ClientError

from principals import new_role, new_user, policy, trust

VIA_EC2 = "ec2.us-west-2.amazonaws.com"


def statement(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **members}]})


@pytest.fixture
def account(coffer):
    return coffer.client("sts").get_caller_identity()["Account"]


@pytest.fixture
def user(coffer, account):
    """Makes a user with a policy: (its ARN, a kms client of its own)."""
    def make(name, policy=None):
        iam = coffer.client("iam")
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return arn, coffer.client("kms", credentials=(key["AccessKeyId"], key["SecretAccessKey"]))
    return make


@pytest.fixture
def key(coffer):
    return coffer.client("kms").create_key()["KeyMetadata"]["Arn"]


def explain(coffer, principal, action, resource, *context):
    pairs = [word for pair in context for word in ("--context", pair)]
    return coffer.json("explain", "--principal", principal, "--action", action, "--resource", resource, *pairs)


def test_a_refusal_is_explained_by_the_phrase_that_the_call_gets(coffer, user, key):
    arn, kms = user("alice", statement(Action="kms:Encrypt"))
    with pytest.raises(ClientError) as refused:
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    told = explain(coffer, arn, "kms:GenerateDataKey", key)
    assert not told["allowed"]
    assert told["reason"] in refused.value.response["Error"]["Message"]
    assert told["questions"][0]["needed"] == [
        {"what": f"an identity-based policy of {arn} that allows kms:GenerateDataKey on {key}", "any_of": []}]


def test_what_is_allowed_is_done(coffer, user, key):
    arn, kms = user("alice", statement(Action="kms:Encrypt"))
    assert explain(coffer, arn, "kms:Encrypt", key)["allowed"]
    kms.encrypt(KeyId=key, Plaintext=b"x")


def test_a_condition_that_fails_is_shown_with_its_actual_value(coffer, user, key):
    arn, _ = user("alice", statement(Action="kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": VIA_EC2}}))
    told = explain(coffer, arn, "kms:Decrypt", key, "kms:ViaService=s3.us-west-2.amazonaws.com")
    conditions = told["questions"][0]["policies"][-1]["statements"][0]["conditions"]
    assert not told["allowed"]
    assert conditions == [{"operator": "StringEquals", "key": "kms:ViaService", "wanted": [VIA_EC2], "present": True,
                           "actual": ["s3.us-west-2.amazonaws.com"], "holds": False}]
    assert explain(coffer, arn, "kms:Decrypt", key, f"kms:ViaService={VIA_EC2}")["allowed"]


def test_an_encryption_context_decides_also_for_grants(coffer, user, key):
    arn, kms = user("carol")
    coffer.client("kms").create_grant(KeyId=key, GranteePrincipal=arn, Operations=["Decrypt"],
                                      Constraints={"EncryptionContextSubset": {"team": "a"}})
    assert not explain(coffer, arn, "kms:Decrypt", key)["allowed"]
    told = explain(coffer, arn, "kms:Decrypt", key, "kms:EncryptionContext:team=a")
    assert told["allowed"] and "grant" in told["reason"]
    blob = coffer.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "a"})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"team": "a"})["Plaintext"] == b"x"


def test_the_tree_is_drawn(coffer, user, key):
    arn, _ = user("alice", statement(Action="kms:Decrypt", Sid="Ec2", Condition={"StringEquals": {"kms:ViaService": VIA_EC2}}))
    shown = coffer.command("explain", "--principal", arn, "--action", "kms:Decrypt", "--resource", key).stdout
    assert f"{arn}\nmay NOT do kms:Decrypt on {key}\nbecause no identity-based policy allows the kms:Decrypt action\n" in shown
    assert '└─ identity-based policy: user/alice/own\n   └─ statement 1 "Ec2", Allow: does not apply (a condition does not hold)' in shown
    assert f"      └─ StringEquals kms:ViaService {VIA_EC2}: does not hold, it is absent\n" in shown
    assert "What would be needed:\n" in shown


def test_an_alias_is_explained_as_its_key(coffer, user, key, account):
    arn, _ = user("alice", statement(Action="kms:Decrypt", Condition={"StringEquals": {"kms:RequestAlias": "alias/a"}}))
    coffer.client("kms").create_alias(AliasName="alias/a", TargetKeyId=key)
    told = explain(coffer, arn, "kms:Decrypt", f"arn:aws:kms:us-west-2:{account}:alias/a")
    assert (told["allowed"], told["resource"]) == (True, key)
    assert not explain(coffer, arn, "kms:Decrypt", key)["allowed"]


def test_a_role_is_explained_by_its_trust_policy(coffer, user, account):
    arn, _ = user("bob")
    trust = json.loads(statement(Action="sts:AssumeRole", Principal={"AWS": arn},
                                 Condition={"StringEquals": {"sts:ExternalId": "secret"}}))
    del trust["Statement"][0]["Resource"]
    role = coffer.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    told = explain(coffer, arn, "sts:AssumeRole", role)
    assert told["reason"] == "because no role trust policy allows the sts:AssumeRole action"
    assert explain(coffer, arn, "sts:AssumeRole", role, "sts:ExternalId=secret")["allowed"]
    assert not explain(coffer, f"arn:aws:iam::{account}:root", "sts:AssumeRole", role)["allowed"]


@pytest.mark.parametrize("principal, action, resource, code", [
    ("alice", "kms:ListKeys", "*", "ValidationError"),
    ("arn:aws:iam::123456789012:group/g", "kms:Decrypt", "*", "ValidationError"),
    ("arn:aws:iam::123456789012:user/nobody", "kms:ListKeys", "*", "NoSuchEntity"),
    ("arn:aws:iam::999999999999:root", "kms:Decrypt", "*", "NoSuchEntity"),
    ("arn:aws:iam::123456789012:root", "Decrypt", "*", "ValidationError"),
    ("arn:aws:iam::123456789012:root", "kms:*", "*", "ValidationError"),
    ("arn:aws:iam::123456789012:root", "kms:Decrypt", "my-key", "ValidationError"),
    ("arn:aws:iam::123456789012:root", "kms:Decrypt", "arn:aws:kms:us-west-2:123456789012:key/0", "NoSuchEntity"),
])
def test_wrong_questions_are_refused_clearly(coffer, account, principal, action, resource, code):
    answer = coffer.command("explain", "--principal", principal.replace("123456789012", account), "--action", action,
                            "--resource", resource.replace("123456789012", account), check=False)
    assert (answer.returncode, answer.stdout) == (2 if code == "ValidationError" else 4, "")
    assert code in answer.stderr


def test_explain_access_by_the_api(coffer, user, key):
    arn, _ = user("alice", statement(Action="kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": VIA_EC2}}))
    iam = coffer.extended_client("iam")
    told = iam.explain_access(PolicySourceArn=arn, ActionName="kms:Decrypt", ResourceArn=key)
    assert not told["Allowed"] and told["Reason"] == "because no identity-based policy allows the kms:Decrypt action"
    told = iam.explain_access(PolicySourceArn=arn, ActionName="kms:Decrypt", ResourceArn=key, ContextEntries=[
        {"ContextKeyName": "kms:ViaService", "ContextKeyValues": [VIA_EC2], "ContextKeyType": "string"}])
    assert told["Allowed"] and json.loads(told["Explanation"])["allowed"]


def test_explain_access_tells_nothing_of_other_accounts(coffer, user, account):
    with pytest.raises(ClientError) as refused:
        coffer.extended_client("iam").explain_access(PolicySourceArn=f"arn:aws:iam::{account}:root", ActionName="kms:Decrypt",
                                            ResourceArn="arn:aws:kms:us-west-2:111111111111:key/0")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_a_session_is_explained_to_whom_its_role_may_be(coffer, account):
    iam = coffer.client("iam")
    role = new_role(iam, "hidden", trust({"AWS": account}), Path="/some/")
    session = f"arn:aws:sts::{account}:assumed-role/hidden/se"

    def explain_to(called, *documents):
        asker = coffer.extended_client("iam", credentials=new_user(iam, called, *documents))
        return asker.explain_access(PolicySourceArn=session, ActionName="kms:ListKeys", ResourceArn="*")

    assert not explain_to("of-role", policy("iam:ExplainAccess", role))["Allowed"]
    for called, document in (("of-session", policy("iam:ExplainAccess", session)), ("of-none", policy("iam:GetUser"))):
        with pytest.raises(ClientError) as refused:
            explain_to(called, document)
        assert f"iam:ExplainAccess on resource: {role} because" in refused.value.response["Error"]["Message"]


# What a terminal would take for orders: clear the line, go up, begin a line.
FORGED = "x\x1b[2K\x1b[1A\r\nMAY do kms:Decrypt\u009b2K\x7f"


@pytest.mark.parametrize("words", [["explain", "--principal", "{user}"], ["who-can"]], ids=lambda words: words[0])
def test_no_text_of_a_policy_steers_the_terminal(coffer, user, key, words):
    condition = {"StringEquals": {"kms:EncryptionContext:team": FORGED}}
    arn, _ = user("mallory", statement(Action="kms:Decrypt", Condition=condition))
    asked = [word.format(user=arn) for word in words]
    shown = coffer.command(*asked, "--action", "kms:Decrypt", "--resource", key).stdout
    assert "x\\u001b[2K\\u001b[1A\\u000d\\u000aMAY do kms:Decrypt\\u009b2K\\u007f" in shown
    assert not [c for c in shown if (ord(c) < 0x20 or 0x7f <= ord(c) <= 0x9f) and c != "\n"]
    assert not [line for line in shown.splitlines() if line.startswith("MAY do")]
    written = coffer.command(*asked, "--action", "kms:Decrypt", "--resource", key, "--json").stdout
    assert "\x1b" not in written and "\u009b" not in written and "MAY do kms:Decrypt" in written
