# SPDX-License-Identifier: Apache-2.0
"""Clones that stand alone: hydrated, they need neither snapshot, source nor key."""
import os
import subprocess

import pytest

from harness import encodings, nbd_client, nbdcopy, sparse_bytes, wait_until

MIB = 1 << 20
SIZE = 1 << 30


def write_pattern(uri):
    """Data with odd edges at both ends, a discarded piece, zeroes; the rest was never written."""
    first, last = os.urandom(8 * MIB + 4096), os.urandom(MIB + 512)
    with nbd_client(uri) as handle:
        for at in range(0, len(first), MIB):
            handle.pwrite(first[at:at + MIB], at)
        handle.pwrite(last, SIZE - len(last))
        handle.trim(MIB, 2 * MIB)
        handle.zero(MIB + 4096, 5 * MIB)
        handle.flush()


def contents(uri, path):
    """The whole volume as a (sparse) file."""
    nbdcopy(uri, path)
    assert path.stat().st_size == SIZE
    return path


def are_equal(path, expected):
    return subprocess.run(["cmp", path, expected], timeout=120).returncode == 0


def detach(ec2, volume):
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})


def wait_to_stand_alone(coffer, volume):
    wait_until(lambda: len(coffer.layers(volume)) == 1, "the clone to be hydrated", 60)
    wait_until(lambda: "still needs" not in coffer.json("volume", "why", volume)["message"], "`volume why` to say so")


def delete_all(coffer, ec2, volumes, snapshots):
    """Until none of their layers is left."""
    layers = {layer for subject in volumes + snapshots for layer in coffer.layers(subject)}
    for snapshot in snapshots:
        ec2.delete_snapshot(SnapshotId=snapshot)
    for volume in volumes:
        ec2.delete_volume(VolumeId=volume)
    wait_until(lambda: not layers & coffer.stored("layer"), "the base's layers to go")


@pytest.mark.parametrize("attached", [True, False], ids=["attached", "never attached"])
def test_a_clone_outlives_its_snapshot_its_source_and_their_key(coffer, tmp_path, attached):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    source = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=first)
    uri = coffer.attach(source, "/dev/sdf", ec2)
    write_pattern(uri)
    expected = contents(uri, tmp_path / "expected")
    snapshot = coffer.create_snapshot(source, ec2)
    detach(ec2, source)
    clone = coffer.create_volume(ec2, SnapshotId=snapshot, Encrypted=True, KmsKeyId=second)
    if attached:
        coffer.attach(clone, "/dev/sdg", ec2)
    wait_to_stand_alone(coffer, clone)
    delete_all(coffer, ec2, [source], [snapshot])
    kms.disable_key(KeyId=first)
    if attached:
        assert are_equal(contents(coffer.uri(clone), tmp_path / "clone"), expected)
        detach(ec2, clone)
    coffer.restart()
    assert are_equal(contents(coffer.attach(clone, "/dev/sdg"), tmp_path / "again"), expected)


def test_an_encrypted_clone_of_an_unencrypted_snapshot(coffer, tmp_path):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    key, canary = kms.create_key()["KeyMetadata"]["Arn"], os.urandom(32)
    source = coffer.create_volume(ec2)
    uri = coffer.attach(source, "/dev/sdf", ec2)
    write_pattern(uri)
    with nbd_client(uri) as handle:
        handle.pwrite(canary, 0)
        handle.flush()
    expected = contents(uri, tmp_path / "expected")
    snapshot = coffer.create_snapshot(source, ec2)
    detach(ec2, source)
    clone = coffer.create_volume(ec2, SnapshotId=snapshot, Encrypted=True, KmsKeyId=key)
    assert ec2.describe_volumes(VolumeIds=[clone])["Volumes"][0]["KmsKeyId"] == key
    coffer.attach(clone, "/dev/sdg", ec2)
    wait_to_stand_alone(coffer, clone)
    assert is_held(coffer, snapshot, canary), "the positive control: the unencrypted snapshot holds it"
    assert not is_held(coffer, clone, canary)
    delete_all(coffer, ec2, [source], [snapshot])
    assert are_equal(contents(coffer.uri(clone), tmp_path / "clone"), expected)


def is_held(coffer, subject, needle):
    forms = encodings(needle).values()
    files = [sparse_bytes(path) for folder in coffer.layer_folders(subject) for path in folder.iterdir()]
    return any(form in file for file in files for form in forms)
