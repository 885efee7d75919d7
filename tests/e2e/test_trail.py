# SPDX-License-Identifier: Apache-2.0
"""Every API call and every KMS call made for a user leaves a CloudTrail-shaped record."""
import pytest
from botocore.exceptions import ClientError

from harness import ZONE


def named(records, name):
    return [r for r in records if r["eventName"] == name]


def test_reads_mutations_refusals_and_dependent_calls_are_recorded(coffer):
    kms, ec2 = coffer.client("kms"), coffer.client("ec2")
    key = kms.create_key()["KeyMetadata"]
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"do-not-log-me", EncryptionContext={"purpose": "test"})
    with pytest.raises(ClientError):
        kms.describe_key(KeyId="alias/nowhere")
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key["KeyId"])
    coffer.attach(volume, "/dev/sdf", ec2)
    records = coffer.trail()

    (created,) = named(records, "CreateKey")
    assert created["eventSource"] == "kms.amazonaws.com" and created["awsRegion"] == "us-west-2"
    assert created["userIdentity"]["type"] == "Root"
    assert created["userIdentity"]["accountId"] == "123456789012"
    assert created["readOnly"] is False and created["eventType"] == "AwsApiCall"
    assert created["responseElements"]["keyMetadata"]["keyId"] == key["KeyId"]
    for member in ("eventVersion", "eventTime", "eventID", "requestID", "sourceIPAddress", "userAgent",
                   "recipientAccountId", "eventCategory", "managementEvent"):
        assert member in created, member

    (encrypted,) = named(records, "Encrypt")
    assert encrypted["requestParameters"]["encryptionContext"] == {"purpose": "test"}
    assert "do-not-log-me" not in str(records) and "ZG8tbm90LWxvZy1tZQ" not in str(records)

    refused = [r for r in named(records, "DescribeKey") if r.get("errorCode")]
    assert refused[0]["errorCode"] == "NotFoundException" and refused[0]["errorMessage"]

    (made,) = named(records, "GenerateDataKeyWithoutPlaintext")
    assert made["userIdentity"]["invokedBy"] == "ec2.amazonaws.com"
    assert made["requestParameters"]["encryptionContext"] == {"aws:ebs:id": volume}
    (opened,) = named(records, "Decrypt")
    assert opened["requestParameters"]["encryptionContext"] == {"aws:ebs:id": volume}
    assert named(records, "CreateVolume") and named(records, "AttachVolume")
    assert len({r["eventID"] for r in records}) == len(records)


def test_records_survive_kill_9(coffer):
    volume = coffer.client("ec2").create_volume(AvailabilityZone=ZONE, Size=1)
    coffer.kill_daemons()
    assert any(volume["VolumeId"] in str(r) for r in named(coffer.trail(), "CreateVolume"))


def test_an_unauthenticated_call_is_no_record_of_an_account(coffer):
    with pytest.raises(ClientError):
        coffer.client("kms", credentials=("AKIAAAAAAAAAAAAAAAAA", "x" * 40)).list_keys()
    assert not named(coffer.trail(), "ListKeys")
