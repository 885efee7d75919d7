# SPDX-License-Identifier: Apache-2.0
"""For every operation that is served: does ExplainAccess say what the call then answers? With no policy, with exactly the
permissions that it needs, and with those on condition of a tag that the resources have, or have otherwise. Generated from the
tables in tests/permissions, like test_negative_matrix.py."""
import json

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from harness import Coffer
from permissions.asked import ASKED, LINES, is_listed
from permissions.made import Made
from test_negative_matrix import SERVED, entries

TAG = "explained"
MEMBERS = {"user": ("tag_user", "UserName"), "role": ("tag_role", "RoleName"), "policy": ("tag_policy", "PolicyArn"),
           "instance-profile": ("tag_instance_profile", "InstanceProfileName"), "mfa": ("tag_mfa_device", "SerialNumber"),
           "oidc-provider": ("tag_open_id_connect_provider", "OpenIDConnectProviderArn")}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("matrix") / "data", "--development") as coffer:
        yield Made(coffer)


def tag(made, caller, resource):
    """Gives it the tag, where it is one that can have tags."""
    service, name = resource.split(":", 5)[2], resource.split(":", 5)[5]
    kind, last = name.split("/")[0], name.split("/")[-1]
    if service == "kms" and kind == "key":
        made.kms.tag_resource(KeyId=resource, Tags=[{"TagKey": TAG, "TagValue": "yes"}])
    elif service == "ec2":
        made.ec2.create_tags(Resources=[last], Tags=[{"Key": TAG, "Value": "yes"}])
    elif service == "organizations":
        made.organizations.tag_resource(ResourceId=last, Tags=[{"Key": TAG, "Value": "yes"}])
    elif service == "iam" and kind in MEMBERS:
        operation, member = MEMBERS[kind]
        named = resource if member.endswith(("Arn", "Number")) else last
        getattr(caller.iam, operation)(**{member: named}, Tags=[{"Key": TAG, "Value": "yes"}])


def tag_what_can_be(made, caller, permissions):
    for _, resource in permissions:
        try:
            if resource != "*" and not resource.endswith(("*", "/")):
                tag(made, caller, resource)
        except ClientError:  # not there yet, or of a kind without tags
            pass


def is_done(client, service, operation, call):
    """Was it let through, whatever became of it?"""
    try:
        getattr(client, xform_name(operation))(**call.parameters)
    except ClientError as error:
        if "is not authorized to perform" in error.response["Error"]["Message"]:
            return False
        assert error.response["Error"]["Code"] == call.ends, error
    return True


def put(caller, permissions, value):
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource,
                   "Condition": {"StringEquals": {"aws:ResourceTag/" + TAG: value}}} for action, resource in permissions]
    caller.iam.put_user_policy(UserName="somebody", PolicyName="exactly", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": statements}))


def test_the_table_is_sorted():
    assert LINES == sorted(LINES)


def test_every_operation_is_in_the_table():
    assert [f"{service}:{operation}" for service, operation in SERVED if f"{service}:{operation}" not in ASKED] == []


@pytest.mark.parametrize("service, operation", SERVED, ids=lambda text: text)
def test_explanations_say_what_the_call_answers(made, service, operation):
    call = entries(service)[operation](made)
    caller = call.by or made.owner
    permissions = call.permissions(service, operation) or [(f"{service}:{operation}", "*")]
    owner = made.coffer.extended_client("iam", credentials=caller.owner)

    def explained(user):
        return [owner.explain_access(PolicySourceArn=f"arn:aws:iam::{caller.id}:user/{user}", ActionName=action,
                                     ResourceArn=resource)["Allowed"] for action, resource in permissions]

    if not call.needs:
        if service != "sts" or operation == "AssumeRoleWithWebIdentity":  # its token decides, and no user's policies
            return
        assert explained("nobody") == [True]
        return
    unlisted = [permission for permission in permissions if not is_listed(*permission)]
    assert not unlisted, "src/services/asked_actions_table.cc lacks them"
    assert explained("nobody") == [False] * len(permissions)
    caller.allow(permissions)
    assert explained("somebody") == [True] * len(permissions)
    tag_what_can_be(made, caller, permissions)
    somebody = caller.client("somebody", service)
    for value in ("no", "yes"):
        put(caller, permissions, value)
        told = explained("somebody")
        assert is_done(somebody, service, operation, call) == all(told), (value, permissions, told)
