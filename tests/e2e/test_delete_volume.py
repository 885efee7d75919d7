# SPDX-License-Identifier: Apache-2.0
"""Deleting a volume erases its wrapped data key: what is left of its bytes opens no more."""
import shutil

import pytest
from botocore.exceptions import ClientError

from harness import files_with, nbdcopy, wait_until
from wrapped_keys import open_data_key, wrapped_keys_of


def gone(ec2, volume):
    try:
        return not ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    except ClientError as error:
        return error.response["Error"]["Code"] == "InvalidVolume.NotFound"


def test_a_deleted_volume_cannot_be_opened(coffer, tmp_path):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, Encrypted=True)
    contents = tmp_path / "contents"
    contents.write_bytes(b"customer data, sector by sector." * 4096)
    nbdcopy(contents, coffer.attach(volume, "/dev/sdf", ec2))
    ec2.detach_volume(VolumeId=volume)

    # Positive controls: the wrapped key is in the folder, and it opens.
    (wrapped,) = wrapped_keys_of(coffer, volume)
    assert files_with(coffer.data, wrapped)
    assert len(open_data_key(coffer, volume, wrapped)) == 64
    folders = [coffer.volume_folder(volume), *coffer.layer_folders(volume)]
    for folder in folders:
        shutil.copytree(folder, tmp_path / "stolen" / folder.name)

    ec2.delete_volume(VolumeId=volume)
    wait_until(lambda: gone(ec2, volume), "the volume to go")
    wait_until(lambda: any(r["eventName"] == "EraseVolumeKey" and volume in str(r) for r in coffer.trail()),
               "the record of the erasure")
    wait_until(lambda: not files_with(coffer.data, wrapped), "the wrapped key to be gone from every file")
    wait_until(lambda: not any(folder.exists() for folder in folders), "the volume's files to go")
    with pytest.raises(ClientError) as refused:
        ec2.attach_volume(VolumeId=volume, InstanceId=coffer.host(), Device="/dev/sdf")
    assert refused.value.response["Error"]["Code"] == "InvalidVolume.NotFound"


def test_an_attached_volume_is_not_deleted(coffer):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, Encrypted=True)
    coffer.attach(volume, "/dev/sdf", ec2)
    with pytest.raises(ClientError) as refused:
        ec2.delete_volume(VolumeId=volume)
    assert refused.value.response["Error"]["Code"] == "VolumeInUse"
    ec2.detach_volume(VolumeId=volume)
    ec2.delete_volume(VolumeId=volume)
    wait_until(lambda: gone(ec2, volume), "the volume to go")
