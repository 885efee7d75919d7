# SPDX-License-Identifier: Apache-2.0
"""What AWS Organizations does not take: does InvalidInputException name AWS's reason? And does an account keep its name and
e-mail address on its way from one organization to another?"""
import boto3
import pytest
from botocore.config import Config

from harness import REGION, refused
from organization import MANAGER, SCP, Organization, document, statement
from principals import second_account

EMAIL, NAME = "it@example.org", "An account"


@pytest.fixture(scope="module")
def organization(shared_coffer):
    return Organization(shared_coffer).enable(SCP)


@pytest.fixture(scope="module")
def unchecked(shared_coffer, organization):
    """A client that sends what is invalid, too."""
    exports = shared_coffer.environment(REGION)
    return boto3.client("organizations", region_name=REGION, endpoint_url=shared_coffer.endpoint,
                        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"], aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
                        config=Config(parameter_validation=False))


def reason(call, **parameters):
    with pytest.raises(call.__self__.exceptions.InvalidInputException) as error:
        call(**parameters)
    response = error.value.response
    return response["Reason"], response["Error"]["Message"].split(" (1 validation error")[0]


CONTENT = document(statement("ec2:*"))
PATTERN = "You provided a value that does not match the required pattern."


@pytest.mark.parametrize("operation, parameters, expected, message", [
    ("describe_account", {}, "INPUT_REQUIRED", "You must include a value for all required parameters."),
    ("create_account", {"Email": EMAIL}, "INPUT_REQUIRED", "You must include a value for all required parameters."),
    ("create_policy", {"Content": "{}", "Description": "", "Type": SCP, "Name": "n" * 129}, "MAX_LENGTH_EXCEEDED",
     "You provided a string parameter that is longer than allowed."),
    ("create_account", {"Email": "a@b.c", "AccountName": NAME}, "MIN_LENGTH_EXCEEDED",
     "You provided a string parameter that is shorter than allowed."),
    ("list_accounts", {"MaxResults": 21}, "MAX_VALUE_EXCEEDED", "You provided a numeric parameter that has a larger value than allowed."),
    ("list_accounts", {"MaxResults": 0}, "MIN_VALUE_EXCEEDED", "You provided a numeric parameter that has a smaller value than allowed."),
    ("list_children", {"ParentId": "r-abcd", "ChildType": "USER"}, "INVALID_ENUM", "You specified an invalid value."),
    ("enable_policy_type", {"RootId": "r-abcd", "PolicyType": "POLICY"}, "INVALID_ENUM_POLICY_TYPE",
     "You specified an invalid policy type string."),
    ("list_policies", {"Filter": "POLICY"}, "INVALID_ENUM_POLICY_TYPE", "You specified an invalid policy type string."),
    ("list_create_account_status", {"States": ["SUCCEEDED", "SOME"]}, "INVALID_LIST_MEMBER",
     "You provided a list to a parameter that contains at least one invalid value."),
    ("describe_account", {"AccountId": "12345"}, "INVALID_PATTERN", PATTERN),
    ("describe_organizational_unit", {"OrganizationalUnitId": "unit"}, "INVALID_PATTERN", PATTERN),
    ("attach_policy", {"PolicyId": "p-12345678", "TargetId": "12345"}, "INVALID_PATTERN_TARGET_ID",
     "You specified a policy target ID that doesn't match the required pattern."),
    ("describe_policy", {"PolicyId": "policy"}, "INVALID_SYNTAX_POLICY_ID", "You specified an invalid policy ID."),
    ("create_account", {"Email": EMAIL, "AccountName": "Kont\u00f3"}, "INVALID_FULL_NAME_TARGET",
     "You specified a full name that contains invalid characters."),
    ("create_account", {"Email": "nobody.example", "AccountName": NAME}, "INVALID_EMAIL_ADDRESS_TARGET",
     "You specified an invalid email address for the invited account owner."),
    ("create_account", {"Email": EMAIL, "AccountName": NAME, "RoleName": "a role"}, "INVALID_ROLE_NAME",
     "You provided a role name that isn't valid."),
    ("create_account", {"Email": EMAIL, "AccountName": NAME, "RoleName": "AWSServiceRoleForMe"}, "INVALID_ROLE_NAME",
     "You provided a role name that isn't valid. A role name can't begin with the reserved prefix AWSServiceRoleFor."),
    ("list_accounts", {"NextToken": "x"}, "INVALID_NEXT_TOKEN", "You provided an invalid NextToken."),
    ("list_handshakes_for_account", {"Filter": {"ActionType": "INVITE", "ParentHandshakeId": "h-12345678"}}, "MAX_LIMIT_EXCEEDED_FILTER",
     "You can specify only one filter parameter for the operation."),
    ("enable_aws_service_access", {"ServicePrincipal": "backup"}, "UNRECOGNIZED_SERVICE_PRINCIPAL",
     "You specified an unrecognized service principal."),
    ("tag_resource", {"ResourceId": MANAGER, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "DUPLICATE_TAG_KEY",
     "Tag keys must be unique among the tags attached to a resource."),
    ("delete_policy", {"PolicyId": "p-FullAWSAccess"}, "IMMUTABLE_POLICY", None),
    ("invite_account_to_organization", {"Target": {"Type": "ACCOUNT", "Id": "12345"}}, "INVALID_PATTERN", PATTERN),
    ("invite_account_to_organization", {"Target": {"Type": "EMAIL", "Id": EMAIL}}, "INVALID_PARTY_TYPE_TARGET", None),
    ("invite_account_to_organization", {"Target": {"Type": "ACCOUNT", "Id": "999999999999"}}, "INVALID_PARTY_TYPE_TARGET", None),
    ("invite_account_to_organization", {"Target": {"Type": "ROBOT", "Id": "12345"}}, "INVALID_ENUM", "You specified an invalid value."),
])
def test_why_a_request_is_invalid_is_told(unchecked, operation, parameters, expected, message):
    told = reason(getattr(unchecked, operation), **parameters)
    assert told[0] == expected and message in (None, told[1])


def test_what_was_wrong_is_told_too(unchecked):
    message = refused("InvalidInputException", unchecked.describe_account, AccountId="12345")
    assert message.startswith(PATTERN + " (1 validation error detected: Value '12345' at 'accountId' failed to satisfy constraint: ")


def test_a_policy_is_attached_once(organization):
    made = organization.policy(CONTENT)
    organization.client.attach_policy(PolicyId=made, TargetId=organization.root)
    message = refused("DuplicatePolicyAttachmentException", organization.client.attach_policy, PolicyId=made, TargetId=organization.root)
    assert message == "A policy with the specified name and type already exists."
    organization.client.detach_policy(PolicyId=made, TargetId=organization.root)


# What accounts are called

def called(client, account):
    described = client.describe_account(AccountId=account)["Account"]
    return described["Name"], described["Email"]


def joined(coffer, inviting, account, credentials):
    """Invites the account, and accepts in its name."""
    made = inviting.invite_account_to_organization(Target={"Type": "ACCOUNT", "Id": account})["Handshake"]["Id"]
    coffer.client("organizations", credentials=credentials).accept_handshake(HandshakeId=made)


def test_an_account_that_leaves_keeps_its_name(coffer):
    organization = Organization(coffer)
    mine = organization.client
    account = mine.create_account(Email="Member@example.org", AccountName=NAME)["CreateAccountStatus"]["AccountId"]
    credentials = organization.session(account)
    coffer.client("organizations", credentials=credentials).leave_organization()
    joined(coffer, mine, account, credentials)
    assert called(mine, account) == (NAME, "Member@example.org")
    mine.remove_account_from_organization(AccountId=account)
    theirs = coffer.client("organizations", credentials=second_account(coffer, "222222222222"))
    theirs.create_organization()
    joined(coffer, theirs, account, credentials)
    assert called(theirs, account) == (NAME, "Member@example.org")
    assert called(theirs, "222222222222") == ("222222222222", "222222222222@accounts.invalid")
    coffer.stop()
    coffer.start()
    again = coffer.client("organizations", credentials=credentials)
    assert again.describe_organization()["Organization"]["MasterAccountId"] == "222222222222"


def test_the_manager_of_an_organization_of_its_own_is_called_as_before(coffer):
    organization = Organization(coffer)
    account = organization.client.create_account(Email="chief@example.org", AccountName=NAME)["CreateAccountStatus"]["AccountId"]
    own = organization.of_member(account, "organizations")
    own.leave_organization()
    made = own.create_organization()["Organization"]
    assert (made["MasterAccountId"], made["MasterAccountEmail"]) == (account, "chief@example.org")
    assert own.describe_organization()["Organization"]["MasterAccountEmail"] == "chief@example.org"
    assert called(own, account) == (NAME, "chief@example.org")


def test_an_email_address_is_of_one_account_whatever_its_case(coffer):
    organization = Organization(coffer)

    def create(email):
        status = organization.client.create_account(Email=email, AccountName=NAME)["CreateAccountStatus"]
        return status["State"], status.get("FailureReason"), status.get("AccountId")

    account = create("First@Example.org")[2]
    taken = ("FAILED", "EMAIL_ALREADY_EXISTS", None)
    assert create("first@example.ORG") == taken
    organization.client.remove_account_from_organization(AccountId=account)
    assert create("FIRST@example.org") == taken  # it is still that account's
    assert create("second@example.org")[0] == "SUCCEEDED"
