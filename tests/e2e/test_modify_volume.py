# SPDX-License-Identifier: Apache-2.0
"""ModifyVolume changes size, type and speed, attached or not, and DescribeVolumesModifications tells of it."""
import time

from harness import Coffer, is_served, nbd_client, refused, wait_until


def finished(ec2, volume):
    def newest():
        (found,) = ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]
        return found if found["ModificationState"] in ("completed", "failed") else None
    return wait_until(newest, "the modification to end")


def test_an_attached_volume_grows(coffer):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, size=1, Encrypted=True)
    with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
        handle.pwrite(b"before", 0)
        handle.flush()
        answer = ec2.modify_volume(VolumeId=volume, Size=3, Throughput=200)["VolumeModification"]
        assert answer["ModificationState"] == "modifying" and (answer["OriginalSize"], answer["TargetSize"]) == (1, 3)
        done = finished(ec2, volume)
        assert (done["ModificationState"], done["Progress"]) == ("completed", 100) and done["EndTime"] >= done["StartTime"]
        assert (done["OriginalThroughput"], done["TargetThroughput"]) == (125, 200)
    shown = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    assert (shown["Size"], shown["Throughput"], shown["Iops"], shown["State"]) == (3, 200, 3000, "in-use")
    with nbd_client(coffer.uri(volume)) as handle:
        assert handle.get_size() == 3 << 30
        assert handle.pread(6, 0) == b"before" and handle.pread(4096, (3 << 30) - 4096) == bytes(4096)
        handle.pwrite(b"end", (3 << 30) - 3)
        handle.flush()
    coffer.restart()
    wait_until(lambda: is_served(coffer.uri(volume)), "the attachment", 30)
    with nbd_client(coffer.uri(volume)) as handle:
        assert handle.get_size() == 3 << 30 and handle.pread(3, (3 << 30) - 3) == b"end"


def test_the_type_changes_and_its_defaults_come(coffer):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, size=4)
    ec2.modify_volume(VolumeId=volume, VolumeType="io2", Iops=2000)
    done = finished(ec2, volume)
    assert (done["OriginalVolumeType"], done["TargetVolumeType"], done["TargetIops"]) == ("gp3", "io2", 2000)
    ec2.modify_volume(VolumeId=volume, VolumeType="gp3")
    finished(ec2, volume)
    shown = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    assert (shown["VolumeType"], shown["Iops"], shown["Throughput"]) == ("gp3", 3000, 125)
    found = ec2.describe_volumes_modifications(
        Filters=[{"Name": "modification-state", "Values": ["completed"]}, {"Name": "target-volume-type", "Values": ["gp3"]}])
    assert [each["VolumeId"] for each in found["VolumesModifications"]] == [volume]


def test_four_times_a_day(coffer):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, size=1)
    for size in (2, 3, 4, 5):
        ec2.modify_volume(VolumeId=volume, Size=size)
        finished(ec2, volume)
    message = refused("VolumeModificationRateExceeded", ec2.modify_volume, VolumeId=volume, Size=6)
    assert "can be modified again after" in message
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] == 5


def test_a_snapshot_of_it_makes_volumes_of_its_size_then(coffer):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, size=1)
    small = coffer.create_snapshot(volume, ec2)
    ec2.modify_volume(VolumeId=volume, Size=2)
    finished(ec2, volume)
    large = coffer.create_snapshot(volume, ec2)
    sizes = {s["SnapshotId"]: s["VolumeSize"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    assert sizes == {small: 1, large: 2}


def test_the_type_holds_a_volume_to_its_speed_and_a_modification_frees_it(tmp_path):
    """With --throttle; the two halves of one run are compared."""
    with Coffer(tmp_path / "data", "--throttle") as coffer:
        ec2 = coffer.client("ec2")
        volume = ec2.create_volume(AvailabilityZone="us-west-2a", Size=125, VolumeType="sc1")["VolumeId"]
        ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1})
        with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
            def seconds():
                start = time.monotonic()
                for piece in range(48):
                    handle.pwrite(bytes([piece]) * (1 << 20), piece << 20)
                return time.monotonic() - start

            slow = seconds()  # 9 MiB/s
            ec2.modify_volume(VolumeId=volume, VolumeType="gp3", Throughput=500, Iops=3000)
            finished(ec2, volume)
            fast = seconds()
        assert slow > 2 and fast < slow / 2, (slow, fast)
