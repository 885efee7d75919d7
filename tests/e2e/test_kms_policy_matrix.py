# SPDX-License-Identifier: Apache-2.0
"""For each operation on a KMS key, each key state and each kind of principal: does the call end as AWS says it must?

Expected here is what AWS's pages say: the actions that the console's default key policy gives to key administrators and to
key users (KMS Developer Guide, "Default key policy"), what grants may hold ("Grants"), which operations cross accounts (KMS
API Reference) and the table of "Key states of AWS KMS keys". A caller who may not is refused whatever the state."""
import json

import pytest
from botocore.exceptions import ClientError

from principals import new_user, second_account

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER = "210987654321"

ADMINISTRATION = ["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
                  "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
                  "kms:CancelKeyDeletion", "kms:RotateKeyOnDemand"]
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
GRANTABLE = ["CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
             "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
             "RetireGrant"]

OK, DISABLED, INVALID, DENIED = "ok", "DisabledException", "KMSInvalidStateException", "AccessDeniedException"

# operation: who may beside root (a: administrator, u: user, g: grantee, o: another account that the policy gives a user's
# permissions), and how it ends for them when the key is enabled, disabled, pending deletion.
USED = (OK, DISABLED, INVALID)
SEEN = (OK, OK, OK)
OPERATIONS = {
    "decrypt": ("ugo", USED), "encrypt": ("ugo", USED), "re_encrypt": ("ugo", USED),
    "generate_data_key": ("ugo", USED), "generate_data_key_without_plaintext": ("ugo", USED),
    "generate_data_key_pair": ("ugo", USED), "generate_data_key_pair_without_plaintext": ("ugo", USED),
    "describe_key": ("augo", SEEN),
    "create_grant": ("ag", USED), "list_grants": ("a", SEEN), "revoke_grant": ("a", SEEN),
    "get_key_policy": ("a", SEEN), "put_key_policy": ("a", SEEN), "list_key_policies": ("a", SEEN),
    "get_key_rotation_status": ("a", SEEN), "list_key_rotations": ("a", SEEN),
    "enable_key_rotation": ("a", USED), "disable_key_rotation": ("a", USED), "rotate_key_on_demand": ("a", USED),
    "enable_key": ("a", (OK, OK, INVALID)), "disable_key": ("a", (OK, OK, INVALID)),
    "update_key_description": ("a", (OK, OK, INVALID)),
    "tag_resource": ("a", (OK, OK, INVALID)), "untag_resource": ("a", (OK, OK, INVALID)),
    "list_resource_tags": ("a", SEEN),
    "schedule_key_deletion": ("a", (OK, OK, INVALID)), "cancel_key_deletion": ("a", (INVALID, INVALID, OK)),
}
STATES = ("Enabled", "Disabled", "PendingDeletion")
PRINCIPALS = {"root": "r", "administrator": "a", "user": "u", "grantee": "g", "other account": "o", "stranger": "", "denied": ""}


def statement(principals, action, effect="Allow"):
    return {"Effect": effect, "Principal": {"AWS": principals}, "Action": action, "Resource": "*"}


def user_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


# The console's default policy, with users beside it; "denied" has every right and a Deny.
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    statement(ROOT, "kms:*"), statement([user_arn("administrator"), user_arn("denied")], ADMINISTRATION),
    statement([user_arn("user"), user_arn("denied"), f"arn:aws:iam::{OTHER}:root"], USE),
    statement(user_arn("denied"), "kms:*", "Deny")]})


@pytest.fixture(scope="module")
def clients(shared_coffer):
    """{principal: its client}"""
    iam = shared_coffer.client("iam")
    credentials = {name: new_user(iam, name) for name in ("administrator", "user", "grantee", "stranger", "denied")}
    credentials["other account"] = second_account(shared_coffer, OTHER)
    made = {name: shared_coffer.extended_client("kms", credentials=pair) for name, pair in credentials.items()}
    return {"root": shared_coffer.extended_client("kms"), **made}


class Key:
    """A key in that state, with what the operations need."""

    def __init__(self, root, state):
        self.arn = root.create_key(Policy=POLICY, Tags=[{"TagKey": "team", "TagValue": "storage"}])["KeyMetadata"]["Arn"]
        self.blob = root.encrypt(KeyId=self.arn, Plaintext=b"x")["CiphertextBlob"]
        self.grant = root.create_grant(KeyId=self.arn, GranteePrincipal=user_arn("grantee"), Operations=GRANTABLE)["GrantId"]
        if state == "Disabled":
            root.disable_key(KeyId=self.arn)
        if state == "PendingDeletion":
            root.schedule_key_deletion(KeyId=self.arn)

    def parameters(self, operation):
        key, pair = {"KeyId": self.arn}, {"KeyPairSpec": "ECC_NIST_P256"}
        data_key = {"KeySpec": "AES_256"}
        return {
            "decrypt": {"CiphertextBlob": self.blob, **key}, "encrypt": {"Plaintext": b"x", **key},
            "re_encrypt": {"CiphertextBlob": self.blob, "SourceKeyId": self.arn, "DestinationKeyId": self.arn},
            "generate_data_key": {**key, **data_key}, "generate_data_key_without_plaintext": {**key, **data_key},
            "generate_data_key_pair": {**key, **pair}, "generate_data_key_pair_without_plaintext": {**key, **pair},
            "create_grant": {"GranteePrincipal": ROOT, "Operations": ["Encrypt"], **key},
            "revoke_grant": {"GrantId": self.grant, **key},
            "put_key_policy": {"PolicyName": "default", "Policy": POLICY, **key},
            "get_key_policy": {"PolicyName": "default", **key},
            "update_key_description": {"Description": "another", **key},
            "tag_resource": {"Tags": [{"TagKey": "a", "TagValue": "b"}], **key}, "untag_resource": {"TagKeys": ["team"], **key},
        }.get(operation, key)


def outcome(client, operation, parameters):
    try:
        getattr(client, operation)(**parameters)
        return OK
    except ClientError as error:
        return error.response["Error"]["Code"]


def expected(operation, principal, state):
    permitted, answers = OPERATIONS[operation]
    if principal != "root" and not set(PRINCIPALS[principal]) & set(permitted):
        return DENIED
    return answers[STATES.index(state)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_who_may_do_what_with_a_key_in_which_state(clients, operation, state):
    found, wanted = {}, {}
    for principal in PRINCIPALS:
        key = Key(clients["root"], state)
        found[principal] = outcome(clients[principal], operation, key.parameters(operation))
        wanted[principal] = expected(operation, principal, state)
    assert found == wanted


# Keys of other kinds: the operations that only they have.

KINDS = {
    "sign": ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, ["Sign"]),
    "verify": ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, ["Verify"]),
    "get_public_key": ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, ["GetPublicKey"]),
    "generate_mac": ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, ["GenerateMac"]),
    "verify_mac": ({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, ["VerifyMac"]),
    "derive_shared_secret": ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}, ["DeriveSharedSecret"]),
}


def kind_parameters(root, operation, key):
    signing, mac = {"SigningAlgorithm": "ECDSA_SHA_256", "Message": b"m"}, {"MacAlgorithm": "HMAC_SHA_256", "Message": b"m"}
    if operation == "verify":
        return {"KeyId": key, **signing, "Signature": root.sign(KeyId=key, **signing)["Signature"]}
    if operation == "verify_mac":
        return {"KeyId": key, **mac, "Mac": root.generate_mac(KeyId=key, **mac)["Mac"]}
    if operation == "derive_shared_secret":
        return {"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": root.get_public_key(KeyId=key)["PublicKey"]}
    return {"KeyId": key, **{"sign": signing, "generate_mac": mac}.get(operation, {})}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", KINDS)
def test_who_may_use_a_key_of_another_kind(clients, operation, state):
    kind, actions = KINDS[operation]
    policy = json.loads(POLICY)
    policy["Statement"].append(statement([user_arn("user"), user_arn("denied"), f"arn:aws:iam::{OTHER}:root"],
                                         [f"kms:{action}" for action in actions]))
    root, found, wanted = clients["root"], {}, {}
    permitted = "augo" if operation == "get_public_key" else "ugo"  # the console gives administrators kms:Get*
    for principal in PRINCIPALS:
        key = root.create_key(Policy=json.dumps(policy), **kind)["KeyMetadata"]["Arn"]
        root.create_grant(KeyId=key, GranteePrincipal=user_arn("grantee"), Operations=actions)
        parameters = kind_parameters(root, operation, key)
        if state == "Disabled":
            root.disable_key(KeyId=key)
        if state == "PendingDeletion":
            root.schedule_key_deletion(KeyId=key)
        found[principal] = outcome(clients[principal], operation, parameters)
        may = principal == "root" or set(PRINCIPALS[principal]) & set(permitted)
        wanted[principal] = USED[STATES.index(state)] if may else DENIED
    assert found == wanted
