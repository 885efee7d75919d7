# SPDX-License-Identifier: Apache-2.0
"""What an account has at rest, one of each kind of reference (references.py), in all the forms that name it; and the same
of what does not exist."""
import re

from harness import REGION
from permissions import ebs, iam_account, iam_mfa, kms, organizations, sts
from permissions.made import name, snapshot_arn
from principals import access_key

# The part of a name that another thing of the kind would have otherwise.
OWN_PART = re.compile(r"[0-9a-f]{12}$|(?<=-)[0-9a-z]{4,}$|(?<=A)[A-Z0-9]{12,}$|[0-9a-f]{64}$|^[0-9]{12}$|[0-9]{12}(?=:root$)")
# Kinds that nobody can make up: there is none of them that does not exist.
SECRETS = ("ciphertext", "import token", "grant token", "block token", "encoded message")


def of_nothing(text):
    """A name of the same form, of nothing that is there."""
    def other(match):
        part = match.group()
        return "9" * 12 if len(part) == 12 and part.isdigit() else part[:-4] + ("0000" if part[-4:] != "0000" else "1111")
    changed, count = OWN_PART.subn(other, text)
    return changed if count else text + "x"


class Standing:
    def __init__(self, made, store):
        self.made, iam = made, made.iam
        self.account = made.owner.id
        self.key = made.key(KeySpec="SYMMETRIC_DEFAULT", Description="standing", Tags=[{"TagKey": "team", "TagValue": "red"}])
        self.alias, self.alias_arn = made.alias(self.key)
        self.volume, self.volume_arn = made.volume(Encrypted=True, KmsKeyId=self.key)
        self.snapshot, self.snapshot_arn = ebs.written(made, Encrypted=True, KmsKeyArn=self.key)
        self.plain_volume = made.volume()[0]
        self.user, self.user_arn = made.user()
        self.user_id = iam.get_user(UserName=self.user)["User"]["UserId"]
        self.group, self.group_arn = made.group()
        self.role, self.role_arn = made.role()
        self.role_id = iam.get_role(RoleName=self.role)["Role"]["RoleId"]
        self.profile, self.profile_arn = iam_account.profile(made)
        self.policy = made.policy()
        self.access_key = access_key(iam, self.user)[0]
        self.device = iam_mfa.enabled(made)[2].serial
        self.inline = name("inline")
        iam.put_user_policy(UserName=self.user, PolicyName=self.inline, PolicyDocument=iam.get_policy_version(
            PolicyArn=self.policy, VersionId="v1")["PolicyVersion"]["Document"].__repr__().replace("'", '"'))
        iam.create_account_alias(AccountAlias=name("alias"))
        self.provider = iam_account.provider(made)
        self.token = iam.delete_service_linked_role(RoleName=iam_account.service_linked_role(made)[0])["DeletionTaskId"]
        self.message = sts.decode_authorization_message(made).parameters["EncodedMessage"]
        self.blob = made.kms.encrypt(KeyId=self.key, Plaintext=b"text")["CiphertextBlob"]
        granted = made.kms.create_grant(KeyId=self.key, GranteePrincipal=self.user_arn, Operations=["Decrypt", "Encrypt"])
        self.grant, self.grant_token = granted["GrantId"], granted["GrantToken"]
        external = made.key(Origin="EXTERNAL")
        self.import_token = kms.wrapped_material(made, external)["ImportToken"]
        self.material = made.kms.describe_key(KeyId=self.key)["KeyMetadata"]["CurrentKeyMaterialId"]
        self.store = store
        self.blocks = made.ebs.list_snapshot_blocks(SnapshotId=self.snapshot)["Blocks"][0]["BlockToken"]
        tree = organizations.tree(made)
        self.root, self.unit, self.control_policy = tree.root_id, tree.unit()[0], tree.policy()[0]
        self.member = tree.account()[0]
        self.handshake = tree.invited(organizations.new_guest(made))[0]
        self.request = made.organizations.list_create_account_status()["CreateAccountStatuses"][-1]["Id"]

    def forms(self, kind):
        """Every way to name the standing thing of that kind."""
        volume, snapshot = [self.volume, self.volume_arn, self.plain_volume], [self.snapshot, self.snapshot_arn]
        key = [self.key, self.key.rsplit("/", 1)[1], self.alias, self.alias_arn, self.key.upper(), self.key[:-36] + "*",
               self.key.replace(":", "%3A"), self.key + " ", self.alias_arn.replace("alias/", "alias/../alias/"),
               self.key.replace("arn:aws:", "arn:aws-cn:"), f"arn:aws:kms:{REGION}:{self.account}:alias/aws/ebs"]
        return {
            "key": key, "alias": [self.alias, self.alias_arn], "key arn": [self.key, self.volume_arn, self.snapshot_arn],
            "volume": volume, "snapshot": snapshot, "volume or snapshot": volume + snapshot,
            "filtered": [self.volume, self.snapshot, self.key], "account": [self.account, self.member],
            "user": [self.user, self.user_arn, self.user_id], "group": [self.group, self.group_arn],
            "role": [self.role, self.role_arn, self.role_id], "profile": [self.profile, self.profile_arn],
            "user arn": [self.user_arn, self.role_arn, self.user_id],
            "role arn": [self.role_arn, self.role_arn.replace("role/", "role//"), self.role_arn.replace("123456789012", "*"),
                         self.role_arn.upper(), self.role_arn + "/session"],
            "policy": [self.policy], "access key": [self.access_key], "inline policy": [self.inline],
            "account alias": self.made.iam.list_account_aliases()["AccountAliases"], "provider": [self.provider],
            "mfa device": [self.device, "mfa/" + self.device.rsplit("/", 1)[1]],
            "deletion task": [self.token], "encoded message": [self.message], "ciphertext": [self.blob],
            "grant": [self.grant], "grant token": [self.grant_token], "import token": [self.import_token],
            "key material": [self.material], "key store": [self.store], "key store name": ["store"],
            "block token": [self.blocks], "unit": [self.unit, self.root, self.member, self.control_policy],
            "root": [self.root, self.unit], "control policy": [self.control_policy], "member": [self.member],
            "handshake": [self.handshake], "account request": [self.request],
        }[kind]

    def names(self):
        """What nobody else may be told."""
        own = {self.account, self.member}
        for value in vars(self).values():
            if isinstance(value, str) and re.search(r"[0-9a-f]{8}|[A-Z0-9]{16}|-[0-9a-z]{4,}$", value):
                own |= {value, value.rsplit("/", 1)[-1]}
        return own


assert of_nothing(snapshot_arn("snap-0123456789abcdef0")) != snapshot_arn("snap-0123456789abcdef0")
