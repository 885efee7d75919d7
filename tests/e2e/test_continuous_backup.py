# SPDX-License-Identifier: Apache-2.0
"""`coffer backup --continuous`: no key exists that the backup lacks, whatever happens right after the answer."""
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from harness import BUILD, Coffer, files_with, refused, wait_until
from seals import Sealed

PASSPHRASE = "a recovery passphrase"


class Receiver:
    """The command, running."""

    def __init__(self, coffer, folder, *more, recovery_key=None):
        self.coffer, self.folder, self.more = coffer, Path(folder), more
        self.secret = ["--recovery-key", str(recovery_key)] if recovery_key else ["--passphrase-fd", "0"]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [BUILD / "coffer", "backup", str(self.folder), "--continuous", *self.secret, *self.more, "--data", self.coffer.data],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(f"{self.folder}.log", "ab"), text=True)
        self.process.stdin.write(PASSPHRASE + "\n")
        self.process.stdin.close()
        line = self.process.stdout.readline()
        assert line == f"ready {self.folder}\n", Path(f"{self.folder}.log").read_text()
        return self

    def end(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            code = self.process.wait(30)
            assert how != signal.SIGTERM or code == 0, Path(f"{self.folder}.log").read_text()
        self.process = None

    def pieces(self):
        return sorted(self.folder.glob("piece-" + 20 * "[0-9]"))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()


@pytest.fixture
def rehearsal(tmp_path):
    with Coffer(tmp_path / "data", "--development") as running:
        yield running


@pytest.fixture
def receiver(rehearsal, tmp_path):
    with Receiver(rehearsal, tmp_path / "backup", "--with-domain-keys", recovery_key=tmp_path / "recovery.key") as running:
        yield running


def lose(coffer):
    """The machine is gone, in the middle of everything, with all that was in its data folder but the volumes."""
    for pid in [*coffer.daemons().values(), coffer.process.pid]:
        os.kill(pid, signal.SIGKILL)
    coffer.process.wait()
    coffer.process = None
    lost = coffer.data.parent / "lost"
    coffer.data.rename(lost)
    return lost


def restore(receiver, data, check=True):
    result = subprocess.run([BUILD / "coffer", "restore", str(receiver.folder), "--data", str(data), *receiver.secret],
                            input=PASSPHRASE, capture_output=True, text=True, timeout=120)
    if check:
        assert result.returncode == 0, result.stderr
    return result


@contextlib.contextmanager
def restored(receiver, tmp_path, data="restored"):
    """The installation that comes out of the backup alone."""
    restore(receiver, tmp_path / data)
    with Coffer(tmp_path / data, "--development") as again:
        yield again


def rows(data):
    """What KMS keys are, in a catalog that nobody uses: all rows of them, but for what only the time changes."""
    with sqlite3.connect(data / "apid/catalog.db") as catalog:
        return {table: sorted(map(repr, catalog.execute(f"SELECT * FROM {table}")))
                for table in ("keys", "backing_keys", "aliases", "tags")}


def new_key(kms, **parameters):
    return kms.create_key(**parameters)["KeyMetadata"]["KeyId"]


def bring(kms, key, material):
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = serialization.load_der_public_key(given["PublicKey"]).encrypt(material, oaep)
    kms.import_key_material(KeyId=key, ImportToken=given["ImportToken"], EncryptedKeyMaterial=wrapped,
                            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")


def opens(coffer, blob, plaintext=b"text"):
    return coffer.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


def test_a_key_outlives_the_machine_that_answered_its_creation(rehearsal, receiver, tmp_path):
    kms = rehearsal.client("kms")
    key = new_key(kms)
    blob = kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    lose(rehearsal)
    receiver.end(signal.SIGKILL)
    with restored(receiver, tmp_path) as again:
        assert opens(again, blob)


def test_every_way_to_new_material_is_in_the_backup(rehearsal, receiver, tmp_path):
    """Key pairs, MAC keys, imports, replicas, rotations on demand and by time, AWS managed keys; with tags and policy."""
    kms = rehearsal.extended_client("kms")
    keys = {"plain": new_key(kms, Description="d", Tags=[{"TagKey": "a", "TagValue": "b"}]),
            "rsa": new_key(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY"),
            "mac": new_key(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"),
            "imported": new_key(kms, Origin="EXTERNAL"), "empty": new_key(kms, Origin="EXTERNAL"),
            "global": new_key(kms, MultiRegion=True)}
    bring(kms, keys["imported"], os.urandom(32))
    kms.enable_key_rotation(KeyId=keys["plain"], RotationPeriodInDays=90)
    kms.replicate_key(KeyId=keys["global"], ReplicaRegion="us-east-1")
    kms.describe_key(KeyId="alias/aws/ebs")
    rehearsal.command("clock", "advance", "91d")
    blobs = [kms.encrypt(KeyId=keys[name], Plaintext=b"text")["CiphertextBlob"] for name in ("plain", "imported", "global")]
    for name in ("plain", "global"):
        kms.rotate_key_on_demand(KeyId=keys[name])
    rehearsal.command("clock", "advance", "0s")
    blobs += [kms.encrypt(KeyId=keys[name], Plaintext=b"text")["CiphertextBlob"] for name in ("plain", "global")]
    signature = kms.sign(KeyId=keys["rsa"], Message=b"m", SigningAlgorithm="RSASSA_PSS_SHA_256")["Signature"]
    mac = kms.generate_mac(KeyId=keys["mac"], Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
    assert receiver.pieces()
    before = rows(lose(rehearsal))
    with restored(receiver, tmp_path) as again:
        kms = again.extended_client("kms")
        assert all(opens(again, blob) for blob in blobs)
        east = again.client("kms", "us-east-1")
        assert east.decrypt(CiphertextBlob=blobs[2])["Plaintext"] == b"text"
        assert kms.verify(KeyId=keys["rsa"], Message=b"m", Signature=signature,
                          SigningAlgorithm="RSASSA_PSS_SHA_256")["SignatureValid"]
        assert kms.verify_mac(KeyId=keys["mac"], Message=b"m", Mac=mac, MacAlgorithm="HMAC_SHA_256")["MacValid"]
        assert [r for r in again.trail() if r["eventName"] == "RestoreKeys"]
    after = rows(tmp_path / "restored")
    assert set(before["backing_keys"]) == set(after["backing_keys"])
    # All but what no new material came with: that rotation was enabled.
    assert len(before["keys"]) == len(after["keys"]) and before["tags"] == after["tags"]
    assert before["aliases"] == after["aliases"]


def test_without_its_command_no_key_is_made_and_all_else_goes_on(rehearsal, receiver):
    kms = rehearsal.client("kms", retries=0)
    key = new_key(kms)
    receiver.end()
    count = len(kms.list_keys()["Keys"])
    blob = kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    with pytest.raises(ClientError) as error:
        kms.create_key()
    assert error.value.response["Error"]["Code"] == "DependencyTimeoutException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert len(kms.list_keys()["Keys"]) == count and opens(rehearsal, blob)
    status = rehearsal.json("status")
    assert status["continuous_backup"] == {"on": True, "connected": False, "target": str(receiver.folder)}
    assert any("does not run" in warning for warning in status["warnings"])
    # As after a crash of everything: it is remembered.
    rehearsal.restart()
    kms = rehearsal.client("kms", retries=0)
    refused("DependencyTimeoutException", kms.create_key)
    with receiver:
        new_key(kms)
        assert str(receiver.folder) in rehearsal.command("status").stdout
    rehearsal.command("backup", "--end-continuous")
    again = rehearsal.command("backup", "--end-continuous", check=False)
    assert again.returncode == 4 and "no continuous backup is in force" in again.stderr
    new_key(kms)
    assert not rehearsal.json("status")["continuous_backup"]["on"]
    names = {record["eventName"] for record in rehearsal.trail()}
    assert {"StartContinuousBackup", "StopContinuousBackup"} <= names


def test_a_target_that_fails_fails_the_call_and_recovers(rehearsal, receiver):
    kms = rehearsal.client("kms", retries=0)
    new_key(kms)
    count = len(kms.list_keys()["Keys"])
    number = int(receiver.pieces()[-1].name[6:]) + 1
    obstacle = receiver.folder / f"piece-{number:020}.new"
    (obstacle / "in the way").mkdir(parents=True)  # as a disk that is full, for root too
    began = time.monotonic()
    refused("DependencyTimeoutException", kms.create_key)
    assert time.monotonic() - began < 5, "the failure is told at once"
    assert len(kms.list_keys()["Keys"]) == count
    shutil.rmtree(obstacle)
    new_key(kms)


def wait_for_rotation(coffer):
    wait_until(lambda: coffer.json("domain-key", "status")["state"] == "completed", "the rotation", 60)


def test_a_rotation_of_the_domain_key_waits_for_a_whole_backup(rehearsal, receiver, tmp_path):
    """By what opens the backup alone, keys from before and after open; what was deleted before it is in the backup no more."""
    kms = rehearsal.client("kms")
    early, doomed = new_key(kms), new_key(kms)
    blobs = [kms.encrypt(KeyId=early, Plaintext=b"text")["CiphertextBlob"]]
    dead = kms.encrypt(KeyId=doomed, Plaintext=b"text")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    receiver.end()
    rehearsal.command("clock", "advance", "8d")
    wait_until(lambda: "whole backup" in rehearsal.json("domain-key", "status")["message"], "a rotation that is held up")
    assert rehearsal.json("domain-key", "status")["oldest_version"] == 1
    receiver.start()
    wait_for_rotation(rehearsal)
    late = new_key(kms)
    blobs.append(kms.encrypt(KeyId=late, Plaintext=b"text")["CiphertextBlob"])
    with restored(receiver, tmp_path) as again:
        assert all(opens(again, blob) for blob in blobs)
        with pytest.raises(ClientError):
            again.client("kms").decrypt(CiphertextBlob=dead)
    # Also when the machine dies while keys are made under either domain key.
    rehearsal.command("domain-key", "rotate")
    for _ in range(20):
        blobs.append(kms.encrypt(KeyId=new_key(kms), Plaintext=b"text")["CiphertextBlob"])
    lose(rehearsal)
    with restored(receiver, tmp_path, "again") as again:
        assert all(opens(again, blob) for blob in blobs)


def test_kills_of_the_command_lose_no_key(rehearsal, receiver, tmp_path):
    kms = rehearsal.client("kms", retries=0)
    made, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            with contextlib.suppress(ClientError, BotoCoreError):
                key = new_key(kms)
                made.append(kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"])
    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(6):
        time.sleep(0.15 + 0.1 * number)
        receiver.end(signal.SIGKILL)
        receiver.start()
    time.sleep(0.5)
    stop.set()
    lose(rehearsal)
    for thread in threads:
        thread.join()
    assert len(made) > 50
    with restored(receiver, tmp_path) as again:
        kms = again.client("kms")
        assert all(kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"text" for blob in made)


@pytest.mark.parametrize("damage", ("missing", "flipped", "swapped", "cut at the end"))
def test_a_damaged_piece_is_named(rehearsal, receiver, tmp_path, damage):
    kms = rehearsal.client("kms")
    blobs = [kms.encrypt(KeyId=new_key(kms), Plaintext=b"text")["CiphertextBlob"] for _ in range(4)]
    lose(rehearsal)
    receiver.end(signal.SIGKILL)
    first, second, *_, last = receiver.pieces()
    if damage == "missing":
        second.unlink()
    if damage == "flipped":
        whole = bytearray(second.read_bytes())
        whole[-20] ^= 4
        second.write_bytes(whole)
    if damage == "swapped":
        contents = first.read_bytes(), second.read_bytes()
        first.write_bytes(contents[1])
        second.write_bytes(contents[0])
    if damage == "cut at the end":  # as a copy of the folder that was made meanwhile
        last.write_bytes(last.read_bytes()[:-30])
        said = restore(receiver, tmp_path / "restored")
        assert str(last) in said.stdout
        with Coffer(tmp_path / "restored", "--development") as again:
            assert all(opens(again, blob) for blob in blobs[:3])
        return
    result = restore(receiver, tmp_path / "restored", check=False)
    assert result.returncode != 0 and "piece-" in result.stderr
    assert not (tmp_path / "restored/installation.json").exists()


def test_the_folder_holds_nothing_in_the_clear_and_is_of_one_installation(rehearsal, tmp_path):
    with Receiver(rehearsal, tmp_path / "backup") as receiver:
        kms = rehearsal.client("kms")
        new_key(kms, Description="a description nobody must read")
        catalog = sqlite3.connect(f"file:{rehearsal.data / 'apid/catalog.db'}?mode=ro", uri=True)
        tokens = [token for (token,) in catalog.execute("SELECT token FROM backing_keys") if token]
        for needle in [b"a description nobody must read", *tokens]:
            assert not files_with(receiver.folder, needle)
        assert all(path.stat().st_mode & 0o77 == 0 for path in receiver.folder.iterdir())
        second = subprocess.run([BUILD / "coffer", "backup", receiver.folder, "--continuous", "--passphrase-fd", "0",
                                 "--data", rehearsal.data], input=PASSPHRASE, capture_output=True, text=True, timeout=30)
        assert second.returncode != 0 and "another" in second.stderr
    # Without the domain keys it takes the seal; a seal that was changed is in it too.
    rehearsal.stop()
    sealed = Sealed(rehearsal.data, "--development")
    with sealed, receiver:
        sealed.change_seal("passphrase", secret="the seal's passphrase")
        key = new_key(sealed.client("kms"))
        blob = sealed.client("kms").encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
        lose(sealed)
    assert restore(receiver, tmp_path / "restored").returncode == 0
    again = Sealed(tmp_path / "restored", "--development")
    again.secret = "the seal's passphrase"
    with again:
        assert opens(again, blob)
    shutil.copytree(tmp_path / "restored", tmp_path / "other")
    with Coffer(tmp_path / "fresh") as other:
        result = subprocess.run([BUILD / "coffer", "backup", receiver.folder, "--continuous", "--passphrase-fd", "0",
                                 "--data", other.data], input=PASSPHRASE, capture_output=True, text=True, timeout=30)
        assert result.returncode != 0 and "another installation" in result.stderr
        wrong = subprocess.run([BUILD / "coffer", "backup", receiver.folder, "--continuous", "--passphrase-fd", "0",
                                "--data", other.data], input="some other passphrase", capture_output=True, text=True, timeout=30)
        assert wrong.returncode != 0 and f"{receiver.folder}/base: " in wrong.stderr
