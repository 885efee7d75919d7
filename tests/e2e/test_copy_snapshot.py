# SPDX-License-Identifier: Apache-2.0
"""Copies between regions and keys: readable under the destination's key alone; a copy that fails says why."""
import json
import os

from harness import REGION, ZONE, nbd_client, refused, wait_until

EAST = "us-east-1"


def row(ec2, snapshot):
    return ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]


def snapshot_of(coffer, ec2, data, **parameters):
    volume = coffer.create_volume(ec2, **parameters)
    with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
        handle.pwrite(data, 0)
        handle.flush()
    snapshot = coffer.create_snapshot(volume, ec2)
    ec2.detach_volume(VolumeId=volume)
    return snapshot


def contents(coffer, ec2, snapshot, length, zone=ZONE, device="/dev/sdp"):
    volume = ec2.create_volume(AvailabilityZone=zone, SnapshotId=snapshot)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    with nbd_client(coffer.attach(volume, device, ec2)) as handle:
        data = handle.pread(length, 0)
    ec2.detach_volume(VolumeId=volume)
    return data


def test_to_another_region_under_its_own_key(coffer):
    west, east = coffer.client("ec2"), coffer.client("ec2", EAST)
    source_key = coffer.client("kms").create_key()["KeyMetadata"]["Arn"]
    key = coffer.client("kms", EAST).create_key()["KeyMetadata"]["Arn"]
    data = os.urandom(4 << 20)
    source = snapshot_of(coffer, west, data, Encrypted=True, KmsKeyId=source_key)
    made = east.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=source, KmsKeyId=key, Encrypted=True,
                              Description="far away",
                              TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}])
    copy = made["SnapshotId"]
    assert copy != source and made["Tags"] == [{"Key": "a", "Value": "b"}]
    coffer.wait_for_snapshot(copy, east)
    shown = row(east, copy)
    assert (shown["Encrypted"], shown["KmsKeyId"], shown["VolumeId"]) == (True, key, "vol-ffffffff")
    assert (shown["Description"], shown["Progress"], shown["VolumeSize"]) == ("far away", "100%", 1)
    refused("InvalidSnapshot.NotFound", west.describe_snapshots, SnapshotIds=[copy])

    # Both keys were used, and for what; the source's no more from now on.
    uses = [(r["eventName"], r["requestParameters"]["encryptionContext"]["aws:ebs:id"], r["resources"][0]["ARN"])
            for r in coffer.trail() if r["eventSource"] == "kms.amazonaws.com" and "encryptionContext" in
            (r.get("requestParameters") or {})]
    assert ("GenerateDataKeyWithoutPlaintext", copy, key) in uses and ("Decrypt", copy, key) in uses
    assert source_key in [arn for name, _, arn in uses if name == "Decrypt"]
    coffer.client("kms").disable_key(KeyId=source_key)
    west.delete_snapshot(SnapshotId=source)
    assert contents(coffer, east, copy, len(data), EAST + "a") == data
    # What the client adds by itself is nothing that the trail shows.
    assert "X-Amz-Signature" not in json.dumps(coffer.trail())


def test_encryption_only_ever_comes(coffer):
    ec2 = coffer.client("ec2")
    plain = snapshot_of(coffer, ec2, b"plain" * 100)
    still_plain = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=plain)["SnapshotId"]
    encrypted = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=plain, Encrypted=True)["SnapshotId"]
    for copy in (still_plain, encrypted):
        coffer.wait_for_snapshot(copy, ec2)
        assert contents(coffer, ec2, copy, 5) == b"plain"
    assert [row(ec2, copy)["Encrypted"] for copy in (still_plain, encrypted)] == [False, True]
    refused("InvalidParameterDependency", ec2.copy_snapshot, SourceRegion=REGION, SourceSnapshotId=plain,
            KmsKeyId="alias/aws/ebs")
    refused("InvalidParameterValue", ec2.copy_snapshot, SourceRegion=REGION, SourceSnapshotId=encrypted, Encrypted=False)
    again = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=encrypted)["SnapshotId"]
    coffer.wait_for_snapshot(again, ec2)
    assert row(ec2, again)["Encrypted"] and contents(coffer, ec2, again, 5) == b"plain"


def test_a_key_that_cannot_be_used_fails_the_copy_and_says_what_to_do(coffer):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    source = snapshot_of(coffer, ec2, b"x" * 4096, Encrypted=True, KmsKeyId=key)
    kms.disable_key(KeyId=key)
    for keys in ({"KmsKeyId": key}, {}):  # of the destination, of the source
        copy = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=source, **keys)["SnapshotId"]
        wait_until(lambda: row(ec2, copy)["State"] == "error", "the copy to fail")
        message = row(ec2, copy)["StateMessage"]
        assert message.startswith("Given key ID is not accessible") and key in message
        assert "exists and is enabled" in message and "CopySnapshot again" in message
        assert coffer.json("volume", "why", copy)["message"] == message
        refused("IncorrectState", ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=copy)
        refused("IncorrectState", ec2.copy_snapshot, SourceRegion=REGION, SourceSnapshotId=copy)
        ec2.delete_snapshot(SnapshotId=copy)
    # As the message says: enabled again, it works.
    kms.enable_key(KeyId=key)
    copy = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=source)["SnapshotId"]
    coffer.wait_for_snapshot(copy, ec2)
    assert coffer.stored("snap") == {source, copy}


def test_a_copy_goes_on_after_kill_9(coffer):
    ec2 = coffer.client("ec2")
    data = os.urandom(32 << 20)
    source = snapshot_of(coffer, ec2, data, Encrypted=True)
    copy = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=source)["SnapshotId"]
    coffer.kill_daemons()
    coffer.wait_for_snapshot(copy, ec2)
    assert contents(coffer, ec2, copy, 32 << 20) == data[:32 << 20]


def test_its_progress_is_shown(coffer):
    """The command waits for it, in plain lines where there is no terminal."""
    ec2 = coffer.client("ec2")
    source = snapshot_of(coffer, ec2, os.urandom(16 << 20), Encrypted=True)
    done = coffer.command("snapshot", "copy", source, "--to-region", EAST, "--wait")
    copy = done.stdout.split()[0]
    assert row(coffer.client("ec2", EAST), copy)["State"] == "completed"
    assert "\r" not in done.stderr and "100%" in done.stderr
    listed = coffer.command("snapshot", "list", "--region", EAST).stdout
    assert copy in listed and "completed" in listed
