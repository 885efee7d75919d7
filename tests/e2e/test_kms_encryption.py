# SPDX-License-Identifier: Apache-2.0
"""Encryption under RSA keys, ReEncrypt and data key pairs through boto3, crosswise with OpenSSL's command line."""
import subprocess

import pytest

from harness import refused

OAEP = {"RSAES_OAEP_SHA_1": "sha1", "RSAES_OAEP_SHA_256": "sha256"}
PAIRS = ["RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
         "ECC_NIST_EDWARDS25519"]


@pytest.fixture(scope="module")
def rsa(kms):
    return {bits: kms.create_key(KeySpec=f"RSA_{bits}", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"] for bits in (2048, 3072, 4096)}


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
@pytest.mark.parametrize("algorithm", OAEP)
def test_rsa_encrypts_and_decrypts_up_to_its_limit(kms, rsa, bits, algorithm):
    limit = bits // 8 - 2 * {"sha1": 20, "sha256": 32}[OAEP[algorithm]] - 2
    wish = {"KeyId": rsa[bits]["KeyId"], "EncryptionAlgorithm": algorithm}
    made = kms.encrypt(**wish, Plaintext=b"p" * limit)
    assert len(made["CiphertextBlob"]) == bits // 8
    assert (made["KeyId"], made["EncryptionAlgorithm"]) == (rsa[bits]["Arn"], algorithm)
    opened = kms.decrypt(**wish, CiphertextBlob=made["CiphertextBlob"])
    assert opened["Plaintext"] == b"p" * limit and opened["EncryptionAlgorithm"] == algorithm
    message = refused("ValidationException", kms.encrypt, **wish, Plaintext=b"p" * (limit + 1))
    assert message == f"Algorithm {algorithm} and key spec RSA_{bits} cannot encrypt data larger than {limit} bytes."


@pytest.mark.parametrize("algorithm", OAEP)
def test_kms_decrypts_what_openssl_encrypted(kms, rsa, tmp_path, algorithm):
    (tmp_path / "public").write_bytes(kms.get_public_key(KeyId=rsa[2048]["KeyId"])["PublicKey"])
    sealed = openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "public", "-pkeyopt",
                     "rsa_padding_mode:oaep", "-pkeyopt", f"rsa_oaep_md:{OAEP[algorithm]}", "-pkeyopt",
                     f"rsa_mgf1_md:{OAEP[algorithm]}", data=b"from openssl")
    opened = kms.decrypt(KeyId=rsa[2048]["Arn"], CiphertextBlob=sealed, EncryptionAlgorithm=algorithm)
    assert opened["Plaintext"] == b"from openssl"
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for wrong in (broken, sealed[:-1], sealed + b"\0"):
        assert refused("InvalidCiphertextException", kms.decrypt, KeyId=rsa[2048]["KeyId"], CiphertextBlob=wrong,
                       EncryptionAlgorithm=algorithm) == ""
    other = next(name for name in OAEP if name != algorithm)
    refused("InvalidCiphertextException", kms.decrypt, KeyId=rsa[2048]["KeyId"], CiphertextBlob=sealed,
            EncryptionAlgorithm=other)


def test_algorithms_that_do_not_fit_the_key(kms, rsa, key):
    message = refused("InvalidKeyUsageException", kms.encrypt, KeyId=rsa[2048]["KeyId"], Plaintext=b"x")
    assert message == "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."
    message = refused("InvalidKeyUsageException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x",
                      EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert message == "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT."
    refused("ValidationException", kms.encrypt, KeyId=rsa[2048]["KeyId"], Plaintext=b"x", EncryptionContext={"a": "b"},
            EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    refused("ValidationException", kms.decrypt, CiphertextBlob=b"x" * 256, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    refused("InvalidKeyUsageException", kms.generate_data_key, KeyId=rsa[2048]["KeyId"], KeySpec="AES_256")
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    message = refused("InvalidKeyUsageException", kms.encrypt, KeyId=signing["KeyId"], Plaintext=b"x")
    assert message == f"{signing['Arn']} key usage is SIGN_VERIFY which is not valid for Encrypt."
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    refused("IncorrectKeyException", kms.decrypt, KeyId=signing["KeyId"], CiphertextBlob=blob)


# ReEncrypt

def test_re_encrypt_changes_key_and_context(kms, key):
    other = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"moved", EncryptionContext={"a": "b"})["CiphertextBlob"]
    wish = {"CiphertextBlob": blob, "SourceEncryptionContext": {"a": "b"}, "DestinationKeyId": other["KeyId"],
            "DestinationEncryptionContext": {"c": "d"}}
    made = kms.re_encrypt(**wish)
    assert (made["SourceKeyId"], made["KeyId"]) == (key["Arn"], other["Arn"])
    assert made["SourceEncryptionAlgorithm"] == made["DestinationEncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"c": "d"})
    assert (opened["Plaintext"], opened["KeyId"]) == (b"moved", other["Arn"])
    refused("InvalidCiphertextException", kms.re_encrypt, **{**wish, "SourceEncryptionContext": {"a": "x"}})
    refused("IncorrectKeyException", kms.re_encrypt, **wish, SourceKeyId=other["KeyId"])
    refused("NotFoundException", kms.re_encrypt, **{**wish, "DestinationKeyId": "alias/nowhere"})
    refused("InvalidCiphertextException", kms.re_encrypt, **{**wish, "CiphertextBlob": b"no ciphertext"})
    refused("DryRunOperationException", kms.re_encrypt, **wish, DryRun=True)
    refused("InvalidCiphertextException", kms.re_encrypt, **{**wish, "SourceEncryptionContext": {"a": "x"}}, DryRun=True)
    refused("DryRunOperationException", kms.decrypt, CiphertextBlob=blob, EncryptionContext={"a": "b"}, DryRun=True)
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob, EncryptionContext={"a": "x"}, DryRun=True)
    kms.disable_key(KeyId=other["KeyId"])
    refused("DisabledException", kms.re_encrypt, **wish)


def test_re_encrypt_between_symmetric_and_rsa(kms, rsa, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"m" * 191)["CiphertextBlob"]
    to_rsa = {"CiphertextBlob": blob, "DestinationKeyId": rsa[3072]["Arn"],
              "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    made = kms.re_encrypt(**to_rsa)
    assert made["DestinationEncryptionAlgorithm"] == "RSAES_OAEP_SHA_256"
    back = kms.re_encrypt(CiphertextBlob=made["CiphertextBlob"], SourceKeyId=rsa[3072]["KeyId"],
                          SourceEncryptionAlgorithm="RSAES_OAEP_SHA_256", DestinationKeyId=key["KeyId"])
    assert kms.decrypt(CiphertextBlob=back["CiphertextBlob"])["Plaintext"] == b"m" * 191
    message = refused("ValidationException", kms.re_encrypt, **{**to_rsa, "DestinationKeyId": rsa[2048]["Arn"]})
    assert message == "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes."
    refused("InvalidKeyUsageException", kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=rsa[2048]["Arn"])


def test_the_trail_of_re_encrypt_names_both_keys(shared_coffer, kms, key):
    other = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other["KeyId"])
    record = next(record for record in reversed(shared_coffer.trail(50)) if record["eventName"] == "ReEncrypt")
    assert {resource["ARN"] for resource in record["resources"]} == {key["Arn"], other["Arn"]}
    assert record["requestParameters"] == {"destinationKeyId": other["KeyId"]}


# Data key pairs

@pytest.mark.parametrize("spec", PAIRS)
def test_a_data_key_pair_is_one_and_its_private_half_opens_by_decrypt(kms, key, spec, tmp_path):
    made = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec=spec, EncryptionContext={"a": "b"})
    assert (made["KeyId"], made["KeyPairSpec"]) == (key["Arn"], spec)
    opened = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"], EncryptionContext={"a": "b"})
    assert opened["Plaintext"] == made["PrivateKeyPlaintext"]
    (tmp_path / "private").write_bytes(made["PrivateKeyPlaintext"])
    assert openssl("pkey", "-inform", "DER", "-in", tmp_path / "private", "-pubout", "-outform", "DER") == made["PublicKey"]
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=made["PrivateKeyCiphertextBlob"])


def test_a_data_key_pair_without_plaintext(kms, key):
    made = kms.generate_data_key_pair_without_plaintext(KeyId=key["KeyId"], KeyPairSpec="ECC_NIST_P256")
    assert "PrivateKeyPlaintext" not in made and made["PublicKey"]
    assert kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"]


def test_data_key_pairs_are_refused(kms, key, rsa):
    wish = {"KeyId": key["KeyId"], "KeyPairSpec": "ECC_NIST_P256"}
    refused("DryRunOperationException", kms.generate_data_key_pair, **wish, DryRun=True)
    refused("DryRunOperationException", kms.generate_data_key_pair_without_plaintext, **wish, DryRun=True)
    recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"x"}
    refused("UnsupportedOperationException", kms.generate_data_key_pair, **wish, Recipient=recipient)
    refused("UnsupportedOperationException", kms.generate_data_key_pair, KeyId=key["KeyId"], KeyPairSpec="SM2")
    refused("InvalidKeyUsageException", kms.generate_data_key_pair, **{**wish, "KeyId": rsa[2048]["KeyId"]})
    refused("ValidationException", kms.generate_data_key_pair, KeyId=key["KeyId"], KeyPairSpec="RSA_1024")


def test_no_plaintext_leaves_where_a_recipient_was_asked_for(kms, key):
    recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"x"}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    refused("UnsupportedOperationException", kms.decrypt, CiphertextBlob=blob, Recipient=recipient)
    refused("UnsupportedOperationException", kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256", Recipient=recipient)
    refused("UnsupportedOperationException", kms.generate_random, NumberOfBytes=8, Recipient=recipient)
