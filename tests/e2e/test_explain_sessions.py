# SPDX-License-Identifier: Apache-2.0
"""What explanations know of sessions: to a session itself all that it carries, to others what its role may. And of
organizations: what a member may do there."""
import json

import pytest
from botocore.exceptions import ClientError

from harness import REGION, refused
from organization import MANAGER, SCP, Organization, document, statement
from principals import new_role, new_user, policy, session_of, trust

ACCOUNT = "123456789012"
UNKNOWN = "The session's own policies and tags are not known here, and may allow less or more."


@pytest.fixture(scope="module")
def iam(shared_coffer):
    return shared_coffer.extended_client("iam")


@pytest.fixture(scope="module")
def caller(shared_coffer, iam):
    """An STS client that may assume roles with everything that sessions take."""
    return shared_coffer.client("sts", credentials=new_user(iam, "caller", policy("sts:*")))


def new_session(shared_coffer, iam, caller, role, **more):
    """A session of a role that may do everything: its ARN, and a client of its own."""
    arn = new_role(iam, role, trust({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]), policy("*"))
    answer = caller.assume_role(RoleArn=arn, RoleSessionName="se", **more)
    return answer["AssumedRoleUser"]["Arn"], session_of(answer)


def explained(iam, arn, action, resource="*"):
    told = iam.explain_access(PolicySourceArn=arn, ActionName=action, ResourceArn=resource)
    return told["Allowed"], json.loads(told["Explanation"])["notes"]


def test_a_session_hears_of_its_own_policies_and_others_that_they_are_not_known(shared_coffer, iam, caller):
    arn, session = new_session(shared_coffer, iam, caller, "narrowed", Policy=policy(["iam:ExplainAccess", "kms:ListKeys"]))
    mine, kms = (shared_coffer.extended_client(service, credentials=session) for service in ("iam", "kms"))
    kms.list_keys()
    assert explained(mine, arn, "kms:ListKeys") == (True, [])
    refused("AccessDeniedException", kms.list_aliases)
    assert explained(mine, arn, "kms:ListAliases") == (False, [])
    assert explained(iam, arn, "kms:ListAliases") == (True, [UNKNOWN])
    shown = shared_coffer.command("explain", "--principal", arn, "--action", "kms:ListAliases").stdout
    assert f"\nNote: {UNKNOWN}\n" in shown


@pytest.mark.parametrize("condition, more", [
    ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, {"Tags": [{"Key": "team", "Value": "blue"}]}),
    ({"StringEquals": {"aws:SourceIdentity": "somebody"}}, {"SourceIdentity": "somebody"}),
    ({"Null": {"aws:TokenIssueTime": "false"}}, {})], ids=["tags", "source identity", "issue time"])
def test_a_session_hears_of_what_it_carries(shared_coffer, iam, caller, condition, more):
    role = "carries-" + "".join(next(iter(condition)).split(":"))[:4] + str(len(more)) + str(len(str(more)))
    arn, session = new_session(shared_coffer, iam, caller, role, **more)
    iam.put_role_policy(RoleName=role, PolicyName="policy-0", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:ExplainAccess", "Resource": "*"},
        {"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*", "Condition": condition}]}))
    shared_coffer.client("kms", credentials=session).list_keys()
    mine = shared_coffer.extended_client("iam", credentials=session)
    assert explained(mine, arn, "kms:ListKeys")[0] and not explained(iam, arn, "kms:ListKeys")[0]


def test_what_only_a_call_tells_is_said_to_be_absent(shared_coffer, iam):
    new_user(iam, "from-home", policy("kms:ListKeys", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    allowed, notes = explained(iam, f"arn:aws:iam::{ACCOUNT}:user/from-home", "kms:ListKeys")
    assert not allowed
    assert notes == ["Only a call, or --context KEY=VALUE, tells aws:SourceIp: here it counts as absent."]


def test_a_call_about_several_resources_is_said_to_be(shared_coffer, iam):
    volume = shared_coffer.create_volume(shared_coffer.client("ec2"))
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"
    assert explained(iam, f"arn:aws:iam::{ACCOUNT}:root", "ec2:AttachVolume", arn) == (True, [
        "Calls of ec2:AttachVolume are asked on each resource that they name (instance, volume): this is about one of them alone.",
        "The same call is asked for more: kms:Decrypt and kms:CreateGrant on the key of an encrypted volume."])


# Organizations

def told(organization, principal, action, resource="*"):
    return organization.coffer.json("explain", "--principal", principal, "--action", action, "--resource", resource)


def test_members_hear_what_their_organization_lets_them(coffer):
    organization = Organization(coffer).enable(SCP)
    member = organization.account()
    users = {"all": policy("organizations:*"), "none": policy("s3:*")}
    iam = organization.of_member(member, "iam")
    keys = {name: new_user(iam, name, document) for name, document in users.items()}
    unit = organization.unit()
    policy_id = organization.client.create_policy(Content=document(statement("s3:*")), Description="", Name="p",
                                                  Type=SCP)["Policy"]["PolicySummary"]["Id"]
    prefix = f"arn:aws:organizations::{MANAGER}:"
    unit_arn = f"{prefix}ou/{organization.id}/{unit}"
    cases = [("organizations:DescribeOrganization", "*", {}), ("organizations:ListAccounts", "*", {}),
             ("organizations:ListRoots", "*", {}), ("organizations:DescribeOrganizationalUnit", unit_arn, {"OrganizationalUnitId": unit}),
             ("organizations:DeleteOrganizationalUnit", unit_arn, {"OrganizationalUnitId": unit}),
             ("organizations:DescribePolicy", f"{prefix}policy/{organization.id}/service_control_policy/{policy_id}",
              {"PolicyId": policy_id}),
             ("organizations:DescribePolicy", "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
              {"PolicyId": "p-FullAWSAccess"})]

    def agree():
        allowed = []
        for name, key in keys.items():
            client = coffer.client("organizations", credentials=key)
            for action, resource, parameters in cases:
                operation = "".join("_" + c.lower() if c.isupper() else c for c in action.split(":")[1])[1:]
                try:
                    getattr(client, operation)(**parameters)
                    answer = True
                except ClientError as error:
                    assert error.response["Error"]["Code"] == "AccessDeniedException", error
                    answer = False
                said = told(organization, f"arn:aws:iam::{member}:user/{name}", action, resource)
                assert said["allowed"] is answer, (name, action, said)
                allowed.append(answer)
        return sum(allowed)

    assert agree() == 1, "DescribeOrganization alone"
    organization.client.put_resource_policy(Content=document(statement(
        ["organizations:ListRoots", "organizations:DescribePolicy"], "Allow", Principal={"AWS": f"arn:aws:iam::{member}:root"})))
    assert agree() == 4
    organization.client.enable_aws_service_access(ServicePrincipal="backup.amazonaws.com")
    organization.client.register_delegated_administrator(AccountId=member, ServicePrincipal="backup.amazonaws.com")
    assert agree() == len(cases) - 1, "all that only reads"
    principal = f"arn:aws:iam::{member}:user/all"
    assert told(organization, principal, "organizations:DeleteOrganizationalUnit", unit_arn)["reason"] == (
        "because it is for the organization's management account, which has not delegated it")
    asker = coffer.extended_client("iam", credentials=organization.session(member))
    for each in (unit_arn, unit_arn[:-4] + "0000"):  # what there is in it, is the management account's to know
        assert refused("AccessDenied", asker.explain_access, PolicySourceArn=principal, ResourceArn=each,
                       ActionName="organizations:DescribeOrganizationalUnit") == f"{each} is of another account."
    shown = coffer.command("explain", "--principal", principal, "--action", "organizations:ListRoots").stdout
    assert "MAY do organizations:ListRoots" in shown
