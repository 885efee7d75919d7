# SPDX-License-Identifier: Apache-2.0
"""When a stored policy cannot be read: is that said to be the installation's fault, and is there a way out?"""
import json
import sqlite3

from harness import refused
from organization import Organization, document, statement
from principals import new_role, new_user, policy, trust

ACCOUNT = "123456789012"
# What is no principal today: a part of an ARN.
UNREADABLE = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:user"}, "Action": "*", "Resource": "*"}]})
INVALID = 'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user"'


def store(coffer, statement, *values):
    coffer.stop()
    with sqlite3.connect(coffer.data / "apid" / "catalog.db") as catalog:
        assert catalog.execute(statement, values).rowcount == 1
    catalog.close()
    coffer.start()


def test_the_owner_mends_a_key_whose_stored_policy_cannot_be_read(coffer):
    key = coffer.client("kms").create_key()["KeyMetadata"]["Arn"]
    blob = coffer.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    default = coffer.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    store(coffer, "UPDATE keys SET policy = ? WHERE id = ?", UNREADABLE, key.split("/")[1])
    kms = coffer.client("kms", retries=1)
    said = f"the stored policy of {key}: Statement 1: {INVALID} (coffer kms reset-policy {key} gives it the default one)"
    for call, parameters in ((kms.decrypt, {"CiphertextBlob": blob}), (kms.describe_key, {"KeyId": key}),
                             (kms.put_key_policy, {"KeyId": key, "PolicyName": "default", "Policy": default})):
        assert "principal" not in refused("KMSInternalException", call, **parameters)
    assert said in coffer.log()
    why = coffer.command("explain", "--principal", f"arn:aws:iam::{ACCOUNT}:root", "--action", "kms:Decrypt", "--resource", key, check=False)
    assert why.returncode == 1 and said in why.stderr
    assert "default" in coffer.command("kms", "reset-policy", key).stdout
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert [r for r in coffer.trail() if r["eventName"] == "ResetKeyPolicy"][0]["requestParameters"]["replacedPolicy"] == UNREADABLE


def test_a_stored_trust_policy_that_cannot_be_read_is_no_fault_of_the_callers(coffer):
    iam = coffer.client("iam")
    new_role(iam, "broken", trust({"AWS": ACCOUNT}), policy("kms:*"))
    user = new_user(iam, "assumer", policy("sts:*"))
    unreadable = trust({"AWS": "arn:aws:iam::123456789012:user"})
    store(coffer, "UPDATE iam_entities SET trust_policy = ? WHERE name = 'broken'", unreadable)
    arn = f"arn:aws:iam::{ACCOUNT}:role/broken"
    sts = coffer.client("sts", credentials=user, retries=1)
    assert "principal" not in refused("InternalFailure", sts.assume_role, RoleArn=arn, RoleSessionName="se")
    assert f"the stored trust policy of {arn}: Statement 1: {INVALID}" in coffer.log()
    iam = coffer.client("iam")
    iam.update_assume_role_policy(RoleName="broken", PolicyDocument=trust({"AWS": ACCOUNT}))
    assert coffer.client("sts", credentials=user).assume_role(RoleArn=arn, RoleSessionName="se")["Credentials"]


def test_a_stored_resource_policy_of_an_organization_that_cannot_be_read_is_no_fault_of_the_callers(coffer):
    organization = Organization(coffer)
    account = organization.account()
    organization.client.put_resource_policy(Content=document(statement(
        "organizations:ListRoots", "Allow", Principal={"AWS": f"arn:aws:iam::{account}:root"})))
    session = organization.session(account)
    assert coffer.client("organizations", credentials=session).list_roots()["Roots"]
    store(coffer, "UPDATE organization_resource_policies SET content = ?", UNREADABLE)
    member = coffer.client("organizations", credentials=session, retries=1)
    assert "principal" not in refused("ServiceException", member.list_roots)
    assert "the stored resource policy rp-" in coffer.log() and INVALID in coffer.log()
