# SPDX-License-Identifier: Apache-2.0
"""A call that is repeated, because its answer was lost, happens once."""
import pytest
from botocore.exceptions import ClientError

from harness import ZONE, Coffer


@pytest.fixture
def development(tmp_path):
    with Coffer(tmp_path / "data", "--development") as running:
        yield running


def test_apid_killed_between_commit_and_answer_leaves_one_volume(development):
    ec2 = development.client("ec2", retries=8)
    before = development.daemons()["coffer-apid"]
    (development.data / "run" / "failpoint").write_text("after-commit CreateVolume")
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)  # boto3 retries by itself
    assert development.daemons()["coffer-apid"] != before, "the positive control: apid must have died"
    assert not (development.data / "run" / "failpoint").exists()
    volumes = ec2.describe_volumes()["Volumes"]
    assert [v["VolumeId"] for v in volumes] == [volume["VolumeId"]]
    # Both the call and its repetition are on record, and both tell of the same volume.
    told = [r for r in development.trail() if r["eventName"] == "CreateVolume"]
    assert {r["responseElements"]["volumeId"] for r in told} == {volume["VolumeId"]} and len(told) == 2


def test_the_same_client_token_gives_the_first_answer(development):
    ec2 = development.client("ec2")
    first = ec2.create_volume(AvailabilityZone=ZONE, Size=1, ClientToken="once")
    second = ec2.create_volume(AvailabilityZone=ZONE, Size=1, ClientToken="once")
    assert first["VolumeId"] == second["VolumeId"]
    with pytest.raises(ClientError) as refused:
        ec2.create_volume(AvailabilityZone=ZONE, Size=2, ClientToken="once")
    assert refused.value.response["Error"]["Code"] == "IdempotentParameterMismatch"
    assert len(ec2.describe_volumes()["Volumes"]) == 1


def test_the_failpoint_is_refused_outside_development(coffer):
    (coffer.data / "run" / "failpoint").write_text("after-commit CreateVolume")
    before = coffer.daemons()
    coffer.client("ec2").create_volume(AvailabilityZone=ZONE, Size=1)
    assert coffer.daemons() == before
    (coffer.data / "run" / "failpoint").unlink()
