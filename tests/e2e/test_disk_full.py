# SPDX-License-Identifier: Apache-2.0
"""On a full disk calls are refused in words, but what takes access away still works, and nothing is lost."""
import os
import subprocess

import pytest
from botocore.exceptions import ClientError

from harness import Coffer, nbd_client, wait_until


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 96 MiB of its own (needs root)."""
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=700", "tmpfs", mount], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as ballast:
        for size in (1 << 20, 4096, 512, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                pass


MIB = 1 << 20


def free(path):
    about = os.statvfs(path)
    return about.f_bavail * about.f_frsize


def test_protective_calls_work_and_others_are_refused(small_disk):
    with Coffer(small_disk / "data") as coffer:
        kms, ec2 = coffer.client("kms", retries=0), coffer.client("ec2", retries=0)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
        uri = coffer.attach(volume, "/dev/sdf", ec2)
        with nbd_client(uri) as handle:
            handle.pwrite(b"before" * 100, 0)
            handle.flush()
        snapshot = coffer.create_snapshot(volume, ec2)

        fill(small_disk / "ballast")
        with pytest.raises(ClientError) as refused:
            for _ in range(2000):  # until what the catalog's files have spare is used up
                kms.create_key()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        with nbd_client(uri) as handle:
            assert handle.pread(600, 0) == b"before" * 100
            with pytest.raises(Exception, match="ENOSPC|No space"):
                for offset in range(1 << 20, 64 << 20, 1 << 20):
                    handle.pwrite(b"y" * (1 << 20), offset)
        kms.disable_key(KeyId=key)
        ec2.delete_snapshot(SnapshotId=snapshot)
        wait_until(lambda: not coffer.stored("snap"), "the snapshot to go")
        ec2.detach_volume(VolumeId=volume)
        ec2.delete_volume(VolumeId=volume)
        wait_until(lambda: not coffer.stored("vol") | coffer.stored("layer"), "the volume's files to go")

        assert "reserved space" in coffer.log(), "the positive control: without the reserve there was no room"

        (small_disk / "ballast").unlink()
        kms.create_key()
        again = coffer.create_volume(ec2, Encrypted=True)
        coffer.attach(again, "/dev/sdg", ec2)
        names = [record["eventName"] for record in coffer.trail()]
        for name in ("DisableKey", "DetachVolume", "DeleteVolume", "EraseVolumeKey", "DeleteSnapshot", "EraseSnapshotKey"):
            assert name in names, name


def test_status_warns_when_little_space_is_left_and_when_none_is(small_disk):
    with Coffer(small_disk / "data") as coffer:
        assert any("free on the file system" in warning for warning in coffer.json("status")["warnings"])
        fill(small_disk / "ballast")
        assert any("is full" in warning for warning in coffer.json("status")["warnings"])


def test_a_snapshot_deleted_on_a_full_disk_gives_its_space_back(small_disk):
    with Coffer(small_disk / "data") as coffer:
        ec2 = coffer.client("ec2")
        volume = coffer.create_volume(ec2, Encrypted=True)
        older, newer = os.urandom(24 * MIB), os.urandom(16 * MIB)
        with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
            def write(data):
                for at in range(0, len(data), MIB):
                    handle.pwrite(data[at:at + MIB], at)
                handle.flush()

            write(older)
            snapshot = coffer.create_snapshot(volume, ec2)
            write(newer)
            kept = coffer.layers(volume)[0]

            fill(small_disk / "ballast")
            assert free(small_disk) == 0
            ec2.delete_snapshot(SnapshotId=snapshot)
            wait_until(lambda: coffer.stored("layer") == {kept}, "the snapshot's layer to be merged and go", 60)
            assert free(small_disk) >= len(newer) - MIB
            expected = newer + older[len(newer):]
            for at in range(0, len(expected), MIB):
                assert handle.pread(MIB, at) == expected[at:at + MIB]
            handle.pwrite(b"z" * (8 * MIB), len(older))
            handle.flush()
