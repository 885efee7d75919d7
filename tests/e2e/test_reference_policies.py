# SPDX-License-Identifier: Apache-2.0
"""The references' key policy for EBS and their service control policy: what do they do, as printed and as corrected?"""
import json

import pytest

from harness import REGION, ROOT as REPOSITORY, ZONE, refused
from organization import MANAGER, SCP, Organization
from principals import new_role, new_user, policy, session_of, trust
from references import policy_sample, required_encryption

ROLE = "EC2-EBS-Role"
ROLE_ARN = f"arn:aws:iam::{MANAGER}:role/{ROLE}"
ROOT = f"arn:aws:iam::{MANAGER}:root"
VIA_EC2 = f"kms:ViaService=ec2.{REGION}.amazonaws.com"
USING = ["ec2:CreateVolume", "ec2:AttachVolume", "ec2:Describe*"]
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."
DEVICES = iter(f"/dev/sd{letter}" for letter in "fghijkl")


@pytest.fixture(scope="module")
def role(shared_coffer):
    """The role that the key policy names: a function that makes its client of a service. It has no rights to KMS."""
    iam = shared_coffer.client("iam")
    sts = shared_coffer.client("sts", credentials=new_user(iam, "operator", policy("sts:AssumeRole")))
    new_role(iam, ROLE, trust({"AWS": f"arn:aws:iam::{MANAGER}:user/operator"}), policy(USING))

    def client(service):
        answer = sts.assume_role(RoleArn=ROLE_ARN, RoleSessionName="session")
        return shared_coffer.client(service, credentials=session_of(answer))

    return client


@pytest.fixture(scope="module")
def kms(shared_coffer, role):
    return shared_coffer.client("kms")


def printed():
    return policy_sample("ebs_key_policy.json")


def corrected(*left_out):
    """With what the printed one lacks: two actions, and a statement for those who administer the key."""
    document = printed()
    document["Statement"][0]["Action"] += [action for action in ("kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant")
                                           if action not in left_out]
    document["Statement"].append({
        "Sid": "AllowAdministration", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Resource": "*", "Action": [
            "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*", "kms:Disable*", "kms:Get*",
            "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"]})
    return document


def key_under(kms, document, **more):
    return kms.create_key(Policy=json.dumps(document), **more)["KeyMetadata"]["Arn"]


def explain(coffer, principal, action, resource, *context):
    return coffer.json("explain", "--principal", principal, "--action", action, "--resource", resource,
                       *(word for pair in context for word in ("--context", pair)))


# The key policy as printed

def test_the_printed_key_policy_names_a_role_that_has_to_exist(coffer):
    message = refused("MalformedPolicyDocumentException", coffer.client("kms").create_key, Policy=json.dumps(printed()))
    assert message == "Policy contains a statement with one or more invalid principals."


def test_the_printed_key_policy_would_lock_its_author_out(kms):
    assert refused("MalformedPolicyDocumentException", kms.create_key, Policy=json.dumps(printed())) == LOCKOUT
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    message = refused("MalformedPolicyDocumentException", kms.put_key_policy, KeyId=key, PolicyName="default",
                      Policy=json.dumps(printed()))
    assert message == LOCKOUT
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == before


def test_it_is_explained_why_nobody_could_change_the_printed_policy(shared_coffer, kms):
    key = key_under(kms, printed(), BypassPolicyLockoutSafetyCheck=True)
    refused("AccessDeniedException", kms.put_key_policy, KeyId=key, PolicyName="default", Policy=json.dumps(corrected()))
    told = explain(shared_coffer, ROOT, "kms:PutKeyPolicy", key)
    assert not told["allowed"] and told["reason"] == "because no resource-based policy allows the kms:PutKeyPolicy action"
    nobody = shared_coffer.json("who-can", "--action", "kms:PutKeyPolicy", "--resource", key)["principals"]
    assert not [each for each in nobody if each["allowed"]]
    shared_coffer.command("kms", "reset-policy", key)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(corrected()))


def test_the_printed_actions_make_no_volume_and_the_missing_one_is_named(shared_coffer, kms, role):
    key = key_under(kms, corrected("kms:GenerateDataKeyWithoutPlaintext"))
    volume = role("ec2").create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)["VolumeId"]
    why = shared_coffer.command("volume", "why", volume).stdout
    assert "kms:GenerateDataKeyWithoutPlaintext" in why and key in why


def test_the_printed_actions_attach_no_volume_and_the_missing_one_is_named(shared_coffer, kms, role):
    key = key_under(kms, corrected("kms:CreateGrant"))
    ec2 = role("ec2")
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    message = refused("UnauthorizedOperation", ec2.attach_volume, VolumeId=volume, InstanceId=shared_coffer.host(),
                      Device=next(DEVICES))
    assert f"assumed-role/{ROLE}/session is not authorized to perform: kms:CreateGrant on resource: {key} because no " \
           "resource-based policy allows the kms:CreateGrant action" in message
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"


# The key policy with what it lacks

def test_the_corrected_key_policy_serves_ec2_and_nobody_directly(shared_coffer, kms, role):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(corrected()))
    ec2, direct = role("ec2"), role("kms")
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    shared_coffer.attach(volume, next(DEVICES), ec2)
    for action, call, arguments in (
            ("kms:Decrypt", direct.decrypt, {"CiphertextBlob": blob}),
            ("kms:GenerateDataKey", direct.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
            ("kms:CreateGrant", direct.create_grant, {"KeyId": key, "GranteePrincipal": ROLE_ARN, "Operations": ["Decrypt"]})):
        message = refused("AccessDeniedException", call, **arguments)
        assert message == (f"User: arn:aws:sts::{MANAGER}:assumed-role/{ROLE}/session is not authorized to perform: {action} "
                           f"on resource: {key} because no resource-based policy allows the {action} action")


def test_identity_policies_do_not_open_what_the_corrected_key_policy_keeps_to_ec2(shared_coffer, kms, role):
    key = key_under(kms, corrected())
    iam = shared_coffer.client("iam")
    iam.put_role_policy(RoleName=ROLE, PolicyName="everything", PolicyDocument=policy("kms:*"))
    refused("AccessDeniedException", role("kms").generate_data_key, KeyId=key, KeySpec="AES_256")
    iam.delete_role_policy(RoleName=ROLE, PolicyName="everything")


def test_the_condition_is_explained_with_the_value_it_had(shared_coffer, kms):
    key = key_under(kms, corrected())
    assert explain(shared_coffer, ROLE_ARN, "kms:Decrypt", key, VIA_EC2)["allowed"]
    told = explain(shared_coffer, ROLE_ARN, "kms:Decrypt", key, VIA_EC2.replace("ec2", "s3"))
    assert not told["allowed"] and told["reason"] == "because no resource-based policy allows the kms:Decrypt action"
    statements = [each for source in told["questions"][0]["policies"] for each in source["statements"]]
    condition, = next(each for each in statements if each.get("sid") == "AllowEBSAccess")["conditions"]
    assert (condition["key"], condition["actual"], condition["holds"]) == (
        "kms:ViaService", [f"s3.{REGION}.amazonaws.com"], False)


@pytest.mark.parametrize("condition, attaches", [
    ({"Bool": {"kms:GrantIsForAWSResource": "true"}}, True), ({"Bool": {"kms:GrantIsForAWSResource": "false"}}, False),
    ({"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}}, True),
    ({"StringLike": {"kms:GranteePrincipal": f"arn:aws:sts::{MANAGER}:assumed-role/aws:ec2-infrastructure/i-*"}}, True),
    ({"StringEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}}, False),
    ({"StringLike": {"kms:EncryptionContext:aws:ebs:id": "vol-*"}}, True)],
    ids=["for EC2", "not for EC2", "operations", "grantee", "constraint", "context"])
def test_conditions_tell_of_the_grant_by_which_ec2_attaches(shared_coffer, kms, role, condition, attaches):
    document = corrected("kms:CreateGrant")
    document["Statement"].append({"Effect": "Allow", "Principal": {"AWS": ROLE_ARN}, "Action": "kms:CreateGrant",
                                  "Resource": "*", "Condition": condition})
    ec2 = role("ec2")
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key_under(kms, document))
    if attaches:
        shared_coffer.attach(volume, "/dev/sdz", ec2)
        shared_coffer.client("ec2").detach_volume(VolumeId=volume)
    else:
        refused("UnauthorizedOperation", ec2.attach_volume, VolumeId=volume, InstanceId=shared_coffer.host(), Device="/dev/sdz")


def test_the_page_shows_the_corrected_key_policy():
    page = (REPOSITORY / "docs" / "REFERENCES.md").read_text()
    block = page.split("## The key policy that works", 1)[1].split("\n\n")[2]
    shown = json.loads(block)["Statement"]
    assert [{**each, "Action": set(each["Action"])} for each in shown] == [
        {**each, "Action": set(each["Action"])} for each in corrected()["Statement"]]


# The service control policy

@pytest.fixture(scope="module")
def organization(shared_coffer):
    return Organization(shared_coffer).enable(SCP)


def test_the_service_control_policy_denies_unencrypted_volumes(organization):
    account = organization.account()
    ec2 = organization.of_member(account, "ec2")
    ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=False)
    organization.attach(account, json.dumps(required_encryption()))
    before = ec2.describe_volumes()["Volumes"]
    for encrypted in ({"Encrypted": False}, {}):
        message = refused("UnauthorizedOperation", ec2.create_volume, AvailabilityZone=ZONE, Size=1, **encrypted)
        assert f"is not authorized to perform: ec2:CreateVolume on resource: arn:aws:ec2:{REGION}:{account}:volume/* " \
               "with an explicit deny in a service control policy" in message
    assert len(ec2.describe_volumes()["Volumes"]) == len(before)
    assert ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)["Encrypted"] is True


def test_the_service_control_policy_leaves_the_management_account_alone(organization):
    made = organization.attach(organization.root, json.dumps(required_encryption()))
    organization.coffer.client("ec2").create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=False)
    organization.client.detach_policy(PolicyId=made, TargetId=organization.root)


def test_the_service_control_policy_is_explained_and_does_not_speak_of_run_instances(organization):
    account = organization.account()
    organization.attach(account, json.dumps(required_encryption()))
    member = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    volumes = f"arn:aws:ec2:{REGION}:{account}:volume/*"
    plain = (member, "ec2:CreateVolume", volumes, "ec2:Encrypted=false")
    assert explain(organization.coffer, *plain)["reason"] == "with an explicit deny in a service control policy"
    assert '"RequireEBSEncryption", Deny' in organization.coffer.command(
        "explain", "--principal", member, "--action", plain[1], "--resource", volumes, "--context", plain[3]).stdout
    assert explain(organization.coffer, member, "ec2:CreateVolume", volumes, "ec2:Encrypted=true")["allowed"]
    assert explain(organization.coffer, member, "ec2:RunInstances", volumes, "ec2:Encrypted=false")["allowed"]
