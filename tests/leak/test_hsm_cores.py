# SPDX-License-Identifier: Apache-2.0
"""Is the material of a KMS key in a PKCS#11 token anywhere but there: in a file of Coffer's, or in a daemon's core? The test takes it from
SoftHSM's own files, by the PIN."""
import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness import Coffer, files_with, wait_until
from soft_hsm import MODULE, SoftHsm
from test_cores import assert_found_in_ordinary_memory, assert_in_no_core, core_of

PIN = "kmsPswd2468"


@pytest.fixture
def token(tmp_path, monkeypatch):
    made = SoftHsm(tmp_path / "home")
    made.initialise("vault", PIN)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.delenv("SOFTHSM2_CONF", raising=False)
    return made


@pytest.fixture
def coffer(tmp_path, token):
    with Coffer(tmp_path / "data") as running:
        yield running


def key_in_token(coffer, kms):
    cluster = coffer.command("kms", "hsm", "add", "--module", MODULE, "--token", "vault").stdout.strip()
    store = kms.create_custom_key_store(CustomKeyStoreName="vault", CloudHsmClusterId=cluster, KeyStorePassword=PIN,
                                        TrustAnchorCertificate="any")["CustomKeyStoreId"]
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    wait_until(lambda: kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"][0]["ConnectionState"] == "CONNECTED",
               "the connection")
    return kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)["KeyMetadata"]["KeyId"]


def test_a_tokens_key_is_in_no_file_and_no_core(coffer, token, tmp_path):
    kms = coffer.client("kms")
    key = key_in_token(coffer, kms)
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"plaintext")["CiphertextBlob"] for _ in range(20)]
    assert all(kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"plaintext" for blob in blobs)
    material = token.key_material(PIN, key)
    # It is the key: it opens a blob without Coffer, by docs/format/ciphertext-blob.md.
    assert AESGCM(material).decrypt(blobs[0][38:50], blobs[0][50:], blobs[0][:38] + bytes(4)) == b"plaintext"

    secrets = {"the token's key": material, "its PIN": PIN.encode()}
    for secret in secrets.values():
        assert not files_with(coffer.data, secret)
        (coffer.data / "planted").write_bytes(base64.b64encode(secret))  # the positive control
        assert files_with(coffer.data, secret) == {coffer.data / "planted"}
        (coffer.data / "planted").unlink()
    # apid was told the PIN, by whoever created the store: only that apid.
    coffer.kill_daemons("coffer-apid")
    assert kms.decrypt(CiphertextBlob=blobs[0])["Plaintext"] == b"plaintext"
    cores = {name: core_of(pid, tmp_path) for name, pid in coffer.daemons().items()}
    assert_in_no_core(cores, secrets, coffer.data)
    assert_found_in_ordinary_memory(secrets, tmp_path)
