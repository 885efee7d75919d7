# SPDX-License-Identifier: Apache-2.0
"""Does every condition key of AWS KMS that a key policy may ask about have the request's or the key's value? Each policy
denies one value, or a range: the call with it is refused, the same call with another goes through."""
import datetime
import json
import os

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from harness import Coffer, refused
from principals import new_user, policy

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SOMEBODY = f"arn:aws:iam::{ACCOUNT}:user/somebody"


@pytest.fixture(scope="module")
def coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("conditions") / "data", "--development") as running:
        running.client("iam").create_user(UserName="somebody")
        yield running


@pytest.fixture(scope="module")
def kms(coffer):
    return coffer.extended_client("kms")


def deny(kms, key, action, **condition):
    """From now on the key's policy denies the action to everybody under this condition: StringEquals={…}."""
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition}]}))
    return key


def new_key(kms, **parameters):
    return kms.create_key(**parameters)["KeyMetadata"]["KeyId"]


def denied(call, **parameters):
    assert "explicit deny in a resource-based policy" in refused("AccessDeniedException", call, **parameters)


def advance(coffer, duration):
    coffer.command("clock", "advance", duration)


# What the request says

def test_the_period_of_rotation(kms):
    key = deny(kms, new_key(kms), "kms:EnableKeyRotation", NumericLessThanEquals={"kms:RotationPeriodInDays": "180"})
    denied(kms.enable_key_rotation, KeyId=key, RotationPeriodInDays=180)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=181)
    # Unless it is given it is a year.
    key = deny(kms, new_key(kms), "kms:EnableKeyRotation", NumericEquals={"kms:RotationPeriodInDays": "365"})
    denied(kms.enable_key_rotation, KeyId=key)


def test_the_window_of_a_deletion(kms):
    condition = {"NumericLessThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "21"}}
    key = deny(kms, new_key(kms), "kms:ScheduleKeyDeletion", **condition)
    denied(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=21)
    kms.schedule_key_deletion(KeyId=key)  # 30 days


def test_the_days_since_a_key_was_used(coffer, kms):
    key = deny(kms, new_key(kms), ["kms:ScheduleKeyDeletion", "kms:DisableKey"],
               NumericLessThanEquals={"kms:TrailingDaysWithoutKeyUsage": "30"})
    for call in (kms.disable_key, kms.schedule_key_deletion):
        denied(call, KeyId=key)  # it is new
    advance(coffer, "31d")
    kms.disable_key(KeyId=key)
    kms.enable_key(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    advance(coffer, "30d")
    for call in (kms.disable_key, kms.schedule_key_deletion):
        denied(call, KeyId=key)
    advance(coffer, "1d")
    kms.schedule_key_deletion(KeyId=key)


def test_the_region_of_a_replica_and_of_a_primary(kms):
    key = new_key(kms, MultiRegion=True)
    deny(kms, key, "kms:ReplicateKey", StringEquals={"kms:ReplicaRegion": "us-east-1"})
    denied(kms.replicate_key, KeyId=key, ReplicaRegion="us-east-1")
    deny(kms, key, ["kms:ReplicateKey", "kms:UpdatePrimaryRegion"], StringNotLike={"kms:ReplicaRegion": "us-e*"})
    kms.replicate_key(KeyId=key, ReplicaRegion="us-east-1")
    deny(kms, key, "kms:UpdatePrimaryRegion", StringEquals={"kms:PrimaryRegion": "us-east-1"})
    denied(kms.update_primary_region, KeyId=key, PrimaryRegion="us-east-1")


def test_the_primarys_region_for_the_replicas_own_policy_too(coffer, kms):
    key = new_key(kms, MultiRegion=True)
    kms.replicate_key(KeyId=key, ReplicaRegion="us-east-1")
    advance(coffer, "0s")
    east = coffer.extended_client("kms", "us-east-1")
    deny(east, key, "kms:UpdatePrimaryRegion", StringEquals={"kms:PrimaryRegion": "us-east-1"})
    denied(kms.update_primary_region, KeyId=key, PrimaryRegion="us-east-1")
    deny(east, key, "kms:UpdatePrimaryRegion", StringEquals={"kms:PrimaryRegion": "us-west-1"})
    kms.update_primary_region(KeyId=key, PrimaryRegion="us-east-1")


GRANT = {"GranteePrincipal": SOMEBODY, "Operations": ["Decrypt"]}


@pytest.mark.parametrize("condition,refused_grant,granted", [
    ({"StringEquals": {"kms:GranteePrincipal": ROOT}}, {"GranteePrincipal": ROOT}, {}),
    ({"StringEquals": {"kms:RetiringPrincipal": ROOT}}, {"RetiringPrincipal": ROOT}, {"RetiringPrincipal": SOMEBODY}),
    ({"ForAnyValue:StringEquals": {"kms:GrantOperations": ["Encrypt"]}}, {"Operations": ["Decrypt", "Encrypt"]}, {}),
    ({"StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"}},
     {"Constraints": {"EncryptionContextSubset": {"a": "b"}}}, {"Constraints": {"EncryptionContextEquals": {"a": "b"}}}),
    ({"StringEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}},
     {"Constraints": {"EncryptionContextEquals": {"a": "b"}}}, {}),
    ({"StringEquals": {"kms:EncryptionContext:a": "b"}},
     {"Constraints": {"EncryptionContextEquals": {"a": "b"}}}, {"Constraints": {"EncryptionContextEquals": {"a": "c"}}}),
    ({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "a"}},
     {"Constraints": {"EncryptionContextSubset": {"a": "b"}}}, {"Constraints": {"EncryptionContextSubset": {"c": "b"}}}),
])
def test_what_a_grant_is_to_be(kms, condition, refused_grant, granted):
    key = deny(kms, new_key(kms), "kms:CreateGrant", **condition)
    denied(kms.create_grant, KeyId=key, **{**GRANT, **refused_grant})
    assert kms.create_grant(KeyId=key, **{**GRANT, **granted})["GrantId"]


@pytest.mark.parametrize("action", ["CreateGrant", "RevokeGrant"])
def test_that_no_service_makes_the_grant(kms, action):
    key = new_key(kms)
    grant = kms.create_grant(KeyId=key, **GRANT)["GrantId"]
    call, parameters = ((kms.create_grant, GRANT) if action == "CreateGrant" else (kms.revoke_grant, {"GrantId": grant}))
    deny(kms, key, f"kms:{action}", Bool={"kms:GrantIsForAWSResource": "false"})
    denied(call, KeyId=key, **parameters)
    deny(kms, key, f"kms:{action}", Bool={"kms:GrantIsForAWSResource": "true"})
    call(KeyId=key, **parameters)


def test_the_constraint_of_a_grant_that_is_retired(coffer, kms):
    """Its own policy decides for a retiring principal, beside the grant."""
    key = new_key(kms)
    document = policy("kms:RetireGrant", "*", "Deny", Condition={
        "StringEquals": {"kms:GrantConstraintType": "EncryptionContextEquals", "kms:EncryptionContext:a": "b",
                         "kms:KeySpec": "SYMMETRIC_DEFAULT"}})
    user = coffer.client("kms", credentials=new_user(coffer.client("iam"), "retiree", document))
    retiree = f"arn:aws:iam::{ACCOUNT}:user/retiree"
    grants = [kms.create_grant(KeyId=key, RetiringPrincipal=retiree, Constraints={"EncryptionContextEquals": {"a": value}},
                               **GRANT) for value in ("b", "c")]
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    refused("AccessDeniedException", user.retire_grant, KeyId=arn, GrantId=grants[0]["GrantId"])
    user.retire_grant(KeyId=arn, GrantId=grants[1]["GrantId"])


WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}


@pytest.mark.parametrize("name,value,other", [
    ("WrappingAlgorithm", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"), ("WrappingKeySpec", "RSA_3072", "RSA_2048")])
def test_how_material_is_wrapped(kms, name, value, other):
    key = deny(kms, new_key(kms, Origin="EXTERNAL"), "kms:GetParametersForImport", StringEquals={f"kms:{name}": value})
    denied(kms.get_parameters_for_import, KeyId=key, **{**WRAPPING, name: value})
    kms.get_parameters_for_import(KeyId=key, **{**WRAPPING, name: other})


def import_parameters(kms, key):
    given = kms.get_parameters_for_import(KeyId=key, **WRAPPING)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = serialization.load_der_public_key(given["PublicKey"]).encrypt(os.urandom(32), oaep)
    return {"KeyId": key, "ImportToken": given["ImportToken"], "EncryptedKeyMaterial": wrapped}


def test_whether_material_expires(kms):
    key = deny(kms, new_key(kms, Origin="EXTERNAL"), "kms:ImportKeyMaterial",
               StringEquals={"kms:ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"})
    parameters = import_parameters(kms, key)
    denied(kms.import_key_material, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **parameters)
    deny(kms, key, "kms:ImportKeyMaterial", StringEquals={"kms:ExpirationModel": "KEY_MATERIAL_EXPIRES"})
    # Unless it is given, it does.
    denied(kms.import_key_material, ValidTo=datetime.datetime.now() + datetime.timedelta(days=300), **parameters)
    kms.import_key_material(ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **parameters)


@pytest.mark.parametrize("operator,as_text", [
    ("NumericGreaterThan", lambda time: f"{time.timestamp()}"), ("DateGreaterThan", lambda time: time.isoformat())])
def test_until_when_material_is_valid(coffer, kms, operator, as_text):
    now = datetime.datetime.fromisoformat(coffer.json("clock", "advance", "0s")["now"].replace("Z", "+00:00"))
    limit = now + datetime.timedelta(days=100)
    key = deny(kms, new_key(kms, Origin="EXTERNAL"), "kms:ImportKeyMaterial", **{operator: {"kms:ValidTo": as_text(limit)}})
    parameters = import_parameters(kms, key)
    denied(kms.import_key_material, ValidTo=limit + datetime.timedelta(hours=1), **parameters)
    kms.import_key_material(ValidTo=limit - datetime.timedelta(hours=1), **parameters)


PAIRS = {"rsa": {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "mac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
         "encrypt": {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "plain": {},
         "agree": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}}
MESSAGE = {"Message": bytes(32)}


def other_public_key():
    return ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("kind,action,name,parameters,value,other", [
    ("rsa", "Sign", "SigningAlgorithm", MESSAGE, "RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"),
    ("rsa", "Sign", "MessageType", {**MESSAGE, "SigningAlgorithm": "RSASSA_PSS_SHA_256"}, "DIGEST", "RAW"),
    ("rsa", "Verify", "MessageType", {**MESSAGE, "Signature": b"x", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}, "DIGEST", None),
    ("encrypt", "Encrypt", "EncryptionAlgorithm", {"Plaintext": b"x"}, "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"),
    ("plain", "Encrypt", "EncryptionAlgorithm", {"Plaintext": b"x"}, "SYMMETRIC_DEFAULT", None),
    ("plain", "GenerateDataKeyPair", "DataKeyPairSpec", {}, "ECC_NIST_P384", "ECC_NIST_P256"),
    ("plain", "GenerateDataKeyPairWithoutPlaintext", "DataKeyPairSpec", {}, "ECC_NIST_P384", "ECC_NIST_P256"),
    ("agree", "DeriveSharedSecret", "KeyAgreementAlgorithm", {}, "ECDH", None),
])
def test_what_a_cryptographic_operation_is_asked_for(kms, kind, action, name, parameters, value, other):
    key = deny(kms, new_key(kms, **PAIRS[kind]), f"kms:{action}", StringEquals={f"kms:{name}": value})
    member = "KeyPairSpec" if name == "DataKeyPairSpec" else name
    if action == "DeriveSharedSecret":
        parameters = {"PublicKey": other_public_key()}
    call = getattr(kms, {"GenerateDataKeyPairWithoutPlaintext": "generate_data_key_pair_without_plaintext",
                         "GenerateDataKeyPair": "generate_data_key_pair", "DeriveSharedSecret": "derive_shared_secret"}
                   .get(action, action.lower()))
    denied(call, KeyId=key, **parameters, **{member: value})
    if other:
        assert call(KeyId=key, **parameters, **{member: other})


def test_the_algorithm_of_a_mac(kms):
    key = deny(kms, new_key(kms, **PAIRS["mac"]), ["kms:GenerateMac", "kms:VerifyMac"],
               StringEquals={"kms:MacAlgorithm": "HMAC_SHA_256"})
    denied(kms.generate_mac, KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256")
    denied(kms.verify_mac, KeyId=key, Message=b"m", Mac=bytes(32), MacAlgorithm="HMAC_SHA_256")
    deny(kms, key, "kms:GenerateMac", StringEquals={"kms:MacAlgorithm": "HMAC_SHA_384"})
    assert kms.generate_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]


@pytest.mark.parametrize("action", ["ReEncryptFrom", "ReEncryptTo"])
def test_whether_data_is_re_encrypted_under_the_same_key(kms, action):
    key, other = new_key(kms), new_key(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    deny(kms, key, f"kms:{action}", Bool={"kms:ReEncryptOnSameKey": "true"})
    denied(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=key)
    assert kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)["CiphertextBlob"]
    deny(kms, key, "kms:ReEncryptFrom", Bool={"kms:ReEncryptOnSameKey": "false"})
    denied(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=other)
    assert kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)["CiphertextBlob"]


def test_the_names_in_the_encryption_context(kms):
    key = deny(kms, new_key(kms), "kms:Encrypt", **{"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "secret"}})
    denied(kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b", "secret": "c"})
    assert kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "secret"})["CiphertextBlob"]


# What the key is

@pytest.mark.parametrize("name,value,parameters,others", [
    ("KeySpec", "RSA_2048", PAIRS["rsa"], {}), ("KeyUsage", "SIGN_VERIFY", PAIRS["rsa"], PAIRS["encrypt"]),
    ("KeyOrigin", "EXTERNAL", {"Origin": "EXTERNAL"}, {}), ("MultiRegion", "true", {"MultiRegion": True}, {}),
    ("MultiRegionKeyType", "PRIMARY", {"MultiRegion": True}, {}), ("CallerAccount", ACCOUNT, {}, None)])
def test_a_property_of_the_key(kms, name, value, parameters, others):
    operator = "Bool" if name == "MultiRegion" else "StringEquals"
    denied(kms.tag_resource, Tags=[{"TagKey": "a", "TagValue": "b"}],
           KeyId=deny(kms, new_key(kms, **parameters), "kms:TagResource", **{operator: {f"kms:{name}": value}}))
    if others is not None:
        kms.tag_resource(Tags=[{"TagKey": "a", "TagValue": "b"}],
                         KeyId=deny(kms, new_key(kms, **others), "kms:TagResource", **{operator: {f"kms:{name}": value}}))


def test_a_replica_is_told_from_its_primary(coffer, kms):
    key = new_key(kms, MultiRegion=True)
    kms.replicate_key(KeyId=key, ReplicaRegion="us-east-1")
    advance(coffer, "0s")
    east = coffer.extended_client("kms", "us-east-1")
    for client in (kms, east):
        deny(client, key, "kms:Encrypt", StringEquals={"kms:MultiRegionKeyType": "REPLICA"})
    denied(east.encrypt, KeyId=key, Plaintext=b"x")
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.update_primary_region(KeyId=key, PrimaryRegion="us-east-1")
    denied(kms.encrypt, KeyId=key, Plaintext=b"x")
    assert east.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]


def test_the_aliases_of_the_key(kms):
    key = deny(kms, new_key(kms), "kms:Encrypt", **{"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/closed-*"}})
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.create_alias(AliasName=f"alias/closed-{key}", TargetKeyId=key)
    denied(kms.encrypt, KeyId=key, Plaintext=b"x")


# Keys that are created, by whoever's own policies decide

def creator(coffer, name, **condition):
    return coffer.extended_client("kms", credentials=new_user(
        coffer.client("iam"), name, policy("kms:*"), policy(["kms:CreateKey"], "*", "Deny", Condition=condition)))


def test_whether_a_key_of_several_regions_is_created(coffer):
    kms = creator(coffer, "no-primaries", StringEquals={"kms:MultiRegionKeyType": "PRIMARY"})
    refused("AccessDeniedException", kms.create_key, MultiRegion=True)
    assert new_key(kms)


@pytest.mark.parametrize("name,value,other", [("MultiRegionKeyType", "REPLICA", "PRIMARY"), ("KeyOrigin", "AWS_KMS", "EXTERNAL")])
def test_a_replica_is_a_key_that_is_created(coffer, kms, name, value, other):
    key = new_key(kms, MultiRegion=True)
    for condition, allowed in ((value, False), (other, True)):
        client = creator(coffer, f"replicas-{name}-{condition}", StringEquals={f"kms:{name}": condition})
        if allowed:
            assert client.replicate_key(KeyId=key, ReplicaRegion="us-east-1")
        else:
            refused("AccessDeniedException", client.replicate_key, KeyId=key, ReplicaRegion="us-east-1")


def test_a_replicas_tags_take_a_permission_of_their_own(coffer, kms):
    key = new_key(kms, MultiRegion=True)
    client = coffer.extended_client("kms", credentials=new_user(
        coffer.client("iam"), "no-tags", policy("kms:*"), policy("kms:TagResource", "*", "Deny")))
    tags = [{"TagKey": "a", "TagValue": "b"}]
    with pytest.raises(ClientError) as error:
        client.replicate_key(KeyId=key, ReplicaRegion="us-east-1", Tags=tags)
    assert "kms:TagResource" in error.value.response["Error"]["Message"]
    assert client.replicate_key(KeyId=key, ReplicaRegion="us-east-1")
