# SPDX-License-Identifier: Apache-2.0
"""Which members of requests name something that an account has. `kind_of` knows every member of every operation that is
served: a new one needs a line here before tests/e2e/test_privilege_accounts.py passes."""

PLAIN = None  # says nothing of what another account might have

# Members that mean the same in every service that has them.
COMMON = {
    "NextToken": "page token", "Marker": "page token",
    **dict.fromkeys(("Description", "Tags.Key", "Tags.Value", "TagKeys", "ClientToken"), PLAIN),
}
KEY = dict.fromkeys(("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId", "KmsKeyId", "KmsKeyArn"), "key")

OF_SERVICE = {
    "ebs": {
        **KEY, "BlockToken": "block token",
        **dict.fromkeys(("SnapshotId", "FirstSnapshotId", "SecondSnapshotId", "ParentSnapshotId"), "snapshot"),
        **dict.fromkeys(("BlockData", "Checksum"), PLAIN),
    },
    "ec2": {
        **KEY, **dict.fromkeys(("VolumeId", "VolumeIds", "InstanceSpecification.ExcludeDataVolumeIds"), "volume"),
        **dict.fromkeys(("SnapshotId", "SnapshotIds", "SourceSnapshotId"), "snapshot"), "Resources": "volume or snapshot",
        **dict.fromkeys(("OwnerIds", "RestorableByUserIds"), "account"), "Filters.Values": "filtered",
        # The host belongs to the installation, and shows in every account.
        **dict.fromkeys(("InstanceId", "InstanceIds", "InstanceSpecification.InstanceId"), PLAIN),
        **dict.fromkeys(("AvailabilityZone", "DestinationOutpostArn", "DestinationRegion", "Device", "Filters.Name",
                         "OutpostArn", "PresignedUrl", "RegionNames", "SourceRegion", "TagSpecifications.Tags.Key",
                         "TagSpecifications.Tags.Value", "ZoneIds", "ZoneNames"), PLAIN),
    },
    "iam": {
        "UserName": "user", "GroupName": "group", "RoleName": "role", "InstanceProfileName": "profile", "PolicyArn": "policy",
        "PermissionsBoundary": "policy", "AccessKeyId": "access key", "AccountAlias": "account alias",
        "OpenIDConnectProviderArn": "provider", "DeletionTaskId": "deletion task", "PolicyName": "inline policy",
        "PolicySourceArn": "user arn", "CallerArn": "user arn", "ResourceArn": "key arn", "ResourceArns": "key arn",
        "ResourceOwner": "account", "SerialNumber": "mfa device", "VersionId": PLAIN,
        # Names of new things, and texts.
        **dict.fromkeys(("VirtualMFADeviceName", "AuthenticationCode1", "AuthenticationCode2"), PLAIN),
        **dict.fromkeys(("NewGroupName", "NewUserName", "NewPath", "Path", "PathPrefix", "CustomSuffix", "Url", "ClientID",
                         "ClientIDList", "ThumbprintList", "AWSServiceName", "ServiceName", "ActionName", "ActionNames",
                         "ContextEntries.ContextKeyName", "ContextEntries.ContextKeyValues", "ResourceHandlingOption"), PLAIN),
        # Documents: what they name is asked about when they decide (test_privilege_consent.py).
        **dict.fromkeys(("AssumeRolePolicyDocument", "PolicyDocument", "PolicyInputList", "PermissionsBoundaryPolicyInputList",
                         "ResourcePolicy"), PLAIN),
    },
    "kms": {
        **KEY, "AliasName": "alias", "CiphertextBlob": "ciphertext", "CustomKeyStoreId": "key store",
        "CustomKeyStoreName": "key store name", "GrantId": "grant", "GrantToken": "grant token", "GrantTokens": "grant token",
        "ImportToken": "import token", "KeyMaterialId": "key material",
        # Whose they are is checked where they are used: who may be granted something is anybody.
        **dict.fromkeys(("GranteePrincipal", "RetiringPrincipal", "Constraints.SourceArn"), "user arn"),
        **dict.fromkeys(("Policy", "PolicyName", "DestinationEncryptionContext", "SourceEncryptionContext", "EncryptionContext",
                         "Constraints.EncryptionContextEquals", "Constraints.EncryptionContextSubset", "EncryptedKeyMaterial",
                         "KeyMaterialDescription", "Mac", "Message", "Signature", "Name", "NewCustomKeyStoreName", "Plaintext",
                         "PrimaryRegion", "ReplicaRegion", "PublicKey", "Recipient.AttestationDocument", "Tags.TagKey",
                         "Tags.TagValue"), PLAIN),
        # Clusters are the installation's, and a store in one takes its password; a proxy knows by itself whom it serves.
        **dict.fromkeys(("CloudHsmClusterId", "KeyStorePassword", "TrustAnchorCertificate", "XksKeyId",
                         "XksProxyAuthenticationCredential.AccessKeyId", "XksProxyAuthenticationCredential.RawSecretAccessKey",
                         "XksProxyUriEndpoint", "XksProxyUriPath", "XksProxyVpcEndpointServiceName"), PLAIN),
    },
    "organizations": {
        "AccountId": "member", "ChildId": "unit", "OrganizationalUnitId": "unit", "ParentId": "unit", "ResourceId": "unit",
        "SourceParentId": "root", "DestinationParentId": "unit", "RootId": "root", "PolicyId": "control policy",
        "TargetId": "unit", "HandshakeId": "handshake", "Filter.ParentHandshakeId": "handshake",
        "CreateAccountRequestId": "account request", "Target.Id": "account",
        **dict.fromkeys(("AccountName", "Content", "Email", "Name", "Notes", "RoleName", "ServicePrincipal"), PLAIN),
    },
    "sts": {
        "RoleArn": "role arn", "PolicyArns.arn": "policy", "AccessKeyId": "access key", "EncodedMessage": "encoded message",
        "SerialNumber": "mfa device",
        **dict.fromkeys(("ExternalId", "Name", "Policy", "ProviderId", "RoleSessionName", "SourceIdentity",
                         "TokenCode", "TransitiveTagKeys", "WebIdentityToken"), PLAIN),
    },
}


def kind_of(service, member):
    """KeyError for a member that is not known here."""
    table = OF_SERVICE[service]
    return table[member] if member in table else COMMON[member]


def members_of(shape, path=(), above=frozenset()):
    """The members that hold texts or bytes, as "Constraints.SourceArn", with each one's path in a request."""
    if shape.type_name == "structure" and shape.name not in above:
        for name, member in shape.members.items():
            yield from members_of(member, (*path, name), above | {shape.name})
    elif shape.type_name == "list":
        yield from members_of(shape.member, (*path, 0), above)
    elif shape.type_name in ("string", "blob") and not getattr(shape, "enum", None) or shape.type_name == "map":
        yield ".".join(part for part in path if part != 0), path


def found_at(parameters, path):
    """What the parameters have there; None for nothing."""
    for part in path:
        if isinstance(parameters, dict):
            parameters = parameters.get(part)
        elif isinstance(parameters, list):
            parameters = parameters[part] if len(parameters) > part else None
    return parameters


def replaced(parameters, path, value):
    """The parameters with that value there; a list has it alone."""
    if not path:
        return value
    if path[0] == 0:
        return [replaced(parameters[0] if parameters else None, path[1:], value)]
    return {**(parameters or {}), path[0]: replaced((parameters or {}).get(path[0]), path[1:], value)}
