# SPDX-License-Identifier: Apache-2.0
"""Imported key material through boto3: wrapped by python3-cryptography and OpenSSL's command line as a customer would, by each SDK."""
import concurrent.futures
import datetime
import os
import subprocess

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from harness import refused, wait_until

FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
DIRECT = {"RSAES_OAEP_SHA_1": hashes.SHA1, "RSAES_OAEP_SHA_256": hashes.SHA256}
TWO_STEPS = {"RSA_AES_KEY_WRAP_SHA_1": hashes.SHA1, "RSA_AES_KEY_WRAP_SHA_256": hashes.SHA256}


@pytest.fixture
def key(kms):
    return kms.create_key(Origin="EXTERNAL")["KeyMetadata"]


def wrap(parameters, algorithm, material):
    public = serialization.load_der_public_key(parameters["PublicKey"])
    function = {**DIRECT, **TWO_STEPS}[algorithm]()
    oaep = padding.OAEP(padding.MGF1(function), function, None)
    if algorithm in DIRECT:
        return public.encrypt(material, oaep)
    aes = os.urandom(32)
    return public.encrypt(aes, oaep) + keywrap.aes_key_wrap_with_padding(aes, material)


def bring(kms, key, material, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048", **more):
    """Imports the material as a customer does."""
    parameters = kms.get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    return kms.import_key_material(KeyId=key["KeyId"], ImportToken=parameters["ImportToken"],
                                   EncryptedKeyMaterial=wrap(parameters, algorithm, material), **(more or FOREVER))


def pkcs8(private):
    return private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def spki(private):
    return private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def state(kms, key):
    return kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]


def test_a_key_waits_for_its_material(kms, key):
    assert (key["Origin"], key["KeyState"], key["Enabled"]) == ("EXTERNAL", "PendingImport", False)
    message = refused("KMSInvalidStateException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert message == f"{key['Arn']} is pending import."


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_the_parameters_are_good_for_a_day(kms, key, spec):
    made = kms.get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec=spec)
    assert made["KeyId"] == key["Arn"]
    assert serialization.load_der_public_key(made["PublicKey"]).key_size == int(spec[4:])
    left = made["ParametersValidTo"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23, minutes=55) < left <= datetime.timedelta(hours=24)


@pytest.mark.parametrize("algorithm", [*DIRECT, *TWO_STEPS])
def test_symmetric_material_is_used_once_it_is_there(kms, key, algorithm):
    answer = bring(kms, key, os.urandom(32), algorithm)
    assert answer["KeyId"] == key["Arn"] and len(answer["KeyMaterialId"]) == 64
    metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (metadata["KeyState"], metadata["Enabled"]) == ("Enabled", True)
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE" and "ValidTo" not in metadata
    assert metadata["CurrentKeyMaterialId"] == answer["KeyMaterialId"]
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"sealed")["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed)
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"sealed", answer["KeyMaterialId"])


def test_only_the_same_material_comes_back_and_opens_what_it_sealed(kms, key):
    material = os.urandom(32)
    first = bring(kms, key, material)
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"sealed")["CiphertextBlob"]
    deleted = kms.delete_imported_key_material(KeyId=key["KeyId"])
    assert (deleted["KeyId"], deleted["KeyMaterialId"]) == (key["Arn"], first["KeyMaterialId"])
    metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert metadata["KeyState"] == "PendingImport" and "ExpirationModel" not in metadata
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed)
    refused("IncorrectKeyMaterialException", bring, kms=kms, key=key, material=os.urandom(32))
    assert bring(kms, key, material)["KeyMaterialId"] == first["KeyMaterialId"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"sealed"
    bring(kms, key, material, "RSA_AES_KEY_WRAP_SHA_256", "RSA_3072")  # again, while it is there


def test_of_two_first_imports_at_once_one_stays(shared_coffer):
    kms = shared_coffer.extended_client("kms")
    for _ in range(3):
        key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
        wishes = []
        for _ in range(4):
            parameters = kms.get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256",
                                                       WrappingKeySpec="RSA_2048")
            wishes.append({"KeyId": key["KeyId"], "ImportToken": parameters["ImportToken"],
                           "EncryptedKeyMaterial": wrap(parameters, "RSAES_OAEP_SHA_256", os.urandom(32)), **FOREVER})

        def import_one(wish):
            try:
                return kms.import_key_material(**wish)["KeyMaterialId"]
            except ClientError as error:
                assert error.response["Error"]["Code"] == "IncorrectKeyMaterialException", error
                return None

        with concurrent.futures.ThreadPoolExecutor(len(wishes)) as pool:
            taken = [name for name in pool.map(import_one, wishes) if name]
        assert taken == [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]]


PAIRS = {
    "RSA_2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA_3072": lambda: rsa.generate_private_key(65537, 3072),
    "ECC_NIST_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECC_NIST_P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECC_NIST_P521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ECC_SECG_P256K1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("spec", PAIRS)
def test_key_pairs_are_imported(kms, spec):
    key = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    private = PAIRS[spec]()
    answer = bring(kms, key, pkcs8(private), "RSA_AES_KEY_WRAP_SHA_256")
    assert "KeyMaterialId" not in answer
    assert kms.get_public_key(KeyId=key["KeyId"])["PublicKey"] == spki(private)
    algorithm = key["SigningAlgorithms"][0]
    signature = kms.sign(KeyId=key["KeyId"], Message=b"message", SigningAlgorithm=algorithm)["Signature"]
    assert kms.verify(KeyId=key["KeyId"], Message=b"message", SigningAlgorithm=algorithm, Signature=signature)["SignatureValid"]
    kms.delete_imported_key_material(KeyId=key["KeyId"])
    refused("KMSInvalidStateException", kms.get_public_key, KeyId=key["KeyId"])
    refused("IncorrectKeyMaterialException", bring, kms=kms, key=key, material=pkcs8(PAIRS[spec]()),
            algorithm="RSA_AES_KEY_WRAP_SHA_256")


@pytest.mark.parametrize("spec,size", [("HMAC_224", 28), ("HMAC_256", 64), ("HMAC_384", 48), ("HMAC_512", 128)])
def test_mac_keys_are_imported(kms, spec, size):
    key = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    material = os.urandom(size)
    bring(kms, key, material)
    mac = kms.generate_mac(KeyId=key["KeyId"], Message=b"message", MacAlgorithm=f"HMAC_SHA_{spec[5:]}")["Mac"]
    by_openssl = subprocess.run(["openssl", "dgst", f"-sha{spec[5:]}", "-mac", "HMAC", "-macopt", f"hexkey:{material.hex()}",
                                 "-binary"], input=b"message", capture_output=True, check=True).stdout
    assert mac == by_openssl


def test_what_openssl_wrapped_is_taken(kms, key, tmp_path):
    parameters = kms.get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256",
                                               WrappingKeySpec="RSA_4096")
    (tmp_path / "public").write_bytes(parameters["PublicKey"])
    wrapped = subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "public",
                              "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt",
                              "rsa_mgf1_md:sha256"], input=os.urandom(32), capture_output=True, check=True).stdout
    kms.import_key_material(KeyId=key["KeyId"], ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrapped, **FOREVER)
    assert state(kms, key) == "Enabled"


def test_wrong_material_is_refused(kms, key):
    for size in (16, 31, 33):
        refused("IncorrectKeyMaterialException", bring, kms=kms, key=key, material=os.urandom(size))
    pair = kms.create_key(Origin="EXTERNAL", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    for wrong in (os.urandom(32), pkcs8(PAIRS["ECC_SECG_P256K1"]())):
        refused("IncorrectKeyMaterialException", bring, kms=kms, key=pair, material=wrong)
    assert state(kms, key) == state(kms, pair) == "PendingImport"


def test_wrong_tokens_and_ciphertexts_are_refused(kms, key):
    wish = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    parameters = kms.get_parameters_for_import(KeyId=key["KeyId"], **wish)
    other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    foreign = kms.get_parameters_for_import(KeyId=other["KeyId"], **wish)
    wrapped = wrap(parameters, "RSAES_OAEP_SHA_256", os.urandom(32))
    token = parameters["ImportToken"]
    for wrong in (foreign["ImportToken"], token[:-1] + bytes([token[-1] ^ 1]), token[:40], b"no token"):
        refused("InvalidImportTokenException", kms.import_key_material, KeyId=key["KeyId"], ImportToken=wrong,
                EncryptedKeyMaterial=wrapped, **FOREVER)
    for wrong in (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), wrapped[:-1], b"x", wrap(foreign, "RSAES_OAEP_SHA_256", os.urandom(32)),
                  wrap(parameters, "RSAES_OAEP_SHA_1", os.urandom(32))):
        refused("InvalidCiphertextException", kms.import_key_material, KeyId=key["KeyId"], ImportToken=token,
                EncryptedKeyMaterial=wrong, **FOREVER)
    assert state(kms, key) == "PendingImport"


@pytest.mark.parametrize("parameters,spec", [
    ({"WrappingAlgorithm": "RSAES_PKCS1_V1_5", "WrappingKeySpec": "RSA_2048"}, "SYMMETRIC_DEFAULT"),
    ({"WrappingAlgorithm": "SM2PKE", "WrappingKeySpec": "SM2"}, "SYMMETRIC_DEFAULT"),
    ({"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "SM2"}, "SYMMETRIC_DEFAULT"),
    ({"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_4096"}, "RSA_2048"),
    ({"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}, "ECC_NIST_P521"),
])
def test_wrappings_that_are_not_offered(kms, parameters, spec):
    usage = {} if spec == "SYMMETRIC_DEFAULT" else {"KeyUsage": "SIGN_VERIFY"}
    key = kms.create_key(Origin="EXTERNAL", KeySpec=spec, **usage)["KeyMetadata"]
    refused("UnsupportedOperationException", kms.get_parameters_for_import, KeyId=key["KeyId"], **parameters)


def test_keys_with_material_of_ours_import_none(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    refused("UnsupportedOperationException", kms.get_parameters_for_import, KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256",
            WrappingKeySpec="RSA_2048")
    refused("UnsupportedOperationException", kms.import_key_material, KeyId=key, ImportToken=b"x", EncryptedKeyMaterial=b"x",
            **FOREVER)
    refused("UnsupportedOperationException", kms.delete_imported_key_material, KeyId=key)


def test_the_expiry_must_make_sense(kms, key):
    now = datetime.datetime.now(datetime.timezone.utc)
    wish = {"KeyId": key["KeyId"], "ImportToken": b"x", "EncryptedKeyMaterial": b"x"}
    message = refused("ValidationException", kms.import_key_material, **wish)
    assert message == "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
    for wrong in ({"ValidTo": now - datetime.timedelta(1)}, {"ValidTo": now + datetime.timedelta(366)},
                  {"ValidTo": now + datetime.timedelta(1), **FOREVER}):
        refused("ValidationException", kms.import_key_material, **wish, **wrong)


def test_material_that_expires_is_gone_at_its_time_and_can_come_back(kms, key):
    material = os.urandom(32)
    parameters = kms.get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256",
                                               WrappingKeySpec="RSA_2048")
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=6)
    kms.import_key_material(KeyId=key["KeyId"], ImportToken=parameters["ImportToken"], ValidTo=end,
                            EncryptedKeyMaterial=wrap(parameters, "RSAES_OAEP_SHA_256", material))
    metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_EXPIRES" and abs(metadata["ValidTo"] - end) < datetime.timedelta(seconds=1)
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"sealed")["CiphertextBlob"]
    wait_until(lambda: state(kms, key) == "PendingImport", "the material to expire", 30)
    assert datetime.datetime.now(datetime.timezone.utc) >= end - datetime.timedelta(seconds=1)
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed)
    refused("IncorrectKeyMaterialException", bring, kms=kms, key=key, material=os.urandom(32))
    bring(kms, key, material)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"sealed"


def test_import_types(kms, key):
    wish = {"KeyId": key["KeyId"], "ImportToken": b"x", "EncryptedKeyMaterial": b"x", **FOREVER}
    refused("IncorrectKeyMaterialException", kms.import_key_material, **wish, ImportType="EXISTING_KEY_MATERIAL")
    material = os.urandom(32)
    made = bring(kms, key, material, ImportType="NEW_KEY_MATERIAL", **FOREVER)
    bring(kms, key, material, ImportType="EXISTING_KEY_MATERIAL", KeyMaterialId=made["KeyMaterialId"], **FOREVER)
    refused("IncorrectKeyMaterialException", kms.import_key_material, **wish, KeyMaterialId="0" * 64)
    refused("UnsupportedOperationException", kms.import_key_material, **wish, ImportType="NEW_KEY_MATERIAL")


def test_the_trail_tells_no_material(shared_coffer, kms, key):
    bring(kms, key, os.urandom(32))
    record = next(record for record in reversed(shared_coffer.trail(50)) if record["eventName"] == "ImportKeyMaterial")
    assert record["requestParameters"] == {"keyId": key["KeyId"], "expirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
