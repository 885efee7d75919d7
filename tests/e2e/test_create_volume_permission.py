# SPDX-License-Identifier: Apache-2.0
"""Who may create a volume: on which ARNs is it asked, and do the condition keys tell what the volume will be?"""
import json

import pytest

from harness import REGION, ZONE, refused
from organization import MANAGER, SCP, Organization, document, statement
from principals import new_user, policy
from references import required_encryption

VOLUMES = f"arn:aws:ec2:{REGION}:{MANAGER}:volume/*"
SNAPSHOTS = f"arn:aws:ec2:{REGION}::snapshot/*"
USERS = iter(range(1000))


@pytest.fixture(scope="module")
def organization(shared_coffer):
    return Organization(shared_coffer).enable(SCP)


@pytest.fixture(scope="module")
def snapshots(shared_coffer):
    """{"true": an encrypted snapshot, "false": one that is not}, each of a volume of 2 GiB."""
    ec2 = shared_coffer.client("ec2")
    return {str(encrypted).lower(): snapshot_of(shared_coffer, ec2, encrypted) for encrypted in (True, False)}


def snapshot_of(coffer, ec2, encrypted):
    volume = coffer.create_volume(ec2, size=2, Encrypted=encrypted)
    tag = {"Key": "encrypted", "Value": str(encrypted).lower()}
    return coffer.create_snapshot(volume, ec2, TagSpecifications=[{"ResourceType": "snapshot", "Tags": [tag]}])


def ec2_of(coffer, *documents):
    """The EC2 of a new user with these policies."""
    kms = policy("kms:*")
    return coffer.client("ec2", credentials=new_user(coffer.client("iam"), f"maker-{next(USERS)}", kms, *documents))


def tags(**values):
    return [{"ResourceType": "volume", "Tags": [{"Key": key, "Value": value} for key, value in values.items()]}]


# The references' service control policy (see also test_reference_policies.py)

def test_the_references_policy_denies_dry_runs_alike(organization):
    account = organization.account()
    organization.attach(account, json.dumps(required_encryption()))
    ec2 = organization.of_member(account, "ec2")
    wish = {"AvailabilityZone": ZONE, "Size": 1, "DryRun": True}
    refused("UnauthorizedOperation", ec2.create_volume, **wish, Encrypted=False)
    refused("DryRunOperation", ec2.create_volume, **wish, Encrypted=True)


def test_what_is_made_of_an_encrypted_snapshot_is_encrypted(organization):
    account = organization.account()
    ec2 = organization.of_member(account, "ec2")
    encrypted, plain = (snapshot_of(organization.coffer, ec2, encrypted) for encrypted in (True, False))
    scp = organization.attach(account, json.dumps(required_encryption()))
    assert ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=encrypted)["Encrypted"] is True
    refused("UnauthorizedOperation", ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=plain)
    # "Resource": "*" means the snapshot too, which has the condition key as well.
    message = refused("UnauthorizedOperation", ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=plain, Encrypted=True)
    assert f"arn:aws:ec2:{REGION}::snapshot/{plain} with an explicit deny in a service control policy" in message
    of_volumes = statement("ec2:CreateVolume", resource="arn:aws:ec2:*:*:volume/*",
                           Condition={"Bool": {"ec2:Encrypted": "false"}})
    organization.client.update_policy(PolicyId=scp, Content=document(of_volumes))
    assert ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=plain, Encrypted=True)["Encrypted"] is True
    refused("UnauthorizedOperation", ec2.create_volume, AvailabilityZone=ZONE, SnapshotId=plain)


# Condition keys

@pytest.mark.parametrize("condition, allowed, denied", [
    ({"Bool": {"ec2:Encrypted": "true"}}, {"Encrypted": True}, {"Encrypted": False}),
    ({"StringEquals": {"ec2:VolumeType": "gp2"}}, {}, {"VolumeType": "gp3"}),
    ({"NumericLessThanEquals": {"ec2:VolumeSize": "4"}}, {"Size": 4}, {"Size": 5}),
    ({"NumericLessThan": {"ec2:VolumeIops": "4000"}}, {"VolumeType": "gp3"}, {"VolumeType": "gp3", "Iops": 4000, "Size": 8}),
    ({"NumericEquals": {"ec2:VolumeThroughput": "125"}}, {"VolumeType": "gp3"}, {"VolumeType": "gp3", "Throughput": 200}),
    ({"StringEquals": {"ec2:AvailabilityZone": ZONE}}, {}, {"AvailabilityZone": ZONE[:-1] + "b"}),
    ({"StringLike": {"ec2:KmsKeyId": "alias/aws/*"}}, {"Encrypted": True, "KmsKeyId": "alias/aws/ebs"}, {"Encrypted": True}),
    ({"Null": {"ec2:ParentSnapshot": "true", "ec2:KmsKeyId": "true"}}, {}, {"Encrypted": True, "KmsKeyId": "alias/aws/ebs"}),
    ({"StringEquals": {"aws:RequestTag/team": "blue"}}, {"TagSpecifications": tags(team="blue")},
     {"TagSpecifications": tags(team="red")}),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, {"TagSpecifications": tags(a="1")},
     {"TagSpecifications": tags(a="1", b="2")})])
def test_conditions_tell_what_the_volume_will_be(shared_coffer, condition, allowed, denied):
    ec2 = ec2_of(shared_coffer, policy("ec2:CreateVolume", VOLUMES, Condition=condition), policy("ec2:CreateTags", VOLUMES))
    usual = {"AvailabilityZone": ZONE, "Size": 2, "DryRun": True}
    refused("DryRunOperation", ec2.create_volume, **{**usual, **allowed})
    message = refused("UnauthorizedOperation", ec2.create_volume, **{**usual, **denied})
    assert "because no identity-based policy allows the ec2:CreateVolume action" in message


def test_the_size_of_the_snapshot_is_the_volumes(shared_coffer, snapshots):
    small = policy("ec2:CreateVolume", VOLUMES, Condition={"NumericLessThanEquals": {"ec2:VolumeSize": "2"}})
    ec2 = ec2_of(shared_coffer, small, policy("ec2:CreateVolume", SNAPSHOTS))
    usual = {"AvailabilityZone": ZONE, "SnapshotId": snapshots["true"], "DryRun": True}
    refused("DryRunOperation", ec2.create_volume, **usual)
    refused("UnauthorizedOperation", ec2.create_volume, **usual, Size=3)


# Resources

def test_a_snapshot_is_asked_about_too(shared_coffer, snapshots):
    volumes_only = ec2_of(shared_coffer, policy("ec2:CreateVolume", VOLUMES))
    usual = {"AvailabilityZone": ZONE, "DryRun": True}
    refused("DryRunOperation", volumes_only.create_volume, **usual, Size=1)
    message = refused("UnauthorizedOperation", volumes_only.create_volume, **usual, SnapshotId=snapshots["true"])
    assert f"on resource: arn:aws:ec2:{REGION}::snapshot/{snapshots['true']} because" in message
    both = ec2_of(shared_coffer, policy("ec2:CreateVolume", [VOLUMES, SNAPSHOTS]))
    refused("DryRunOperation", both.create_volume, **usual, SnapshotId=snapshots["true"])


@pytest.mark.parametrize("condition", [{"Bool": {"ec2:Encrypted": "true"}}, {"StringEquals": {"ec2:ResourceTag/encrypted": "true"}},
                                       {"StringEquals": {"aws:ResourceTag/encrypted": "true"}}])
def test_conditions_tell_of_which_snapshot(shared_coffer, snapshots, condition):
    ec2 = ec2_of(shared_coffer, policy("ec2:CreateVolume", VOLUMES), policy("ec2:CreateVolume", SNAPSHOTS, Condition=condition))
    usual = {"AvailabilityZone": ZONE, "DryRun": True}
    refused("DryRunOperation", ec2.create_volume, **usual, SnapshotId=snapshots["true"])
    refused("UnauthorizedOperation", ec2.create_volume, **usual, SnapshotId=snapshots["false"])


def test_the_parent_snapshot_is_named_by_its_arn(shared_coffer, snapshots):
    parent = f"arn:aws:ec2:{REGION}::snapshot/{snapshots['true']}"
    ec2 = ec2_of(shared_coffer, policy("ec2:CreateVolume", VOLUMES, Condition={"ArnEquals": {"ec2:ParentSnapshot": parent}}),
                 policy("ec2:CreateVolume", SNAPSHOTS))
    usual = {"AvailabilityZone": ZONE, "DryRun": True}
    refused("DryRunOperation", ec2.create_volume, **usual, SnapshotId=snapshots["true"])
    refused("UnauthorizedOperation", ec2.create_volume, **usual, SnapshotId=snapshots["false"])


def test_tags_need_a_permission_of_their_own(shared_coffer):
    usual = {"AvailabilityZone": ZONE, "Size": 1, "DryRun": True, "TagSpecifications": tags(a="1")}
    untagged = ec2_of(shared_coffer, policy("ec2:CreateVolume", VOLUMES))
    message = refused("UnauthorizedOperation", untagged.create_volume, **usual)
    assert f"is not authorized to perform: ec2:CreateTags on resource: {VOLUMES} because" in message
    tagging = policy("ec2:CreateTags", VOLUMES, Condition={"StringEquals": {"ec2:CreateAction": "CreateVolume"}})
    tagger = ec2_of(shared_coffer, policy("ec2:CreateVolume", VOLUMES), tagging)
    refused("DryRunOperation", tagger.create_volume, **usual)
    volume = shared_coffer.client("ec2").create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    refused("UnauthorizedOperation", tagger.create_tags, Resources=[volume], Tags=[{"Key": "a", "Value": "1"}])


def test_a_repeated_call_is_asked_again(shared_coffer):
    iam = shared_coffer.client("iam")
    ec2 = shared_coffer.client("ec2", credentials=new_user(iam, "repeater", policy("ec2:CreateVolume", VOLUMES)))
    wish = {"AvailabilityZone": ZONE, "Size": 1, "ClientToken": "repeated"}
    first = ec2.create_volume(**wish)["VolumeId"]
    assert ec2.create_volume(**wish)["VolumeId"] == first
    iam.delete_user_policy(UserName="repeater", PolicyName="policy-0")
    refused("UnauthorizedOperation", ec2.create_volume, **wish)
