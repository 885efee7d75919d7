# SPDX-License-Identifier: Apache-2.0
"""Accounts of one installation have nothing in common."""
import pytest
from botocore.exceptions import ClientError

from harness import ZONE


def test_a_second_account_sees_nothing_of_the_first(coffer):
    made = coffer.json("account", "create", "--id", "210987654321")
    assert set(made) == {"account", "access_key_id", "secret_access_key", "endpoint"}
    assert made["account"] == "210987654321" and made["endpoint"] == coffer.endpoint
    listed = coffer.json("account", "list")
    assert {a["account"] for a in listed["accounts"]} == {"123456789012", "210987654321"}

    credentials = (made["access_key_id"], made["secret_access_key"])
    first_kms, second_kms = coffer.client("kms"), coffer.client("kms", credentials=credentials)
    first_ec2, second_ec2 = coffer.client("ec2"), coffer.client("ec2", credentials=credentials)
    key = first_kms.create_key()["KeyMetadata"]
    volume = first_ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    blob = first_kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]

    assert second_kms.list_keys()["Keys"] == [] and second_ec2.describe_volumes()["Volumes"] == []
    for call, parameters, code in [
        (second_kms.describe_key, {"KeyId": key["KeyId"]}, "NotFoundException"),
        (second_kms.describe_key, {"KeyId": key["Arn"]}, "AccessDeniedException"),
        (second_kms.describe_key, {"KeyId": key["Arn"][:-12] + "0" * 12}, "AccessDeniedException"),
        (second_kms.describe_key, {"KeyId": "arn:aws:kms:us-west-2:123456789012:alias/absent"}, "AccessDeniedException"),
        (second_kms.encrypt, {"KeyId": key["Arn"], "Plaintext": b"x"}, "AccessDeniedException"),
        (second_kms.decrypt, {"CiphertextBlob": blob}, "AccessDeniedException"),
        (second_ec2.describe_volumes, {"VolumeIds": [volume]}, "InvalidVolume.NotFound"),
        (second_ec2.delete_volume, {"VolumeId": volume}, "InvalidVolume.NotFound"),
    ]:
        with pytest.raises(ClientError) as refused:
            call(**parameters)
        assert refused.value.response["Error"]["Code"] == code, (parameters, refused.value)
    mine = second_kms.create_key()["KeyMetadata"]
    assert mine["AWSAccountId"] == "210987654321"
    assert coffer.json("account", "create")["account"] not in ("123456789012", "210987654321")


def test_creating_an_account_is_recorded_with_the_unix_user(coffer):
    coffer.command("account", "create", "--id", "210987654321", "--json")
    recorded = [r for r in coffer.trail() if r["eventSource"] == "coffer.local" and not r["readOnly"]]
    assert recorded and recorded[-1]["userIdentity"]["type"] == "UnixUser"
    assert "210987654321" in str(recorded[-1])


def test_an_account_is_made_once(coffer):
    coffer.command("account", "create", "--id", "210987654321")
    assert coffer.command("account", "create", "--id", "210987654321", check=False).returncode != 0
    assert coffer.command("account", "create", "--id", "banana", check=False).returncode != 0
