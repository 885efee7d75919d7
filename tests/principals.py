# SPDX-License-Identifier: Apache-2.0
"""Users and roles with just the permissions that a test gives them."""
import json


def policy(action, resource="*", effect="Allow", **more):
    """A document with one statement."""
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": effect, "Action": action, "Resource": resource, **more}]})


def trust(principal, action="sts:AssumeRole", **condition):
    """A role's trust policy with one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def access_key(iam, user):
    """A new key pair of the user, as Coffer.client takes it."""
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def new_user(iam, name, *documents):
    """A user with these inline policies; its key pair."""
    iam.create_user(UserName=name)
    for number, document in enumerate(documents):
        iam.put_user_policy(UserName=name, PolicyName=f"policy-{number}", PolicyDocument=document)
    return access_key(iam, name)


def new_role(iam, name, trust_policy, *documents, **more):
    """A role with these inline policies; its ARN."""
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)["Role"]
    for number, document in enumerate(documents):
        iam.put_role_policy(RoleName=name, PolicyName=f"policy-{number}", PolicyDocument=document)
    return role["Arn"]


def session_of(answer):
    """The temporary credentials in an answer of STS, as Coffer.client takes them."""
    made = answer["Credentials"]
    return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]


def second_account(coffer, account="210987654321"):
    """The root credentials of another account."""
    made = coffer.json("account", "create", "--id", account)
    return made["access_key_id"], made["secret_access_key"]
