# SPDX-License-Identifier: Apache-2.0
"""What the operations on snapshots, tags, modifications and re-keyings refuse, with AWS's codes; none leaves a trace."""
import pytest

from harness import REGION, ZONE, refused

NO_SNAPSHOT = "snap-0123456789abcdef0"
NO_VOLUME = "vol-0123456789abcdef0"


@pytest.fixture(scope="module")
def ec2(shared_coffer):
    return shared_coffer.extended_ec2()


@pytest.fixture(scope="module")
def volume(shared_coffer, ec2):
    return shared_coffer.create_volume(ec2, size=2, Encrypted=True)


def test_create_snapshot(shared_coffer, ec2, volume):
    refused("InvalidVolume.NotFound", ec2.create_snapshot, VolumeId=NO_VOLUME)
    refused("InvalidParameterValue", ec2.create_snapshot, VolumeId="banana")
    refused("DryRunOperation", ec2.create_snapshot, VolumeId=volume, DryRun=True)
    refused("InvalidParameterValue", ec2.create_snapshot, VolumeId=volume,
            TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}])
    refused("InvalidVolume.NotFound", shared_coffer.client("ec2", "us-east-1").create_snapshot, VolumeId=volume)
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


def test_create_snapshot_with_a_disabled_key(shared_coffer, ec2):
    kms = shared_coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    locked = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    kms.disable_key(KeyId=key)
    message = refused("CustomerKeyHasBeenRevoked", ec2.create_snapshot, VolumeId=locked)
    assert key in message and "is disabled" in message and "Enable the key" in message
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    ec2.delete_volume(VolumeId=locked)


def test_create_snapshots(shared_coffer, ec2, volume):
    host = shared_coffer.host()
    refused("InvalidInstanceID.Malformed", ec2.create_snapshots, InstanceSpecification={"InstanceId": "banana"})
    refused("InvalidInstanceID.NotFound", ec2.create_snapshots, InstanceSpecification={"InstanceId": "i-0123456789abcdef0"})
    message = refused("InvalidParameterCombination", ec2.create_snapshots, InstanceSpecification={"InstanceId": host})
    assert "no attached volumes" in message
    refused("InvalidParameterValue", ec2.create_snapshots,
            InstanceSpecification={"InstanceId": host, "ExcludeDataVolumeIds": [volume]})


def test_describe_snapshots(ec2):
    message = refused("InvalidSnapshot.NotFound", ec2.describe_snapshots, SnapshotIds=[NO_SNAPSHOT])
    assert message == f"The snapshot '{NO_SNAPSHOT}' does not exist."
    assert "'snap-...'" in refused("InvalidParameterValue", ec2.describe_snapshots, SnapshotIds=["banana"])
    assert '"snap-banana"' in refused("InvalidSnapshotID.Malformed", ec2.describe_snapshots, SnapshotIds=["snap-banana"])
    refused("InvalidParameterValue", ec2.describe_snapshots, Filters=[{"Name": "taste", "Values": ["sweet"]}])
    refused("InvalidParameterValue", ec2.describe_snapshots, MaxResults=4)
    refused("InvalidParameterCombination", ec2.describe_snapshots, MaxResults=5, SnapshotIds=[NO_SNAPSHOT])
    refused("InvalidNextToken", ec2.describe_snapshots, NextToken="banana")
    refused("InvalidParameterValue", ec2.describe_snapshots, OwnerIds=["somebody"])


def test_delete_snapshot(ec2):
    refused("InvalidSnapshot.NotFound", ec2.delete_snapshot, SnapshotId=NO_SNAPSHOT)
    refused("InvalidParameterValue", ec2.delete_snapshot, SnapshotId="banana")
    refused("DryRunOperation", ec2.delete_snapshot, SnapshotId=NO_SNAPSHOT, DryRun=True)


def test_copy_snapshot(ec2):
    refused("InvalidSnapshot.NotFound", ec2.copy_snapshot, SourceRegion=REGION, SourceSnapshotId=NO_SNAPSHOT)
    message = refused("InvalidParameterValue", ec2.copy_snapshot, SourceRegion="eu-west-7", SourceSnapshotId=NO_SNAPSHOT)
    assert "eu-west-7" in message
    refused("InvalidParameterValue", ec2.copy_snapshot, SourceRegion=REGION, SourceSnapshotId="banana")
    refused("DryRunOperation", ec2.copy_snapshot, SourceRegion=REGION, SourceSnapshotId=NO_SNAPSHOT, DryRun=True)


def test_create_volume_from_a_snapshot(ec2):
    refused("InvalidSnapshot.NotFound", ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=NO_SNAPSHOT)
    refused("InvalidSnapshotID.Malformed", ec2.create_volume, AvailabilityZone=ZONE, SnapshotId="snap-1")
    refused("MissingParameter", ec2.create_volume, AvailabilityZone=ZONE)


def test_modify_volume(ec2, volume):
    refused("InvalidVolume.NotFound", ec2.modify_volume, VolumeId=NO_VOLUME, Size=3)
    assert refused("InvalidParameterValue", ec2.modify_volume, VolumeId=volume, Size=1) == (
        "New size cannot be smaller than existing size")
    refused("InvalidParameterValue", ec2.modify_volume, VolumeId=volume, Size=100000)
    refused("InvalidParameterValue", ec2.modify_volume, VolumeId=volume, Iops=1)
    refused("InvalidParameterValue", ec2.modify_volume, VolumeId=volume, VolumeType="st1")
    refused("InvalidParameterCombination", ec2.modify_volume, VolumeId=volume, VolumeType="gp2", Throughput=250)
    refused("MissingParameter", ec2.modify_volume, VolumeId=volume, Size=4, VolumeType="io2")
    refused("MissingParameter", ec2.modify_volume, VolumeId=volume)
    refused("UnsupportedOperation", ec2.modify_volume, VolumeId=volume, MultiAttachEnabled=True)
    refused("DryRunOperation", ec2.modify_volume, VolumeId=volume, Size=3, DryRun=True)
    assert ec2.describe_volumes_modifications()["VolumesModifications"] == []
    assert refused("InvalidVolumeModification.NotFound", ec2.describe_volumes_modifications, VolumeIds=[volume]) == (
        f"Modification for volume '{volume}' does not exist.")
    refused("InvalidVolume.NotFound", ec2.describe_volumes_modifications, VolumeIds=[NO_VOLUME])
    refused("InvalidParameterValue", ec2.describe_volumes_modifications, Filters=[{"Name": "taste", "Values": ["sweet"]}])


def test_rekey_volume(shared_coffer, ec2, volume):
    kms = shared_coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=key)
    refused("InvalidVolume.NotFound", ec2.rekey_volume, VolumeId=NO_VOLUME, KmsKeyId=key)
    refused("InvalidParameterValue", ec2.rekey_volume, VolumeId="banana", KmsKeyId=key)
    refused("DryRunOperation", ec2.rekey_volume, VolumeId=volume, KmsKeyId=key, DryRun=True)
    assert "is disabled" in refused("CustomerKeyHasBeenRevoked", ec2.rekey_volume, VolumeId=volume, KmsKeyId=key)
    missing = key[:-12] + "0" * 12
    refused("CustomerKeyHasBeenRevoked", ec2.rekey_volume, VolumeId=volume, KmsKeyId=missing)
    plain = shared_coffer.create_volume(ec2)
    assert "is not encrypted" in refused("InvalidParameterValue", ec2.rekey_volume, VolumeId=plain, KmsKeyId=key)
    assert ec2.describe_volume_rekeys(VolumeIds=[volume])["VolumeRekeys"] == []
    assert ec2.describe_volume_rekeys()["VolumeRekeys"] == []
    refused("InvalidVolume.NotFound", ec2.describe_volume_rekeys, VolumeIds=[NO_VOLUME])
    assert ec2.describe_volume_old_key_snapshots(VolumeId=volume)["Snapshots"] == []
    refused("InvalidVolume.NotFound", ec2.describe_volume_old_key_snapshots, VolumeId=NO_VOLUME)


def test_tags(ec2, volume):
    tag = [{"Key": "colour", "Value": "red"}]
    refused("InvalidID", ec2.create_tags, Resources=["banana"], Tags=tag)
    refused("InvalidVolume.NotFound", ec2.create_tags, Resources=[volume, NO_VOLUME], Tags=tag)
    refused("InvalidSnapshot.NotFound", ec2.delete_tags, Resources=[NO_SNAPSHOT], Tags=tag)
    refused("InvalidParameterValue", ec2.create_tags, Resources=[volume], Tags=[{"Key": "aws:x", "Value": "y"}])
    refused("InvalidParameterValue", ec2.create_tags, Resources=[volume], Tags=tag + tag)
    refused("DryRunOperation", ec2.create_tags, Resources=[volume], Tags=tag, DryRun=True)
    many = [{"Key": str(number), "Value": ""} for number in range(50)]
    ec2.create_tags(Resources=[volume], Tags=many)
    refused("TagLimitExceeded", ec2.create_tags, Resources=[volume], Tags=tag)
    ec2.delete_tags(Resources=[volume])
    assert "Tags" not in ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
