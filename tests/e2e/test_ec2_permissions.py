# SPDX-License-Identifier: Apache-2.0
"""Who may act on a volume, a snapshot, a host: on which ARNs is it asked, and what do the condition keys tell? (That
each operation asks at all is test_negative_matrix.py's; CreateVolume has test_create_volume_permission.py.)"""
import itertools

import pytest
from botocore.exceptions import ClientError

from harness import REGION, refused
from principals import new_user, policy, second_account

ACCOUNT = "123456789012"
VOLUMES = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/*"
INSTANCES = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"
SNAPSHOTS = f"arn:aws:ec2:{REGION}::snapshot/*"
NUMBERS = itertools.count()


def tags(kind, **values):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in values.items()]}]


def as_tags(**values):
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.fixture(scope="module")
def ec2(shared_coffer):
    return shared_coffer.client("ec2")


@pytest.fixture(scope="module")
def volumes(shared_coffer, ec2):
    """A tagged volume of 2 GiB and one of 1, not tagged."""
    blue = shared_coffer.create_volume(ec2, size=2, Encrypted=True, TagSpecifications=tags("volume", team="blue"))
    return {"blue": blue, "other": shared_coffer.create_volume(ec2)}


@pytest.fixture(scope="module")
def snapshots(shared_coffer, ec2, volumes):
    blue = shared_coffer.create_snapshot(volumes["blue"], ec2, TagSpecifications=tags("snapshot", team="blue"))
    return {"blue": blue, "other": shared_coffer.create_snapshot(volumes["other"], ec2)}


def client_of(coffer, service, *documents):
    """That service of a new user with these policies."""
    return coffer.client(service, credentials=new_user(coffer.client("iam"), f"user-{next(NUMBERS)}", *documents))


def may(call, **parameters):
    """Is the dry run told that it would have succeeded?"""
    with pytest.raises(ClientError) as error:
        call(**parameters, DryRun=True)
    code = error.value.response["Error"]["Code"]
    status = error.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert (code, status) in (("DryRunOperation", 412), ("UnauthorizedOperation", 403)), error.value
    return code == "DryRunOperation"


# What volumes are like

@pytest.mark.parametrize("condition", [
    {"StringEquals": {"ec2:ResourceTag/team": "blue"}}, {"StringEquals": {"aws:ResourceTag/team": "blue"}},
    {"Bool": {"ec2:Encrypted": "true"}}, {"NumericEquals": {"ec2:VolumeSize": "2"}}, {"StringLike": {"ec2:VolumeID": "{blue}"}}],
    ids=["ec2:ResourceTag", "aws:ResourceTag", "ec2:Encrypted", "ec2:VolumeSize", "ec2:VolumeID"])
def test_conditions_tell_of_which_volume(shared_coffer, volumes, condition):
    condition = {operator: {key: value.format(**volumes) for key, value in keys.items()}
                 for operator, keys in condition.items()}
    mine = client_of(shared_coffer, "ec2", policy(["ec2:DeleteVolume", "ec2:ModifyVolume"], VOLUMES, Condition=condition))
    for name, allowed in (("blue", True), ("other", False)):
        assert may(mine.delete_volume, VolumeId=volumes[name]) is allowed
        assert may(mine.modify_volume, VolumeId=volumes[name], Size=3) is allowed


@pytest.mark.parametrize("condition", [
    {"StringEquals": {"ec2:VolumeType": "gp3"}}, {"NumericEquals": {"ec2:VolumeIops": "3000"}},
    {"NumericEquals": {"ec2:VolumeThroughput": "125"}}, {"Null": {"ec2:ParentSnapshot": "true"}},
    {"StringEquals": {"ec2:AvailabilityZone": REGION + "a", "ec2:Region": REGION}}])
def test_conditions_tell_the_volumes_shape(shared_coffer, volumes, condition):
    allowed = client_of(shared_coffer, "ec2", policy("ec2:DeleteVolume", VOLUMES, Condition=condition))
    assert may(allowed.delete_volume, VolumeId=volumes["other"])
    denied = client_of(shared_coffer, "ec2", policy("ec2:DeleteVolume", VOLUMES),
                       policy("ec2:DeleteVolume", VOLUMES, "Deny", Condition=condition))
    assert not may(denied.delete_volume, VolumeId=volumes["other"])


def test_the_snapshot_that_a_volume_was_made_of_is_its_parent(shared_coffer, ec2, snapshots):
    parent = {"ArnEquals": {"ec2:ParentSnapshot": SNAPSHOTS.replace("*", snapshots["blue"])}}
    mine = client_of(shared_coffer, "ec2", policy("ec2:DeleteVolume", VOLUMES, Condition=parent))
    for name, allowed in (("blue", True), ("other", False)):
        made = ec2.create_volume(AvailabilityZone=REGION + "a", SnapshotId=snapshots[name])["VolumeId"]
        assert may(mine.delete_volume, VolumeId=made) is allowed


def test_what_is_to_change_of_a_volume_can_be_told(shared_coffer, volumes):
    small = {"NumericLessThanEquals": {"ec2:Attribute/Size": "4"}, "ForAllValues:StringEquals": {"ec2:Attribute": ["Size"]}}
    mine = client_of(shared_coffer, "ec2", policy("ec2:ModifyVolume", VOLUMES, Condition=small))
    assert may(mine.modify_volume, VolumeId=volumes["other"], Size=4)
    assert not may(mine.modify_volume, VolumeId=volumes["other"], Size=5)
    assert not may(mine.modify_volume, VolumeId=volumes["other"], Size=4, VolumeType="gp2")


# What snapshots are like

@pytest.mark.parametrize("condition", [
    {"StringEquals": {"ec2:ResourceTag/team": "blue"}}, {"StringEquals": {"aws:ResourceTag/team": "blue"}},
    {"NumericEquals": {"ec2:VolumeSize": "2"}}, {"ArnEquals": {"ec2:ParentVolume": VOLUMES.replace("*", "{volume}")}},
    {"StringEquals": {"ec2:SnapshotID": "{snapshot}"}}],
    ids=["ec2:ResourceTag", "aws:ResourceTag", "ec2:VolumeSize", "ec2:ParentVolume", "ec2:SnapshotID"])
def test_conditions_tell_of_which_snapshot(shared_coffer, volumes, snapshots, condition):
    condition = {operator: {key: value.format(volume=volumes["blue"], snapshot=snapshots["blue"])
                            for key, value in keys.items()} for operator, keys in condition.items()}
    owner = {"StringEquals": {**condition.pop("StringEquals", {}), "ec2:Owner": ACCOUNT}}
    mine = client_of(shared_coffer, "ec2", policy("ec2:DeleteSnapshot", SNAPSHOTS, Condition={**condition, **owner}))
    assert may(mine.delete_snapshot, SnapshotId=snapshots["blue"])
    assert not may(mine.delete_snapshot, SnapshotId=snapshots["other"])


def test_a_snapshots_arn_names_no_account(shared_coffer, snapshots):
    with_account = SNAPSHOTS.replace("::", f":{ACCOUNT}:")
    assert not may(client_of(shared_coffer, "ec2", policy("ec2:DeleteSnapshot", with_account)).delete_snapshot,
                   SnapshotId=snapshots["other"])
    message = refused("UnauthorizedOperation", client_of(shared_coffer, "ec2").delete_snapshot, SnapshotId=snapshots["other"])
    assert f"ec2:DeleteSnapshot on resource: arn:aws:ec2:{REGION}::snapshot/{snapshots['other']} because" in message


def test_explanations_know_whose_a_snapshot_is(shared_coffer, snapshots):
    other = "210987654321"
    theirs = shared_coffer.client("iam", credentials=second_account(shared_coffer, other))
    for iam in (shared_coffer.client("iam"), theirs):
        new_user(iam, "deleter", policy("ec2:DeleteSnapshot", SNAPSHOTS))
    for account, allowed in ((ACCOUNT, True), (other, False)):
        told = shared_coffer.json("explain", "--principal", f"arn:aws:iam::{account}:user/deleter", "--action",
                                  "ec2:DeleteSnapshot", "--resource", SNAPSHOTS.replace("*", snapshots["blue"]))
        assert told["allowed"] is allowed, told


def test_a_copy_is_asked_about_on_its_source_and_as_it_will_be(shared_coffer, snapshots):
    usual = {"SourceRegion": REGION, "SourceSnapshotId": snapshots["blue"]}
    source = policy("ec2:CopySnapshot", SNAPSHOTS.replace("*", snapshots["blue"]))
    to_be = policy("ec2:CopySnapshot", SNAPSHOTS, Condition={
        "ArnEquals": {"ec2:ParentSnapshot": SNAPSHOTS.replace("*", snapshots["blue"])}, "Bool": {"ec2:Encrypted": "true"}})
    assert not may(client_of(shared_coffer, "ec2", source).copy_snapshot, **usual)
    assert not may(client_of(shared_coffer, "ec2", to_be).copy_snapshot, **usual)
    both = client_of(shared_coffer, "ec2", source, to_be)
    assert may(both.copy_snapshot, **usual)
    assert not may(both.copy_snapshot, **{**usual, "SourceSnapshotId": snapshots["other"]})


def test_a_snapshot_is_asked_about_on_its_volume_and_as_it_will_be(shared_coffer, volumes):
    volume = policy("ec2:CreateSnapshot", VOLUMES, Condition={"StringEquals": {"ec2:ResourceTag/team": "blue"}})
    parent = {"ArnEquals": {"ec2:ParentVolume": VOLUMES.replace("*", volumes["blue"])},
              "StringEquals": {"aws:RequestTag/keep": "yes"}}
    mine = client_of(shared_coffer, "ec2", volume, policy("ec2:CreateSnapshot", SNAPSHOTS, Condition=parent),
                     policy("ec2:CreateTags", SNAPSHOTS, Condition={"StringEquals": {"ec2:CreateAction": "CreateSnapshot"}}))
    kept = {"TagSpecifications": tags("snapshot", keep="yes")}
    assert may(mine.create_snapshot, VolumeId=volumes["blue"], **kept)
    assert not may(mine.create_snapshot, VolumeId=volumes["blue"])
    assert not may(mine.create_snapshot, VolumeId=volumes["other"], **kept)


# Instances and tags

def test_an_attachment_is_asked_about_on_volume_and_instance(shared_coffer, ec2, volumes):
    host = shared_coffer.host()
    usual = {"VolumeId": volumes["blue"], "InstanceId": host, "Device": "/dev/sdf"}
    actions = ["ec2:AttachVolume", "ec2:DetachVolume"]
    host_name = ec2.describe_instances()["Reservations"][0]["Instances"][0]["Tags"][0]["Value"]
    here = {"StringEquals": {"ec2:ResourceTag/Name": host_name, "ec2:InstanceID": host}}
    both = client_of(shared_coffer, "ec2", policy(actions, VOLUMES), policy(actions, INSTANCES, Condition=here))
    volume_only = client_of(shared_coffer, "ec2", policy(actions, VOLUMES))
    instance_only = client_of(shared_coffer, "ec2", policy(actions, INSTANCES))
    shared_coffer.attach(volumes["other"], "/dev/sdg", ec2)
    attached = {"VolumeId": volumes["other"]}  # the instance follows from the volume
    for client, allowed in ((both, True), (volume_only, False), (instance_only, False)):
        assert may(client.attach_volume, **usual) is allowed
        assert may(client.detach_volume, **attached) is allowed
    ec2.detach_volume(**attached)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volumes["other"]], WaiterConfig={"Delay": 0.1})


def test_only_some_tags_of_some_resources_may_be_set(shared_coffer, volumes, snapshots):
    own = {"StringEquals": {"ec2:ResourceTag/team": "blue"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}
    mine = client_of(shared_coffer, "ec2", policy(["ec2:CreateTags", "ec2:DeleteTags"], [VOLUMES, SNAPSHOTS], Condition=own))
    both = [volumes["blue"], snapshots["blue"]]
    for call in (mine.create_tags, mine.delete_tags):
        assert may(call, Resources=both, Tags=as_tags(a="1", b="2"))
        assert not may(call, Resources=both, Tags=as_tags(a="1", c="2"))
        assert not may(call, Resources=[*both, snapshots["other"]], Tags=as_tags(a="1"))


def test_leave_to_tag_what_one_makes_is_no_leave_to_tag(shared_coffer, volumes):
    made = {"StringEquals": {"ec2:CreateAction": ["CreateVolume", "CreateSnapshot"]}}
    mine = client_of(shared_coffer, "ec2", policy("ec2:CreateTags", "*", Condition=made), policy("ec2:CreateSnapshot"))
    assert may(mine.create_snapshot, VolumeId=volumes["blue"], TagSpecifications=tags("snapshot", a="1"))
    assert not may(mine.create_tags, Resources=[volumes["blue"]], Tags=as_tags(a="1"))


# Refusals

def test_who_may_not_does_not_learn_what_is_there(shared_coffer, volumes):
    nobody = client_of(shared_coffer, "ec2")
    here, gone = (refused("UnauthorizedOperation", nobody.delete_volume, VolumeId=volume).split(" Encoded authorization")[0]
                  for volume in (volumes["blue"], "vol-00000000000000000"))
    assert here.replace(volumes["blue"], "vol-00000000000000000") == gone
    somebody = client_of(shared_coffer, "ec2", policy("ec2:DeleteVolume", VOLUMES))
    refused("InvalidVolume.NotFound", somebody.delete_volume, VolumeId="vol-00000000000000000")


def test_a_dry_run_leaves_nothing_behind(shared_coffer, ec2, volumes, snapshots):
    def all_there_is():
        return [ec2.describe_volumes()["Volumes"], ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"],
                ec2.describe_tags()["Tags"], shared_coffer.stored(), shared_coffer.stored("snap"), shared_coffer.stored("layer")]

    before = all_there_is()
    blue, snapshot = volumes["blue"], snapshots["blue"]
    for client, allowed in ((ec2, True), (client_of(shared_coffer, "ec2"), False)):
        for call, parameters in (
                (client.create_volume, {"AvailabilityZone": REGION + "a", "Size": 1}), (client.delete_volume, {"VolumeId": blue}),
                (client.create_snapshot, {"VolumeId": blue}), (client.delete_snapshot, {"SnapshotId": snapshot}),
                (client.copy_snapshot, {"SourceRegion": REGION, "SourceSnapshotId": snapshot}),
                (client.modify_volume, {"VolumeId": blue, "Size": 9}),
                (client.create_tags, {"Resources": [blue], "Tags": as_tags(a="1")}),
                (client.delete_tags, {"Resources": [blue]}),
                (client.attach_volume, {"VolumeId": blue, "InstanceId": shared_coffer.host(), "Device": "/dev/sdf"})):
            assert may(call, **parameters) is allowed
    assert all_there_is() == before


def test_a_refusal_on_the_key_names_the_action_and_the_key(shared_coffer, ec2):
    key = shared_coffer.client("kms").create_key()["KeyMetadata"]["Arn"]
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    snapshot = shared_coffer.create_snapshot(volume, ec2)
    usual = {"VolumeId": volume, "InstanceId": shared_coffer.host(), "Device": "/dev/sdf"}
    mine = client_of(shared_coffer, "ec2", policy("ec2:*"))
    generate, decrypt = (f"is not authorized to perform: kms:{action} on resource: {key} because no identity-based policy "
                         f"allows the kms:{action} action" for action in ("GenerateDataKeyWithoutPlaintext", "Decrypt"))
    assert decrypt in refused("UnauthorizedOperation", mine.attach_volume, **usual)
    assert generate in refused("CustomerKeyHasBeenRevoked", mine.create_snapshot, VolumeId=volume)
    # As at AWS these are begun and fail, and tell why.
    made = mine.create_volume(AvailabilityZone=REGION + "a", SnapshotId=snapshot)["VolumeId"]
    assert generate in shared_coffer.command("volume", "why", made).stdout
    copy = mine.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=snapshot, KmsKeyId=key)["SnapshotId"]
    state = ec2.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]
    assert (state["State"], generate in state["StateMessage"]) == ("error", True), state
    ebs = client_of(shared_coffer, "ebs", policy("ebs:*"))
    message = refused("AccessDeniedException", ebs.start_snapshot, VolumeSize=1, Encrypted=True, KmsKeyArn=key)
    assert generate in message
    block = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    assert block == []  # nothing was written: no key was needed


# EBS direct APIs

def test_blocks_are_asked_about_on_the_snapshot_with_its_tags(shared_coffer, snapshots):
    blue = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    actions = ["ebs:ListSnapshotBlocks", "ebs:ListChangedBlocks"]
    ebs = client_of(shared_coffer, "ebs", policy(actions, SNAPSHOTS, Condition=blue))
    ebs.list_snapshot_blocks(SnapshotId=snapshots["blue"])
    message = refused("AccessDeniedException", ebs.list_snapshot_blocks, SnapshotId=snapshots["other"])
    assert f"on resource: arn:aws:ec2:{REGION}::snapshot/{snapshots['other']} because" in message
    ebs.list_changed_blocks(SecondSnapshotId=snapshots["blue"])
    refused("AccessDeniedException", ebs.list_changed_blocks, FirstSnapshotId=snapshots["other"],
            SecondSnapshotId=snapshots["blue"])


def test_a_snapshot_to_be_written_is_asked_about_as_it_will_be(shared_coffer):
    wanted = {"NumericLessThanEquals": {"ebs:VolumeSize": "2"}, "StringEquals": {"ebs:Description": "mine"}}
    tagging = policy("ec2:CreateTags", SNAPSHOTS, Condition={"StringEquals": {"ec2:CreateAction": "StartSnapshot"}})
    ebs = client_of(shared_coffer, "ebs", policy("ebs:StartSnapshot", SNAPSHOTS, Condition=wanted))
    ebs.start_snapshot(VolumeSize=2, Description="mine")
    refused("AccessDeniedException", ebs.start_snapshot, VolumeSize=3, Description="mine")
    refused("AccessDeniedException", ebs.start_snapshot, VolumeSize=2)
    message = refused("AccessDeniedException", ebs.start_snapshot, VolumeSize=2, Description="mine", Tags=as_tags(a="1"))
    assert f"is not authorized to perform: ec2:CreateTags on resource: {SNAPSHOTS} because" in message
    tagger = client_of(shared_coffer, "ebs", policy("ebs:StartSnapshot", SNAPSHOTS), tagging)
    tagger.start_snapshot(VolumeSize=2, Tags=as_tags(a="1"))


def test_the_tags_of_a_snapshot_to_be_written_are_asked_about_as_its_writers_own_wish(shared_coffer):
    direct = {"Bool": {"aws:ViaAWSService": "false"}, "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    ebs = client_of(shared_coffer, "ebs", policy("ebs:StartSnapshot", SNAPSHOTS),
                    policy("ec2:CreateTags", SNAPSHOTS, Condition=direct))
    ebs.start_snapshot(VolumeSize=1, Tags=as_tags(a="1"))
