# SPDX-License-Identifier: Apache-2.0
"""AWS's own managed policies: are they there under their ARNs, and does a user or role that has one do what it says?"""
import itertools

import pytest
from botocore.exceptions import ClientError

from harness import REGION, refused
from principals import access_key, new_role, new_user, policy, trust

OWN = "arn:aws:iam::aws:policy"
ACCOUNT = "123456789012"
ZONE = REGION + "a"
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def iam(shared_coffer):
    return shared_coffer.client("iam")


@pytest.fixture(scope="module")
def root(shared_coffer):
    """A volume, a snapshot and a key that the account's root user made."""
    ec2 = shared_coffer.client("ec2")
    volume = shared_coffer.create_volume(ec2)
    key = shared_coffer.client("kms").create_key()["KeyMetadata"]["KeyId"]
    return {"volume": volume, "snapshot": shared_coffer.create_snapshot(volume, ec2), "key": key}


def user_with(coffer, *names):
    """Key pair of a new user with these policies attached, each named by its path and name."""
    iam, user = coffer.client("iam"), f"managed-{next(NUMBERS)}"
    iam.create_user(UserName=user)
    for name in names:
        iam.attach_user_policy(UserName=user, PolicyArn=f"{OWN}/{name}")
    return access_key(iam, user)


def clients(coffer, *names):
    """Clients of services, by name, for a new user with these policies."""
    credentials = user_with(coffer, *names)
    return lambda service: coffer.client(service, credentials=credentials)


def allowed(call, **parameters):
    """Is EC2's dry run told that it would have succeeded?"""
    with pytest.raises(ClientError) as error:
        call(**parameters, DryRun=True)
    code = error.value.response["Error"]["Code"]
    assert code in ("DryRunOperation", "UnauthorizedOperation"), error.value
    return code == "DryRunOperation"


# What IAM tells of them

def test_each_is_listed_and_read_whole(iam):
    listed = iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]
    assert len(listed) > 40 and [p["Arn"] for p in listed] == sorted(p["Arn"] for p in listed)
    for each in listed:
        assert each["Arn"] == f"{OWN}{each['Path']}{each['PolicyName']}" and each["IsAttachable"]
        found = iam.get_policy(PolicyArn=each["Arn"])["Policy"]
        assert found["PolicyId"] == each["PolicyId"] and found["Description"]
        assert found["CreateDate"] <= found["UpdateDate"]
        version = iam.get_policy_version(PolicyArn=each["Arn"], VersionId=each["DefaultVersionId"])["PolicyVersion"]
        assert version["IsDefaultVersion"] and version["Document"]["Statement"]
        versions = iam.list_policy_versions(PolicyArn=each["Arn"])["Versions"]
        assert [v["VersionId"] for v in versions] == [each["DefaultVersionId"]]


def test_they_are_listed_by_path_and_by_page(iam):
    linked = iam.list_policies(Scope="AWS", PathPrefix="/aws-service-role/")["Policies"]
    assert {p["Path"] for p in linked} == {"/aws-service-role/"}
    assert "AmazonElasticFileSystemServiceRolePolicy" in {p["PolicyName"] for p in linked}
    pages = list(iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 7}))
    assert {len(page["Policies"]) for page in pages[:-1]} == {7}
    paged = [p["Arn"] for page in pages for p in page["Policies"]]
    assert paged == [p["Arn"] for p in iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]]


def test_a_page_of_attached_ones_is_full(coffer):
    iam = coffer.client("iam")
    iam.create_user(UserName="reader")
    names = ["AWSCloudTrail_ReadOnlyAccess", "CloudWatchReadOnlyAccess", "SecurityAudit"]
    for name in names:
        iam.attach_user_policy(UserName="reader", PolicyArn=f"{OWN}/{name}")
    iam.put_user_permissions_boundary(UserName="reader", PermissionsBoundary=f"{OWN}/ReadOnlyAccess")
    first = iam.list_policies(OnlyAttached=True, PolicyUsageFilter="PermissionsPolicy", MaxItems=2)
    assert [p["PolicyName"] for p in first["Policies"]] == names[:2] and first["IsTruncated"]
    last = iam.list_policies(OnlyAttached=True, PolicyUsageFilter="PermissionsPolicy", MaxItems=2, Marker=first["Marker"])
    assert [p["PolicyName"] for p in last["Policies"]] == names[2:] and not last["IsTruncated"]
    bounds = iam.list_policies(PolicyUsageFilter="PermissionsBoundary", MaxItems=1)
    assert [p["PolicyName"] for p in bounds["Policies"]] == ["ReadOnlyAccess"] and not bounds["IsTruncated"]
    assert len(iam.list_policies(OnlyAttached=True)["Policies"]) == 4


def test_those_of_service_linked_roles_are_for_them_alone(coffer):
    iam = coffer.client("iam")
    arn = f"{OWN}/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"
    new_role(iam, "mine", trust({"AWS": ACCOUNT}))
    assert refused("PolicyNotAttachable", iam.attach_role_policy, RoleName="mine", PolicyArn=arn) == (
        "Cannot attach a Service Role Policy to a Customer Role.")
    refused("PolicyNotAttachable", iam.put_role_permissions_boundary, RoleName="mine", PermissionsBoundary=arn)
    iam.create_user(UserName="mine")
    refused("PolicyNotAttachable", iam.attach_user_policy, UserName="mine", PolicyArn=arn)
    role = iam.create_service_linked_role(AWSServiceName="mrk.kms.amazonaws.com")["Role"]["RoleName"]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [arn]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    iam.delete_service_linked_role(RoleName=role)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0


# What they allow here

def test_power_users_do_all_but_manage_users(shared_coffer, root):
    mine = clients(shared_coffer, "PowerUserAccess")
    key = mine("kms").create_key()["KeyMetadata"]["KeyId"]
    mine("kms").encrypt(KeyId=key, Plaintext=b"text")
    assert allowed(mine("ec2").delete_volume, VolumeId=root["volume"])
    mine("iam").list_roles()
    refused("AccessDenied", mine("iam").list_users)
    refused("AccessDenied", mine("iam").create_user, UserName="another")
    refused("AccessDeniedException", mine("organizations").create_organization)


def test_readers_of_everything_change_nothing(shared_coffer, root):
    mine = clients(shared_coffer, "ReadOnlyAccess")
    mine("iam").get_account_authorization_details()
    mine("iam").get_policy(PolicyArn=f"{OWN}/ReadOnlyAccess")
    mine("sts").get_caller_identity()
    assert mine("kms").describe_key(KeyId=root["key"])["KeyMetadata"]["Enabled"]
    mine("kms").get_key_policy(KeyId=root["key"], PolicyName="default")
    mine("ec2").describe_volumes(VolumeIds=[root["volume"]])
    refused("AccessDeniedException", mine("kms").encrypt, KeyId=root["key"], Plaintext=b"text")
    refused("AccessDeniedException", mine("kms").disable_key, KeyId=root["key"])
    refused("AccessDenied", mine("iam").create_user, UserName="another")
    assert not allowed(mine("ec2").create_volume, AvailabilityZone=ZONE, Size=1)
    assert not allowed(mine("ec2").delete_snapshot, SnapshotId=root["snapshot"])
    refused("AccessDeniedException", mine("ebs").list_snapshot_blocks, SnapshotId=root["snapshot"])


def test_viewers_and_auditors(shared_coffer, root):
    viewer = clients(shared_coffer, "job-function/ViewOnlyAccess")
    viewer("kms").list_keys()
    viewer("ec2").describe_volumes()
    viewer("iam").list_users()
    refused("AccessDeniedException", viewer("kms").describe_key, KeyId=root["key"])
    refused("AccessDenied", viewer("iam").get_account_authorization_details)
    auditor = clients(shared_coffer, "SecurityAudit")
    auditor("kms").get_key_policy(KeyId=root["key"], PolicyName="default")
    auditor("iam").get_account_authorization_details()
    refused("AccessDeniedException", auditor("kms").encrypt, KeyId=root["key"], Plaintext=b"text")
    assert not allowed(auditor("ec2").delete_volume, VolumeId=root["volume"])


def test_managers_and_readers_of_iam(shared_coffer):
    manager = clients(shared_coffer, "IAMFullAccess")
    manager("iam").create_group(GroupName=f"group-{next(NUMBERS)}")
    refused("AccessDeniedException", manager("kms").list_keys)
    reader = clients(shared_coffer, "IAMReadOnlyAccess")
    reader("iam").list_groups()
    reader("iam").simulate_custom_policy(PolicyInputList=[policy("kms:*")], ActionNames=["kms:Decrypt"])
    refused("AccessDenied", reader("iam").create_group, GroupName="another")


def test_power_users_of_kms_make_keys_and_do_not_use_them(shared_coffer, root):
    mine = clients(shared_coffer, "AWSKeyManagementServicePowerUser")("kms")
    key = mine.create_key()["KeyMetadata"]["KeyId"]
    mine.create_alias(AliasName="alias/power-user", TargetKeyId=key)
    sealed = shared_coffer.client("kms").encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    for call, arguments in ((mine.decrypt, {"CiphertextBlob": sealed}), (mine.encrypt, {"KeyId": key, "Plaintext": b"x"}),
                            (mine.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
                            (mine.schedule_key_deletion, {"KeyId": key})):
        message = refused("AccessDeniedException", call, **arguments)
        assert "because no identity-based policy allows the kms:" in message


def test_readers_of_ec2_describe_and_make_no_volume(shared_coffer, root):
    mine = clients(shared_coffer, "AmazonEC2ReadOnlyAccess")("ec2")
    assert mine.describe_volumes(VolumeIds=[root["volume"]])["Volumes"][0]["Size"] == 1
    mine.describe_snapshots(SnapshotIds=[root["snapshot"]])
    message = refused("UnauthorizedOperation", mine.create_volume, AvailabilityZone=ZONE, Size=1)
    assert "because no identity-based policy allows the ec2:CreateVolume action" in message
    assert not allowed(mine.create_snapshot, VolumeId=root["volume"])


def test_full_access_to_ec2_makes_volumes_and_reads_no_blocks_by_ebs(shared_coffer, root):
    mine = clients(shared_coffer, "AmazonEC2FullAccess")
    shared_coffer.create_volume(mine("ec2"))
    assert allowed(mine("ec2").create_snapshot, VolumeId=root["volume"])
    refused("AccessDeniedException", mine("ebs").list_snapshot_blocks, SnapshotId=root["snapshot"])


@pytest.mark.parametrize("name, mark", [("service-role/AmazonEBSCSIDriverPolicy", "ebs.csi.aws.com/cluster"),
                                        ("AmazonEBSCSIDriverPolicyV2", "ebs.csi.aws.com/cluster")])
def test_the_ebs_driver_makes_volumes_with_its_tag_only(shared_coffer, root, name, mark):
    mine = clients(shared_coffer, name)("ec2")

    def tagged(kind):
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": mark, "Value": "true"}]}]}

    assert not allowed(mine.create_volume, AvailabilityZone=ZONE, Size=1)
    volume = shared_coffer.create_volume(mine, **tagged("volume"))
    assert allowed(mine.delete_volume, VolumeId=volume) and not allowed(mine.delete_volume, VolumeId=root["volume"])
    assert allowed(mine.modify_volume, VolumeId=volume, Size=2)
    snapshot = shared_coffer.create_snapshot(volume, mine, **tagged("snapshot"))
    assert not allowed(mine.create_snapshot, VolumeId=volume)
    assert allowed(mine.delete_snapshot, SnapshotId=snapshot)
    assert not allowed(mine.delete_snapshot, SnapshotId=root["snapshot"])
    assert allowed(mine.create_volume, AvailabilityZone=ZONE, SnapshotId=snapshot, **tagged("volume"))
    host = shared_coffer.host()
    assert allowed(mine.attach_volume, VolumeId=volume, InstanceId=host, Device="/dev/sdf")


def test_the_ebs_driver_of_one_cluster_has_its_own_volumes(shared_coffer):
    iam, mark = shared_coffer.client("iam"), "ebs.csi.aws.com/cluster-name"
    made = {}
    for cluster in ("red", "blue"):
        iam.create_user(UserName=cluster, Tags=[{"Key": "eks-cluster-name", "Value": cluster}])
        iam.attach_user_policy(UserName=cluster, PolicyArn=f"{OWN}/AmazonEBSCSIDriverEKSClusterScopedPolicy")
        ec2 = shared_coffer.client("ec2", credentials=access_key(iam, cluster))
        of_cluster = [{"ResourceType": "volume", "Tags": [{"Key": mark, "Value": cluster}]}]
        made[cluster] = ec2, shared_coffer.create_volume(ec2, TagSpecifications=of_cluster), of_cluster
    for cluster, other in (("red", "blue"), ("blue", "red")):
        ec2, volume, _ = made[cluster]
        assert allowed(ec2.delete_volume, VolumeId=volume) and not allowed(ec2.delete_volume, VolumeId=made[other][1])
        assert not allowed(ec2.create_volume, AvailabilityZone=ZONE, Size=1, TagSpecifications=made[other][2])


def test_data_lifecycle_manager_makes_snapshots_and_no_volumes(shared_coffer, root):
    mine = clients(shared_coffer, "service-role/AWSDataLifecycleManagerServiceRole")("ec2")
    assert allowed(mine.create_snapshot, VolumeId=root["volume"])
    assert allowed(mine.create_snapshots, InstanceSpecification={"InstanceId": shared_coffer.host()})
    assert allowed(mine.delete_snapshot, SnapshotId=root["snapshot"])
    assert not allowed(mine.create_volume, AvailabilityZone=ZONE, Size=1)
    assert not allowed(mine.delete_volume, VolumeId=root["volume"])


def test_a_volume_under_a_key_takes_more_than_full_access_to_ec2(shared_coffer, root):
    """The key's policy hands on to identity policies, and AmazonEC2FullAccess speaks of no such key."""
    encrypted = {"AvailabilityZone": ZONE, "Size": 1, "Encrypted": True, "KmsKeyId": root["key"]}
    assert shared_coffer.client("ec2").create_volume(**encrypted)["Encrypted"]
    ec2 = clients(shared_coffer, "AmazonEC2FullAccess")("ec2")
    volume = ec2.create_volume(**encrypted)["VolumeId"]
    told = shared_coffer.command("volume", "why", volume, check=False).stdout
    assert "kms:" in told and "no identity-based policy allows" in told


def test_a_policy_of_awss_bounds_and_limits_a_session(shared_coffer, iam, root):
    new_user(iam, "bounded", policy("*"))
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=f"{OWN}/AmazonEC2ReadOnlyAccess")
    bounded = shared_coffer.client("ec2", credentials=access_key(iam, "bounded"))
    bounded.describe_volumes()
    message = refused("UnauthorizedOperation", bounded.create_volume, AvailabilityZone=ZONE, Size=1)
    assert "because no permissions boundary allows the ec2:CreateVolume action" in message
    role = new_role(iam, "wide", trust({"AWS": ACCOUNT}), policy("*"))
    assumer = shared_coffer.client("sts", credentials=user_with(shared_coffer, "AdministratorAccess"))
    made = assumer.assume_role(RoleArn=role, RoleSessionName="one",
                               PolicyArns=[{"arn": f"{OWN}/AWSKeyManagementServicePowerUser"}])["Credentials"]
    kms = shared_coffer.client("kms", credentials=(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))
    kms.list_keys()
    message = refused("AccessDeniedException", kms.encrypt, KeyId=root["key"], Plaintext=b"text")
    assert "because no session policy allows the kms:Encrypt action" in message
