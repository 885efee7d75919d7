# SPDX-License-Identifier: Apache-2.0
"""The KMS operations of this part through boto3 and the JavaScript SDK: what works, and AWS's errors for what does not."""
import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def key(kms):
    return kms.create_key(Description="a key", Tags=[{"TagKey": "team", "TagValue": "storage"}])["KeyMetadata"]


def refused(code, call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


def test_create_key_answers_with_its_metadata(key):
    assert key["Arn"] == f"arn:aws:kms:us-west-2:123456789012:key/{key['KeyId']}"
    assert key["AWSAccountId"] == "123456789012"
    assert (key["Enabled"], key["KeyState"], key["KeyManager"], key["Origin"]) == (True, "Enabled", "CUSTOMER", "AWS_KMS")
    assert (key["KeyUsage"], key["KeySpec"], key["CustomerMasterKeySpec"]) == ("ENCRYPT_DECRYPT",) + ("SYMMETRIC_DEFAULT",) * 2
    assert key["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"] and key["MultiRegion"] is False
    assert key["Description"] == "a key"


def test_a_key_is_found_by_each_of_its_names(kms, key):
    alias = f"alias/found-{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    alias_arn = key["Arn"].rsplit(":", 1)[0] + f":{alias}"
    for name in (key["KeyId"], key["Arn"], alias, alias_arn):
        assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == key["KeyId"], name


def test_unknown_names_are_not_found(kms):
    missing = "12345678-1234-1234-1234-123456789012"
    message = refused("NotFoundException", kms.describe_key, KeyId=missing)
    assert message == f"Key 'arn:aws:kms:us-west-2:123456789012:key/{missing}' does not exist"
    message = refused("NotFoundException", kms.describe_key, KeyId="alias/nowhere")
    assert message == "Alias arn:aws:kms:us-west-2:123456789012:alias/nowhere is not found."
    assert refused("NotFoundException", kms.describe_key, KeyId="banana") == "Invalid keyId 'banana'"


def test_encrypt_and_decrypt_with_context(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"ThisIs-a-SecretPassword", EncryptionContext={"a": "bc"})
    assert blob["KeyId"] == key["Arn"] and blob["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert b"Secret" not in blob["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext={"a": "bc"})
    assert opened["Plaintext"] == b"ThisIs-a-SecretPassword" and opened["KeyId"] == key["Arn"]
    for context in ({}, {"ab": "c"}, {"a": "bc", "d": "e"}, {"a": "bd"}):
        refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=context)


def test_a_ciphertext_opens_only_under_its_own_key(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    refused("IncorrectKeyException", kms.decrypt, CiphertextBlob=blob, KeyId=other)
    assert kms.decrypt(CiphertextBlob=blob, KeyId=key["Arn"])["Plaintext"] == b"x"
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=b"not a ciphertext")
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]))


def test_plaintext_sizes(kms, key):
    assert len(kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 4096)["CiphertextBlob"]) > 4096
    refused("ValidationException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x" * 4097)


def test_data_keys(kms, key):
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    assert len(kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_128")["Plaintext"]) == 16
    assert len(kms.generate_data_key(KeyId=key["KeyId"], NumberOfBytes=1024)["Plaintext"]) == 1024
    hidden = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=64)
    assert "Plaintext" not in hidden
    assert len(kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == 64
    refused("ValidationException", kms.generate_data_key, KeyId=key["KeyId"])
    refused("ValidationException", kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256", NumberOfBytes=32)
    refused("ValidationException", kms.generate_data_key, KeyId=key["KeyId"], NumberOfBytes=1025)


def test_random_bytes_differ(kms):
    first, second = (kms.generate_random(NumberOfBytes=32)["Plaintext"] for _ in range(2))
    assert len(first) == 32 and first != second


def test_a_disabled_key_is_refused_until_enabled(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key["KeyId"])
    metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (metadata["Enabled"], metadata["KeyState"]) == (False, "Disabled")
    assert refused("DisabledException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x") == f"{key['Arn']} is disabled."
    refused("DisabledException", kms.decrypt, CiphertextBlob=blob)
    refused("DisabledException", kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256")
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_aliases(kms, key):
    alias = f"alias/one-{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["Arn"])
    refused("AlreadyExistsException", kms.create_alias, AliasName=alias, TargetKeyId=key["KeyId"])
    refused("ValidationException", kms.create_alias, AliasName="one", TargetKeyId=key["KeyId"])
    refused("NotAuthorizedException", kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=key["KeyId"])
    refused("NotFoundException", kms.create_alias, AliasName="alias/two", TargetKeyId="12345678-1234-1234-1234-123456789012")
    listed = kms.list_aliases(KeyId=key["KeyId"])["Aliases"]
    assert [(a["AliasName"], a["TargetKeyId"]) for a in listed] == [(alias, key["KeyId"])]


def test_lists_come_in_pages(kms):
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    pages = [kms.list_keys(Limit=2)]
    while pages[-1]["Truncated"]:
        pages.append(kms.list_keys(Limit=2, Marker=pages[-1]["NextMarker"]))
    assert all(len(page["Keys"]) <= 2 for page in pages) and len(pages) > 2
    seen = [k["KeyId"] for page in pages for k in page["Keys"]]
    assert made <= set(seen) and len(seen) == len(set(seen))
    refused("InvalidMarkerException", kms.list_keys, Marker="nonsense")


def test_keys_of_another_region_are_not_seen(shared_coffer, key):
    east = shared_coffer.client("kms", "us-east-1")
    refused("NotFoundException", east.describe_key, KeyId=key["KeyId"])
    assert east.list_keys()["Keys"] == []


def test_the_managed_key_exists_at_first_use(shared_coffer):
    east = shared_coffer.client("kms", "us-east-1")
    managed = east.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert managed["KeyManager"] == "AWS"
    assert east.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyId"] == managed["KeyId"]
    refused("AccessDeniedException", east.disable_key, KeyId=managed["KeyId"])
