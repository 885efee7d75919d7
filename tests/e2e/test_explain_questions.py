# SPDX-License-Identifier: Apache-2.0
"""What can be asked of `coffer explain`, `coffer who-can` and ExplainAccess: actions on the kinds of resource that calls ask
about, of things that are here. Anything else is refused clearly and not answered."""
import pytest

from harness import REGION, refused
from permissions.asked import ASKED
from principals import new_role, trust

ACCOUNT = "123456789012"
OWNER = f"arn:aws:iam::{ACCOUNT}:root"
NEW_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
VOLUMES, SNAPSHOTS = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/", f"arn:aws:ec2:{REGION}::snapshot/"
IAM = f"arn:aws:iam::{ACCOUNT}:"
NO_KEY, NO_ID = "1234abcd-12ab-34cd-56ef-1234567890ab", "0123456789abcdef0"


def answer_of(coffer, action, *words):
    return coffer.command("explain", "--principal", OWNER, "--action", action, *words, check=False)


def explain(coffer, action, *resource):
    return coffer.json("explain", "--principal", OWNER, "--action", action, *(("--resource", *resource) if resource else ()))


@pytest.mark.parametrize("action, said", [
    ("kms:Decrypt", "kms:Decrypt is asked on a key: name it by --resource (ResourceArn), as arn:aws:kms:REGION:ACCOUNT:key/ID."),
    ("ec2:CreateVolume", "arn:aws:ec2:REGION::snapshot/ID or arn:aws:ec2:REGION:ACCOUNT:volume/*"),
    ("iam:GetRole", "iam:GetRole is asked on a role"), ("ebs:GetSnapshotBlock", "asked on a snapshot"),
    ("organizations:MoveAccount", "asked on an account or an ou or a root"),
    ("sts:AssumeRole", "asked on a role"), ("iam:ListUsers", "arn:aws:iam::ACCOUNT:user/"),
])
@pytest.mark.parametrize("resource", [(), ("--resource", "*")], ids=["none", "star"])
def test_an_action_on_something_needs_it_named(shared_coffer, action, said, resource):
    answer = answer_of(shared_coffer, action, *resource)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr


@pytest.mark.parametrize("action, resource", [
    ("kms:Decrypt", VOLUMES + "vol-" + NO_ID), ("kms:ListKeys", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{NO_KEY}"),
    ("ec2:DeleteVolume", VOLUMES + "*"), ("ec2:DeleteVolume", SNAPSHOTS + "snap-" + NO_ID),
    ("ec2:DeleteSnapshot", SNAPSHOTS + "*"), ("iam:GetUser", IAM + "role/r"), ("iam:GetUser", IAM + "user/"),
    ("sts:AssumeRole", IAM + "user/u"), ("kms:DeleteAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/*"),
    ("ec2:DescribeVolumes", VOLUMES + "vol-" + NO_ID), ("sts:GetCallerIdentity", IAM + "user/u"),
])
def test_a_resource_of_another_kind_is_refused(shared_coffer, action, resource):
    answer = answer_of(shared_coffer, action, "--resource", resource)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"{action} is asked on" in answer.stderr


@pytest.mark.parametrize("action, meant", [
    ("kms:Dekrypt", "kms:Decrypt"), ("ec2:RunInstance", "ec2:RunInstances"), ("iam:GetUsers", "iam:GetUser"),
    ("sts:AsumeRole", "sts:AssumeRole"), ("organizations:ListRoot", "organizations:ListRoots"),
    ("ebs:PutSnapshotBlocks", "ebs:PutSnapshotBlock")])
def test_a_misspelt_action_is_refused_with_the_nearest(shared_coffer, action, meant):
    answer = answer_of(shared_coffer, action)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert f"There is no action {action}: did you mean {meant}" in answer.stderr


def test_an_action_that_is_like_no_other_is_refused(shared_coffer):
    answer = answer_of(shared_coffer, "kms:MakeCoffeeWithMilk")
    assert answer.returncode == 2 and "There is no action kms:MakeCoffeeWithMilk." in answer.stderr


def test_an_action_that_is_asked_as_others_names_them(shared_coffer):
    answer = answer_of(shared_coffer, "kms:ReEncrypt")
    assert answer.returncode == 2 and "kms:ReEncrypt is asked as kms:ReEncryptFrom and kms:ReEncryptTo" in answer.stderr


@pytest.mark.parametrize("action, resource", [
    ("s3:GetObject", "arn:aws:s3:::bucket/x"), ("s3:ListAllMyBuckets", "*"), ("ec2:RunInstances", VOLUMES + "*"),
    ("elasticfilesystem:ClientMount", f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-1"),
    ("kms:SynchronizeMultiRegionKey", "*")])
def test_what_is_not_served_is_told_by_policies_and_said_so(shared_coffer, action, resource):
    told = explain(shared_coffer, action, resource)
    more = " AWS may ask it on a resource: name that." if resource == "*" else ""
    assert told["allowed"] and told["notes"] == [f"Coffer does not serve {action}: this is what policies say.{more}"]
    shown = answer_of(shared_coffer, action, "--resource", resource).stdout
    assert f"\nNote: Coffer does not serve {action}: this is what policies say.{more}\n" in shown


@pytest.mark.parametrize("action, resource", [
    ("ec2:DeleteVolume", VOLUMES + "vol-" + NO_ID), ("ec2:DeleteSnapshot", SNAPSHOTS + "snap-" + NO_ID),
    ("ebs:ListSnapshotBlocks", SNAPSHOTS + "snap-" + NO_ID), ("ec2:AttachVolume", VOLUMES.replace("volume/", "instance/i-" + NO_ID)),
    ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{NO_KEY}"), ("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/x"),
    ("kms:DeleteAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/x"),
    *((f"iam:{operation}", IAM + kind + "/nobody") for operation, kind in (
        ("DeleteUser", "user"), ("GetRole", "role"), ("GetGroup", "group"), ("DeletePolicy", "policy"),
        ("GetInstanceProfile", "instance-profile"), ("GetOpenIDConnectProvider", "oidc-provider"), ("UntagMFADevice", "mfa"))),
    ("iam:GetUser", f"arn:aws:iam::{ACCOUNT[::-1]}:root"), ("sts:AssumeRole", IAM + "role/nobody"),
    ("organizations:DescribeAccount", f"arn:aws:organizations::{ACCOUNT}:account/o-1234567890/111111111111")])
def test_what_is_not_there_is_not_explained(shared_coffer, action, resource):
    answer = answer_of(shared_coffer, action, "--resource", resource)
    assert (answer.returncode, answer.stdout) == (4, "")
    assert f"NoSuchEntity: There is no {resource}." in answer.stderr
    listed = shared_coffer.command("who-can", "--action", action, "--resource", resource, check=False)
    assert (listed.returncode, listed.stdout) == (4, "") and f"There is no {resource}." in listed.stderr


@pytest.mark.parametrize("action, resource", [
    ("ec2:CreateVolume", "arn:aws:ec2:eu-nowhere-1:123456789012:volume/*"),
    ("kms:CreateAlias", "arn:aws:kms:eu-nowhere-1:123456789012:alias/new")])
def test_a_region_that_is_not_here_is_named(shared_coffer, action, resource):
    answer = answer_of(shared_coffer, action, "--resource", resource)
    assert answer.returncode == 4 and "There is no region eu-nowhere-1 here; there is us-" in answer.stderr


@pytest.mark.parametrize("action, resource", [
    ("ec2:CreateVolume", VOLUMES + "*"), ("ec2:CreateSnapshot", SNAPSHOTS + "*"), ("ec2:CreateTags", SNAPSHOTS + "*"),
    ("iam:CreateUser", IAM + "user/new"), ("iam:ListUsers", IAM + "user/"), ("iam:TagUser", IAM + "user/new"),
    ("kms:CreateAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/new"), ("kms:TagResource", NEW_KEY),
    ("iam:GetPolicy", "arn:aws:iam::aws:policy/AdministratorAccess")])
def test_what_is_to_be_is_explained(shared_coffer, action, resource):
    assert explain(shared_coffer, action, resource)["allowed"]


def test_letters_of_actions_have_no_case(shared_coffer):
    assert explain(shared_coffer, "KMS:listkeys")["action"] == "kms:ListKeys"


@pytest.mark.parametrize("action", [action for action, kinds in ASKED.items() if kinds == ["nothing"]])
def test_what_nobody_is_asked_for_everybody_may(shared_coffer, action):
    shared_coffer.client("iam").create_user(UserName=action.replace(":", "-"))
    told = shared_coffer.json("explain", "--principal", IAM + "user/" + action.replace(":", "-"), "--action", action)
    assert (told["allowed"], told["reason"]) == (True, "because everybody may do it")


@pytest.mark.parametrize("action, resource, said", [
    ("organizations:ListRoots", "*", f"The account {ACCOUNT} is in no organization: such calls end with "
                                     "AWSOrganizationsNotInUseException."),
    ("sts:AssumeRoleWithWebIdentity", IAM + "role/of-tokens",
     "The token that comes with a call decides, not the one who sends it.")])
def test_what_else_decides_is_said(shared_coffer, action, resource, said):
    if resource != "*":
        new_role(shared_coffer.client("iam"), resource.rsplit("/")[1], trust({"AWS": ACCOUNT}))
    assert said in explain(shared_coffer, action, resource)["notes"]


def test_the_api_refuses_the_same(shared_coffer):
    ask = shared_coffer.extended_client("iam").explain_access
    assert "is asked on a key" in refused("ValidationError", ask, PolicySourceArn=OWNER, ActionName="kms:Decrypt")
    refused("ValidationError", ask, PolicySourceArn=OWNER, ActionName="kms:Dekrypt")
    refused("NoSuchEntity", ask, PolicySourceArn=OWNER, ActionName="ec2:DeleteVolume", ResourceArn=VOLUMES + "vol-" + NO_ID)
