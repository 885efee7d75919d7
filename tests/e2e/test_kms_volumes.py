# SPDX-License-Identifier: Apache-2.0
"""Volumes and the KMS keys that they need: which those are, and how their data keys come under the newest material."""
import os

import pytest
from harness import Coffer, files_with, nbd_client, refused, wait_until
from wrapped_keys import wrapped_keys_of

CONTENTS = os.urandom(4096)


@pytest.fixture(scope="module")
def shared_coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("volumes") / "data", "--development") as running:
        yield running


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]["KeyId"]


def dependents(kms, key):
    answer = kms.describe_key_dependents(KeyId=key)
    counts = tuple(answer[f"{kind}Count"] for kind in ("Volume", "Snapshot", "Layer"))
    return counts, {d["ResourceId"]: d["Dependence"] for d in answer["Dependents"]}


def version_of(wrapped_key):
    return int.from_bytes(wrapped_key[18:22], "little")  # docs/format/ciphertext-blob.md


def versions(coffer, *subjects):
    return {version_of(blob) for subject in subjects for blob in wrapped_keys_of(coffer, subject)}


def rotate(coffer, kms, key):
    kms.rotate_key_on_demand(KeyId=key)
    coffer.command("clock", "advance", "0s")


@pytest.fixture
def kms(shared_coffer):
    return shared_coffer.extended_client("kms")


def test_a_key_that_is_not_there_does_not_look_as_if_nothing_needed_it(shared_coffer, kms, key):
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/needed", TargetKeyId=key)
    for name in (key, arn, "alias/needed", arn.replace(f"key/{key}", "alias/needed")):
        assert shared_coffer.json("kms", "dependents", name)["key"] == key
    for name in ("11111111-2222-3333-4444-555555555555", arn.replace("us-west-2", "eu-west-1"), "alias/absent",
                 arn.replace("123456789012", "999999999999")):
        answer = shared_coffer.command("kms", "dependents", name, check=False)
        assert answer.returncode == 4 and "NotFoundException" in answer.stderr, name


def test_what_needs_a_key_is_told(shared_coffer, kms, key):
    assert dependents(kms, key) == ((0, 0, 0), {})
    ec2 = shared_coffer.client("ec2")
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    snapshot = shared_coffer.create_snapshot(volume, ec2)
    clone = shared_coffer.create_volume(ec2, SnapshotId=snapshot)
    counts, needs = dependents(kms, key)
    assert counts == (2, 1, 3)
    assert {i: d for i, d in needs.items() if not i.startswith("layer-")} == {
        volume: "Contents", clone: "Contents", snapshot: "Contents"}
    first = kms.describe_key_dependents(KeyId=key, Limit=4)
    rest = kms.describe_key_dependents(KeyId=key, Limit=4, Marker=first["NextMarker"])
    assert {d["ResourceId"] for d in first["Dependents"] + rest["Dependents"]} == set(needs)
    told = shared_coffer.json("kms", "dependents", key)
    assert (told["volumes"], told["snapshots"], told["layers"]) == counts
    refused("NotFoundException", kms.describe_key_dependents, KeyId="12345678-1234-1234-1234-123456789012")
    assert shared_coffer.command("kms", "dependents", "nonsense", check=False).returncode != 0


def test_a_copy_under_another_key_needs_the_first_no_more(shared_coffer, kms, key):
    ec2 = shared_coffer.client("ec2")
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    uri = shared_coffer.attach(volume, "/dev/sdf", ec2)
    with nbd_client(uri) as client:
        client.pwrite(CONTENTS, 0)
        client.flush()
    snapshot = shared_coffer.create_snapshot(volume, ec2)
    clone = shared_coffer.create_volume(ec2, SnapshotId=snapshot, Encrypted=True, KmsKeyId=other)
    assert dependents(kms, other)[1][clone] == "Contents"
    wait_until(lambda: clone not in dependents(kms, key)[1], "a clone that is independent", 60)
    assert dependents(kms, key)[1][snapshot] == "Contents"
    ec2.detach_volume(VolumeId=volume)


def test_a_scheduled_deletion_says_in_the_trail_what_it_will_cost(shared_coffer, kms, key):
    shared_coffer.create_volume(shared_coffer.client("ec2"), Encrypted=True, KmsKeyId=key)
    kms.schedule_key_deletion(KeyId=key)
    record = [r for r in shared_coffer.trail() if r["eventName"] == "ScheduleKeyDeletion"][-1]
    assert record["additionalEventData"]["dependents"] == {"volumes": 1, "snapshots": 0, "layers": 1}
    assert "never be read again" in record["additionalEventData"]["warning"]
    unused = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=unused)
    record = [r for r in shared_coffer.trail() if r["eventName"] == "ScheduleKeyDeletion"][-1]
    assert record["additionalEventData"] == {"dependents": {"volumes": 0, "snapshots": 0, "layers": 0}}


def test_data_keys_come_under_the_newest_material(shared_coffer, kms, key):
    ec2 = shared_coffer.client("ec2")
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    uri = shared_coffer.attach(volume, "/dev/sdg", ec2)
    with nbd_client(uri) as client:
        client.pwrite(CONTENTS, 0)
        client.flush()
    snapshot = shared_coffer.create_snapshot(volume, ec2)
    rotate(shared_coffer, kms, key)
    assert versions(shared_coffer, volume, snapshot) == {1}, "a rotation re-wraps nothing"
    old = wrapped_keys_of(shared_coffer, volume)
    assert all(files_with(shared_coffer.data / "volumes", blob) for blob in old)

    report = shared_coffer.json("kms", "rewrap", "--key", key)
    assert (report["rewrapped"], report["failed"]) == (len(old), 0)
    use = next(v for v in report["versions"] if v["key"] == key)
    assert (use["version"], use["current_version"], use["volumes"], use["snapshots"]) == (2, 2, [volume], [snapshot])
    assert versions(shared_coffer, volume, snapshot) == {2}
    assert not any(files_with(shared_coffer.data / "volumes", blob) for blob in old), "the old wrapping is overwritten"
    assert shared_coffer.json("kms", "rewrap", "--key", key)["rewrapped"] == 0

    with nbd_client(uri) as client:  # went on all the time
        assert client.pread(4096, 0) == CONTENTS
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1})
    shared_coffer.attach(volume, "/dev/sdg", ec2)
    with nbd_client(shared_coffer.uri(volume)) as client:
        assert client.pread(4096, 0) == CONTENTS
    ec2.detach_volume(VolumeId=volume)
    record = [r for r in shared_coffer.trail() if r["eventName"] == "RewrapVolumeKeys"][-1]
    assert record["responseElements"]["rewrapped"] == len(old)


def test_a_key_that_cannot_be_used_keeps_its_volumes_and_is_named(shared_coffer, kms, key):
    volume = shared_coffer.create_volume(shared_coffer.client("ec2"), Encrypted=True, KmsKeyId=key)
    rotate(shared_coffer, kms, key)
    kms.disable_key(KeyId=key)
    answer = shared_coffer.command("kms", "rewrap", "--key", key, check=False)
    assert answer.returncode == 1 and "is disabled" in answer.stderr
    assert versions(shared_coffer, volume) == {1}
    kms.enable_key(KeyId=key)
    assert shared_coffer.json("kms", "rewrap")["rewrapped"] == 1
    assert versions(shared_coffer, volume) == {2}


def test_once_a_key_is_deleted_its_volumes_open_no_more(shared_coffer, kms, key):
    ec2 = shared_coffer.client("ec2")
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    shared_coffer.command("clock", "advance", "7d")
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"
    with pytest.raises(Exception, match="does not exist"):
        ec2.attach_volume(VolumeId=volume, InstanceId=shared_coffer.host(), Device="/dev/sdh")
    gone = [v for v in shared_coffer.json("kms", "rewrap", "--report")["versions"] if v["key"] == key]
    assert [(v["current_version"], v["volumes"]) for v in gone] == [(0, [volume])]
    assert shared_coffer.json("kms", "dependents", key)["volumes"] == 1
