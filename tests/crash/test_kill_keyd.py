# SPDX-License-Identifier: Apache-2.0
"""kill -9 of keyd at any point of what changes its keys: every ciphertext made before opens, every deleted key's does
not.

COFFER_KEYD_KILLS=1000 COFFER_KILL_SEED=7 run it longer or again; COFFER_KILL_ACTIONS=rotate,change-seal some actions only.
An action is a function below with a name in ACTIONS: it begins something that keyd takes part in, is cut off at any
point, and says what must hold afterwards by what it leaves in Promises."""
import os
import random
import signal
import sqlite3
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from harness import wait_until
from seals import Sealed

KILLS = int(os.environ.get("COFFER_KEYD_KILLS", "12"))
SEED = int(os.environ.get("COFFER_KILL_SEED", random.randrange(1 << 30)))


class Promises:
    """What was promised, and the ways to break it."""

    def __init__(self, coffer, folder):
        self.coffer, self.folder = coffer, folder
        self.chance = random.Random(SEED)
        self.ciphertexts = []  # (plaintext, blob): each must open, always
        self.dead = []         # (key id, row, blob): of a deleted key, its row taken from an old catalog
        self.secrets = []      # passphrases that may open the seal; the last is the newest that was asked for
        self.kms = coffer.client("kms", retries=8)
        self.number = 0

    def make_ciphertext(self):
        self.number += 1
        key = self.kms.create_key()["KeyMetadata"]["KeyId"]
        plaintext = f"text {self.number}".encode()
        self.ciphertexts.append((plaintext, self.kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]))

    def check(self):
        for plaintext, blob in self.chance.sample(self.ciphertexts, min(4, len(self.ciphertexts))):
            assert self.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext

    def check_all(self):
        for plaintext, blob in self.ciphertexts:
            assert self.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


def rotate(promises):
    """A rotation of the domain key; it must end by itself once keyd is back."""
    promises.coffer.command("domain-key", "rotate", check=False)


def change_seal(promises):
    """From any software seal to a new passphrase or a new key file."""
    if promises.chance.random() < 0.5:
        secret = f"passphrase number {promises.chance.randrange(1 << 40)}"
        promises.secrets.append(secret)
        promises.coffer.change_seal("passphrase", secret=secret, check=False)
    else:
        path = promises.folder / f"seal-{promises.chance.randrange(1 << 40)}.key"
        promises.coffer.change_seal("key-file", "--seal-file", str(path), check=False)


def make_keys(promises):
    """New keys while keyd dies: what was acknowledged opens."""
    for _ in range(3):
        try:
            promises.make_ciphertext()
        except (ClientError, BotoCoreError):
            pass


ACTIONS = {"rotate": rotate, "change-seal": change_seal, "make-keys": make_keys}
NAMES = os.environ.get("COFFER_KILL_ACTIONS", ",".join(ACTIONS)).split(",")


def kill_keyd(coffer):
    before = coffer.daemons().get("coffer-keyd")
    if before is None:
        return
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: coffer.daemons().get("coffer-keyd") not in (None, before), "another keyd")


def delete_key(promises):
    """As the deletion of a KMS key ends: its rows go. What of it may be left is a copy of its token, from before."""
    key = promises.kms.create_key()["KeyMetadata"]["KeyId"]
    blob = promises.kms.encrypt(KeyId=key, Plaintext=b"gone")["CiphertextBlob"]
    catalog = sqlite3.connect(promises.coffer.data / "apid/catalog.db", timeout=20)
    with catalog:
        (row,) = catalog.execute("SELECT * FROM backing_keys WHERE key_id = ?", (key,)).fetchall()
        catalog.execute("DELETE FROM backing_keys WHERE key_id = ?", (key,))
        catalog.execute("DELETE FROM tags WHERE resource_id LIKE ?", (f"%{key}",))
    promises.dead.append((key, row, blob))


def wait_for_rotation(coffer):
    def completed():
        result = coffer.command("domain-key", "status", "--json", check=False)
        return '"completed"' in result.stdout or '"none"' in result.stdout
    wait_until(completed, "the end of the rotation", 60)


def expect_dead(promises):
    """With its old token put back into the catalog, a deleted key still opens nothing."""
    for key, row, blob in promises.dead:
        with sqlite3.connect(promises.coffer.data / "apid/catalog.db", timeout=20) as catalog:
            catalog.execute(f"INSERT INTO backing_keys VALUES ({', '.join('?' * len(row))})", row)
        with pytest.raises(ClientError) as error:
            promises.kms.decrypt(CiphertextBlob=blob)
        assert error.value.response["Error"]["Code"] == "InvalidCiphertextException"
        with sqlite3.connect(promises.coffer.data / "apid/catalog.db", timeout=20) as catalog:
            catalog.execute("DELETE FROM backing_keys WHERE key_id = ?", (key,))
    promises.dead.clear()


def test_every_ciphertext_opens_and_no_deleted_keys_does(tmp_path):
    print(f"seed {SEED}, {KILLS} kills, {', '.join(NAMES)}")
    with Sealed(tmp_path / "data", "--development") as coffer:
        promises = Promises(coffer, tmp_path)
        promises.make_ciphertext()
        for kill in range(KILLS):
            action = promises.chance.choice(NAMES)
            if kill % 10 == 3:
                delete_key(promises)
            thread = threading.Thread(target=ACTIONS[action], args=(promises,))
            thread.start()
            time.sleep(promises.chance.random() ** 2 * (1.2 if action == "change-seal" else 0.3))
            kill_keyd(coffer)
            thread.join()
            promises.check()
            if kill % 4 == 0:
                promises.make_ciphertext()
            if kill % 10 == 9:
                wait_for_rotation(coffer)
                coffer.command("domain-key", "rotate", "--wait")
                expect_dead(promises)
        wait_for_rotation(coffer)
        coffer.command("domain-key", "rotate", "--wait")
        expect_dead(promises)
        promises.check_all()
        # From cold, by what the newest copy says: the newest passphrase that took effect, or a file.
        coffer.stop()
        for secret in [None, *reversed(promises.secrets)]:
            coffer.secret = secret
            try:
                coffer.start()
                break
            except AssertionError:
                coffer.process = None
        promises.kms = coffer.client("kms", retries=8)
        promises.check_all()
