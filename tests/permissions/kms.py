# SPDX-License-Identifier: Apache-2.0
"""AWS KMS. The keys have the default policy, by which the account's policies decide."""
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from harness import REGION, wait_until
from permissions.call import Call, on_nothing
from permissions.made import ACCOUNT, document, name

OTHER = "us-east-1"
SIGNING = {"Message": b"message", "SigningAlgorithm": "ECDSA_SHA_256"}
MAC = {"Message": b"message", "MacAlgorithm": "HMAC_SHA_256"}
WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
NO_SUCH_STORE = {"CustomKeyStoreId": "cks-00000000000000000", "ends": "CustomKeyStoreNotFoundException",
                 "because": "test_custom_key_stores.py has the proxy that a store needs"}


def on_key(**parameters):
    """Of an operation on a key that stays as it is."""
    return lambda made: Call(made.used_key, KeyId=made.used_key, **parameters)


def on_new_key(prepare=lambda made, key: None, /, **parameters):
    """Of an operation that changes the key."""
    def entry(made):
        key = made.key()
        prepare(made, key)
        return Call(key, KeyId=key, **parameters)
    return entry


def on_signing_key(**parameters):
    return lambda made: Call(made.signing_key, KeyId=made.signing_key, **parameters)


def disabled(made, key):
    made.kms.disable_key(KeyId=key)


def rotating(made, key):
    made.kms.enable_key_rotation(KeyId=key)


def pending_deletion(made, key):
    made.kms.schedule_key_deletion(KeyId=key)


def create_alias(made):
    alias, key = "alias/" + name(), made.key()
    return Call(f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}", key, AliasName=alias, TargetKeyId=key)


def update_alias(made):
    before, after = made.key(), made.key()
    alias, arn = made.alias(before)
    return Call(arn, before, after, AliasName=alias, TargetKeyId=after)


def delete_alias(made):
    key = made.key()
    alias, arn = made.alias(key)
    return Call(arn, key, AliasName=alias)


def create_key(made):
    return Call("*", ("kms:TagResource", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"), Tags=[{"TagKey": "a", "TagValue": "1"}])


def decrypt(made):
    blob = made.kms.encrypt(KeyId=made.used_key, Plaintext=b"text")["CiphertextBlob"]
    return Call(made.used_key, CiphertextBlob=blob)


def re_encrypt(made):
    other = made.key()
    blob = made.kms.encrypt(KeyId=made.used_key, Plaintext=b"text")["CiphertextBlob"]
    return Call(("kms:ReEncryptFrom", made.used_key), ("kms:ReEncryptTo", other), CiphertextBlob=blob, DestinationKeyId=other)


def derive_shared_secret(made):
    key = made.key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    public = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Call(key, KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=public)


def verify(made):
    signature = made.kms.sign(KeyId=made.signing_key, **SIGNING)["Signature"]
    return Call(made.signing_key, KeyId=made.signing_key, Signature=signature, **SIGNING)


def verify_mac(made):
    mac = made.kms.generate_mac(KeyId=made.mac_key, **MAC)["Mac"]
    return Call(made.mac_key, KeyId=made.mac_key, Mac=mac, **MAC)


def get_parameters_for_import(made):
    key = made.key(Origin="EXTERNAL")
    return Call(key, KeyId=key, **WRAPPING)


def wrapped_material(made, key):
    """What a customer sends to import material into the key."""
    parameters = made.kms.get_parameters_for_import(KeyId=key, **WRAPPING)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = serialization.load_der_public_key(parameters["PublicKey"]).encrypt(os.urandom(32), oaep)
    return {"ImportToken": parameters["ImportToken"], "EncryptedKeyMaterial": wrapped,
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}


def import_key_material(made):
    key = made.key(Origin="EXTERNAL")
    return Call(key, KeyId=key, **wrapped_material(made, key))


def delete_imported_key_material(made):
    key = made.key(Origin="EXTERNAL")
    made.kms.import_key_material(KeyId=key, **wrapped_material(made, key))
    return Call(key, KeyId=key)


def revoke_grant(made):
    key = made.key()
    return Call(key, KeyId=key, GrantId=made.grant(key))


def retire_grant(made):
    # Of a grant that the account made, which hands the decision to its policies.
    key = made.key()
    return Call(key, KeyId=key, GrantId=made.grant(key))


def list_retirable_grants(made):
    principal = f"arn:aws:iam::{made.owner.id}:root"
    return Call(principal, RetiringPrincipal=principal)


def replicate_key(made):
    key = made.key(MultiRegion=True)
    replicas = f"arn:aws:kms:{OTHER}:{ACCOUNT}:key/*"
    return Call(key, ("kms:CreateKey", "*"), ("kms:TagResource", replicas), KeyId=key, ReplicaRegion=OTHER,
                Tags=[{"TagKey": "a", "TagValue": "1"}])


def update_primary_region(made):
    key = made.key(MultiRegion=True)
    made.kms.replicate_key(KeyId=key, ReplicaRegion=OTHER)
    replica = key.replace(REGION, OTHER)
    east = made.coffer.client("kms", OTHER, made.credentials)
    wait_until(lambda: east.describe_key(KeyId=replica)["KeyMetadata"]["KeyState"] == "Enabled", "the replica")
    return Call(key, replica, KeyId=key, PrimaryRegion=OTHER)


OPERATIONS = {
    "CancelKeyDeletion": on_new_key(pending_deletion),
    "ConnectCustomKeyStore": on_nothing(**NO_SUCH_STORE),
    "CreateAlias": create_alias,
    "CreateCustomKeyStore": on_nothing(CustomKeyStoreName="store", ends="ValidationException",
                                       because="test_custom_key_stores.py has the proxy that a store needs"),
    "CreateGrant": on_new_key(GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"]),
    "CreateKey": create_key,
    "Decrypt": decrypt,
    "DeleteAlias": delete_alias,
    "DeleteCustomKeyStore": on_nothing(**NO_SUCH_STORE),
    "DeleteImportedKeyMaterial": delete_imported_key_material,
    "DeriveSharedSecret": derive_shared_secret,
    "DescribeCustomKeyStores": on_nothing(),
    "DescribeKey": on_key(),
    "DescribeKeyDependents": on_key(),  # Coffer's own
    "DisableKey": on_new_key(),
    "DisableKeyRotation": on_new_key(rotating),
    "DisconnectCustomKeyStore": on_nothing(**NO_SUCH_STORE),
    "EnableKey": on_new_key(disabled),
    "EnableKeyRotation": on_new_key(),
    "Encrypt": on_key(Plaintext=b"text"),
    "GenerateDataKey": on_key(KeySpec="AES_256"),
    "GenerateDataKeyPair": on_key(KeyPairSpec="ECC_NIST_P256"),
    "GenerateDataKeyPairWithoutPlaintext": on_key(KeyPairSpec="ECC_NIST_P256"),
    "GenerateDataKeyWithoutPlaintext": on_key(KeySpec="AES_256"),
    "GenerateMac": lambda made: Call(made.mac_key, KeyId=made.mac_key, **MAC),
    "GenerateRandom": on_nothing(NumberOfBytes=32),
    "GetKeyLastUsage": on_key(),
    "GetKeyPolicy": on_key(PolicyName="default"),
    "GetKeyRotationStatus": on_key(),
    "GetParametersForImport": get_parameters_for_import,
    "GetPublicKey": on_signing_key(),
    "ImportKeyMaterial": import_key_material,
    "ListAliases": on_nothing(),
    "ListGrants": on_key(),
    "ListKeyPolicies": on_key(),
    "ListKeyRotations": on_key(),
    "ListKeys": on_nothing(),
    "ListResourceTags": on_key(),
    "ListRetirableGrants": list_retirable_grants,
    "PutKeyPolicy": on_new_key(PolicyName="default", BypassPolicyLockoutSafetyCheck=True,
                               Policy=document(("kms:*", "*")).replace('"Effect"', '"Principal": "*", "Effect"')),
    "ReEncrypt": re_encrypt,
    "ReplicateKey": replicate_key,
    "RetireGrant": retire_grant,
    "RevokeGrant": revoke_grant,
    "RotateKeyOnDemand": on_new_key(),
    "ScheduleKeyDeletion": on_new_key(),
    "Sign": on_signing_key(**SIGNING),
    "TagResource": on_new_key(Tags=[{"TagKey": "a", "TagValue": "1"}]),
    "UntagResource": on_new_key(TagKeys=["a"]),
    "UpdateAlias": update_alias,
    "UpdateCustomKeyStore": on_nothing(NewCustomKeyStoreName="other", **NO_SUCH_STORE),
    "UpdateKeyDescription": on_new_key(Description="text"),
    "UpdatePrimaryRegion": update_primary_region,
    "Verify": verify,
    "VerifyMac": verify_mac,
}
