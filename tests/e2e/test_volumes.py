# SPDX-License-Identifier: Apache-2.0
"""The EC2 operations of this part beyond the main job: lists, filters, tags, instances, zones, attachments' errors."""
import pytest
from botocore.exceptions import ClientError

from harness import ZONE


def refused(code, call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    assert error.value.response["Error"]["Code"] == code, error.value
    return error.value.response["Error"]["Message"]


@pytest.fixture(scope="module")
def ec2(shared_coffer):
    return shared_coffer.client("ec2")


@pytest.fixture(scope="module")
def volumes(shared_coffer, ec2):
    """Seven volumes, three of them red, one encrypted."""
    made = []
    for number in range(7):
        tags = [{"Key": "colour", "Value": "red" if number < 3 else "blue"}, {"Key": "number", "Value": str(number)}]
        made.append(shared_coffer.create_volume(
            ec2, size=number + 1, Encrypted=number == 0,
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}]))
    return made


def ids(ec2, **filters):
    wanted = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
    return [v["VolumeId"] for v in ec2.describe_volumes(Filters=wanted)["Volumes"]]


def test_filters(ec2, volumes):
    assert sorted(ids(ec2, **{"tag:colour": ["red"]})) == sorted(volumes[:3])
    assert ids(ec2, **{"tag:colour": ["r*"], "size": ["2"]}) == [volumes[1]]
    assert ids(ec2, encrypted=["true"]) == [volumes[0]]
    assert sorted(ids(ec2, size=["1", "7"])) == sorted([volumes[0], volumes[6]])
    assert ids(ec2, **{"tag:colour": ["green"]}) == []
    refused("InvalidParameterValue", ec2.describe_volumes, Filters=[{"Name": "taste", "Values": ["sweet"]}])


def test_pages(ec2, volumes):
    pages = list(ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) == 2 and [len(p["Volumes"]) for p in pages] == [5, 2]
    assert sorted(v["VolumeId"] for p in pages for v in p["Volumes"]) == sorted(volumes)
    refused("InvalidParameterValue", ec2.describe_volumes, MaxResults=4)
    refused("InvalidParameterCombination", ec2.describe_volumes, MaxResults=5, VolumeIds=[volumes[0]])


def test_tags(ec2, volumes):
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [volumes[2]]}])["Tags"]
    assert {(t["Key"], t["Value"], t["ResourceType"]) for t in tags} == {("colour", "red", "volume"), ("number", "2", "volume")}
    pages = list(ec2.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) > 2 and sum(len(p["Tags"]) for p in pages) == 14
    refused("InvalidParameterValue", ec2.describe_tags, Filters=[{"Name": "taste", "Values": ["sweet"]}])


def test_this_host_is_the_instance(shared_coffer, ec2):
    (reservation,) = ec2.describe_instances()["Reservations"]
    (host,) = reservation["Instances"]
    assert host["State"] == {"Code": 16, "Name": "running"}
    assert host["InstanceId"] == shared_coffer.json("status")["host_id"]
    refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])
    refused("InvalidInstanceID.Malformed", ec2.describe_instances, InstanceIds=["banana"])


def test_regions_and_zones(ec2):
    assert [r["RegionName"] for r in ec2.describe_regions()["Regions"]] == ["us-west-2", "us-east-1"]
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert [z["ZoneName"] for z in zones] == ["us-west-2a", "us-west-2b", "us-west-2c"]


def test_what_attach_and_detach_refuse(shared_coffer, ec2, volumes):
    host = shared_coffer.host()
    refused("InvalidInstanceID.NotFound", ec2.attach_volume, VolumeId=volumes[0], InstanceId="i-0123456789abcdef0", Device="/dev/sdf")
    refused("InvalidParameterValue", ec2.attach_volume, VolumeId=volumes[0], InstanceId=host, Device="/etc/passwd")
    refused("InvalidVolume.NotFound", ec2.attach_volume, VolumeId="vol-0123456789abcdef0", InstanceId=host, Device="/dev/sdf")
    refused("IncorrectState", ec2.detach_volume, VolumeId=volumes[0])
    shared_coffer.attach(volumes[0], "/dev/sdf", ec2)
    assert "is already attached" in refused("VolumeInUse", ec2.attach_volume, VolumeId=volumes[0], InstanceId=host, Device="/dev/sdg")
    assert "already in use" in refused("InvalidParameterValue", ec2.attach_volume, VolumeId=volumes[1], InstanceId=host, Device="/dev/sdf")
    refused("InvalidAttachment.NotFound", ec2.detach_volume, VolumeId=volumes[0], Device="/dev/sdz")
    mappings = ec2.describe_instances()["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]
    assert [(m["DeviceName"], m["Ebs"]["VolumeId"]) for m in mappings] == [("/dev/sdf", volumes[0])]
    assert ec2.detach_volume(VolumeId=volumes[0])["State"] == "detaching"
    assert ec2.describe_volumes(VolumeIds=[volumes[0]])["Volumes"][0]["State"] == "available"


def test_another_region_has_volumes_of_its_own(shared_coffer, volumes):
    east = shared_coffer.client("ec2", "us-east-1")
    assert east.describe_volumes()["Volumes"] == []
    refused("InvalidVolume.NotFound", east.describe_volumes, VolumeIds=[volumes[0]])
    refused("InvalidZone.NotFound", east.create_volume, AvailabilityZone=ZONE, Size=1)


def test_dry_run_leaves_nothing(ec2, volumes):
    refused("DryRunOperation", ec2.delete_volume, VolumeId=volumes[0], DryRun=True)
    assert ec2.describe_volumes(VolumeIds=[volumes[0]])["Volumes"][0]["State"] == "available"


def test_sizes_and_keys_that_cannot_be(ec2):
    where = {"AvailabilityZone": ZONE}
    assert "Volume of -1GiB is too small" in refused("InvalidParameterValue", ec2.create_volume, Size=-1, **where)
    assert "16384GiB" in refused("InvalidParameterValue", ec2.create_volume, Size=16385, **where)
    assert "KmsKeyId" in refused("InvalidParameterValue", ec2.create_volume, Size=1, Encrypted=True, KmsKeyId="", **where)


def test_why_tells_no_time_that_it_does_not_know(shared_coffer, ec2, volumes):
    why = shared_coffer.json("volume", "why", volumes[3])
    assert (why["state"], why["since"]) == ("available", "")
    shared_coffer.attach(volumes[3], "/dev/sdz", ec2)
    assert shared_coffer.json("volume", "why", volumes[3])["since"]
    ec2.detach_volume(VolumeId=volumes[3])
    ec2.get_waiter("volume_available").wait(VolumeIds=[volumes[3]], WaiterConfig={"Delay": 0.1})
    assert shared_coffer.json("volume", "why", volumes[3])["since"] == ""
