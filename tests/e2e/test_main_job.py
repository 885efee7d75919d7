# SPDX-License-Identifier: Apache-2.0
"""The main job with Debian's boto3: keys, volumes, attach, write; ciphertext on disk; nothing lost by kill -9."""
import os

import pytest
from botocore.exceptions import ClientError

from harness import files_with, is_served, nbd_client, nbdcopy, wait_until

SECTOR = 4096
SIZE = 64 << 20


def random_file_with_canaries(path):
    """64 MiB of random bytes with the same 32-byte canary at the start of every sector."""
    canary = os.urandom(32)
    contents = bytearray(os.urandom(SIZE))
    for offset in range(0, SIZE, SECTOR):
        contents[offset:offset + len(canary)] = canary
    path.write_bytes(contents)
    return canary, bytes(contents)


def first_bytes(uri):
    """What the first 64 MiB of a volume hold, read by a real NBD client."""
    with nbd_client(uri) as handle:
        return b"".join(handle.pread(1 << 20, offset) for offset in range(0, SIZE, 1 << 20))


class Job:
    """What the tests of this file look at: three volumes with the same contents."""

    def __init__(self, coffer, folder):
        self.coffer, self.folder = coffer, folder
        kms, ec2 = coffer.client("kms"), coffer.client("ec2")
        self.key_id = kms.create_key(Description="for volumes")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/volumes", TargetKeyId=self.key_id)
        self.under_alias = coffer.create_volume(ec2, Encrypted=True, KmsKeyId="alias/volumes")
        self.under_default = coffer.create_volume(ec2, Encrypted=True)
        self.plain = coffer.create_volume(ec2)
        self.spare = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=self.key_id)
        self.canary, self.contents = random_file_with_canaries(folder / "contents")
        for number, volume in enumerate((self.under_alias, self.under_default, self.plain)):
            uri = coffer.attach(volume, f"/dev/sd{'fgh'[number]}", ec2)
            nbdcopy(folder / "contents", uri)


@pytest.fixture(scope="module")
def job(shared_coffer, tmp_path_factory):
    return Job(shared_coffer, tmp_path_factory.mktemp("job"))


def test_the_canary_lies_in_the_unencrypted_volume_and_nowhere_else(job):
    hits = files_with(job.coffer.data, job.canary)
    assert hits, "the positive control found nothing: the unencrypted volume must hold the canary"
    elsewhere = {path for path in hits if path.parent not in job.coffer.layer_folders(job.plain)}
    assert not elsewhere, elsewhere


def test_encrypted_volumes_with_one_content_differ_in_every_sector(job):
    files = [job.coffer.layer_file(volume) for volume in (job.under_alias, job.under_default)]
    first, second = (path.open("rb").read(SIZE) for path in files)
    assert len(first) == len(second) == SIZE
    for offset in range(0, SIZE, SECTOR):
        sectors = first[offset:offset + SECTOR], second[offset:offset + SECTOR], job.contents[offset:offset + SECTOR]
        assert len(set(sectors)) == 3, f"sector {offset // SECTOR}"


def test_describe_volumes_tells_the_truth(job):
    ec2 = job.coffer.client("ec2")
    arn = job.coffer.client("kms").describe_key(KeyId="alias/volumes")["KeyMetadata"]["Arn"]
    default_arn = job.coffer.client("kms").describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    volumes = {v["VolumeId"]: v for v in ec2.describe_volumes()["Volumes"]}
    assert volumes[job.under_alias]["Encrypted"] and volumes[job.under_alias]["KmsKeyId"] == arn
    assert volumes[job.under_default]["Encrypted"] and volumes[job.under_default]["KmsKeyId"] == default_arn
    assert not volumes[job.plain]["Encrypted"] and "KmsKeyId" not in volumes[job.plain]
    assert volumes[job.plain]["Attachments"][0]["State"] == "attached"
    assert volumes[job.spare]["State"] == "available" and volumes[job.spare]["Attachments"] == []


def test_kill_9_of_all_three_loses_nothing(job):
    job.coffer.kill_daemons()
    for volume in (job.under_alias, job.under_default, job.plain):
        wait_until(lambda v=volume: is_served(job.coffer.uri(v)), f"{volume} to be attached again")
        assert first_bytes(job.coffer.uri(volume)) == job.contents, volume


def test_after_the_key_is_disabled_no_attach_but_the_attached_volume_works(job):
    kms, ec2 = job.coffer.client("kms"), job.coffer.client("ec2")
    kms.disable_key(KeyId=job.key_id)
    try:
        with pytest.raises(ClientError) as refused:
            ec2.attach_volume(VolumeId=job.spare, InstanceId=job.coffer.host(), Device="/dev/sdk")
        assert refused.value.response["Error"]["Code"] == "CustomerKeyHasBeenRevoked"
        assert job.key_id in refused.value.response["Error"]["Message"]
        assert "is disabled" in refused.value.response["Error"]["Message"]
        assert ec2.describe_volumes(VolumeIds=[job.spare])["Volumes"][0]["State"] == "available"

        uri = job.coffer.uri(job.under_alias)
        assert first_bytes(uri) == job.contents
        with nbd_client(uri) as handle:
            handle.pwrite(b"still" * 100, 8192)
            handle.flush()
            assert handle.pread(500, 8192) == b"still" * 100
            handle.pwrite(job.contents[8192:8692], 8192)
            handle.flush()
    finally:
        kms.enable_key(KeyId=job.key_id)
    ec2.attach_volume(VolumeId=job.spare, InstanceId=job.coffer.host(), Device="/dev/sdk")
    ec2.detach_volume(VolumeId=job.spare)


def test_detached_and_attached_again_the_bytes_are_the_same(job):
    ec2 = job.coffer.client("ec2")
    ec2.detach_volume(VolumeId=job.under_default)
    assert job.coffer.command("volume", "uri", job.under_default, check=False).returncode != 0
    uri = job.coffer.attach(job.under_default, "/dev/sdm", ec2)
    assert first_bytes(uri) == job.contents


def test_restart_of_the_whole_installation_keeps_attachments_and_bytes(job):
    job.coffer.restart()
    uri = wait_until(lambda: job.coffer.command("volume", "uri", job.under_default, check=False).stdout.strip(), "the uri")
    wait_until(lambda: is_served(uri), "the server")
    assert first_bytes(uri) == job.contents
