# SPDX-License-Identifier: Apache-2.0
"""Do tags, and what policies say of tags and of an organization's policies, keep everybody to what was given to him?
Each test tries the way around, and beside it the way that is open."""
import pytest

from harness import Coffer, refused
from organization import RCP, SCP, Organization, document, everybody, statement
from permissions.made import name
from principals import new_user, policy

ALL = policy("*")


@pytest.fixture(scope="module")
def coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("tags") / "data", "--development") as running:
        yield running


@pytest.fixture(scope="module")
def organization(coffer):
    return Organization(coffer).enable(SCP, RCP)


@pytest.fixture(scope="module")
def user(coffer):
    """user(document...)("service"): a client of a new user."""
    def make(*documents):
        credentials = new_user(coffer.client("iam"), name("user"), *documents)
        return lambda service: coffer.client(service, credentials=credentials)
    return make


# Types of policies

def test_who_may_touch_no_service_control_policy_touches_none(organization, user):
    mine = user(ALL, policy("organizations:*", effect="Deny",
                            Condition={"StringEquals": {"organizations:PolicyType": SCP}}))("organizations")
    unit = organization.unit()
    attached, loose = organization.attach(unit, document(statement("s3:*"))), organization.policy(document(statement("s3:*")))
    for operation, parameters in (
            ("update_policy", {"PolicyId": loose, "Content": document(statement("ec2:*"))}),
            ("delete_policy", {"PolicyId": loose}), ("describe_policy", {"PolicyId": loose}),
            ("attach_policy", {"PolicyId": loose, "TargetId": unit}),
            ("detach_policy", {"PolicyId": attached, "TargetId": unit}),
            ("detach_policy", {"PolicyId": "p-FullAWSAccess", "TargetId": unit}),
            ("list_targets_for_policy", {"PolicyId": attached})):
        message = refused("AccessDeniedException", getattr(mine, operation), **parameters)
        assert message.endswith("with an explicit deny in an identity-based policy"), operation
    other = organization.policy(everybody("s3:*"), RCP)
    mine.update_policy(PolicyId=other, Content=everybody("ec2:*"))
    mine.attach_policy(PolicyId=other, TargetId=unit)
    assert unit in {each["TargetId"] for each in mine.list_targets_for_policy(PolicyId=other)["Targets"]}
    mine.detach_policy(PolicyId=other, TargetId=unit)
    mine.delete_policy(PolicyId=other)


def test_who_may_attach_one_type_attaches_no_other(organization, user):
    mine = user(policy(["organizations:AttachPolicy", "organizations:DetachPolicy"],
                       Condition={"StringEquals": {"organizations:PolicyType": RCP}}))("organizations")
    unit = organization.unit()
    refused("AccessDeniedException", mine.attach_policy, PolicyId=organization.policy(document(statement("s3:*"))), TargetId=unit)
    mine.attach_policy(PolicyId=organization.policy(everybody("s3:*"), RCP), TargetId=unit)
