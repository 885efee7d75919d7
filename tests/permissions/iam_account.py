# SPDX-License-Identifier: Apache-2.0
"""AWS IAM: instance profiles, service-linked roles, OpenID Connect providers, what tools ask of an account, simulation.
(A part of iam.py's table.)"""
from permissions.call import Call, on_nothing
from permissions.made import ACCOUNT, document, name

IAM = f"arn:aws:iam::{ACCOUNT}"
TAGS = [{"Key": "a", "Value": "1"}]
THUMBPRINTS = {"ThumbprintList": ["a" * 40]}
NO_PASSWORDS = {"ends": "NoSuchEntity", "because": "no user has a password here"}


def profile(made, **more):
    """A new instance profile's name and ARN."""
    shown = made.iam.create_instance_profile(InstanceProfileName=name("profile"), **more)["InstanceProfile"]
    return shown["InstanceProfileName"], shown["Arn"]


def on_profile(**parameters):
    def entry(made):
        called, arn = profile(made)
        return Call(arn, InstanceProfileName=called, **parameters)
    return entry


def create_instance_profile(_):
    called = name("profile")
    arn = f"{IAM}:instance-profile/{called}"
    return Call(arn, ("iam:TagInstanceProfile", arn), InstanceProfileName=called, Tags=TAGS)


def add_role_to_instance_profile(made):
    (called, arn), (role, role_arn) = profile(made), made.role()
    return Call(arn, ("iam:PassRole", role_arn), InstanceProfileName=called, RoleName=role)


def remove_role_from_instance_profile(made):
    (called, arn), (role, _) = profile(made), made.role()
    made.iam.add_role_to_instance_profile(InstanceProfileName=called, RoleName=role)
    return Call(arn, InstanceProfileName=called, RoleName=role)


def create_service_linked_role(_):
    service, suffix = "autoscaling.amazonaws.com", name("suffix")
    return Call(f"{IAM}:role/aws-service-role/{service}/AWSServiceRoleForAutoScaling_{suffix}", AWSServiceName=service,
                CustomSuffix=suffix)


def service_linked_role(made):
    role = made.iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix=name("suffix"))["Role"]
    return role["RoleName"], role["Arn"]


def delete_service_linked_role(made):
    role, arn = service_linked_role(made)
    return Call(arn, RoleName=role)


def get_service_linked_role_deletion_status(made):
    task = made.iam.delete_service_linked_role(RoleName=service_linked_role(made)[0])["DeletionTaskId"]
    return Call(f"{IAM}:role/aws-service-role/*", DeletionTaskId=task)


def provider(made):
    """A new OpenID Connect provider's ARN."""
    return made.iam.create_open_id_connect_provider(Url=f"https://issuer.example/{name()}", ClientIDList=["client"],
                                                    **THUMBPRINTS)["OpenIDConnectProviderArn"]


def on_provider(**parameters):
    def entry(made):
        arn = provider(made)
        return Call(arn, OpenIDConnectProviderArn=arn, **parameters)
    return entry


def create_open_id_connect_provider(_):
    issuer = f"issuer.example/{name()}"
    arn = f"{IAM}:oidc-provider/{issuer}"
    return Call(arn, ("iam:TagOpenIDConnectProvider", arn), Url=f"https://{issuer}", ClientIDList=["client"], Tags=TAGS,
                **THUMBPRINTS)


def on_policy(**parameters):
    def entry(made):
        arn = made.policy()
        return Call(arn, PolicyArn=arn, **parameters)
    return entry


def on_user(**parameters):
    def entry(made):
        user, arn = made.user()
        return Call(arn, UserName=user, **parameters)
    return entry


def on_role_name(made):
    role, arn = made.role()
    return Call(arn, RoleName=role)


def on_principal(**parameters):
    def entry(made):
        arn = made.user()[1]
        return Call(arn, PolicySourceArn=arn, **parameters)
    return entry


def delete_account_alias(made):
    alias = name("alias")
    made.iam.create_account_alias(AccountAlias=alias)
    return Call("*", AccountAlias=alias)


OPERATIONS = {
    "AddClientIDToOpenIDConnectProvider": on_provider(ClientID="other"),
    "AddRoleToInstanceProfile": add_role_to_instance_profile,
    "CreateAccountAlias": lambda made: Call("*", AccountAlias=name("alias")),
    "CreateInstanceProfile": create_instance_profile,
    "CreateOpenIDConnectProvider": create_open_id_connect_provider,
    "CreateServiceLinkedRole": create_service_linked_role,
    "DeleteAccountAlias": delete_account_alias,
    "DeleteInstanceProfile": on_profile(),
    "DeleteLoginProfile": on_user(**NO_PASSWORDS),
    "DeleteOpenIDConnectProvider": on_provider(),
    "DeleteServiceLinkedRole": delete_service_linked_role,
    "GetAccountAuthorizationDetails": on_nothing(),
    "GetAccountPasswordPolicy": on_nothing(ends="NoSuchEntity", because="an account has no password policy here"),
    "GetAccountSummary": on_nothing(),
    "GetContextKeysForCustomPolicy": on_nothing(PolicyInputList=[document(("s3:*", "*"))]),
    "GetContextKeysForPrincipalPolicy": on_principal(),
    "GetInstanceProfile": on_profile(),
    "GetLoginProfile": on_user(**NO_PASSWORDS),
    "GetOpenIDConnectProvider": on_provider(),
    "GetServiceLinkedRoleDeletionStatus": get_service_linked_role_deletion_status,
    "ListAccountAliases": on_nothing(),
    "ListEntitiesForPolicy": on_policy(),
    "ListInstanceProfileTags": on_profile(),
    "ListInstanceProfiles": lambda made: Call(f"{IAM}:instance-profile/"),
    "ListInstanceProfilesForRole": on_role_name,
    "ListOpenIDConnectProviderTags": on_provider(),
    "ListOpenIDConnectProviders": on_nothing(),
    "ListPolicyTags": on_policy(),
    "ListSSHPublicKeys": on_user(),
    "ListServiceSpecificCredentials": on_user(),
    "ListSigningCertificates": on_user(),
    "RemoveClientIDFromOpenIDConnectProvider": on_provider(ClientID="client"),
    "RemoveRoleFromInstanceProfile": remove_role_from_instance_profile,
    "SimulateCustomPolicy": on_nothing(PolicyInputList=[document(("s3:*", "*"))], ActionNames=["s3:GetObject"]),
    "SimulatePrincipalPolicy": on_principal(ActionNames=["s3:GetObject"]),
    "TagInstanceProfile": on_profile(Tags=TAGS),
    "TagOpenIDConnectProvider": on_provider(Tags=TAGS),
    "TagPolicy": on_policy(Tags=TAGS),
    "UntagInstanceProfile": on_profile(TagKeys=["a"]),
    "UntagOpenIDConnectProvider": on_provider(TagKeys=["a"]),
    "UntagPolicy": on_policy(TagKeys=["a"]),
    "UpdateOpenIDConnectProviderThumbprint": on_provider(**THUMBPRINTS),
}
