# SPDX-License-Identifier: Apache-2.0
"""AWS IAM: users, groups, roles and policies; what an account has beside them is in iam_account.py, MFA in iam_mfa.py."""
from permissions import iam_account, iam_mfa
from permissions.call import Call
from permissions.made import ACCOUNT, document, name
from principals import access_key, trust

IAM = f"arn:aws:iam::{ACCOUNT}"
INLINE = {"PolicyName": "inline", "PolicyDocument": document(("s3:*", "*"))}
TAGS = [{"Key": "a", "Value": "1"}]
# Policies that test users and roles carry, prepared by the operation's name.
PUT = {"user": "put_user_policy", "group": "put_group_policy", "role": "put_role_policy"}
ATTACH = {"user": "attach_user_policy", "group": "attach_group_policy", "role": "attach_role_policy"}
NAME = {"user": "UserName", "group": "GroupName", "role": "RoleName"}


def on(kind, **parameters):
    """Of an operation on a new user, group or role."""
    def entry(made):
        called, arn = getattr(made, kind)()
        return Call(arn, **{NAME[kind]: called}, **parameters)
    return entry


def with_inline_policy(kind, **parameters):
    def entry(made):
        called, arn = getattr(made, kind)()
        getattr(made.iam, PUT[kind])(**{NAME[kind]: called}, **INLINE)
        return Call(arn, **{NAME[kind]: called}, PolicyName=INLINE["PolicyName"], **parameters)
    return entry


def with_policy(kind, attached):
    """Of an operation that attaches or, `attached` before, detaches a managed policy."""
    def entry(made):
        called, arn = getattr(made, kind)()
        parameters = {NAME[kind]: called, "PolicyArn": made.policy()}
        if attached:
            getattr(made.iam, ATTACH[kind])(**parameters)
        return Call(arn, **parameters)
    return entry


def with_boundary(kind, put):
    def entry(made):
        called, arn = getattr(made, kind)()
        boundary = {"PermissionsBoundary": made.policy()}
        getattr(made.iam, put)(**{NAME[kind]: called}, **boundary)
        return Call(arn, **{NAME[kind]: called})
    return entry


def on_policy(**parameters):
    def entry(made):
        arn = made.policy()
        return Call(arn, PolicyArn=arn, **parameters)
    return entry


def on_second_version(made):
    arn = made.policy()
    made.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(("s3:Get*", "*")))
    return Call(arn, PolicyArn=arn, VersionId="v2")


def on_access_key(**parameters):
    def entry(made):
        user, arn = made.user()
        return Call(arn, UserName=user, AccessKeyId=access_key(made.iam, user)[0], **parameters)
    return entry


def get_access_key_last_used(made):
    user, arn = made.user()
    return Call(arn, AccessKeyId=access_key(made.iam, user)[0])


def in_group(member):
    """Of an operation that adds a user to a group or, a `member` before, removes it: asked on the group."""
    def entry(made):
        (user, _), (group, arn) = made.user(), made.group()
        if member:
            made.iam.add_user_to_group(UserName=user, GroupName=group)
        return Call(arn, UserName=user, GroupName=group)
    return entry


def new(kind, tagging=None, **parameters):
    """Of an operation that creates one; with tags where it is told the action that they take."""
    def entry(_):
        called = name(kind)
        arn = f"{IAM}:{kind}/{called}"
        tags = {"Tags": TAGS} if tagging else {}
        return Call(arn, *([(tagging, arn)] if tagging else []), **tags, **{NAME.get(kind, "PolicyName"): called}, **parameters)
    return entry


def listed(kind):
    """Of an operation that lists a kind of things: asked on their path."""
    return lambda made: Call(f"{IAM}:{kind}/")


def renamed(kind):
    """For both names."""
    def entry(made):
        called, arn = getattr(made, kind)()
        other = name(kind)
        return Call(arn, f"{IAM}:{kind}/{other}", **{NAME[kind]: called, "New" + NAME[kind]: other})
    return entry


def explain_access(made):
    arn = made.user()[1]
    return Call(arn, PolicySourceArn=arn, ActionName="kms:ListKeys", ResourceArn="*")


OPERATIONS = {
    "AddUserToGroup": in_group(False),
    "AttachGroupPolicy": with_policy("group", False),
    "AttachRolePolicy": with_policy("role", False),
    "AttachUserPolicy": with_policy("user", False),
    "CreateAccessKey": on("user"),
    "CreateGroup": new("group"),
    "CreatePolicy": new("policy", "iam:TagPolicy", PolicyDocument=document(("s3:*", "*"))),
    "CreatePolicyVersion": on_policy(PolicyDocument=document(("s3:Get*", "*"))),
    "CreateRole": lambda made: new("role", "iam:TagRole", AssumeRolePolicyDocument=trust({"AWS": made.owner.id}))(made),
    "CreateUser": new("user", "iam:TagUser"),
    "DeleteAccessKey": on_access_key(),
    "DeleteGroup": on("group"),
    "DeleteGroupPolicy": with_inline_policy("group"),
    "DeletePolicy": on_policy(),
    "DeletePolicyVersion": on_second_version,
    "DeleteRole": on("role"),
    "DeleteRolePermissionsBoundary": with_boundary("role", "put_role_permissions_boundary"),
    "DeleteRolePolicy": with_inline_policy("role"),
    "DeleteUser": on("user"),
    "DeleteUserPermissionsBoundary": with_boundary("user", "put_user_permissions_boundary"),
    "DeleteUserPolicy": with_inline_policy("user"),
    "DetachGroupPolicy": with_policy("group", True),
    "DetachRolePolicy": with_policy("role", True),
    "DetachUserPolicy": with_policy("user", True),
    "ExplainAccess": explain_access,  # Coffer's own
    "GetAccessKeyLastUsed": get_access_key_last_used,
    "GetGroup": on("group"),
    "GetGroupPolicy": with_inline_policy("group"),
    "GetPolicy": on_policy(),
    "GetPolicyVersion": on_policy(VersionId="v1"),
    "GetRole": on("role"),
    "GetRolePolicy": with_inline_policy("role"),
    "GetUser": on("user"),
    "GetUserPolicy": with_inline_policy("user"),
    "ListAccessKeys": on("user"),
    "ListAttachedGroupPolicies": on("group"),
    "ListAttachedRolePolicies": on("role"),
    "ListAttachedUserPolicies": on("user"),
    "ListGroupPolicies": on("group"),
    "ListGroups": listed("group"),
    "ListGroupsForUser": on("user"),
    "ListPolicies": listed("policy"),
    "ListPolicyVersions": on_policy(),
    "ListRolePolicies": on("role"),
    "ListRoleTags": on("role"),
    "ListRoles": listed("role"),
    "ListUserPolicies": on("user"),
    "ListUserTags": on("user"),
    "ListUsers": listed("user"),
    "PutGroupPolicy": on("group", **INLINE),
    "PutRolePermissionsBoundary": lambda made: on("role", PermissionsBoundary=made.policy())(made),
    "PutRolePolicy": on("role", **INLINE),
    "PutUserPermissionsBoundary": lambda made: on("user", PermissionsBoundary=made.policy())(made),
    "PutUserPolicy": on("user", **INLINE),
    "RemoveUserFromGroup": in_group(True),
    "SetDefaultPolicyVersion": on_second_version,
    "TagRole": on("role", Tags=TAGS),
    "TagUser": on("user", Tags=TAGS),
    "UntagRole": on("role", TagKeys=["a"]),
    "UntagUser": on("user", TagKeys=["a"]),
    "UpdateAccessKey": on_access_key(Status="Inactive"),
    "UpdateAssumeRolePolicy": lambda made: on("role", PolicyDocument=trust({"AWS": made.owner.id}))(made),
    "UpdateGroup": renamed("group"),
    "UpdateRole": on("role", Description="text"),
    "UpdateRoleDescription": on("role", Description="text"),
    "UpdateUser": renamed("user"),
    **iam_account.OPERATIONS,
    **iam_mfa.OPERATIONS,
}
