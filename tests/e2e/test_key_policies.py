# SPDX-License-Identifier: Apache-2.0
"""Who may use a KMS key: do its policy and its grants decide, within an account and between two?"""
import json

import pytest

from harness import refused

OWNER, OTHER = "123456789012", "210987654321"
ROOT, OTHER_ROOT = (f"arn:aws:iam::{account}:root" for account in (OWNER, OTHER))

DEVICES = iter(f"/dev/sd{letter}" for letter in "fghij")


@pytest.fixture(scope="module")
def other_kms(shared_coffer):
    made = shared_coffer.json("account", "create", "--id", OTHER)
    return shared_coffer.client("kms", credentials=(made["access_key_id"], made["secret_access_key"]))


def statement(principal, action, effect="Allow", **more):
    return {"Effect": effect, "Principal": principal if principal == "*" else {"AWS": principal}, "Action": action,
            "Resource": "*", **more}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement(ROOT, "kms:*"), *statements]})


def key_with(kms, *statements):
    return kms.create_key(Policy=policy(*statements))["KeyMetadata"]["Arn"]


def test_a_key_policy_denies_also_the_accounts_root(kms):
    key = key_with(kms, statement("*", "kms:Encrypt", "Deny"))
    message = refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x")
    assert message == (f"User: {ROOT} is not authorized to perform: kms:Encrypt on resource: {key} "
                       "with an explicit deny in a resource-based policy")
    assert kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]


def test_what_a_key_policy_does_not_allow_is_refused_to_root_too(kms):
    only = json.dumps({"Version": "2012-10-17", "Statement": [
        statement(ROOT, ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:Encrypt"])]})
    key = kms.create_key(Policy=only)["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    message = refused("AccessDeniedException", kms.decrypt, CiphertextBlob=blob, KeyId=key)
    assert message.endswith("because no resource-based policy allows the kms:Decrypt action")


def test_a_condition_on_the_encryption_context_counts(kms):
    key = key_with(kms, statement("*", "kms:Encrypt", "Deny",
                                    Condition={"StringNotEquals": {"kms:EncryptionContext:team": "storage"}}))
    assert kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "storage"})["CiphertextBlob"]
    refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext={"team": "sales"})
    refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x")


def test_a_condition_on_the_service_between_counts(shared_coffer, kms):
    key = key_with(kms, statement("*", ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"], "Deny", Condition={
        "StringNotEquals": {"kms:ViaService": "ec2.us-west-2.amazonaws.com"}}))
    refused("AccessDeniedException", kms.generate_data_key_without_plaintext, KeyId=key, KeySpec="AES_256")
    volume = shared_coffer.create_volume(Encrypted=True, KmsKeyId=key)
    assert shared_coffer.attach(volume, next(DEVICES))


def test_ec2_is_refused_what_the_key_policy_denies_it(shared_coffer, kms):
    key = key_with(kms, statement("*", "kms:GenerateDataKeyWithoutPlaintext", "Deny"))
    volume = shared_coffer.client("ec2").create_volume(AvailabilityZone="us-west-2a", Size=1, Encrypted=True,
                                                       KmsKeyId=key)["VolumeId"]
    why = shared_coffer.command("volume", "why", volume).stdout
    assert "explicit deny in a resource-based policy" in why


def test_the_alias_in_the_request_is_a_condition_key(kms):
    key = key_with(kms, statement("*", "kms:Encrypt", "Deny",
                                    Condition={"StringNotLike": {"kms:RequestAlias": "alias/allowed*"}}))
    alias = f"alias/allowed-{key[-12:]}"
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    assert kms.encrypt(KeyId=alias, Plaintext=b"x")["CiphertextBlob"]
    refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x")


def test_another_account_uses_a_key_that_allows_it(kms, other_kms):
    key = key_with(kms, statement(OTHER_ROOT, ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]))
    blob = other_kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert other_kms.decrypt(CiphertextBlob=blob, KeyId=key)["Plaintext"] == b"x"
    assert other_kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert other_kms.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == OWNER
    refused("AccessDeniedException", other_kms.generate_data_key, KeyId=key, KeySpec="AES_256")


def test_a_foreign_key_is_not_told_from_one_that_is_not_there(kms, other_kms):
    key = key_with(kms)
    missing = key[:-12] + "0" * 12
    words = [refused("AccessDeniedException", other_kms.encrypt, KeyId=name, Plaintext=b"x").replace(name, "KEY")
             for name in (key, missing)]
    words += [refused("AccessDeniedException", other_kms.create_grant, KeyId=name, GranteePrincipal=ROOT,
                      Operations=["Sign"]).replace(name, "KEY").replace("CreateGrant", "Encrypt") for name in (key, missing)]
    words += [refused("AccessDeniedException", other_kms.encrypt, KeyId=name, Plaintext=b"x",
                      GrantTokens=["banana"]).replace(name, "KEY") for name in (key, missing)]
    assert len(set(words)) == 1 and "the resource does not exist in this Region" in words[0]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    message = refused("AccessDeniedException", other_kms.decrypt, CiphertextBlob=blob)
    assert "does not exist, does not exist in this" in message


def test_a_policy_that_locks_its_author_out_is_refused(kms):
    lockout = json.dumps({"Version": "2012-10-17", "Statement": [statement(ROOT, "kms:Encrypt")]})
    message = refused("MalformedPolicyDocumentException", kms.create_key, Policy=lockout)
    assert message == "The new key policy will not allow you to update the key policy in the future."
    assert kms.create_key(Policy=lockout, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]


def test_the_owner_of_the_installation_opens_a_key_that_locks_everybody_out(shared_coffer, kms):
    locked = json.dumps({"Version": "2012-10-17", "Statement": [statement("*", "kms:*", "Deny")]})
    key = kms.create_key(Policy=locked, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]
    refused("AccessDeniedException", kms.describe_key, KeyId=key)
    assert "default" in shared_coffer.command("kms", "reset-policy", key).stdout
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    record = [r for r in shared_coffer.trail() if r["eventName"] == "ResetKeyPolicy"][-1]
    assert record["userIdentity"]["type"] == "UnixUser"
    assert record["requestParameters"] == {"keyArn": key, "replacedPolicy": locked}
    assert shared_coffer.command("kms", "reset-policy", key[:-12] + "0" * 12, check=False).returncode != 0
    assert shared_coffer.command("kms", "reset-policy", "banana", check=False).returncode != 0


def test_policies_ask_about_tags_and_the_lockout_check_in_a_request(kms):
    key = key_with(kms, statement("*", "kms:TagResource", "Deny", Condition={
        "ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}}), statement("*", "kms:TagResource", "Deny", Condition={
            "StringEquals": {"aws:RequestTag/team": "sales"}}), statement("*", "kms:PutKeyPolicy", "Deny", Condition={
                "Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}))
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "storage"}])
    refused("AccessDeniedException", kms.tag_resource, KeyId=key, Tags=[{"TagKey": "team", "TagValue": "sales"}])
    refused("AccessDeniedException", kms.tag_resource, KeyId=key, Tags=[{"TagKey": "owner", "TagValue": "me"}])
    put = {"KeyId": key, "PolicyName": "default", "Policy": kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]}
    refused("AccessDeniedException", kms.put_key_policy, BypassPolicyLockoutSafetyCheck=True, **put)
    kms.put_key_policy(**put)


def test_names_of_a_context_that_differ_in_case_alone_hide_nothing(kms):
    key = key_with(kms, statement("*", "kms:Encrypt", "Deny", Condition={
        "StringEquals": {"kms:EncryptionContext:dept": "A"}}))
    for context in ({"Dept": "A", "dept": "B"}, {"dept": "A"}, {"dept": "A", "Dept": "B"}):
        refused("AccessDeniedException", kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=context)
    assert kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"dept": "B"})["CiphertextBlob"]


@pytest.mark.parametrize("text", ["banana", "{}", '{"Statement": [{"Effect": "Perhaps"}]}',
                                  '{"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}'])
def test_what_is_no_key_policy_is_refused(kms, text):
    refused("MalformedPolicyDocumentException", kms.create_key, Policy=text)


# Grants


def grant(kms, key, operations, grantee=OTHER_ROOT, **more):
    return kms.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=operations, **more)


def test_a_grant_gives_its_operations_until_it_is_revoked(kms, other_kms):
    key = key_with(kms)
    refused("AccessDeniedException", other_kms.encrypt, KeyId=key, Plaintext=b"x")
    made = grant(kms, key, ["Encrypt", "DescribeKey"])
    assert len(made["GrantId"]) == 64 and made["GrantToken"]
    assert other_kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[made["GrantToken"]])["CiphertextBlob"]
    assert other_kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    refused("AccessDeniedException", other_kms.generate_data_key, KeyId=key, KeySpec="AES_256")
    kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    refused("AccessDeniedException", other_kms.encrypt, KeyId=key, Plaintext=b"x")


def test_a_grant_does_not_help_against_a_deny(kms, other_kms):
    key = key_with(kms, statement("*", "kms:Encrypt", "Deny"))
    grant(kms, key, ["Encrypt"])
    refused("AccessDeniedException", other_kms.encrypt, KeyId=key, Plaintext=b"x")


@pytest.mark.parametrize("kind,right,wrong", [
    ("EncryptionContextEquals", [{"a": "b"}, {"A": "b"}], [{}, {"a": "c"}, {"a": "b", "c": "d"}]),
    ("EncryptionContextSubset", [{"a": "b"}, {"A": "b", "c": "d"}], [{}, {"a": "c"}, {"c": "d"}])])
def test_a_constraint_binds_the_encryption_context(kms, other_kms, kind, right, wrong):
    key = key_with(kms)
    grant(kms, key, ["Encrypt", "DescribeKey"], Constraints={kind: {"a": "b"}})
    for context in right:
        assert other_kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"], context
    for context in wrong:
        refused("AccessDeniedException", other_kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=context)
    assert other_kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key


def test_a_repeated_name_gives_the_first_grant(kms):
    key = key_with(kms)
    first = grant(kms, key, ["Encrypt", "Decrypt"], Name="mine")
    assert grant(kms, key, ["Decrypt", "Encrypt"], Name="mine")["GrantId"] == first["GrantId"]
    assert grant(kms, key, ["Decrypt"], Name="mine")["GrantId"] != first["GrantId"]
    assert grant(kms, key, ["Encrypt", "Decrypt"])["GrantId"] != first["GrantId"]


def test_grants_are_listed_as_they_were_made(kms):
    key = key_with(kms)
    made = {grant(kms, key, ["Encrypt"], Name=f"n{i}", RetiringPrincipal=ROOT,
                  Constraints={"EncryptionContextSubset": {"n": str(i)}})["GrantId"] for i in range(3)}
    pages = [kms.list_grants(KeyId=key, Limit=2)]
    assert pages[0]["Truncated"]
    pages.append(kms.list_grants(KeyId=key, Limit=2, Marker=pages[0]["NextMarker"]))
    entries = [entry for page in pages for entry in page["Grants"]]
    assert {entry["GrantId"] for entry in entries} == made and len(entries) == 3
    one = kms.list_grants(KeyId=key, GrantId=entries[0]["GrantId"])["Grants"]
    assert one == [entries[0]]
    assert (one[0]["KeyId"], one[0]["GranteePrincipal"], one[0]["RetiringPrincipal"], one[0]["IssuingAccount"]) == (
        key, OTHER_ROOT, ROOT, ROOT)
    assert one[0]["Operations"] == ["Encrypt"] and one[0]["Constraints"]["EncryptionContextSubset"]["n"] in "012"
    assert kms.list_grants(KeyId=key, GranteePrincipal=ROOT)["Grants"] == []
    retirable = kms.list_retirable_grants(RetiringPrincipal=ROOT, Limit=100)["Grants"]
    assert made <= {entry["GrantId"] for entry in retirable}


def test_a_grant_is_retired_by_its_retiring_principal_or_by_its_account(kms, other_kms):
    key = key_with(kms)
    for retire in ("token", "id", "issuer"):
        made = grant(kms, key, ["Encrypt"], RetiringPrincipal=OTHER_ROOT)
        if retire == "token":
            other_kms.retire_grant(GrantToken=made["GrantToken"])
        else:
            (other_kms if retire == "id" else kms).retire_grant(KeyId=key, GrantId=made["GrantId"])
        assert made["GrantId"] not in {g["GrantId"] for g in kms.list_grants(KeyId=key)["Grants"]}
    made = grant(kms, key, ["Encrypt"], RetiringPrincipal=ROOT)
    refused("AccessDeniedException", other_kms.retire_grant, GrantToken=made["GrantToken"])
    made = grant(kms, key, ["Encrypt", "RetireGrant"])
    other_kms.retire_grant(GrantToken=made["GrantToken"])


def test_who_was_granted_create_grant_grants_no_more_than_that(kms, other_kms):
    key = key_with(kms)
    grant(kms, key, ["CreateGrant", "Encrypt"], Constraints={"EncryptionContextSubset": {"a": "b"}})
    narrow = {"EncryptionContextSubset": {"a": "b", "c": "d"}}
    assert grant(other_kms, key, ["Encrypt"], grantee=OTHER_ROOT, Constraints=narrow)["GrantId"]
    for operations, constraints in ((["Encrypt"], {}), (["Decrypt"], narrow),
                                    (["Encrypt"], {"EncryptionContextSubset": {"a": "c"}})):
        refused("AccessDeniedException", other_kms.create_grant, KeyId=key, GranteePrincipal=OTHER_ROOT,
                Operations=operations, Constraints=constraints)


def test_what_is_no_grant_is_refused(kms):
    key = key_with(kms)
    for code, changed in [
            ("InvalidArnException", {"GranteePrincipal": "alice"}),
            ("InvalidArnException", {"RetiringPrincipal": "arn:aws:s3:::bucket"}),
            ("ValidationException", {"Operations": ["Sign"]}),
            ("ValidationException", {"Operations": ["Fly"]}),
            ("ValidationException", {"Name": "no spaces"}),
            ("ValidationException", {"Constraints": {"EncryptionContextSubset": {"a": "b"},
                                                     "EncryptionContextEquals": {"a": "b"}}}),
            ("ValidationException", {"Constraints": {"EncryptionContextSubset": {str(i): "x" for i in range(9)}}}),
            ("InvalidGrantTokenException", {"GrantTokens": ["banana"]}),
            ("NotFoundException", {"KeyId": "12345678-1234-1234-1234-123456789012"}),
            ("DryRunOperationException", {"DryRun": True})]:
        refused(code, kms.create_grant,
                **{"KeyId": key, "GranteePrincipal": OTHER_ROOT, "Operations": ["Encrypt"], **changed})
    assert kms.list_grants(KeyId=key)["Grants"] == []
    refused("NotFoundException", kms.revoke_grant, KeyId=key, GrantId="0" * 64)
    refused("InvalidGrantIdException", kms.revoke_grant, KeyId=key, GrantId="banana")
    refused("InvalidGrantTokenException", kms.retire_grant, GrantToken="banana")
    refused("ValidationException", kms.retire_grant, KeyId=key)


def test_a_disabled_key_takes_no_grants_and_gives_no_use_of_them(kms, other_kms):
    key = key_with(kms)
    grant(kms, key, ["Encrypt"])
    kms.disable_key(KeyId=key)
    refused("DisabledException", other_kms.encrypt, KeyId=key, Plaintext=b"x")
    refused("DisabledException", kms.create_grant, KeyId=key, GranteePrincipal=OTHER_ROOT, Operations=["Encrypt"])
