# SPDX-License-Identifier: Apache-2.0
"""AWS Organizations: the installation's own account manages one; guests are accounts of their own."""
from organization import MANAGER, RCP, SCP, document, statement
from permissions.call import Call, on_nothing
from permissions.made import Account, name
from principals import second_account

TAGS = [{"Key": "a", "Value": "1"}]
CONTENT = document(statement("s3:*"))


class Tree:
    """The organization, made once, and new things in it with their ARNs."""

    def __init__(self, made):
        self.client, self.coffer = made.organizations, made.coffer
        self.id = self.client.create_organization()["Organization"]["Id"]
        self.root_id = self.client.list_roots()["Roots"][0]["Id"]
        self.root = self.arn("root", self.root_id)
        self.client.enable_policy_type(RootId=self.root_id, PolicyType=SCP)

    def arn(self, kind, what):
        return f"arn:aws:organizations::{MANAGER}:{kind}/{self.id}/{what}"

    def unit(self):
        made = self.client.create_organizational_unit(ParentId=self.root_id, Name=name("unit"))["OrganizationalUnit"]["Id"]
        return made, self.arn("ou", made)

    def account(self):
        called = name("account")
        made = self.client.create_account(Email=f"{called}@example.org", AccountName=called)["CreateAccountStatus"]
        return made["AccountId"], self.arn("account", made["AccountId"])

    def policy(self):
        made = self.client.create_policy(Content=CONTENT, Description="", Name=name("policy"), Type=SCP)
        made = made["Policy"]["PolicySummary"]["Id"]
        return made, self.arn("policy", f"{SCP.lower()}/{made}")

    def invited(self, guest):
        target = {"Type": "ACCOUNT", "Id": guest.id}
        made = self.client.invite_account_to_organization(Target=target)["Handshake"]["Id"]
        return made, self.arn("handshake", f"invite/{made}")

    def set_policy_type(self, policy_type, wanted):
        root = self.client.list_roots()["Roots"][0]
        if (policy_type in [each["Type"] for each in root["PolicyTypes"]]) != wanted:
            change = self.client.enable_policy_type if wanted else self.client.disable_policy_type
            change(RootId=self.root_id, PolicyType=policy_type)


def tree(made):
    if not hasattr(made, "tree"):
        made.tree = Tree(made)
    return made.tree


def new_guest(made):
    """An account outside the organization."""
    account = str(600000000000 + int(name().split("-")[1]))
    return Account(made.coffer, account, second_account(made.coffer, account))


def tagging(arn):
    """What the tags of something new take."""
    return "organizations:TagResource", arn


def in_tree(entry):
    return lambda made: entry(tree(made))


def on_unit(parameter, **more):
    @in_tree
    def entry(tree):
        unit, arn = tree.unit()
        return Call(arn, **{parameter: unit}, **more)
    return entry


def on_account(parameter, **more):
    @in_tree
    def entry(tree):
        account, arn = tree.account()
        return Call(arn, **{parameter: account}, **more)
    return entry


def on_policy(**more):
    @in_tree
    def entry(tree):
        policy, arn = tree.policy()
        return Call(arn, PolicyId=policy, **more)
    return entry


def in_organization(**parameters):
    return in_tree(lambda tree: Call("*", **parameters))


def attachment(attached):
    """Of an operation that attaches or, `attached` before, detaches a policy."""
    @in_tree
    def entry(tree):
        (policy, arn), (unit, unit_arn) = tree.policy(), tree.unit()
        if attached:
            tree.client.attach_policy(PolicyId=policy, TargetId=unit)
        return Call(arn, unit_arn, PolicyId=policy, TargetId=unit)
    return entry


def policy_type(enabled):
    @in_tree
    def entry(tree):
        tree.set_policy_type(RCP, enabled)
        return Call(tree.root, RootId=tree.root_id, PolicyType=RCP)
    return entry


def invitation(by_guest):
    def entry(made):
        guest = new_guest(made)
        handshake, arn = tree(made).invited(guest)
        return Call(arn, by=guest if by_guest else None, HandshakeId=handshake)
    return entry


def invite_account_to_organization(made):
    account = new_guest(made).id
    return Call(tree(made).arn("account", account), Target={"Type": "ACCOUNT", "Id": account})


def organizations_of(made, guest):
    return made.coffer.client("organizations", credentials=guest.owner)


def delete_organization(made):
    guest = new_guest(made)
    organizations_of(made, guest).create_organization()
    return Call("*", by=guest)


def trusted(tree, service="backup.amazonaws.com"):
    tree.client.enable_aws_service_access(ServicePrincipal=service)
    return service


@in_tree
def register_delegated_administrator(tree):
    account, arn = tree.account()
    return Call(arn, AccountId=account, ServicePrincipal=trusted(tree))


def delegated(with_service):
    """About an account that is a delegated administrator."""
    @in_tree
    def entry(tree):
        (account, arn), service = tree.account(), trusted(tree)
        tree.client.register_delegated_administrator(AccountId=account, ServicePrincipal=service)
        return Call(arn, AccountId=account, **({"ServicePrincipal": service} if with_service else {}))
    return entry


def resource_policy(put=False):
    """About the organization's resource policy, which is there, or is `put` once more."""
    @in_tree
    def entry(tree):
        content = document(statement("organizations:ListRoots", "Allow", Principal={"AWS": "111122223333"}))
        policy = tree.client.put_resource_policy(Content=content)["ResourcePolicy"]["ResourcePolicySummary"]
        tagged = [tagging(policy["Arn"])] if put else []
        return Call(policy["Arn"], *tagged, **({"Content": content, "Tags": TAGS} if put else {}))
    return entry


def leave_organization(made):
    guest = new_guest(made)
    organizations_of(made, guest).accept_handshake(HandshakeId=tree(made).invited(guest)[0])
    return Call("*", by=guest)


@in_tree
def create_account(tree):
    called = name("account")
    return Call("*", tagging(tree.arn("account", "*")), Email=f"{called}@example.org", AccountName=called, Tags=TAGS)


@in_tree
def create_unit(tree):
    return Call(tree.root, tagging(tree.arn("ou", "ou-*")), ParentId=tree.root_id, Name=name("unit"), Tags=TAGS)


@in_tree
def create_policy(tree):
    return Call("*", tagging(tree.arn("policy", f"{SCP.lower()}/p-*")), Content=CONTENT, Description="",
                Name=name("policy"), Type=SCP, Tags=TAGS)


@in_tree
def describe_create_account_status(tree):
    tree.account()
    last = tree.client.list_create_account_status()["CreateAccountStatuses"][-1]["Id"]
    return Call("*", CreateAccountRequestId=last)


@in_tree
def move_account(tree):
    (account, account_arn), (unit, unit_arn) = tree.account(), tree.unit()
    return Call(account_arn, tree.root, unit_arn, AccountId=account, SourceParentId=tree.root_id, DestinationParentId=unit)


OPERATIONS = {
    "AcceptHandshake": invitation(by_guest=True),
    "AttachPolicy": attachment(False),
    "CancelHandshake": invitation(by_guest=False),
    "CloseAccount": on_account("AccountId"),
    "CreateAccount": create_account,
    "CreateOrganization": lambda made: Call("*", by=new_guest(made)),
    "CreateOrganizationalUnit": create_unit,
    "CreatePolicy": create_policy,
    "DeclineHandshake": invitation(by_guest=True),
    "DeleteOrganization": delete_organization,
    "DeleteOrganizationalUnit": on_unit("OrganizationalUnitId"),
    "DeletePolicy": on_policy(),
    "DeleteResourcePolicy": resource_policy(),
    "DeregisterDelegatedAdministrator": delegated(with_service=True),
    "DescribeAccount": on_account("AccountId"),
    "DescribeCreateAccountStatus": describe_create_account_status,
    "DescribeEffectivePolicy": on_account(
        "TargetId", PolicyType="TAG_POLICY", ends="EffectivePolicyNotFoundException",
        because="what is here are control policies, which have no effective one"),
    "DescribeHandshake": invitation(by_guest=False),
    "DescribeOrganization": in_organization(),
    "DescribeOrganizationalUnit": on_unit("OrganizationalUnitId"),
    "DescribePolicy": on_policy(),
    "DescribeResourcePolicy": resource_policy(),
    "DetachPolicy": attachment(True),
    "DisableAWSServiceAccess": in_organization(ServicePrincipal="config.amazonaws.com"),
    "DisablePolicyType": policy_type(True),
    "EnableAWSServiceAccess": in_organization(ServicePrincipal="config.amazonaws.com"),
    "EnablePolicyType": policy_type(False),
    "InviteAccountToOrganization": invite_account_to_organization,
    "LeaveOrganization": leave_organization,
    "ListAWSServiceAccessForOrganization": in_organization(),
    "ListAccounts": in_organization(),
    "ListAccountsForParent": on_unit("ParentId"),
    "ListChildren": on_unit("ParentId", ChildType="ACCOUNT"),
    "ListCreateAccountStatus": in_organization(),
    "ListDelegatedAdministrators": in_organization(),
    "ListDelegatedServicesForAccount": delegated(with_service=False),
    "ListHandshakesForAccount": on_nothing(),
    "ListHandshakesForOrganization": in_organization(),
    "ListOrganizationalUnitsForParent": on_unit("ParentId"),
    "ListParents": on_unit("ChildId"),
    "ListPolicies": in_organization(Filter=SCP),
    "ListPoliciesForTarget": on_unit("TargetId", Filter=SCP),
    "ListRoots": in_organization(),
    "ListTagsForResource": on_unit("ResourceId"),
    "ListTargetsForPolicy": on_policy(),
    "MoveAccount": move_account,
    "PutResourcePolicy": resource_policy(put=True),
    "RegisterDelegatedAdministrator": register_delegated_administrator,
    "RemoveAccountFromOrganization": on_account("AccountId"),
    "TagResource": on_unit("ResourceId", Tags=TAGS),
    "UntagResource": on_unit("ResourceId", TagKeys=["a"]),
    "UpdateOrganizationalUnit": on_unit("OrganizationalUnitId", Name="another"),
    "UpdatePolicy": on_policy(Description="text"),
}
