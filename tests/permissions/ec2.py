# SPDX-License-Identifier: Apache-2.0
"""Amazon EC2. Every operation also takes DryRun, which test_negative_matrix.py tries."""
from harness import REGION, ZONE
from permissions.call import Call, on_nothing
from permissions.made import ACCOUNT, snapshot_arn

NEW_VOLUME = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/*"
NEW_SNAPSHOT = snapshot_arn("*")
TAG = [{"Key": "a", "Value": "1"}]


def tagged(kind):
    return [{"ResourceType": kind, "Tags": TAG}]


def attach_volume(made):
    key = made.key()
    volume, arn = made.volume(Encrypted=True, KmsKeyId=key)
    return Call(arn, made.instance, ("kms:Decrypt", key), ("kms:CreateGrant", key), VolumeId=volume, InstanceId=made.host,
                Device="/dev/sdz")


def copy_snapshot(made):
    snapshot, arn = made.snapshot()
    return Call(arn, NEW_SNAPSHOT, ("ec2:CreateTags", NEW_SNAPSHOT), SourceRegion=REGION, SourceSnapshotId=snapshot,
                TagSpecifications=tagged("snapshot"))


def create_snapshot(made):
    volume, arn = made.volume()
    return Call(arn, NEW_SNAPSHOT, ("ec2:CreateTags", NEW_SNAPSHOT), VolumeId=volume, TagSpecifications=tagged("snapshot"))


def create_snapshots(made):
    volume, arn = made.attached()
    others = sorted(made.attached_ids() - {volume})
    instance = {"InstanceId": made.host, **({"ExcludeDataVolumeIds": others} if others else {})}
    return Call(made.instance, arn, NEW_SNAPSHOT, ("ec2:CreateTags", NEW_SNAPSHOT), InstanceSpecification=instance,
                TagSpecifications=tagged("snapshot"))


def create_tags(made):
    (volume, volume_arn), (snapshot, arn) = made.volume(), made.snapshot()
    return Call(volume_arn, arn, Resources=[volume, snapshot], Tags=TAG)


def create_volume(made):
    snapshot, arn = made.snapshot()
    return Call(NEW_VOLUME, arn, ("ec2:CreateTags", NEW_VOLUME), AvailabilityZone=ZONE, SnapshotId=snapshot,
                TagSpecifications=tagged("volume"))


def delete_snapshot(made):
    snapshot, arn = made.snapshot()
    return Call(arn, SnapshotId=snapshot)


def delete_volume(made):
    volume, arn = made.volume()
    return Call(arn, VolumeId=volume)


def detach_volume(made):
    volume, arn = made.attached()
    return Call(arn, made.instance, VolumeId=volume)


def modify_volume(made):
    volume, arn = made.volume()
    return Call(arn, VolumeId=volume, Size=2)


def rekey_volume(made):
    # Under the account's AWS managed key, which whoever may call EC2 may use through it.
    volume, arn = made.volume(Encrypted=True)
    return Call(arn, VolumeId=volume)


OPERATIONS = {
    "AttachVolume": attach_volume,
    "CopySnapshot": copy_snapshot,
    "CreateSnapshot": create_snapshot,
    "CreateSnapshots": create_snapshots,
    "CreateTags": create_tags,
    "CreateVolume": create_volume,
    "DeleteSnapshot": delete_snapshot,
    "DeleteTags": create_tags,
    "DeleteVolume": delete_volume,
    "DescribeAvailabilityZones": on_nothing(),
    "DescribeInstances": on_nothing(),
    "DescribeRegions": on_nothing(),
    "DescribeSnapshots": on_nothing(),
    "DescribeTags": on_nothing(),
    "DescribeVolumes": on_nothing(),
    "DescribeVolumesModifications": on_nothing(),
    "DetachVolume": detach_volume,
    "ModifyVolume": modify_volume,
    # Coffer's own
    "DescribeVolumeOldKeySnapshots": lambda made: Call("*", VolumeId=made.volume()[0]),
    "DescribeVolumeRekeys": on_nothing(),
    "RekeyVolume": rekey_volume,
}
