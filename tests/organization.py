# SPDX-License-Identifier: Apache-2.0
"""An organization to rehearse in: the owner's account manages it."""
import itertools
import json

from principals import new_user, policy, session_of

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
ROLE = "OrganizationAccountAccessRole"
MANAGER = "123456789012"
NUMBERS = itertools.count(1)


def statement(action, effect="Deny", resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def everybody(action, **more):
    """A resource control policy."""
    return document(statement(action, Principal="*", **more))


class Organization:
    def __init__(self, coffer):
        self.coffer = coffer
        self.client = coffer.client("organizations")
        self.id = self.client.create_organization()["Organization"]["Id"]
        self.root = self.client.list_roots()["Roots"][0]["Id"]
        self.sts = coffer.client("sts", credentials=new_user(coffer.client("iam"), "rehearser", policy("sts:*")))

    def enable(self, *types):
        for policy_type in types:
            self.client.enable_policy_type(RootId=self.root, PolicyType=policy_type)
        return self

    def unit(self, name=None, parent=None):
        name = name or f"unit-{next(NUMBERS)}"
        made = self.client.create_organizational_unit(ParentId=parent or self.root, Name=name)
        return made["OrganizationalUnit"]["Id"]

    def account(self, parent=None, **more):
        """A new member account, in that unit."""
        number = next(NUMBERS)
        made = self.client.create_account(Email=f"{number}@example.org", AccountName=f"account {number}", **more)
        account = made["CreateAccountStatus"]["AccountId"]
        if parent:
            self.client.move_account(AccountId=account, SourceParentId=self.root, DestinationParentId=parent)
        return account

    def session(self, account):
        """Temporary credentials of the member account's role."""
        return session_of(self.sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="se"))

    def of_member(self, account, service, **more):
        return self.coffer.client(service, credentials=self.session(account), **more)

    def policy(self, content, policy_type=SCP, **more):
        name = f"policy-{next(NUMBERS)}"
        made = self.client.create_policy(Content=content, Description="", Name=name, Type=policy_type, **more)
        return made["Policy"]["PolicySummary"]["Id"]

    def attach(self, target, content, policy_type=SCP):
        """A new policy on that target; its id."""
        made = self.policy(content, policy_type)
        self.client.attach_policy(PolicyId=made, TargetId=target)
        return made
