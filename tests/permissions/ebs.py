# SPDX-License-Identifier: Apache-2.0
"""The EBS direct APIs. Blocks of a snapshot under a customer's key also need that key, in EC2's name."""
import base64
import hashlib

from permissions.call import Call
from permissions.made import snapshot_arn

NEW_SNAPSHOT = snapshot_arn("*")
BLOCK = b"block of data   " * 32768
CHECKSUM = base64.b64encode(hashlib.sha256(BLOCK).digest()).decode()
WRITTEN = {"BlockIndex": 0, "BlockData": BLOCK, "DataLength": len(BLOCK), "Checksum": CHECKSUM, "ChecksumAlgorithm": "SHA256"}


def written(made, **more):
    """A completed snapshot with one block: its id and its ARN."""
    snapshot, arn = made.writing(**more)
    made.ebs.put_snapshot_block(SnapshotId=snapshot, **WRITTEN)
    made.ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=1)
    made.coffer.wait_for_snapshot(snapshot, made.ec2)
    return snapshot, arn


def complete_snapshot(made):
    snapshot, arn = made.writing()
    return Call(arn, SnapshotId=snapshot, ChangedBlocksCount=0)


def get_snapshot_block(made):
    key = made.key()
    snapshot, arn = written(made, Encrypted=True, KmsKeyArn=key)
    token = made.ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"][0]["BlockToken"]
    return Call(arn, ("kms:Decrypt", key), SnapshotId=snapshot, BlockIndex=0, BlockToken=token)


def list_changed_blocks(made):
    first, first_arn = written(made)
    second, second_arn = written(made, ParentSnapshotId=first)
    return Call(first_arn, second_arn, FirstSnapshotId=first, SecondSnapshotId=second)


def list_snapshot_blocks(made):
    snapshot, arn = written(made)
    return Call(arn, SnapshotId=snapshot)


def put_snapshot_block(made):
    key = made.key()
    snapshot, arn = made.writing(Encrypted=True, KmsKeyArn=key)
    return Call(arn, ("kms:Decrypt", key), SnapshotId=snapshot, **WRITTEN)


def start_snapshot(made):
    key = made.key()
    return Call(NEW_SNAPSHOT, ("ec2:CreateTags", NEW_SNAPSHOT), ("kms:GenerateDataKeyWithoutPlaintext", key), VolumeSize=1,
                Tags=[{"Key": "a", "Value": "1"}], Encrypted=True, KmsKeyArn=key)


OPERATIONS = {
    "CompleteSnapshot": complete_snapshot,
    "GetSnapshotBlock": get_snapshot_block,
    "ListChangedBlocks": list_changed_blocks,
    "ListSnapshotBlocks": list_snapshot_blocks,
    "PutSnapshotBlock": put_snapshot_block,
    "StartSnapshot": start_snapshot,
}
