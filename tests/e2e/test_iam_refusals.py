# SPDX-License-Identifier: Apache-2.0
"""What IAM and STS do not take: is it refused at once, by AWS's code and in AWS's words, and is nothing refused that is right?"""
import base64
import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from harness import REGION, refused
from principals import new_role, new_user, policy, session_of, trust

ACCOUNT = "123456789012"
POLICY = "arn:aws:iam::{}:policy/{}"
ONLY_STS = "AssumeRole policy may only specify STS AssumeRole actions."


@pytest.fixture(scope="module")
def iam(shared_coffer):
    return shared_coffer.client("iam")


@pytest.fixture(scope="module")
def role(iam):
    """The name of a role that any user of the account may assume."""
    new_role(iam, "open", trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession"]), policy("kms:*"))
    return "open"


@pytest.fixture(scope="module")
def sts(shared_coffer, iam):
    return shared_coffer.client("sts", credentials=new_user(iam, "assumer", policy("sts:*")))


# Trust policies

@pytest.mark.parametrize("action", ["*", "s3:GetObject", "kms:*", "sts:GetCallerIdentity", "sts:GetSession*", "*:AssumeRole",
                                    ["sts:AssumeRole", "iam:PassRole"]])
def test_a_trust_policy_is_about_assuming_the_role(iam, role, action):
    document = trust({"AWS": ACCOUNT}, action)
    assert refused("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=document) == ONLY_STS
    assert refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName=role, PolicyDocument=document) == ONLY_STS
    negated = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": {"AWS": ACCOUNT}, "NotAction": action}]})
    assert refused("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=negated) == ONLY_STS


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_trust_policy_says_what_it_is_about(iam, role, effect):
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Principal": {"AWS": ACCOUNT}, "NotAction": "sts:TagSession"}]})
    assert refused("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=document) == ONLY_STS
    assert refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName=role, PolicyDocument=document) == ONLY_STS


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:assumerole", "sts:*", "sts:Assume*", "sts:SetContext",
                                    ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
                                    ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]])
def test_what_a_role_is_assumed_by_may_stand_in_its_trust_policy(iam, action):
    iam.create_role(RoleName="taken", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}, action))
    iam.delete_role(RoleName="taken")


@pytest.mark.parametrize("service", ["ec2", "foo", "ec2.amazonaws.com.cn", ".amazonaws.com", "amazonaws.com", "-x.amazonaws.com",
                                     "EC2.amazonaws.com", "ec2..amazonaws.com", "my service.amazonaws.com", "ec2.example.com"])
def test_what_is_no_service_is_no_principal(iam, shared_coffer, role, service):
    message = f'Invalid principal in policy: "SERVICE":"{service}"'
    document = trust({"Service": ["lambda.amazonaws.com", service]})
    assert refused("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=document) == message
    assert refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName=role, PolicyDocument=document) == message
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    key_policy = {"Version": "2012-10-17", "Statement": [own, {**own, "Principal": {"Service": service}}]}
    assert refused("MalformedPolicyDocumentException", shared_coffer.client("kms").create_key, Policy=json.dumps(key_policy)) == \
        "Policy contains a statement with one or more invalid principals."


@pytest.mark.parametrize("service", ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com", "alexa-appkit.amazon.com",
                                     "logs.us-west-2.amazonaws.com", "malware-protection.guardduty.amazonaws.com"])
def test_a_service_is_a_principal(iam, service):
    iam.create_role(RoleName="served", AssumeRolePolicyDocument=trust({"Service": service}))
    iam.delete_role(RoleName="served")


# ARNs of policies

MALFORMED = ["this-is-no-arn-but-long", "arn:aws:iam::123:policy/short-account", f"arn:aws:iam:us-east-1:{ACCOUNT}:policy/p",
             f"arn:aws:kms::{ACCOUNT}:policy/other-service", f"arn:aws-cn:iam::{ACCOUNT}:policy/partition", f"arn:aws:iam::{ACCOUNT}:role/r-o-l-e",
             POLICY.format(ACCOUNT, ""), POLICY.format(ACCOUNT, "path/"), POLICY.format(ACCOUNT, "trailing "), POLICY.format(ACCOUNT, "a//b")]


@pytest.mark.parametrize("arn", MALFORMED)
def test_what_is_no_policys_arn_is_told_from_a_policy_that_is_not_there(iam, role, arn):
    iam.create_user(UserName="holder")
    iam.create_group(GroupName="holders")
    document = policy("kms:ListKeys")
    calls = [(iam.get_policy, {}), (iam.delete_policy, {}), (iam.list_policy_versions, {}), (iam.get_policy_version, {"VersionId": "v1"}),
             (iam.create_policy_version, {"PolicyDocument": document}), (iam.delete_policy_version, {"VersionId": "v1"}),
             (iam.set_default_policy_version, {"VersionId": "v1"}), (iam.list_entities_for_policy, {}), (iam.list_policy_tags, {}),
             (iam.tag_policy, {"Tags": [{"Key": "a", "Value": "b"}]}), (iam.untag_policy, {"TagKeys": ["a"]}),
             (iam.attach_user_policy, {"UserName": "holder"}), (iam.detach_user_policy, {"UserName": "holder"}),
             (iam.attach_group_policy, {"GroupName": "holders"}), (iam.detach_group_policy, {"GroupName": "holders"}),
             (iam.attach_role_policy, {"RoleName": role}), (iam.detach_role_policy, {"RoleName": role})]
    boundaries = [(iam.create_user, {"UserName": "bounded"}), (iam.create_role, {"RoleName": "bounded",
                                                                                "AssumeRolePolicyDocument": trust({"AWS": ACCOUNT})}),
                  (iam.put_user_permissions_boundary, {"UserName": "holder"}), (iam.put_role_permissions_boundary, {"RoleName": role})]
    try:
        for call, more in calls:
            assert refused("InvalidInput", call, PolicyArn=arn, **more) == f"ARN {arn} is not valid."
            refused("NoSuchEntity", call, PolicyArn=POLICY.format(ACCOUNT, "path/absent"), **more)
        for call, more in boundaries:
            assert refused("InvalidInput", call, PermissionsBoundary=arn, **more) == f"ARN {arn} is not valid."
            refused("NoSuchEntity", call, PermissionsBoundary=POLICY.format(ACCOUNT, "path/absent"), **more)
    finally:
        iam.delete_user(UserName="holder")
        iam.delete_group(GroupName="holders")


def test_what_was_malformed_is_told_to_those_alone_who_may_call(shared_coffer, iam):
    stranger = shared_coffer.client("iam", credentials=new_user(iam, "stranger"))
    refused("AccessDenied", stranger.get_policy, PolicyArn=MALFORMED[0])
    refused("AccessDenied", stranger.attach_user_policy, UserName="stranger", PolicyArn=MALFORMED[0])


# Packed policies

def tags(number, value):
    return [{"Key": f"T{i}", "Value": value} for i in range(1, number + 1)]


def test_the_packed_size_is_answered(iam, sts, role):
    def size(**more):
        return sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="se", **more).get("PackedPolicySize")

    assert size() is None
    one, two = size(Tags=tags(1, "a" * 50)), size(Tags=tags(2, "a" * 50))
    inline = size(Policy=policy("kms:ListKeys"))
    managed = size(PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"}])
    assert 0 < one < two <= 2 * one + 1 and 0 < inline < 50 and 0 < managed < 50
    assert inline + one <= size(Policy=policy("kms:ListKeys"), Tags=tags(1, "a" * 50)) <= inline + one + 1


def test_a_session_whose_tags_do_not_fit_is_refused(sts, role):
    ask = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "RoleSessionName": "se"}
    # The figure that AWS answers to just these tags.
    assert refused("PackedPolicyTooLarge", sts.assume_role, Tags=tags(9, "a" * 250), **ask) == \
        "Packed size of session tags consumes 498% of allotted space."
    fitting = next(n for n in range(250, 0, -1) if n * 2 + 2 * (2 + 14) <= 480)
    assert sts.assume_role(Tags=tags(2, "a" * fitting), **ask)["PackedPolicySize"] == 100
    refused("PackedPolicyTooLarge", sts.assume_role, Tags=tags(3, "a" * fitting), **ask)


def test_a_session_whose_policy_does_not_fit_is_refused(shared_coffer, iam, sts, role):
    words = [base64.b32encode(bytes((i * 7 + j * 13) % 251 for j in range(10))).decode() for i in range(80)]
    large = policy([f"kms:{word}" for word in words])
    assert len(large) < 2048
    ask = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "RoleSessionName": "se"}
    message = refused("PackedPolicyTooLarge", sts.assume_role, Policy=large, **ask)
    assert message.startswith("Packed policy consumes ") and message.endswith("% of allotted space, please use smaller policy.")
    broker = shared_coffer.client("sts", credentials=new_user(iam, "broker", policy(["sts:GetFederationToken", "sts:TagSession"])))
    assert refused("PackedPolicyTooLarge", broker.get_federation_token, Name="carol", Policy=large) == message
    refused("PackedPolicyTooLarge", broker.get_federation_token, Name="carol", Tags=tags(9, "a" * 250))
    assert broker.get_federation_token(Name="carol", Policy=policy("kms:ListKeys"))["PackedPolicySize"] > 0


def test_tags_that_come_down_the_chain_take_their_room(shared_coffer, iam, sts):
    ALL = ["sts:AssumeRole", "sts:TagSession"]
    first = new_role(iam, "first", trust({"AWS": ACCOUNT}, ALL), policy("sts:*"))
    second = new_role(iam, "second", trust({"AWS": ACCOUNT}, ALL))
    answer = sts.assume_role(RoleArn=first, RoleSessionName="se", Tags=tags(1, "a" * 200), TransitiveTagKeys=["T1"])
    chained = shared_coffer.client("sts", credentials=session_of(answer))
    assert chained.assume_role(RoleArn=second, RoleSessionName="se")["PackedPolicySize"] == answer["PackedPolicySize"]
    own = [{"Key": f"own{i}", "Value": "a" * 200} for i in range(2)]
    refused("PackedPolicyTooLarge", chained.assume_role, RoleArn=second, RoleSessionName="se", Tags=own)


# Other requests

def test_to_leave_a_group_twice_is_no_mistake(iam):
    iam.create_group(GroupName="staff")
    iam.create_user(UserName="member")
    iam.remove_user_from_group(GroupName="staff", UserName="member")
    assert refused("NoSuchEntity", iam.remove_user_from_group, GroupName="staff", UserName="absent") == \
        "The user with name absent cannot be found."
    assert refused("NoSuchEntity", iam.remove_user_from_group, GroupName="absent", UserName="member") == \
        "The group with name absent cannot be found."


def test_an_operation_without_a_signature_that_is_not_served_says_so(shared_coffer):
    anonymous = boto3.client("sts", region_name=REGION, endpoint_url=shared_coffer.endpoint,
                             config=Config(signature_version=UNSIGNED, retries={"max_attempts": 1}))
    message = refused("InvalidAction", anonymous.assume_role_with_saml, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
                      PrincipalArn=f"arn:aws:iam::{ACCOUNT}:saml-provider/p", SAMLAssertion="assertion")
    assert message == "The action AssumeRoleWithSAML is not valid for this web service."
    refused("MissingAuthenticationToken", anonymous.get_caller_identity)


@pytest.mark.parametrize("kind, wrong, right", [
    ("numeric", "x", "7"), ("numericList", "", "2e3"), ("boolean", "yes", "true"), ("booleanList", "1", "FALSE"),
    ("ip", "10.0.0.256", "10.0.0.1"), ("ipList", "home", "2001:db8::/32"), ("date", "yesterday", "2026-01-01T00:00:00Z"),
    ("dateList", "01.01.2026", "1767225600"), ("binary", "***", "QmluYXJ5"), ("binaryList", "a", "")])
def test_a_simulated_key_has_values_of_its_type(iam, kind, wrong, right):
    def simulate(*values):
        return iam.simulate_custom_policy(PolicyInputList=[policy("kms:ListKeys")], ActionNames=["kms:ListKeys"], ContextEntries=[
            {"ContextKeyName": "s3:max-keys", "ContextKeyType": kind, "ContextKeyValues": list(values)}])["EvaluationResults"][0]["EvalDecision"]

    assert simulate(right) == "allowed"
    for values in ([wrong], [right, wrong]):
        message = refused("InvalidInput", lambda: simulate(*values))
        assert message == f"The value {wrong} of the context key s3:max-keys is not of the type {kind}."


def test_a_simulated_binary_value_is_compared_as_bytes(iam):
    answer = iam.simulate_custom_policy(
        PolicyInputList=[policy("kms:ListKeys", Condition={"BinaryEquals": {"x:key": "QmluYXJ5"}})], ActionNames=["kms:ListKeys"],
        ContextEntries=[{"ContextKeyName": "x:key", "ContextKeyType": "binary", "ContextKeyValues": ["QmluYXJ5"]}])
    assert answer["EvaluationResults"][0]["EvalDecision"] == "allowed"
