# SPDX-License-Identifier: Apache-2.0
"""A volume whose key cannot be used does not come to be, and `coffer volume why` says why."""
from harness import ZONE, refused, wait_until


def test_a_disabled_key_fails_the_volume_and_the_cause_is_told(coffer):
    kms, ec2 = coffer.client("kms"), coffer.client("ec2")
    key = kms.create_key()["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key["KeyId"])
    assert volume["State"] == "creating" and volume["KmsKeyId"] == key["Arn"]

    def state():
        return ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"][0]["State"]

    wait_until(lambda: state() == "deleted", "the volume to fail")
    why = coffer.json("volume", "why", volume["VolumeId"])
    assert "DisabledException" in why["code"] and "is disabled" in why["message"]
    told = [r for r in coffer.trail() if r["eventName"] == "GenerateDataKeyWithoutPlaintext"]
    assert told and told[-1]["errorCode"] == "DisabledException"


def test_a_key_that_does_not_exist_fails_the_volume(coffer):
    ec2 = coffer.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True,
                               KmsKeyId="12345678-1234-1234-1234-123456789012")
    wait_until(lambda: ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"][0]["State"] == "deleted", "failure")
    assert "NotFoundException" in coffer.json("volume", "why", volume["VolumeId"])["code"]


def test_a_refused_attachment_is_told_afterwards_too(coffer):
    kms, ec2 = coffer.client("kms"), coffer.client("ec2")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    assert "nothing failed" in coffer.command("volume", "why", volume).stdout
    kms.disable_key(KeyId=key)
    message = refused("CustomerKeyHasBeenRevoked", ec2.attach_volume, VolumeId=volume, InstanceId=coffer.host(), Device="/dev/sdf")
    why = coffer.json("volume", "why", volume)
    assert why["code"].endswith("CustomerKeyHasBeenRevoked") and why["message"] == message
    kms.enable_key(KeyId=key)
    ec2.attach_volume(VolumeId=volume, InstanceId=coffer.host(), Device="/dev/sdf")
    ec2.detach_volume(VolumeId=volume)
    wait_until(lambda: "nothing failed" in coffer.command("volume", "why", volume).stdout, "the refusal to be past")
