# SPDX-License-Identifier: Apache-2.0
"""Re-keying in place: I/O goes on, and afterwards no layer of the volume is under an old data key."""
import json
import os
import threading

from harness import nbd_client, refused, wait_until
from wrapped_keys import wrapped_keys_of


def newest(ec2, volume):
    return ec2.describe_volume_rekeys(VolumeIds=[volume])["VolumeRekeys"][0]


def finished(ec2, volume):
    return wait_until(lambda: newest(ec2, volume)["State"] in ("completed", "failed") and newest(ec2, volume),
                      "the re-keying to end", 60)


def test_an_attached_volume_under_load(coffer):
    ec2, kms = coffer.extended_ec2(), coffer.client("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=old)
    uri = coffer.attach(volume, "/dev/sdf", ec2)
    data = bytearray(os.urandom(32 << 20))
    with nbd_client(uri) as handle:
        handle.pwrite(bytes(data[:16 << 20]), 0)
        handle.pwrite(bytes(data[16 << 20:]), 16 << 20)
        handle.flush()
    snapshot = coffer.create_snapshot(volume, ec2)
    before = set(wrapped_keys_of(coffer, volume))
    stop = threading.Event()

    def load():
        with nbd_client(uri) as handle:
            number = 0
            while not stop.is_set():
                offset = number * 7919 * 4096 % len(data)
                block = os.urandom(4096)
                handle.pwrite(block, offset)
                assert handle.pread(4096, offset) == block
                data[offset:offset + 4096] = block
                number += 1

    thread = threading.Thread(target=load)
    thread.start()
    started = ec2.rekey_volume(VolumeId=volume, KmsKeyId=new)["VolumeRekey"]
    assert (started["OriginalKmsKeyId"], started["KmsKeyId"], started["State"]) == (old, new, "rekeying")
    done = finished(ec2, volume)
    stop.set()
    thread.join()
    assert (done["State"], done["Progress"]) == ("completed", 100) and done["EndTime"] >= done["StartTime"]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["KmsKeyId"] == new

    after = wrapped_keys_of(coffer, volume)
    assert len(after) == 1 and not before & set(after)
    (kept,) = ec2.describe_volume_old_key_snapshots(VolumeId=volume)["Snapshots"]
    assert (kept["SnapshotId"], kept["KmsKeyId"]) == (snapshot, old)
    later = coffer.create_snapshot(volume, ec2)
    assert ec2.describe_snapshots(SnapshotIds=[later])["Snapshots"][0]["KmsKeyId"] == new
    assert len(ec2.describe_volume_old_key_snapshots(VolumeId=volume)["Snapshots"]) == 1
    ec2.detach_volume(VolumeId=volume)
    kms.disable_key(KeyId=old)
    with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
        assert handle.pread(16 << 20, 0) == bytes(data[:16 << 20])
        assert handle.pread(16 << 20, 16 << 20) == bytes(data[16 << 20:])


def test_under_the_same_kms_key_a_new_data_key(coffer):
    ec2 = coffer.extended_ec2()
    volume = coffer.create_volume(ec2, Encrypted=True)
    with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
        handle.pwrite(b"kept", 0)
        handle.flush()
    ec2.detach_volume(VolumeId=volume)
    (before,) = wrapped_keys_of(coffer, volume)
    ec2.rekey_volume(VolumeId=volume)
    done = finished(ec2, volume)
    assert done["State"] == "completed" and done["KmsKeyId"] == done["OriginalKmsKeyId"]
    (after,) = wrapped_keys_of(coffer, volume)
    assert before != after
    with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
        assert handle.pread(4, 0) == b"kept"


def test_it_waits_for_a_key_that_is_disabled_meanwhile(coffer):
    ec2, kms = coffer.extended_ec2(), coffer.client("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=old)
    with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
        handle.pwrite(b"kept" * 1024, 0)
        handle.flush()
    ec2.detach_volume(VolumeId=volume)
    kms.disable_key(KeyId=old)  # what is there can be lifted no more
    ec2.rekey_volume(VolumeId=volume, KmsKeyId=new)
    waiting = wait_until(lambda: newest(ec2, volume)["State"] == "waiting" and newest(ec2, volume), "the wait")
    assert old in waiting["StatusMessage"] and "is disabled" in waiting["StatusMessage"]
    refused("IncorrectModificationState", ec2.rekey_volume, VolumeId=volume, KmsKeyId=new)
    kms.enable_key(KeyId=old)
    assert finished(ec2, volume)["State"] == "completed"
    failures = [r for r in coffer.trail() if r["eventName"] == "Decrypt" and r.get("errorCode")]
    assert len(failures) <= 1, "trying again must not fill the trail"


def test_by_the_command(coffer):
    kms = coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    volume = coffer.create_volume(Encrypted=True)
    done = coffer.command("volume", "rekey", volume, "--key", key, "--wait")
    assert "completed" in done.stdout and key in done.stdout
    assert coffer.client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]["KmsKeyId"] == key
    record = next(r for r in coffer.trail() if r["eventName"] == "RekeyVolume")
    assert record["userIdentity"]["type"] == "UnixUser" and record["requestParameters"]["volumeId"] == volume
    assert coffer.command("volume", "rekey", "vol-0123456789abcdef0", "--key", key, check=False).returncode == 4
    assert json.loads(coffer.command("snapshot", "list", "--json").stdout)["snapshots"] == []
