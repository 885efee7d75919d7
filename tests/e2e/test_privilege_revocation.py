# SPDX-License-Identifier: Apache-2.0
"""Does what was taken away stop at once? Sessions with their time, their role, their user; keys and permissions from the next
call on, while clients go on calling over connections that they keep open."""
import json
import threading
import time

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from harness import REGION, Coffer, nbd_client, refused, wait_until
from organization import SCP, Organization, document, statement
from permissions.made import ACCOUNT, Made, name
from permissions.kms import wrapped_material
from principals import new_role, new_user, policy, session_of, trust
from web_identity import AUDIENCE, URL, Issuer, give_keys

WEB = "sts:AssumeRoleWithWebIdentity"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{URL.removeprefix('https://')}"
CLIENTS = 4
DEVICES = (f"/dev/sd{letter}" for letter in "fghijklmnop")


class World:
    def __init__(self, coffer, folder):
        self.coffer, self.made = coffer, Made(coffer)
        self.iam, self.kms = self.made.iam, self.made.kms
        self.issuer = Issuer("ES256")
        self.iam.create_open_id_connect_provider(Url=URL, ClientIDList=[AUDIENCE], ThumbprintList=["a" * 40])
        give_keys(coffer, folder, self.issuer)
        self.organization = Organization(coffer).enable(SCP)
        self.anonymous = boto3.client("sts", region_name=REGION, endpoint_url=coffer.endpoint,
                                      config=Config(signature_version=UNSIGNED))

    def client(self, service, credentials=None):
        return self.coffer.client(service, credentials=credentials, retries=1)

    def user(self, *documents):
        """Its name and its keys."""
        called = name("user")
        return called, new_user(self.iam, called, *documents)

    def role(self, trusting=None, **more):
        called = name("role")
        return called, new_role(self.iam, called, trusting or trust({"AWS": ACCOUNT}), policy("kms:*"),
                                policy("sts:AssumeRole"), **more)

    def delete_role(self, called):
        for document_name in self.iam.list_role_policies(RoleName=called)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=called, PolicyName=document_name)
        self.iam.delete_role(RoleName=called)

    def delete_user(self, called):
        for each in self.iam.list_access_keys(UserName=called)["AccessKeyMetadata"]:
            self.iam.delete_access_key(UserName=called, AccessKeyId=each["AccessKeyId"])
        for document_name in self.iam.list_user_policies(UserName=called)["PolicyNames"]:
            self.iam.delete_user_policy(UserName=called, PolicyName=document_name)
        self.iam.delete_user(UserName=called)

    # Sessions of fifteen minutes: the credentials, and what takes them away.

    def assumed(self):
        called, arn = self.role()
        sts = self.client("sts", self.user(policy("*"))[1])
        return session_of(sts.assume_role(RoleArn=arn, RoleSessionName="session", DurationSeconds=900)), \
            lambda: self.delete_role(called)

    def chained(self):
        (_, first), (called, second) = self.role(), self.role()
        own = session_of(self.client("sts", self.user(policy("*"))[1]).assume_role(RoleArn=first, RoleSessionName="first"))
        answer = self.client("sts", own).assume_role(RoleArn=second, RoleSessionName="chained", DurationSeconds=900)
        return session_of(answer), lambda: self.delete_role(called)

    def web(self):
        called, arn = self.role(trust({"Federated": PROVIDER}, WEB))
        return session_of(self.anonymous.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="session", WebIdentityToken=self.issuer.token(), DurationSeconds=900)), \
            lambda: self.delete_role(called)

    def session_token(self):
        called, credentials = self.user(policy("kms:*"))
        return session_of(self.client("sts", credentials).get_session_token(DurationSeconds=900)), \
            lambda: self.delete_user(called)

    def federated(self):
        called, credentials = self.user(policy("*"))
        answer = self.client("sts", credentials).get_federation_token(Name="guest", Policy=policy("kms:*"), DurationSeconds=900)
        return session_of(answer), lambda: self.delete_user(called)

    def of_root(self):
        return session_of(self.client("sts").get_session_token(DurationSeconds=900)), None


KINDS = ("assumed", "chained", "web", "session_token", "federated", "of_root")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("revocation") / "data", "--development") as coffer:
        yield World(coffer, tmp_path_factory.mktemp("issuer"))


# Sessions

def test_sessions_end_on_time(world):
    """All kinds at once, since it is the installation's clock that is advanced."""
    sessions = {kind: getattr(world, kind)()[0] for kind in KINDS}
    clients = {kind: world.client("kms", credentials) for kind, credentials in sessions.items()}
    world.coffer.json("clock", "advance", "14m")
    for client in clients.values():
        client.list_keys()
    lasting = world.client("kms", world.user(policy("kms:*"))[1])
    world.coffer.json("clock", "advance", "61s")
    for client in clients.values():
        refused("ExpiredTokenException", client.list_keys)
    for credentials in sessions.values():
        refused("ExpiredToken", world.client("sts", credentials).get_caller_identity)
    lasting.list_keys()
    # No session is made of one that has ended, and a new one works.
    ended = world.client("sts", sessions["assumed"])
    refused("ExpiredToken", ended.assume_role, RoleArn=world.role()[1], RoleSessionName="late")
    world.client("kms", world.assumed()[0]).list_keys()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "of_root"])
def test_sessions_die_with_whose_they_are(world, kind):
    credentials, delete = getattr(world, kind)()
    kms, sts = world.client("kms", credentials), world.client("sts", credentials)
    kms.list_keys()
    delete()
    refused("UnrecognizedClientException", kms.list_keys)
    refused("InvalidClientTokenId", sts.get_caller_identity)


def test_another_of_the_same_name_revives_no_session(world):
    for make, again in ((world.role, lambda called: new_role(world.iam, called, trust({"AWS": ACCOUNT}), policy("kms:*"))),
                        (lambda: world.user(policy("*")), lambda called: new_user(world.iam, called, policy("*")))):
        called, made = make()
        is_role = isinstance(made, str)
        sts = world.client("sts", world.user(policy("*"))[1] if is_role else made)
        answer = sts.assume_role(RoleArn=made, RoleSessionName="old") if is_role else sts.get_session_token()
        kms = world.client("kms", session_of(answer))
        kms.list_keys()
        (world.delete_role if is_role else world.delete_user)(called)
        again(called)
        refused("UnrecognizedClientException", kms.list_keys)


def test_what_outlives_an_access_key(world):
    """As at AWS: sessions are the user's, not the key's that asked for them. They end with their time, the user, or a Deny."""
    called, credentials = world.user(policy("kms:*"))
    session = world.client("kms", session_of(world.client("sts", credentials).get_session_token()))
    direct = world.client("kms", credentials)
    for client in (session, direct):
        client.list_keys()
    world.iam.delete_access_key(UserName=called, AccessKeyId=credentials[0])
    refused("UnrecognizedClientException", direct.list_keys)
    refused("InvalidClientTokenId", world.client("sts", credentials).get_session_token)
    session.list_keys()
    world.iam.put_user_policy(UserName=called, PolicyName="stop", PolicyDocument=policy("*", effect="Deny"))
    refused("AccessDeniedException", session.list_keys)


# Within a second

class Hammer:
    """So many clients that encrypt, each over a connection of its own, until the end of the with statement."""

    def __init__(self, world, credentials, key):
        self.stopped = threading.Event()
        self.succeeded, self.refusals = ([[] for _ in range(CLIENTS)] for _ in range(2))
        self.parameters = {"KeyId": key, "Plaintext": b"x"}
        self.clients = [world.client("kms", credentials) for _ in range(CLIENTS)]

    def run(self, number):
        while not self.stopped.is_set():
            began = time.monotonic()
            try:
                self.clients[number].encrypt(**self.parameters)
                self.succeeded[number].append((began, time.monotonic()))
            except ClientError as error:
                self.refusals[number].append((began, error.response["Error"]["Code"]))

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def disabled(world):
    key = world.made.key()
    return world.user(policy("kms:*"))[1], key, lambda: world.kms.disable_key(KeyId=key), "DisabledException"


def scheduled_for_deletion(world):
    key = world.made.key()
    return world.user(policy("kms:*"))[1], key, lambda: world.kms.schedule_key_deletion(KeyId=key), "KMSInvalidStateException"


def material_deleted(world):
    key = world.made.key(Origin="EXTERNAL")
    world.kms.import_key_material(KeyId=key, **wrapped_material(world.made, key))
    return (world.user(policy("kms:*"))[1], key, lambda: world.kms.delete_imported_key_material(KeyId=key),
            "KMSInvalidStateException")


def policy_of_key_changed(world):
    called, credentials = world.user()
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    user = {**own, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{called}"}}
    key = world.made.key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [own, user]}))
    without = json.dumps({"Version": "2012-10-17", "Statement": [own]})
    return (credentials, key, lambda: world.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=without),
            "AccessDeniedException")


def grant_revoked(world):
    called, credentials = world.user()
    key = world.made.key()
    grant = world.kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/{called}", Operations=["Encrypt"])
    return credentials, key, lambda: world.kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"]), "AccessDeniedException"


def grant_retired(world):
    called, credentials = world.user()
    key = world.made.key()
    grant = world.kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/{called}", Operations=["Encrypt"])
    return credentials, key, lambda: world.kms.retire_grant(GrantToken=grant["GrantToken"]), "AccessDeniedException"


def access_key_made_inactive(world):
    called, credentials = world.user(policy("kms:*"))
    return credentials, world.made.key(), lambda: world.iam.update_access_key(
        UserName=called, AccessKeyId=credentials[0], Status="Inactive"), "UnrecognizedClientException"


def access_key_deleted(world):
    called, credentials = world.user(policy("kms:*"))
    return credentials, world.made.key(), lambda: world.iam.delete_access_key(
        UserName=called, AccessKeyId=credentials[0]), "UnrecognizedClientException"


def user_policy_deleted(world):
    called, credentials = world.user(policy("kms:*"))
    return credentials, world.made.key(), lambda: world.iam.delete_user_policy(
        UserName=called, PolicyName="policy-0"), "AccessDeniedException"


def boundary_put(world):
    called, credentials = world.user(policy("kms:*"))
    boundary = world.made.policy()
    return credentials, world.made.key(), lambda: world.iam.put_user_permissions_boundary(
        UserName=called, PermissionsBoundary=boundary), "AccessDeniedException"


def group_left(world):
    called, credentials = world.user()
    group = world.made.group()[0]
    world.iam.put_group_policy(GroupName=group, PolicyName="all", PolicyDocument=policy("kms:*"))
    world.iam.add_user_to_group(UserName=called, GroupName=group)
    return credentials, world.made.key(), lambda: world.iam.remove_user_from_group(
        UserName=called, GroupName=group), "AccessDeniedException"


def policy_version_set(world):
    called, credentials = world.user()
    arn = world.iam.create_policy(PolicyName=name("policy"), PolicyDocument=policy("kms:*"))["Policy"]["Arn"]
    world.iam.attach_user_policy(UserName=called, PolicyArn=arn)
    return credentials, world.made.key(), lambda: world.iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=policy("s3:*"), SetAsDefault=True), "AccessDeniedException"


def role_deleted(world):
    credentials, delete = world.assumed()
    return credentials, world.made.key(), delete, None  # its policies go first, then the role


def service_control_policy_attached(world):
    account = world.organization.account()
    kms = world.organization.of_member(account, "kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    made = world.organization.policy(document(statement("kms:Encrypt")))
    return world.organization.session(account), key, lambda: world.organization.client.attach_policy(
        PolicyId=made, TargetId=account), "AccessDeniedException"


REVOCATIONS = (disabled, scheduled_for_deletion, material_deleted, policy_of_key_changed, grant_revoked, grant_retired,
               access_key_made_inactive, access_key_deleted, user_policy_deleted, boundary_put, group_left, policy_version_set,
               role_deleted, service_control_policy_attached)


@pytest.mark.parametrize("revocation", REVOCATIONS, ids=lambda revocation: revocation.__name__)
def test_what_is_revoked_stops_within_a_second(world, revocation, record_property):
    """In fact with the call that revokes it: none that begins after its answer succeeds."""
    credentials, key, revoke, code = revocation(world)
    with Hammer(world, credentials, key) as hammer:
        wait_until(lambda: all(len(each) >= 5 for each in hammer.succeeded), "successes")
        revoke()
        answered = time.monotonic()
        wait_until(lambda: all(each and each[-1][0] > answered for each in hammer.refusals), "refusals")
    last = max(ended for each in hammer.succeeded for _, ended in each)
    record_property("seconds_after_the_answer", max(0, last - answered))
    assert last - answered < 1
    late = [began for each in hammer.succeeded for began, _ in each if began > answered]
    assert not late
    codes = {each for refusals in hammer.refusals for began, each in refusals if began > answered}
    assert codes <= ({code} if code else {"AccessDeniedException", "UnrecognizedClientException"}) and codes


def test_an_attached_volume_outlives_its_key_and_no_attachment_more_is_made(world):
    """As at AWS and in docs/ARCHITECTURE.md: an attached volume works on, whatever becomes of its KMS key; each further
    attachment asks the key again."""
    ec2, host = world.made.ec2, world.coffer.host()
    for revoke, restore in ((lambda key: world.kms.disable_key(KeyId=key), lambda key: world.kms.enable_key(KeyId=key)),
                            (lambda key: world.kms.schedule_key_deletion(KeyId=key),
                             lambda key: (world.kms.cancel_key_deletion(KeyId=key), world.kms.enable_key(KeyId=key)))):
        key = world.made.key()
        volume, device = world.coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key), next(DEVICES)
        uri = world.coffer.attach(volume, device, ec2)
        with nbd_client(uri) as client:
            client.pwrite(b"before".ljust(4096), 0)
            revoke(key)
            client.pwrite(b"after".ljust(4096), 4096)
            client.flush()
            assert client.pread(4096, 0) == b"before".ljust(4096) and client.pread(4096, 4096) == b"after".ljust(4096)
        ec2.detach_volume(VolumeId=volume)
        ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
        refused("CustomerKeyHasBeenRevoked", ec2.attach_volume, VolumeId=volume, InstanceId=host, Device=device)
        restore(key)
        with nbd_client(world.coffer.attach(volume, device, ec2)) as client:
            assert client.pread(4096, 4096) == b"after".ljust(4096)
