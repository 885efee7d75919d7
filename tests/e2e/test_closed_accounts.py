# SPDX-License-Identifier: Apache-2.0
"""CloseAccount: is a closed account shut, its keys with it, and is nothing of it lost? And may it be opened again?"""
import pytest

from harness import Coffer, nbd_client, refused
from organization import MANAGER, ROLE, SCP, Organization, document, statement
from principals import access_key, new_role, new_user, policy, second_account, session_of, trust


@pytest.fixture(scope="module")
def organization(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("closing") / "data", "--development") as coffer:
        yield Organization(coffer).enable(SCP)


def violation(call, **parameters):
    """The reason of a ConstraintViolationException."""
    with pytest.raises(call.__self__.exceptions.ConstraintViolationException) as error:
        call(**parameters)
    return error.value.response["Reason"]


def close(organization, account):
    organizations = organization.client
    organizations.close_account(AccountId=account)


def status_of(organization, account):
    return organization.client.describe_account(AccountId=account)["Account"]["Status"]


def test_everybody_of_a_closed_account_is_shut_out_at_once(organization):
    account = organization.account()
    session = organization.session(account)
    iam = organization.coffer.client("iam", credentials=session)
    user = new_user(iam, "user", policy("*"))
    callers = [organization.coffer.client("sts", credentials=each) for each in (session, user)]
    for sts in callers:
        assert sts.get_caller_identity()["Account"] == account
    kms = [organization.coffer.client("kms", credentials=each) for each in (session, user)]
    ec2 = organization.coffer.client("ec2", credentials=user)
    close(organization, account)
    for sts in callers:
        assert refused("InvalidClientTokenId", sts.get_caller_identity) == "The security token included in the request is invalid."
    for client in kms:
        refused("UnrecognizedClientException", client.list_keys)
    refused("AuthFailure", ec2.describe_volumes)
    refused("AccessDenied", organization.sts.assume_role, RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="se")


def test_a_root_user_is_shut_out_too(organization):
    account = "444444444444"
    root = second_account(organization.coffer, account)
    made = organization.client.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": account})["Handshake"]["Id"]
    organization.coffer.client("organizations", credentials=root).accept_handshake(HandshakeId=made)
    sts = organization.coffer.client("sts", credentials=root)
    sts.get_caller_identity()
    close(organization, account)
    refused("InvalidClientTokenId", sts.get_caller_identity)


def test_a_closed_account_stays_listed(organization):
    account, unit = organization.account(), organization.unit()
    assert status_of(organization, account) == "ACTIVE"
    close(organization, account)
    assert status_of(organization, account) == "SUSPENDED"
    pages = organization.client.get_paginator("list_accounts").paginate()
    assert {each["Id"]: each["Status"] for page in pages for each in page["Accounts"]}[account] == "SUSPENDED"
    organization.client.move_account(AccountId=account, SourceParentId=organization.root, DestinationParentId=unit)
    [shown] = organization.client.list_accounts_for_parent(ParentId=unit)["Accounts"]
    assert (shown["Id"], shown["Status"]) == (account, "SUSPENDED")
    listed = {each["account"]: each["closed"] for each in organization.coffer.json("account", "list")["accounts"]}
    assert listed[account] and listed[MANAGER] is None
    [line] = [each for each in organization.coffer.command("account", "list").stdout.splitlines() if account in each]
    assert line.endswith("closed " + listed[account])


def test_its_keys_are_nobodys_while_it_is_closed_and_come_back(organization):
    account = organization.account()
    mine = organization.of_member(account, "kms")
    both = [f"arn:aws:iam::{each}:root" for each in (account, MANAGER)]
    key = mine.create_key(Policy=document(statement("kms:*", "Allow", Principal={"AWS": both})))["KeyMetadata"]["Arn"]
    other = organization.coffer.client("kms")
    granted = organization.coffer.client("kms", credentials=new_user(organization.coffer.client("iam"), "granted"))
    user = f"arn:aws:iam::{MANAGER}:user/granted"
    mine.create_grant(KeyId=key, GranteePrincipal=user, Operations=["Decrypt"])
    sealed = other.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
    assert granted.decrypt(CiphertextBlob=sealed, KeyId=key)["Plaintext"] == b"kept"
    close(organization, account)
    for client in (other, granted):
        refused("AccessDeniedException", client.decrypt, CiphertextBlob=sealed, KeyId=key)
    refused("AccessDeniedException", other.describe_key, KeyId=key)
    told = organization.coffer.json("explain", "--principal", user, "--action", "kms:Decrypt", "--resource", key)
    assert (told["allowed"], told["reason"]) == (False, "because the account that owns the resource is closed")
    organization.coffer.command("account", "reopen", account)
    assert status_of(organization, account) == "ACTIVE"
    for client in (other, granted):
        assert client.decrypt(CiphertextBlob=sealed, KeyId=key)["Plaintext"] == b"kept"
    assert mine.describe_key(KeyId=key)["KeyMetadata"]["Enabled"], "sessions that have not ended are good again"
    message = organization.coffer.command("account", "reopen", account, check=False).stderr
    assert f"account {account} is not closed" in message
    names = [record["eventName"] for record in organization.coffer.trail() if record["recipientAccountId"] == MANAGER]
    assert "CloseAccount" in names and "ReopenAccount" in names


def test_what_is_attached_stays_attached_and_nothing_new_is(organization):
    coffer, account = organization.coffer, organization.account()
    ec2 = organization.of_member(account, "ec2")
    volumes = [coffer.create_volume(ec2, Encrypted=True) for _ in range(2)]
    uri = coffer.attach(volumes[0], "/dev/sdf", ec2)
    with nbd_client(uri) as disk:
        disk.pwrite(b"before" * 512, 0)
        disk.flush()
        close(organization, account)
        disk.pwrite(b"closed" * 512, 4096)
        disk.flush()
        assert disk.pread(3072, 0) == b"before" * 512
    refused("AuthFailure", ec2.attach_volume, VolumeId=volumes[1], InstanceId=coffer.host(), Device="/dev/sdg")
    assert set(volumes) <= coffer.stored()
    coffer.command("account", "reopen", account)
    with nbd_client(uri) as disk:
        assert disk.pread(3072, 4096) == b"closed" * 512
    ec2.detach_volume(VolumeId=volumes[0])


def test_web_identities_and_roles_of_others_do_not_get_in(organization):
    """A role of a closed account that trusts another account's user by name."""
    account = organization.account()
    iam = organization.of_member(account, "iam")
    owner = organization.coffer.client("iam")
    owner.create_user(UserName="guest")
    owner.put_user_policy(UserName="guest", PolicyName="p", PolicyDocument=policy("sts:AssumeRole"))
    role = new_role(iam, "open", trust({"AWS": f"arn:aws:iam::{MANAGER}:user/guest"}), policy("*"))
    sts = organization.coffer.client("sts", credentials=access_key(owner, "guest"))
    session_of(sts.assume_role(RoleArn=role, RoleSessionName="before"))
    close(organization, account)
    refused("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="after")


def test_the_management_account_is_not_closed_nor_anything_twice(organization):
    organizations = organization.client
    assert violation(organizations.close_account, AccountId=MANAGER) == "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
    refused("AccountNotFoundException", organizations.close_account, AccountId="999999999999")
    account = organization.account()
    close(organization, account)
    refused("AccountAlreadyClosedException", organizations.close_account, AccountId=account)
    member = organization.of_member(organization.account(), "organizations")
    refused("AccessDeniedException", member.close_account, AccountId=account)


def test_closings_have_a_quota_and_closed_accounts_stay_ninety_days(tmp_path):
    with Coffer(tmp_path / "data", "--development") as coffer:
        organization = Organization(coffer)
        organizations = organization.client
        accounts = [organization.account() for _ in range(12)]
        for account in accounts[:10]:
            close(organization, account)
        assert violation(organizations.close_account, AccountId=accounts[10]) == "CLOSE_ACCOUNT_QUOTA_EXCEEDED"
        assert violation(organizations.remove_account_from_organization,
                         AccountId=accounts[0]) == "ACCOUNT_CANNOT_LEAVE_ORGANIZATION"
        coffer.command("clock", "advance", "30d")
        close(organization, accounts[10])
        coffer.command("clock", "advance", "60d")
        organizations.remove_account_from_organization(AccountId=accounts[0])
        refused("AccountNotFoundException", organizations.describe_account, AccountId=accounts[0])
        refused("AccessDenied", organization.sts.assume_role, RoleSessionName="se",
                RoleArn=f"arn:aws:iam::{accounts[0]}:role/{ROLE}")  # closed outside the organization, too
        assert violation(organizations.remove_account_from_organization,
                         AccountId=accounts[10]) == "ACCOUNT_CANNOT_LEAVE_ORGANIZATION"


def test_an_organization_without_all_features_closes_no_account(coffer):
    organizations = coffer.client("organizations")
    organizations.create_organization(FeatureSet="CONSOLIDATED_BILLING")
    account = organizations.create_account(Email="a@example.org", AccountName="a")["CreateAccountStatus"]["AccountId"]
    assert violation(organizations.close_account, AccountId=account) == "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE"


def test_a_closed_account_is_shut_after_a_restart(coffer):
    organization = Organization(coffer)
    account = organization.account()
    user = new_user(organization.of_member(account, "iam"), "user", policy("*"))
    close(organization, account)
    coffer.restart()
    refused("InvalidClientTokenId", coffer.client("sts", credentials=user).get_caller_identity)
