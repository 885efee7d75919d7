# SPDX-License-Identifier: Apache-2.0
"""What the calls are about, made by the accounts' owners: some things once, others anew for each call that uses them up."""
import functools
import itertools
import json

from harness import REGION
from principals import access_key, trust

ACCOUNT = "123456789012"
NUMBERS = itertools.count(1)

def name(kind="it"):
    return f"{kind}-{next(NUMBERS)}"

def document(*permissions):
    """A policy that allows each action on its resource, and nothing else."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in permissions]})

class Account:
    """An account, and its two users: `nobody` may nothing, `somebody` what allow() said last."""

    def __init__(self, coffer, account, owner=None):
        self.coffer, self.id, self.owner = coffer, account, owner
        self.iam = coffer.client("iam", credentials=owner)
        for user in ("nobody", "somebody"):
            self.iam.create_user(UserName=user)
        self.keys = {user: access_key(self.iam, user) for user in ("nobody", "somebody")}
        self.clients = {}

    def client(self, user, service):
        if (user, service) not in self.clients:
            self.clients[user, service] = self.coffer.extended_client(service, credentials=self.keys[user], retries=1)
        return self.clients[user, service]

    def allow(self, permissions):
        """Somebody may this from now on, and nothing else."""
        if permissions:
            self.iam.put_user_policy(UserName="somebody", PolicyName="exactly", PolicyDocument=document(*permissions))
        elif self.iam.list_user_policies(UserName="somebody")["PolicyNames"]:
            self.iam.delete_user_policy(UserName="somebody", PolicyName="exactly")

class Made:
    """In the installation's own account, or in another whose root credentials are given."""

    def __init__(self, coffer, account=ACCOUNT, credentials=None):
        self.coffer, self.credentials = coffer, credentials
        self.owner = Account(coffer, account, credentials)
        self.iam = self.owner.iam
        self.ec2, self.ebs, self.kms, self.sts = (coffer.extended_client(service, credentials=credentials)
                                                  for service in ("ec2", "ebs", "kms", "sts"))
        self.organizations = coffer.client("organizations", credentials=credentials)

    # EC2 and EBS

    @functools.cached_property
    def host(self):
        return self.coffer.host()

    @property
    def instance(self):
        return f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{self.host}"

    def volume(self, **more):
        """A new one: its id and its ARN."""
        volume = self.coffer.create_volume(self.ec2, **more)
        return volume, f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"

    def attached(self):
        """A new volume, attached to the host: its id and its ARN."""
        volume, arn = self.volume()
        self.coffer.attach(volume, f"/dev/xvd{chr(ord('b') + next(NUMBERS) % 25)}{chr(ord('a') + next(NUMBERS) % 26)}", self.ec2)
        return volume, arn

    def attached_ids(self):
        instance = self.ec2.describe_instances()["Reservations"][0]["Instances"][0]
        return {mapping["Ebs"]["VolumeId"] for mapping in instance["BlockDeviceMappings"]}

    def snapshot(self, **more):
        """A new, completed one: its id and its ARN."""
        snapshot = self.coffer.create_snapshot(self.volume(**more)[0], self.ec2)
        return snapshot, snapshot_arn(snapshot)

    def writing(self, **more):
        """A snapshot that is being written: its id and its ARN."""
        snapshot = self.ebs.start_snapshot(VolumeSize=1, **more)["SnapshotId"]
        return snapshot, snapshot_arn(snapshot)

    # KMS

    def key(self, **more):
        """A new key's ARN."""
        return self.kms.create_key(**more)["KeyMetadata"]["Arn"]

    @functools.cached_property
    def used_key(self):
        """A key for calls that leave it as it is."""
        return self.key()

    @functools.cached_property
    def signing_key(self):
        return self.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")

    @functools.cached_property
    def mac_key(self):
        return self.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")

    def alias(self, key):
        alias = "alias/" + name()
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)
        return alias, f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}"

    def grant(self, key, **more):
        """A new grant's id."""
        return self.kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"],
                                     **more)["GrantId"]

    # IAM

    def user(self):
        """A new user's name and ARN."""
        user = self.iam.create_user(UserName=name("user"))["User"]
        return user["UserName"], user["Arn"]

    def group(self):
        group = self.iam.create_group(GroupName=name("group"))["Group"]
        return group["GroupName"], group["Arn"]

    def role(self, **more):
        trusting = {"AssumeRolePolicyDocument": trust({"AWS": self.owner.id})}
        role = self.iam.create_role(RoleName=name("role"), **{**trusting, **more})
        return role["Role"]["RoleName"], role["Role"]["Arn"]

    def policy(self):
        """A new managed policy's ARN."""
        return self.iam.create_policy(PolicyName=name("policy"), PolicyDocument=document(("s3:*", "*")))["Policy"]["Arn"]

def snapshot_arn(snapshot):
    return f"arn:aws:ec2:{REGION}::snapshot/{snapshot}"
