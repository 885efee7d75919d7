# SPDX-License-Identifier: Apache-2.0
"""Snapshots hold what their volumes held at that instant; volumes made of them read it and go their own way."""
import json
import os

import pytest
from botocore.exceptions import ClientError

from harness import ZONE, is_served, nbd_client, refused, wait_until
from wrapped_keys import wrapped_keys_of

SECTOR = 4096


def write(uri, data, offset=0):
    with nbd_client(uri) as handle:
        handle.pwrite(data, offset)
        handle.flush()


def read(uri, length, offset=0):
    with nbd_client(uri) as handle:
        return handle.pread(length, offset)


def clone(coffer, ec2, snapshot, device, **parameters):
    """The URI of an attached volume made of the snapshot."""
    volume = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot, VolumeType="gp3", **parameters)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    return volume, coffer.attach(volume, device, ec2)


def snapshot_row(ec2, snapshot):
    return ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_snapshot_of_an_attached_volume(coffer, encrypted):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, size=1, Encrypted=encrypted)
    uri = coffer.attach(volume, "/dev/sdf", ec2)
    old, new = os.urandom(SECTOR), os.urandom(SECTOR)
    with nbd_client(uri) as handle:
        handle.pwrite(old, 0)  # not flushed: the snapshot holds it all the same
        made = ec2.create_snapshot(VolumeId=volume, Description="before the upgrade")
        assert (made["State"], made["Progress"], made["Encrypted"]) == ("pending", "", encrypted)
        handle.pwrite(new, 0)
        handle.flush()
    snapshot = made["SnapshotId"]
    coffer.wait_for_snapshot(snapshot, ec2)
    row = snapshot_row(ec2, snapshot)
    of_volume = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    assert (row["State"], row["Progress"], row["VolumeId"], row["VolumeSize"]) == ("completed", "100%", volume, 1)
    assert (row["Description"], row["Encrypted"], row["OwnerId"]) == ("before the upgrade", encrypted, "123456789012")
    assert row.get("KmsKeyId") == of_volume.get("KmsKeyId")
    assert ("DataEncryptionKeyId" in row) == encrypted

    copy, copy_uri = clone(coffer, ec2, snapshot, "/dev/sdg")
    shown = ec2.describe_volumes(VolumeIds=[copy])["Volumes"][0]
    assert (shown["SnapshotId"], shown["Size"], shown["Encrypted"]) == (snapshot, 1, encrypted)
    assert read(copy_uri, SECTOR) == old and read(uri, SECTOR) == new
    write(copy_uri, b"c" * SECTOR)
    assert read(uri, SECTOR) == new
    coffer.restart()
    wait_until(lambda: is_served(coffer.uri(copy)) and is_served(coffer.uri(volume)), "the attachments", 30)
    assert read(coffer.uri(copy), SECTOR) == b"c" * SECTOR and read(coffer.uri(volume), SECTOR) == new


def test_every_layer_has_a_key_of_its_own_and_every_use_is_recorded(coffer):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    coffer.attach(volume, "/dev/sdf", ec2)
    for _ in range(3):
        coffer.create_snapshot(volume, ec2)
    assert len(set(wrapped_keys_of(coffer, volume))) == 4
    records = [r for r in coffer.trail() if r["eventSource"] == "kms.amazonaws.com" and volume in json.dumps(r)]
    made = [r for r in records if r["eventName"] == "GenerateDataKeyWithoutPlaintext"]
    opened = [r for r in records if r["eventName"] == "Decrypt"]
    assert len(made) == 4 and len(opened) == 4  # the volume's and three new tops; the attachment and three new tops
    for record in made + opened:
        assert record["requestParameters"]["encryptionContext"] == {"aws:ebs:id": volume}
        assert [resource["ARN"] for resource in record["resources"]] == [key]
    # The chain of four layers under one KMS key takes one Decrypt.
    ec2.detach_volume(VolumeId=volume)
    coffer.attach(volume, "/dev/sdf", ec2)
    again = [r for r in coffer.trail() if r["eventName"] == "Decrypt" and volume in json.dumps(r)]
    assert len(again) == 5


def test_several_volumes_at_one_instant(coffer):
    ec2 = coffer.client("ec2")
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "role", "Value": "log"}]}]
    first, second = coffer.create_volume(ec2, Encrypted=True, TagSpecifications=tags), coffer.create_volume(ec2)
    third = coffer.create_volume(ec2)
    for volume, device in ((first, "/dev/sdf"), (second, "/dev/sdg"), (third, "/dev/sdh")):
        write(coffer.attach(volume, device, ec2), volume.encode())
    made = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": coffer.host(), "ExcludeBootVolume": True, "ExcludeDataVolumeIds": [third]},
        CopyTagsFromSource="volume", Description="both",
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "set", "Value": "1"}]}])["Snapshots"]
    assert {s["VolumeId"] for s in made} == {first, second} and {s["State"] for s in made} == {"pending"}
    of = {s["VolumeId"]: s for s in made}
    assert {t["Key"]: t["Value"] for t in of[first]["Tags"]} == {"role": "log", "set": "1"}
    assert {t["Key"]: t["Value"] for t in of[second]["Tags"]} == {"set": "1"}
    for number, (volume, row) in enumerate(of.items()):
        coffer.wait_for_snapshot(row["SnapshotId"], ec2)
        _, uri = clone(coffer, ec2, row["SnapshotId"], f"/dev/sd{'ij'[number]}")
        assert read(uri, len(volume)) == volume.encode()


def test_lists_filters_and_pages(coffer):
    ec2 = coffer.client("ec2")
    volume, other = coffer.create_volume(ec2, size=2, Encrypted=True), coffer.create_volume(ec2)
    spec = [{"ResourceType": "snapshot", "Tags": [{"Key": "colour", "Value": "red"}]}]
    red = [coffer.create_snapshot(volume, ec2, TagSpecifications=spec) for _ in range(3)]
    rest = [coffer.create_snapshot(other, ec2, Description=f"number {number}") for number in range(4)]

    def ids(**filters):
        wanted = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
        return sorted(s["SnapshotId"] for s in ec2.describe_snapshots(Filters=wanted)["Snapshots"])

    assert ids(**{"tag:colour": ["r*"]}) == ids(volume_id=[volume]) == ids(encrypted=["true"]) == sorted(red)
    assert ids(volume_size=["1"]) == sorted(rest) and ids(tag_key=["none"]) == []
    assert ids(description=["number 2"]) == [rest[2]]
    assert ids(status=["pending"]) == [] and ids(progress=["100%"]) == sorted(red + rest)
    assert ids(snapshot_id=[red[0]], owner_id=["123456789012"], storage_tier=["standard"]) == [red[0]]
    pages = list(ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": 5}))
    assert [len(page["Snapshots"]) for page in pages] == [5, 2]
    assert len(ec2.describe_snapshots(OwnerIds=["123456789012"])["Snapshots"]) == 7
    assert ec2.describe_snapshots(OwnerIds=["210987654321"])["Snapshots"] == []
    assert len(ec2.describe_snapshots(RestorableByUserIds=["self"])["Snapshots"]) == 7
    assert coffer.client("ec2", "us-east-1").describe_snapshots()["Snapshots"] == []

    ec2.create_tags(Resources=[rest[0]], Tags=[{"Key": "colour", "Value": "red"}])
    ec2.delete_tags(Resources=[red[0]], Tags=[{"Key": "colour"}])
    assert ids(**{"tag:colour": ["red"]}) == sorted(red[1:] + rest[:1])
    tags = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["snapshot"]}])["Tags"]
    assert {tag["ResourceId"] for tag in tags} == set(red[1:] + rest[:1])


def test_a_volume_of_a_snapshot(coffer):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    volume = coffer.create_volume(ec2, size=2)
    write(coffer.attach(volume, "/dev/sdf", ec2), b"plain" * 100)
    plain = coffer.create_snapshot(volume, ec2)
    assert "expect size >= 2GiB" in refused("InvalidParameterValue", ec2.create_volume, AvailabilityZone=ZONE,
                                            SnapshotId=plain, Size=1)
    larger, uri = clone(coffer, ec2, plain, "/dev/sdg", Size=3)
    assert ec2.describe_volumes(VolumeIds=[larger])["Volumes"][0]["Size"] == 3
    with nbd_client(uri) as handle:
        assert handle.get_size() == 3 << 30 and handle.pread(5, 0) == b"plain" and handle.pread(1, (3 << 30) - 1) == b"\0"

    # Unencrypted becomes encrypted, and what is encrypted stays so, whatever is asked.
    key = kms.create_key()["KeyMetadata"]["Arn"]
    secret, uri = clone(coffer, ec2, plain, "/dev/sdh", Encrypted=True, KmsKeyId=key)
    assert ec2.describe_volumes(VolumeIds=[secret])["Volumes"][0]["KmsKeyId"] == key
    assert read(uri, 5) == b"plain"
    encrypted = coffer.create_snapshot(secret, ec2)
    assert snapshot_row(ec2, encrypted)["KmsKeyId"] == key
    same, uri = clone(coffer, ec2, encrypted, "/dev/sdi", Encrypted=False)
    shown = ec2.describe_volumes(VolumeIds=[same])["Volumes"][0]
    assert (shown["Encrypted"], shown["KmsKeyId"]) == (True, key)
    assert read(uri, 5) == b"plain"


def test_a_clone_under_another_key_needs_its_base_no_more(coffer):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=first)
    data = os.urandom(1 << 20)
    write(coffer.attach(volume, "/dev/sdf", ec2), data)
    snapshot = coffer.create_snapshot(volume, ec2)
    other, uri = clone(coffer, ec2, snapshot, "/dev/sdg", Encrypted=True, KmsKeyId=second)
    assert read(uri, len(data)) == data
    used = {resource["ARN"] for record in coffer.trail() for resource in record.get("resources") or []
            if record["eventName"] == "Decrypt" and other in json.dumps(record)}
    assert second in used
    wait_until(lambda: len(coffer.layers(other)) == 1, "the clone to stand alone", 60)
    ec2.detach_volume(VolumeId=other)
    ec2.detach_volume(VolumeId=volume)
    ec2.delete_snapshot(SnapshotId=snapshot)
    ec2.delete_volume(VolumeId=volume)
    kms.disable_key(KeyId=first)
    assert read(coffer.attach(other, "/dev/sdg", ec2), len(data)) == data


def test_a_key_that_cannot_be_used_fails_the_volume_and_says_why(coffer):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    snapshot = coffer.create_snapshot(volume, ec2)
    kms.disable_key(KeyId=key)
    failed = [ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"],
              ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot, Encrypted=True, KmsKeyId="alias/aws/ebs")["VolumeId"]]
    for each in failed:
        wait_until(lambda: ec2.describe_volumes(VolumeIds=[each])["Volumes"][0]["State"] == "deleted", "failure")
        why = coffer.json("volume", "why", each)
        assert why["code"] == "Client.DisabledException" and key in why["message"]


def test_deleting(coffer):
    """At once from every list, with its key disabled, while a volume made of it lives on; also in the store."""
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    write(coffer.attach(volume, "/dev/sdf", ec2), b"kept" * 1000)
    snapshot, last = coffer.create_snapshot(volume, ec2), coffer.create_snapshot(volume, ec2)
    other, uri = clone(coffer, ec2, snapshot, "/dev/sdg")
    kms.disable_key(KeyId=key)
    ec2.delete_snapshot(SnapshotId=snapshot)
    ec2.delete_snapshot(SnapshotId=last)
    for gone in (snapshot, last):
        refused("InvalidSnapshot.NotFound", ec2.describe_snapshots, SnapshotIds=[gone])
        refused("InvalidSnapshot.NotFound", ec2.delete_snapshot, SnapshotId=gone)
        refused("InvalidSnapshot.NotFound", ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=gone)
        wait_until(lambda: any(r["eventName"] == "EraseSnapshotKey" and gone in json.dumps(r) for r in coffer.trail()),
                   "the record of the erasure")
    assert not coffer.stored("snap")
    assert read(uri, 4000) == b"kept" * 1000 and read(coffer.uri(volume), 4000) == b"kept" * 1000


def test_nothing_is_lost_or_left_when_processes_die(coffer):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, Encrypted=True)
    uri = coffer.attach(volume, "/dev/sdf", ec2)
    known = {}
    for number in range(6):
        data = bytes([number]) * SECTOR
        write(coffer.uri(volume), data)
        try:
            known[ec2.create_snapshot(VolumeId=volume)["SnapshotId"]] = data
        except ClientError:
            pass  # it was not promised
        coffer.kill_daemons(*(("coffer-volumed",), ("coffer-apid",), ())[number % 3])
        wait_until(lambda: is_served(coffer.uri(volume)), "the attachment", 30)
    for snapshot in known:
        coffer.wait_for_snapshot(snapshot, ec2)
    shown = {s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert set(known) <= shown
    wait_until(lambda: coffer.stored("snap") == shown, "the store to hold what the catalog knows")
    for number, (snapshot, data) in enumerate(known.items()):
        _, copy = clone(coffer, ec2, snapshot, f"/dev/sd{'ghijkl'[number]}")
        assert read(copy, SECTOR) == data


def test_by_the_aws_command_line(coffer):
    volume = coffer.create_volume()

    def aws(*words):
        return json.loads(coffer.execute("aws", "ec2", *words, "--output", "json").stdout)

    made = aws("create-snapshot", "--volume-id", volume, "--description", "by hand",
               "--tag-specifications", "ResourceType=snapshot,Tags=[{Key=a,Value=b}]")
    coffer.execute("aws", "ec2", "wait", "snapshot-completed", "--snapshot-ids", made["SnapshotId"])
    (shown,) = aws("describe-snapshots", "--owner-ids", "self", "--filters", "Name=tag:a,Values=b")["Snapshots"]
    assert (shown["SnapshotId"], shown["State"], shown["Description"]) == (made["SnapshotId"], "completed", "by hand")
    coffer.execute("aws", "ec2", "delete-snapshot", "--snapshot-id", made["SnapshotId"])
    assert aws("describe-snapshots", "--owner-ids", "self")["Snapshots"] == []
