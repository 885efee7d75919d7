# SPDX-License-Identifier: Apache-2.0
"""Rotation of the domain key: everything opens as before, nothing is under the old one, and old copies of the catalog
open nothing."""
import base64
import binascii
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from harness import BUILD, Coffer, refused, wait_until
from wrapped_keys import backing_key, token_of


@pytest.fixture
def rehearsal(tmp_path):
    """A development installation does not wait long for calls that began before."""
    with Coffer(tmp_path / "data", "--development") as running:
        yield running


def rotate(coffer):
    status = coffer.json("domain-key", "rotate", "--wait")
    assert status["state"] == "completed", status
    return status


def samples(coffer, count=3):
    kms = coffer.client("kms")
    made = []
    for number in range(count):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        made.append((f"text {number}".encode(), kms.encrypt(KeyId=key, Plaintext=f"text {number}")["CiphertextBlob"]))
    return made


def all_open(coffer, made):
    kms = coffer.client("kms")
    for plaintext, blob in made:
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


def token_version(token):
    """The domain key that wraps it; tokens of version 2 say first what they hold."""
    start = 1 if token[0] == 1 else 2
    return int.from_bytes(token[start:start + 4], "little")


def domain_key_versions(coffer):
    """Of everything in the catalog's backing keys, access keys and settings that begins as a token or a wrapped secret
    does (docs/format/token.md, wrapped-secret.md)."""
    found = {}
    with sqlite3.connect(f"file:{coffer.data / 'apid/catalog.db'}?mode=ro", uri=True) as catalog:
        for key, token in catalog.execute("SELECT key_id, token FROM backing_keys"):
            if token:
                found[key] = token_version(token)
        for key, wrapped in catalog.execute("SELECT id, wrapped_secret FROM access_keys"):
            found[key] = int.from_bytes(wrapped[2:6], "little")
        for name, value in catalog.execute("SELECT name, value FROM settings"):
            try:
                raw = base64.b64decode(value, validate=True)
            except binascii.Error:
                continue
            if name == "ca_wrapped_private_key":
                found[name] = int.from_bytes(raw[2:6], "little")
            if name == "block_token_backing_key":
                found[name] = token_version(raw)
    return found


def test_everything_opens_as_before_and_nothing_is_under_the_old_version(rehearsal):
    coffer = rehearsal
    made = samples(coffer)
    volume = coffer.create_volume(Encrypted=True)
    other = coffer.json("account", "create")
    snapshot = coffer.create_snapshot(volume)
    coffer.client("ebs").list_snapshot_blocks(SnapshotId=snapshot)  # makes the key of block tokens
    assert set(domain_key_versions(coffer).values()) == {1}
    status = rotate(coffer)
    assert (status["oldest_version"], status["newest_version"]) == (2, 2)
    versions = domain_key_versions(coffer)
    assert set(versions.values()) == {2} and {"ca_wrapped_private_key", "block_token_backing_key"} <= set(versions)
    all_open(coffer, made)
    assert coffer.attach(volume, "/dev/xvdb")
    assert coffer.client("kms", credentials=(other["access_key_id"], other["secret_access_key"])).list_keys()
    coffer.execute("/usr/bin/aws", "kms", "list-keys")  # a certificate of the installation's authority
    coffer.restart()
    all_open(coffer, made)
    rotate(coffer)
    all_open(coffer, made)
    assert set(domain_key_versions(coffer).values()) == {3}


def test_an_old_copy_of_the_catalog_opens_nothing(rehearsal, tmp_path):
    coffer = rehearsal
    key = coffer.client("kms").create_key()["KeyMetadata"]["KeyId"]
    coffer.stop()
    old = tmp_path / "old"
    shutil.copytree(coffer.data / "apid", old)
    coffer.start()
    with_old = lambda: backing_key(coffer, key)  # noqa: E731  opens the catalog's token with DIR's domain keys
    assert len(with_old()) == 32
    rotate(coffer)
    assert len(with_old()) == 32
    coffer.stop()
    shutil.rmtree(coffer.data / "apid")
    shutil.copytree(old, coffer.data / "apid")
    with pytest.raises(AssertionError):
        with_old()


def opens(coffer, key, token):
    """Whether a token opens with the domain keys that DIR has now."""
    result = subprocess.run(
        [BUILD / "open_data_key", "--data", coffer.data, "--seal-file", coffer.data / "seal.key", "--token", token.hex(),
         "--account", "123456789012", "--region", "us-west-2", "--key-id", key, "--print-backing-key"],
        capture_output=True, text=True, timeout=30)
    return result.returncode == 0


def test_a_keys_deletion_is_completed_by_a_rotation(rehearsal, tmp_path):
    """A copy of the whole catalog from before the deletion, token included, opens nothing of the key once the domain keys
    are new; with the domain keys of its own time it opened all."""
    coffer = rehearsal
    kms = coffer.client("kms")
    doomed, surviving = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    blobs = {key: kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"] for key in (doomed, surviving)}
    tokens = {key: token_of(coffer, key) for key in blobs}
    coffer.stop()
    shutil.copytree(coffer.data / "apid", tmp_path / "old-apid")
    shutil.copytree(coffer.data / "keyd", tmp_path / "old-keyd")
    coffer.start()
    kms = coffer.client("kms")
    assert opens(coffer, doomed, tokens[doomed]) and opens(coffer, surviving, tokens[surviving])

    kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    coffer.command("clock", "advance", "8d")
    wait_until(lambda: coffer.json("domain-key", "status")["state"] == "completed", "the rotation that follows")
    # Nobody asked for the rotation but the deletion.
    assert coffer.json("domain-key", "status")["oldest_version"] == 2
    assert not opens(coffer, doomed, tokens[doomed]) and not opens(coffer, surviving, tokens[surviving])
    assert opens(coffer, surviving, token_of(coffer, surviving))
    assert kms.decrypt(CiphertextBlob=blobs[surviving])["Plaintext"] == b"text"

    # By the product itself: the old catalog with the new domain keys, then with those of its own time.
    coffer.stop()
    with sqlite3.connect(tmp_path / "old-apid/catalog.db") as catalog:
        rows = [(table, row) for table, column in (("keys", "id"), ("backing_keys", "key_id"))
                for row in catalog.execute(f"SELECT * FROM {table} WHERE {column} = ?", (doomed,))]
    with sqlite3.connect(coffer.data / "apid/catalog.db") as catalog:
        for table, row in rows:
            catalog.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    coffer.start()
    refused("InvalidCiphertextException", coffer.client("kms").decrypt, CiphertextBlob=blobs[doomed])
    coffer.stop()
    for folder in ("keyd", "apid"):
        shutil.rmtree(coffer.data / folder)
        shutil.copytree(tmp_path / f"old-{folder}", coffer.data / folder)
    coffer.start()
    kms = coffer.client("kms")
    for key in blobs:
        assert kms.decrypt(CiphertextBlob=blobs[key])["Plaintext"] == b"text"

def test_deleted_imported_material_does_not_hold_it_up(rehearsal):
    coffer = rehearsal
    kms = coffer.client("kms")
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = serialization.load_der_public_key(given["PublicKey"]).encrypt(b"m" * 32, oaep)
    kms.import_key_material(KeyId=key, ImportToken=given["ImportToken"], EncryptedKeyMaterial=wrapped,
                            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
    kms.delete_imported_key_material(KeyId=key)
    assert rotate(coffer)["newest_version"] == 2


def test_calls_go_on_during_a_rotation_with_the_full_wait(tmp_path):
    """No call fails, none that began before, and none that makes keys meanwhile."""
    with Coffer(tmp_path / "data") as coffer:
        made = samples(coffer)
        kms = coffer.client("kms", retries=1)
        stop, failures, fresh = threading.Event(), [], []

        def load():
            while not stop.is_set():
                try:
                    for plaintext, blob in made:
                        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext
                    key = kms.create_key()["KeyMetadata"]["KeyId"]
                    fresh.append((b"fresh", kms.encrypt(KeyId=key, Plaintext=b"fresh")["CiphertextBlob"]))
                    time.sleep(0.01)
                except Exception as error:  # noqa: BLE001  whatever it is, it must not be
                    failures.append(repr(error))
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        rotate(coffer)
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == [] and len(fresh) > 20
        all_open(coffer, made + fresh)
        assert set(domain_key_versions(coffer).values()) == {2}


def test_a_rotation_goes_on_after_apid_and_keyd_were_killed(rehearsal):
    coffer = rehearsal
    made = samples(coffer, 20)
    coffer.command("domain-key", "rotate")
    coffer.kill_daemons("coffer-apid", "coffer-keyd")
    deadline = time.monotonic() + 30
    while True:
        result = coffer.command("domain-key", "status", "--json", check=False)
        if '"completed"' in result.stdout:
            break
        assert time.monotonic() < deadline, result
        time.sleep(0.1)
    all_open(coffer, made)
    assert set(domain_key_versions(coffer).values()) == {2}


def test_what_opens_under_no_domain_key_keeps_the_old_version(rehearsal):
    """A damaged row may be mended from a backup, which needs the old version."""
    coffer = rehearsal
    made = samples(coffer)
    key = coffer.client("kms").create_key()["KeyMetadata"]["KeyId"]
    coffer.stop()
    with sqlite3.connect(coffer.data / "apid/catalog.db") as catalog:
        (token,) = catalog.execute("SELECT token FROM backing_keys WHERE key_id = ?", (key,)).fetchone()
        damaged = token[:-1] + bytes([token[-1] ^ 1])
        catalog.execute("UPDATE backing_keys SET token = ? WHERE key_id = ?", (damaged, key))
    coffer.start()
    coffer.command("domain-key", "rotate")
    deadline = time.monotonic() + 20
    while key not in (status := coffer.json("domain-key", "status"))["message"]:
        assert time.monotonic() < deadline, status
    assert status["oldest_version"] == 1 and status["state"] == "rewrapping"
    all_open(coffer, made)
    # Mended, it ends by itself.
    coffer.stop()
    with sqlite3.connect(coffer.data / "apid/catalog.db") as catalog:
        catalog.execute("UPDATE backing_keys SET token = ? WHERE key_id = ?", (token, key))
    coffer.start()
    while coffer.json("domain-key", "status")["state"] != "completed":
        assert time.monotonic() < deadline + 30
    all_open(coffer, made)


def test_a_rotation_is_recorded(rehearsal):
    rotate(rehearsal)
    assert [record for record in rehearsal.trail() if record["eventName"] == "RotateDomainKey"]
