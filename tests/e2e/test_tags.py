# SPDX-License-Identifier: Apache-2.0
"""Tags are made, changed and removed on what exists, and filters see it at once."""


def tags_of(ec2, resource):
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_tags_of_volumes(coffer):
    ec2 = coffer.client("ec2")
    first, second = coffer.create_volume(ec2), coffer.create_volume(ec2)
    ec2.create_tags(Resources=[first, second], Tags=[{"Key": "colour", "Value": "red"}, {"Key": "empty", "Value": ""}])
    ec2.create_tags(Resources=[second], Tags=[{"Key": "colour", "Value": "blue"}])
    assert tags_of(ec2, first) == {"colour": "red", "empty": ""}
    assert tags_of(ec2, second) == {"colour": "blue", "empty": ""}
    blue = ec2.describe_volumes(Filters=[{"Name": "tag:colour", "Values": ["blue"]}])["Volumes"]
    assert [volume["VolumeId"] for volume in blue] == [second]

    # A tag with a value goes only with that value, one without whatever its value is.
    ec2.delete_tags(Resources=[first, second], Tags=[{"Key": "colour", "Value": "blue"}, {"Key": "empty"}])
    assert tags_of(ec2, first) == {"colour": "red"}
    assert tags_of(ec2, second) == {}
    names = [record["eventName"] for record in coffer.trail()]
    assert names.count("CreateTags") == 2 and names.count("DeleteTags") == 1
