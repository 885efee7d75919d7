# SPDX-License-Identifier: Apache-2.0
"""Is there a key or plaintext in a file or a core when snapshots are taken, copied, cloned, merged and re-keyed?"""
import os
import signal

import pytest

from harness import DAEMONS, REGION, dm_table, files_with, nbd_client, wait_until
from test_cores import Load, assert_found_in_ordinary_memory, assert_in_no_core, core_of
from wrapped_keys import backing_key, open_layer_key, read_layer_key

EAST = "us-east-1"
MIB = 1 << 20
SECTOR = 4096


def write_canaries(uri, canary, offset, length):
    """Random bytes with the canary at the start of every sector."""
    data = b"".join(canary + os.urandom(SECTOR - len(canary)) for _ in range(length // SECTOR))
    with nbd_client(uri) as handle:
        for at in range(0, length, MIB):
            handle.pwrite(data[at:at + MIB], offset + at)
        handle.flush()


def clone(coffer, ec2, snapshot, device, **parameters):
    volume = coffer.create_volume(ec2, SnapshotId=snapshot, **parameters)
    return volume, coffer.attach(volume, device, ec2)


def rekeyed(ec2, volume):
    return wait_until(lambda: ec2.describe_volume_rekeys(VolumeIds=[volume])["VolumeRekeys"][0]["State"] == "completed",
                      "the re-keying", 120)


class Keys:
    """The data keys and wrapped keys of every layer there was, seen while it was there."""

    def __init__(self, coffer):
        self.coffer, self.opened, self.wrapped = coffer, {}, {}

    def note(self, subject, region=REGION):
        found = [folder.name for folder in self.coffer.layer_folders(subject) if (folder / "key").exists()]
        for layer in found:
            self.note_layer(layer, region)
        return found

    def note_layer(self, layer, region=REGION):
        if layer not in self.opened:
            self.wrapped[layer] = read_layer_key(self.coffer.data / "volumes" / layer)[0]
            self.opened[layer] = open_layer_key(self.coffer, layer, region=region)

    def halves(self):
        return [key[at:at + 32] for key in self.opened.values() for at in (0, 32)]


def read_by_the_direct_api(coffer, snapshot, canary):
    """All blocks; the canary is in them, or this read something else."""
    ebs = coffer.client("ebs")
    blocks = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    for block in blocks:
        data = ebs.get_snapshot_block(SnapshotId=snapshot, **{k: block[k] for k in ("BlockIndex", "BlockToken")})
        assert canary in data["BlockData"].read()
    return len(blocks)


class Life:
    """What a volume's data went through, and the keys it was under on the way."""

    def __init__(self, coffer):
        self.coffer, self.keys, self.canary = coffer, Keys(coffer), os.urandom(32)
        ec2, east, kms = coffer.extended_ec2(), coffer.client("ec2", EAST), coffer.client("kms")
        first, second, third = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(3))
        far = coffer.client("kms", EAST).create_key()["KeyMetadata"]["Arn"]

        self.plain = coffer.create_volume(ec2)
        self.plain_uri = coffer.attach(self.plain, "/dev/sde", ec2)
        write_canaries(self.plain_uri, self.canary, 0, MIB)

        volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=first)
        uri = coffer.attach(volume, "/dev/sdf", ec2)
        write_canaries(uri, self.canary, 0, 8 * MIB)
        early = coffer.create_snapshot(volume, ec2)
        write_canaries(uri, self.canary, 4 * MIB, 8 * MIB)
        late = coffer.create_snapshot(volume, ec2)
        write_canaries(uri, self.canary, 10 * MIB, MIB)
        before = self.keys.note(volume)
        assert len(before) == 3

        copy = east.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=late, Encrypted=True, KmsKeyId=far)["SnapshotId"]
        coffer.wait_for_snapshot(copy, east)
        self.keys.note(copy, EAST)
        other, other_uri = clone(coffer, ec2, late, "/dev/sdg", Encrypted=True, KmsKeyId=second)
        write_canaries(other_uri, self.canary, MIB, MIB)
        self.keys.note(other)
        wait_until(lambda: len(coffer.layers(other)) == 1, "the clone to stand alone", 60)
        secret, _ = clone(coffer, ec2, coffer.create_snapshot(self.plain, ec2), "/dev/sdh", Encrypted=True, KmsKeyId=second)
        wait_until(lambda: len(coffer.layers(secret)) == 1, "the encrypted clone to stand alone", 60)
        self.keys.note(secret)
        assert read_by_the_direct_api(coffer, late, self.canary) == 24

        # The positive control of what comes: a wrapped key is in its layer's document, as it is, and nowhere else.
        self.old = {layer: self.keys.wrapped[layer] for layer in before}
        for layer, wrapped in self.old.items():
            assert files_with(coffer.data, wrapped) == {coffer.data / "volumes" / layer / "key"}
        ec2.rekey_volume(VolumeId=volume, KmsKeyId=third)
        rekeyed(ec2, volume)
        assert len(self.keys.note(volume)) == 1
        self.of_the_volume_alone, self.of_snapshots = before[0], before[1:]
        assert self.left() == set(self.of_snapshots)

        ec2.delete_snapshot(SnapshotId=early)
        wait_until(lambda: not (coffer.data / "volumes" / before[2]).exists(), "the merge", 60)
        assert coffer.layers(late) == [before[1]]
        assert self.left() == {self.of_snapshots[0]}
        ec2.delete_snapshot(SnapshotId=late)
        wait_until(lambda: not coffer.stored("layer") & set(self.old), "the old layers to go")
        self.volume, self.ec2 = volume, ec2

    def left(self):
        """The layers whose old wrapped keys some file still holds."""
        return {layer for layer, wrapped in self.old.items() if files_with(self.coffer.data, wrapped)}


@pytest.fixture(scope="module")
def life(shared_coffer):
    return Life(shared_coffer)


def test_no_file_holds_plaintext_of_an_encrypted_layer(life):
    plain = set(life.coffer.layer_folders(life.plain))
    found = files_with(life.coffer.data, life.canary)
    assert found, "the positive control: the unencrypted volume's canaries are found"
    assert {path.parent for path in found} <= plain, found


def test_an_old_wrapped_key_is_in_no_file_once_its_layer_is_needed_no_more(life):
    assert life.left() == set()
    (now,) = life.coffer.layers(life.volume)
    assert files_with(life.coffer.data, life.keys.wrapped[now]), "the positive control: today's is found"


def test_no_file_holds_a_data_key(life):
    halves = life.keys.halves()
    assert len(life.keys.opened) == 7 and len(set(halves)) == 14
    for half in halves:
        assert not files_with(life.coffer.data, half)
    # The positive control: where they are written in the clear, they are found.
    with nbd_client(life.plain_uri) as handle:
        handle.pwrite(b"".join(halves), 32 * MIB)
        handle.flush()
    (folder, *_) = life.coffer.layer_folders(life.plain)
    for half in halves:
        assert files_with(life.coffer.data, half) == {folder / "data.000"}


# Cores, while the work goes on

SIZE = 512 * MIB


def layer_of_unfinished_copy(coffer, snapshot):
    """From its document (docs/format/manifest.md); None before there is one and when it is whole."""
    path = coffer.data / "volumes" / snapshot / "snapshot"
    if not path.exists():
        return None
    fields = dm_table.open_document(path.read_bytes(), b"COFSNPHD", snapshot)
    _, layer, _, source = fields.id(), fields.id(), fields.flag(), fields.id()
    return layer if source else None


def layer_of_unfinished_rekeying(coffer, volume, old_top):
    layers = coffer.layers(volume)
    return layers[0] if layers[0] != old_top and len(layers) > 1 else None


class AtWork:
    """A volume in use, and a snapshot of it so large that work on it lasts."""

    def __init__(self, coffer, folder):
        self.coffer, self.folder = coffer, folder
        self.ec2, self.kms, self.keys = coffer.extended_ec2(), coffer.client("kms"), Keys(coffer)
        self.key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.kms_keys = {"KMS key": backing_key(coffer, self.key_id)}
        self.plaintext = os.urandom(64)
        self.volume = coffer.create_volume(self.ec2, Encrypted=True, KmsKeyId=self.key_id)
        self.uri = coffer.attach(self.volume, "/dev/sdf", self.ec2)
        data = self.plaintext * (4 * MIB // len(self.plaintext))
        with nbd_client(self.uri) as handle:
            for at in range(0, SIZE, len(data)):
                handle.pwrite(data, at)
            handle.flush()

    def load(self):
        contents = self.folder / "contents"
        contents.write_bytes(self.plaintext * 100_000)
        return Load(self.coffer, self.key_id, self.uri, contents)

    def begin_copy(self):
        """Into the other region; a function that gives the layer that is filled while it is."""
        kms, ec2 = self.coffer.client("kms", EAST), self.coffer.client("ec2", EAST)
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        self.kms_keys[f"KMS key {key_id}"] = backing_key(self.coffer, key_id, region=EAST)
        self.keys.note(self.snapshot)
        copy = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=self.snapshot, KmsKeyId=key_id,
                                 Encrypted=True)["SnapshotId"]
        return EAST, lambda: layer_of_unfinished_copy(self.coffer, copy), lambda: self.coffer.wait_for_snapshot(copy, ec2)

    def begin_rekeying(self):
        key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.kms_keys[f"KMS key {key_id}"] = backing_key(self.coffer, key_id)
        old_top = self.keys.note(self.volume)[0]
        self.ec2.rekey_volume(VolumeId=self.volume, KmsKeyId=key_id)
        return (REGION, lambda: layer_of_unfinished_rekeying(self.coffer, self.volume, old_top),
                lambda: rekeyed(self.ec2, self.volume))

    def cores_during(self, begin):
        """Cores of all daemons, {name: core}, from the midst of that work: volumed is stopped there until they are
        taken, its own last, as a debugger that leaves it may let it go on."""
        daemons = self.coffer.daemons()
        volumed = daemons.pop("coffer-volumed")
        for _ in range(8):
            region, unfinished, wait_for_the_end = begin()
            layer = wait_until(unfinished, "the work to begin")
            os.kill(volumed, signal.SIGSTOP)
            try:
                if unfinished() == layer:
                    self.keys.note_layer(layer, region)
                    cores = {name: core_of(pid, self.folder) for name, pid in daemons.items()}
                    assert unfinished() == layer
                    return {**cores, "coffer-volumed": core_of(volumed, self.folder)}
            finally:
                os.kill(volumed, signal.SIGCONT)
                wait_for_the_end()
        raise AssertionError("the work was always over before volumed was stopped")

    def secrets(self):
        return {**self.kms_keys, "plaintext": self.plaintext, **{f"{layer}'s data key, from byte {at}": key[at:at + 32]
                                    for layer, key in self.keys.opened.items() for at in (0, 32)}}


@pytest.mark.parametrize("work", ["copy", "re-keying"])
def test_no_core_holds_a_key_or_plaintext_during(coffer, tmp_path, work):
    at_work = AtWork(coffer, tmp_path)
    if work == "copy":
        at_work.snapshot = coffer.create_snapshot(at_work.volume, at_work.ec2)
    begin = at_work.begin_copy if work == "copy" else at_work.begin_rekeying
    with at_work.load() as load:
        cores = at_work.cores_during(begin)
    assert load.failure is None and load.calls and set(cores) == set(DAEMONS), load.failure
    secrets = at_work.secrets()
    assert_in_no_core(cores, secrets, coffer.data)
    assert_found_in_ordinary_memory(secrets, tmp_path)
