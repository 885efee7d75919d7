# SPDX-License-Identifier: Apache-2.0
"""AWS STS. A role's trust policy that names the account leaves it to the account's policies."""
import pytest
from botocore.exceptions import ClientError

from permissions.call import Call, on_nothing
from permissions.made import ACCOUNT

TAGS = [{"Key": "a", "Value": "1"}]


def assume_role(made):
    trusting = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "%s"}, "Action": ' \
               '["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}]}' % made.owner.id
    arn = made.role(AssumeRolePolicyDocument=trusting)[1]
    return Call(arn, ("sts:TagSession", arn), ("sts:SetSourceIdentity", arn), RoleArn=arn, RoleSessionName="session",
                Tags=TAGS, SourceIdentity="somebody")


def get_federation_token(_):
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
    return Call(arn, ("sts:TagSession", arn), Name="guest", Tags=TAGS)


def decode_authorization_message(made):
    with pytest.raises(ClientError) as error:
        made.owner.client("nobody", "ec2").describe_volumes()
    message = error.value.response["Error"]["Message"].split("Encoded authorization failure message: ")[1]
    return Call("*", EncodedMessage=message)


OPERATIONS = {
    "AssumeRole": assume_role,
    # The token decides, not who sends it; test_web_identity.py has an issuer of good ones.
    "AssumeRoleWithWebIdentity": lambda made: Call(
        RoleArn=made.role()[1], RoleSessionName="session", WebIdentityToken="none", ends="InvalidIdentityToken",
        because="only a token lets one in, and this is none"),
    "DecodeAuthorizationMessage": decode_authorization_message,
    "GetAccessKeyInfo": lambda made: on_nothing(AccessKeyId=made.owner.keys["nobody"][0])(made),
    "GetCallerIdentity": lambda made: Call(),
    "GetFederationToken": get_federation_token,
    "GetSessionToken": lambda made: Call(),
}
