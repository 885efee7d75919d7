# SPDX-License-Identifier: Apache-2.0
"""What keyd takes part in, to be cut off by its death, and what is promised whenever that comes.

Each action is a generator of three parts. The first prepares; keyd is killed during the second; at the third it is
back, what was cut off is ended or asked again, and what must hold from then on is entered in Promises."""
import os
import random
import sqlite3
from collections import defaultdict

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from harness import nbd_client, refused
from wrapped_keys import wrapped_keys_of

MOST_ROTATIONS = 24  # on demand, of one key
WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}


class DeletedKey:
    """What may be left of it: its ciphertexts, and its rows in an old copy of the catalog."""

    def __init__(self, key, rows, ciphertexts):
        self.key, self.rows, self.ciphertexts = key, rows, ciphertexts


class Promises:
    """What was promised, and the clients to ask with."""

    def __init__(self, coffer, folder, seed):
        self.coffer, self.folder = coffer, folder
        self.chance = random.Random(seed)
        self.ciphertexts = defaultdict(list)  # of a key id: (plaintext, blob), each of which opens
        self.dead = []                        # DeletedKey
        self.materials = {}                   # of an imported key's id
        self.volumes = []                     # (key id, volume id, its first sector)
        self.rotations = defaultdict(int)     # on demand, of a key id
        self.secrets = [None]                 # any of them may open the seal; None: a key file does
        self.connect()

    def connect(self):
        self.kms = self.coffer.extended_client("kms", retries=8)    # for what must be answered
        self.hasty = self.coffer.extended_client("kms", retries=0)  # for what may be cut off
        self.ec2 = self.coffer.client("ec2", retries=8)

    def new_key(self):
        return self.kms.create_key()["KeyMetadata"]["KeyId"]

    def promise(self, key, kms=None):
        plaintext = self.chance.randbytes(16)
        self.ciphertexts[key].append((plaintext, (kms or self.kms).encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]))

    def symmetric_keys(self):
        """The promised keys whose material was made here, and that no volume needs."""
        needed = {key for key, _, _ in self.volumes} | set(self.materials)
        return [key for key in self.ciphertexts if key not in needed]

    def rows_of(self, key):
        """(table, row) of everything that a copy of the catalog needs of a key."""
        with sqlite3.connect(f"file:{self.coffer.data / 'apid/catalog.db'}?mode=ro", uri=True, timeout=20) as catalog:
            return [(table, row) for table, column in (("keys", "id"), ("backing_keys", "key_id"))
                    for row in catalog.execute(f"SELECT * FROM {table} WHERE {column} = ?", (key,))]

    def settle(self):
        """What is due on keys is done."""
        self.coffer.command("clock", "advance", "0s")

    def check(self, key):
        for plaintext, blob in self.ciphertexts[key]:
            assert self.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext

    def check_some(self):
        for key in self.chance.sample(sorted(self.ciphertexts), min(3, len(self.ciphertexts))):
            plaintext, blob = self.chance.choice(self.ciphertexts[key])
            assert self.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext

    def check_all(self):
        for key in list(self.ciphertexts):
            self.check(key)
        for dead in self.dead:
            for _, blob in dead.ciphertexts:
                assert_closed(self.kms, blob)


def assert_closed(kms, blob):
    """It does not open, for good: no answer that says to try again."""
    try:
        kms.decrypt(CiphertextBlob=blob)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
    else:
        raise AssertionError("a ciphertext of a deleted key opens")


def cut_off(call, *allowed, **parameters):
    """The answer; None when keyd's death kept it from coming, or by an `allowed` refusal. Nothing else may refuse."""
    try:
        return call(**parameters)
    except BotoCoreError:
        return None
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            return None
        if error.response["Error"]["Code"] in allowed:
            return None
        raise


def rotate_domain_key(promises):
    yield
    promises.coffer.command("domain-key", "rotate", "--wait", check=False)
    yield


def change_seal(promises):
    """From any software seal to a new passphrase or a new key file."""
    number = promises.chance.randrange(1 << 40)
    to_passphrase = promises.chance.random() < 0.5
    secret = f"passphrase number {number}" if to_passphrase else None
    yield
    promises.secrets.append(secret)
    if to_passphrase:
        result = promises.coffer.change_seal("passphrase", secret=secret, check=False)
    else:
        result = promises.coffer.change_seal("key-file", "--seal-file", str(promises.folder / f"seal-{number}.key"),
                                             check=False)
    yield
    if result.returncode == 0:
        promises.secrets = [secret]


def make_keys(promises):
    """What was acknowledged opens."""
    yield
    for _ in range(4):
        made = cut_off(promises.hasty.create_key)
        if made:
            key = made["KeyMetadata"]["KeyId"]
            cut_off(lambda: promises.promise(key, promises.hasty))
            promises.promise(key)
    yield


def rotate_key(promises):
    """A rotation on demand, which the key worker does: what is under earlier material opens."""
    fresh = [key for key in promises.symmetric_keys() if promises.rotations[key] < MOST_ROTATIONS]
    key = promises.chance.choice(fresh) if fresh else promises.new_key()
    promises.promise(key)
    yield
    if cut_off(promises.hasty.rotate_key_on_demand, KeyId=key):
        promises.rotations[key] += 1
        promises.coffer.command("clock", "advance", "0s", check=False)
    yield
    promises.settle()
    versions = promises.kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert len(versions) == 1 + promises.rotations[key]
    promises.promise(key)
    promises.check(key)


def import_parameters(kms, key):
    return kms.get_parameters_for_import(KeyId=key, **WRAPPING)


def bring(kms, key, material, parameters):
    """Imports the material as a customer does."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = serialization.load_der_public_key(parameters["PublicKey"]).encrypt(material, oaep)
    return kms.import_key_material(KeyId=key, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrapped,
                                   ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")


def import_material(promises):
    """Cut off or not, the same material can be imported, and other material cannot once it was."""
    key = promises.kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    material = promises.chance.randbytes(32)
    parameters = import_parameters(promises.kms, key) if promises.chance.random() < 0.7 else None
    yield
    parameters = parameters or cut_off(lambda: import_parameters(promises.hasty, key))
    # A rotation of the domain key that goes on from before ends the worth of import tokens.
    answered = parameters and cut_off(lambda: bring(promises.hasty, key, material, parameters),
                                      "InvalidImportTokenException")
    yield
    state = promises.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    assert state == "Enabled" if answered else state in ("Enabled", "PendingImport")
    if state == "Enabled":
        promises.promise(key)
    bring(promises.kms, key, material, import_parameters(promises.kms, key))
    promises.materials[key] = material
    promises.promise(key)
    promises.check(key)


def import_again(promises):
    """While its material is deleted nothing of the key opens; everything does when the same is back."""
    key = promises.chance.choice(sorted(promises.materials)) if promises.materials else None
    if key is None:
        key = promises.kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
        promises.materials[key] = promises.chance.randbytes(32)
        bring(promises.kms, key, promises.materials[key], import_parameters(promises.kms, key))
    promises.promise(key)
    parameters = import_parameters(promises.kms, key)
    yield
    cut_off(promises.hasty.delete_imported_key_material, KeyId=key)
    cut_off(lambda: bring(promises.hasty, key, promises.materials[key], parameters), "InvalidImportTokenException")
    yield
    promises.kms.delete_imported_key_material(KeyId=key)
    for _, blob in promises.ciphertexts[key]:
        assert_closed(promises.kms, blob)
    parameters = import_parameters(promises.kms, key)
    refused("IncorrectKeyMaterialException", lambda: bring(promises.kms, key, os.urandom(32), parameters))
    bring(promises.kms, key, promises.materials[key], parameters)
    promises.check(key)


def delete_key(promises):
    """Its day comes while keyd dies. A domain-key rotation follows by itself, which the next actions may cut off."""
    known = promises.symmetric_keys()
    key = promises.chance.choice(known) if len(known) > 8 else promises.new_key()
    promises.promise(key)
    dead = DeletedKey(key, promises.rows_of(key), promises.ciphertexts.pop(key))
    promises.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    yield
    # The 8 days pass in any case: apid lives, and its clock is set before keyd is asked.
    promises.coffer.command("clock", "advance", "8d", check=False)
    yield
    promises.settle()
    refused("NotFoundException", promises.kms.describe_key, KeyId=key)
    promises.dead.append(dead)
    for _, blob in dead.ciphertexts:
        assert_closed(promises.kms, blob)


def make_volumes(promises):
    """Two volumes with three layers each, under a new key."""
    key = promises.new_key()
    for number in range(2):
        volume = promises.coffer.create_volume(promises.ec2, Encrypted=True, KmsKeyId=key)
        contents = promises.chance.randbytes(4096)
        with nbd_client(promises.coffer.attach(volume, f"/dev/sd{'fg'[number]}", promises.ec2)) as client:
            client.pwrite(contents, 0)
            client.flush()
        detach(promises, volume)
        for _ in range(2):
            promises.coffer.create_snapshot(volume, promises.ec2)
        promises.volumes.append((key, volume, contents))
    return key


def detach(promises, volume):
    promises.ec2.detach_volume(VolumeId=volume)
    promises.ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.05, "MaxAttempts": 400})


def check_volume(promises, volume, contents):
    with nbd_client(promises.coffer.attach(volume, "/dev/sdf", promises.ec2)) as client:
        assert client.pread(4096, 0) == contents
    detach(promises, volume)


def rewrap_volumes(promises):
    """Each layer's data key is under its old wrapping or its new one, whole; what is left is done by the next call."""
    key = promises.volumes[-1][0] if promises.volumes else make_volumes(promises)
    if promises.rotations[key] == MOST_ROTATIONS:
        key = make_volumes(promises)
    promises.kms.rotate_key_on_demand(KeyId=key)
    promises.rotations[key] += 1
    promises.settle()
    mine = [(volume, contents) for owner, volume, contents in promises.volumes if owner == key]
    yield
    promises.coffer.command("kms", "rewrap", "--key", key, check=False)
    yield
    attached, contents = promises.chance.choice(mine)
    check_volume(promises, attached, contents)
    assert promises.coffer.json("kms", "rewrap", "--key", key)["failed"] == 0
    versions = {int.from_bytes(blob[18:22], "little") for volume, _ in mine  # docs/format/ciphertext-blob.md
                for blob in wrapped_keys_of(promises.coffer, volume)}
    assert versions == {1 + promises.rotations[key]}
    check_volume(promises, *promises.chance.choice(mine))


ACTIONS = {"rotate-domain-key": rotate_domain_key, "change-seal": change_seal, "make-keys": make_keys,
           "rotate-key": rotate_key, "import": import_material, "import-again": import_again, "delete-key": delete_key,
           "rewrap": rewrap_volumes}
