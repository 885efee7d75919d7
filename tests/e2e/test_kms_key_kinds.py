# SPDX-License-Identifier: Apache-2.0
"""KMS keys of every kind through two SDKs: what they sign, verify, authenticate and agree on, checked by OpenSSL's command line,
and AWS's errors for what they do not do."""
import hashlib
import hmac
import subprocess

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import load_der_public_key

from harness import refused

KINDS = {
    "RSA_2048": ("SIGN_VERIFY", ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
                                 "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"]),
    "RSA_3072": ("SIGN_VERIFY", ["RSASSA_PSS_SHA_384"]),
    "RSA_4096": ("SIGN_VERIFY", ["RSASSA_PKCS1_V1_5_SHA_512"]),
    "ECC_NIST_P256": ("SIGN_VERIFY", ["ECDSA_SHA_256"]),
    "ECC_NIST_P384": ("SIGN_VERIFY", ["ECDSA_SHA_384"]),
    "ECC_NIST_P521": ("SIGN_VERIFY", ["ECDSA_SHA_512"]),
    "ECC_SECG_P256K1": ("SIGN_VERIFY", ["ECDSA_SHA_256"]),
    "ECC_NIST_EDWARDS25519": ("SIGN_VERIFY", ["ED25519_SHA_512"]),
}
MESSAGE = b"what is signed"


@pytest.fixture(scope="module")
def keys(kms):
    """A key of each kind that signs: {"RSA_2048": key id, ...}."""
    return {spec: kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"] for spec, (usage, _) in KINDS.items()}


@pytest.fixture(scope="module")
def symmetric_key(kms):
    return kms.create_key()["KeyMetadata"]


def digest_of(algorithm, message=MESSAGE):
    return hashlib.new("sha" + algorithm[-3:], message).digest()


def openssl_options(algorithm):
    if "PSS" not in algorithm:
        return []
    return ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False, **options)


@pytest.fixture
def public_file(kms, tmp_path):
    def write(key):
        path = tmp_path / "public.der"
        path.write_bytes(kms.get_public_key(KeyId=key)["PublicKey"])
        return path
    return write


def openssl_verifies(public, algorithm, signature, tmp_path):
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "signature").write_bytes(signature)
    if algorithm == "ED25519_SHA_512":
        result = openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", public, "-rawin", "-in",
                         tmp_path / "message", "-sigfile", tmp_path / "signature")
    else:
        result = openssl("dgst", "-sha" + algorithm[-3:], "-keyform", "DER", "-verify", public, *openssl_options(algorithm),
                         "-signature", tmp_path / "signature", tmp_path / "message")
    return result.returncode == 0


@pytest.mark.parametrize("spec", KINDS)
def test_what_a_key_signs_verifies_here_and_by_openssl(kms, keys, public_file, tmp_path, spec):
    public = public_file(keys[spec])
    for algorithm in KINDS[spec][1]:
        made = kms.sign(KeyId=keys[spec], Message=MESSAGE, SigningAlgorithm=algorithm)
        assert made["KeyId"].endswith(keys[spec]) and made["SigningAlgorithm"] == algorithm
        assert openssl_verifies(public, algorithm, made["Signature"], tmp_path), algorithm
        verified = kms.verify(KeyId=keys[spec], Message=MESSAGE, SigningAlgorithm=algorithm, Signature=made["Signature"])
        assert verified["SignatureValid"] is True
        broken = made["Signature"][:-1] + bytes([made["Signature"][-1] ^ 1])
        message = refused("KMSInvalidSignatureException", kms.verify, KeyId=keys[spec], Message=MESSAGE, Signature=broken,
                          SigningAlgorithm=algorithm)
        assert message == ""
        refused("KMSInvalidSignatureException", kms.verify, KeyId=keys[spec], Message=MESSAGE + b"!",
                Signature=made["Signature"], SigningAlgorithm=algorithm)


@pytest.mark.parametrize("spec", [spec for spec in KINDS if spec != "ECC_NIST_EDWARDS25519"])
def test_a_digest_is_signed_as_it_is(kms, keys, spec):
    algorithm = KINDS[spec][1][0]
    signature = kms.sign(KeyId=keys[spec], Message=digest_of(algorithm), MessageType="DIGEST", SigningAlgorithm=algorithm)
    assert kms.verify(KeyId=keys[spec], Message=MESSAGE, MessageType="RAW", SigningAlgorithm=algorithm,
                      Signature=signature["Signature"])["SignatureValid"]
    message = refused("ValidationException", kms.sign, KeyId=keys[spec], Message=digest_of(algorithm)[:-1],
                      MessageType="DIGEST", SigningAlgorithm=algorithm)
    assert message == f"Digest is invalid length for algorithm {algorithm}."


def test_ed25519_signs_messages_only(kms, keys):
    key = keys["ECC_NIST_EDWARDS25519"]
    message = refused("ValidationException", kms.sign, KeyId=key, Message=bytes(64), MessageType="DIGEST",
                      SigningAlgorithm="ED25519_SHA_512")
    assert message == "Message type DIGEST is incompatible with algorithm ED25519_SHA_512."
    refused("UnsupportedOperationException", kms.sign, KeyId=key, Message=bytes(64), MessageType="DIGEST",
            SigningAlgorithm="ED25519_PH_SHA_512")


def test_openssl_signs_what_a_key_of_the_same_kind_verifies(kms, tmp_path):
    """The other way round: a signature of OpenSSL's, by a data key pair, is verified with the same public key by OpenSSL as
    by KMS's own sign; malformed DER is no signature."""
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signature = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    body = signature[2:]
    malformed = [b"\x30\x81" + bytes([len(body)]) + body,      # a length in its long form
                 signature + b"\0", b"\x31" + signature[1:], signature[:-1], b"\x30\0"]
    for wrong in malformed:
        refused("KMSInvalidSignatureException", kms.verify, KeyId=key, Message=MESSAGE, Signature=wrong,
                SigningAlgorithm="ECDSA_SHA_256")


@pytest.mark.parametrize("size,code", [(1, None), (4096, None), (4097, "ValidationException")])
def test_messages_have_a_limit(kms, keys, size, code):
    parameters = {"KeyId": keys["ECC_NIST_P256"], "Message": b"m" * size, "SigningAlgorithm": "ECDSA_SHA_256"}
    if code:
        refused(code, kms.sign, **parameters)
    else:
        assert kms.sign(**parameters)["Signature"]


def test_a_key_does_not_sign_by_the_algorithm_of_another(kms, keys, symmetric_key):
    message = refused("InvalidKeyUsageException", kms.sign, KeyId=keys["ECC_NIST_P384"], Message=MESSAGE,
                      SigningAlgorithm="ECDSA_SHA_256")
    assert message == "Algorithm ECDSA_SHA_256 is incompatible with key spec ECC_NIST_P384."
    message = refused("InvalidKeyUsageException", kms.sign, KeyId=symmetric_key["KeyId"], Message=MESSAGE,
                      SigningAlgorithm="ECDSA_SHA_256")
    assert message == f"{symmetric_key['Arn']} key usage is ENCRYPT_DECRYPT which is not valid for Sign."
    refused("InvalidKeyUsageException", kms.encrypt, KeyId=keys["RSA_2048"], Plaintext=b"x")
    refused("InvalidKeyUsageException", kms.generate_data_key, KeyId=keys["RSA_2048"], KeySpec="AES_256")


def test_signing_keys_honour_state_and_dry_run(kms):
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    wish = {"KeyId": key, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    refused("DryRunOperationException", kms.sign, **wish, DryRun=True)
    kms.disable_key(KeyId=key)
    refused("DisabledException", kms.sign, **wish)
    refused("DisabledException", kms.verify, **wish, Signature=b"x")
    refused("DisabledException", kms.get_public_key, KeyId=key)


# The public key

def test_the_public_key_says_what_it_is_for(kms, keys, symmetric_key):
    made = kms.get_public_key(KeyId=keys["RSA_2048"])
    assert (made["KeySpec"], made["CustomerMasterKeySpec"], made["KeyUsage"]) == ("RSA_2048", "RSA_2048", "SIGN_VERIFY")
    assert made["SigningAlgorithms"] == KINDS["RSA_2048"][1] and "EncryptionAlgorithms" not in made
    assert load_der_public_key(made["PublicKey"]).key_size == 2048
    refused("UnsupportedOperationException", kms.get_public_key, KeyId=symmetric_key["KeyId"])


# MACs

@pytest.mark.parametrize("bits", ["224", "256", "384", "512"])
def test_macs(kms, bits):
    metadata = kms.create_key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    assert metadata["MacAlgorithms"] == [f"HMAC_SHA_{bits}"] and "SigningAlgorithms" not in metadata
    wish = {"KeyId": metadata["KeyId"], "Message": MESSAGE, "MacAlgorithm": f"HMAC_SHA_{bits}"}
    made = kms.generate_mac(**wish)
    assert len(made["Mac"]) == int(bits) // 8 and made["KeyId"] == metadata["Arn"]
    assert kms.verify_mac(**wish, Mac=made["Mac"])["MacValid"] is True
    for wrong in (made["Mac"][:-1], made["Mac"] + b"\0", bytes(len(made["Mac"]))):
        assert refused("KMSInvalidMacException", kms.verify_mac, **wish, Mac=wrong) == ""
    refused("KMSInvalidMacException", kms.verify_mac, **{**wish, "Message": b"another"}, Mac=made["Mac"])
    other = "HMAC_SHA_256" if bits != "256" else "HMAC_SHA_512"
    message = refused("InvalidKeyUsageException", kms.generate_mac, **{**wish, "MacAlgorithm": other})
    assert message == f"Algorithm {other} is incompatible with key spec HMAC_{bits}."
    refused("DryRunOperationException", kms.generate_mac, **wish, DryRun=True)
    refused("DryRunOperationException", kms.verify_mac, **wish, Mac=made["Mac"], DryRun=True)


def test_only_mac_keys_make_macs(kms, symmetric_key):
    message = refused("InvalidKeyUsageException", kms.generate_mac, KeyId=symmetric_key["KeyId"], Message=b"x",
                      MacAlgorithm="HMAC_SHA_256")
    assert message == f"{symmetric_key['Arn']} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac."


# What CreateKey makes

def test_create_key_describes_each_kind(kms):
    metadata = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    assert metadata["EncryptionAlgorithms"] == ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
    assert "SigningAlgorithms" not in metadata and metadata["KeySpec"] == metadata["CustomerMasterKeySpec"] == "RSA_2048"
    metadata = kms.create_key(KeySpec="ECC_NIST_P521", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]
    assert metadata["KeyAgreementAlgorithms"] == ["ECDH"] and "SigningAlgorithms" not in metadata
    metadata = kms.create_key(CustomerMasterKeySpec="ECC_SECG_P256K1", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert metadata["SigningAlgorithms"] == ["ECDSA_SHA_256"]
    assert kms.describe_key(KeyId=metadata["KeyId"])["KeyMetadata"] == metadata


@pytest.mark.parametrize("parameters,code,message", [
    ({"KeySpec": "RSA_2048"}, "ValidationException",
     "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."),
    ({"KeySpec": "HMAC_256"}, "ValidationException",
     "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."),
    ({"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException",
     "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256"),
    ({"KeySpec": "ECC_SECG_P256K1", "KeyUsage": "KEY_AGREEMENT"}, "ValidationException",
     "KeyUsage KEY_AGREEMENT is not compatible with KeySpec ECC_SECG_P256K1"),
    ({"KeyUsage": "SIGN_VERIFY"}, "ValidationException", "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"),
    ({"KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "ValidationException",
     "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated."),
    ({"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException", "KeySpec SM2 is not supported here."),
    ({"KeySpec": "ML_DSA_65", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException",
     "KeySpec ML_DSA_65 is not supported here."),
    ({"KeySpec": "RSA_1024", "KeyUsage": "SIGN_VERIFY"}, "ValidationException", None),
])
def test_create_key_refuses(kms, parameters, code, message):
    said = refused(code, kms.create_key, **parameters)
    assert message is None or said == message


# Key agreement

def test_a_shared_secret_is_what_openssl_derives(kms, tmp_path):
    for spec, curve in (("ECC_NIST_P256", "prime256v1"), ("ECC_NIST_P384", "secp384r1"), ("ECC_NIST_P521", "secp521r1")):
        metadata = kms.create_key(KeySpec=spec, KeyUsage="KEY_AGREEMENT")["KeyMetadata"]
        ours = kms.get_public_key(KeyId=metadata["KeyId"])
        assert ours["KeyAgreementAlgorithms"] == ["ECDH"]
        (tmp_path / "ours").write_bytes(ours["PublicKey"])
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-outform", "DER", "-out", tmp_path / "key")
        theirs = openssl("pkey", "-inform", "DER", "-in", tmp_path / "key", "-pubout", "-outform", "DER").stdout
        derived = openssl("pkeyutl", "-derive", "-keyform", "DER", "-inkey", tmp_path / "key", "-peerform", "DER", "-peerkey",
                          tmp_path / "ours").stdout
        wish = {"KeyId": metadata["KeyId"], "KeyAgreementAlgorithm": "ECDH", "PublicKey": theirs}
        made = kms.derive_shared_secret(**wish)
        assert made["SharedSecret"] == derived and len(derived) in (32, 48, 66)
        assert (made["KeyId"], made["KeyAgreementAlgorithm"], made["KeyOrigin"]) == (metadata["Arn"], "ECDH", "AWS_KMS")
        refused("DryRunOperationException", kms.derive_shared_secret, **wish, DryRun=True)
        refused("UnsupportedOperationException", kms.derive_shared_secret, **wish,
                Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"x"})


def test_a_peer_on_another_curve_is_refused(kms, keys):
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    for spec in ("ECC_NIST_P384", "ECC_SECG_P256K1", "RSA_2048"):
        peer = kms.get_public_key(KeyId=keys[spec])["PublicKey"]
        refused("ValidationException", kms.derive_shared_secret, KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=peer)
    refused("ValidationException", kms.derive_shared_secret, KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=b"no key")
    refused("InvalidKeyUsageException", kms.derive_shared_secret, KeyId=keys["ECC_NIST_P256"], KeyAgreementAlgorithm="ECDH",
            PublicKey=b"any")


# The trail

def test_the_trail_shows_how_but_not_what_was_signed(shared_coffer, kms, keys):
    kms.sign(KeyId=keys["ECC_NIST_P256"], Message=b"not for the trail", SigningAlgorithm="ECDSA_SHA_256", MessageType="RAW")
    record = next(record for record in reversed(shared_coffer.trail(50)) if record["eventName"] == "Sign")
    assert record["requestParameters"] == {"keyId": keys["ECC_NIST_P256"], "messageType": "RAW",
                                           "signingAlgorithm": "ECDSA_SHA_256"}
    assert record["responseElements"] is None
