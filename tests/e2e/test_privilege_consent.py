# SPDX-License-Identifier: Apache-2.0
"""Between accounts both sides must consent: the one whose thing it is by the thing's policy or a grant, the one who uses it by
its own policies. Either half alone is nothing, and either is withdrawn from the next call on. And is what a service does
for its callers done for them alone (the confused deputy)?"""
import json

import pytest
from botocore.exceptions import ClientError

from harness import REGION, ZONE, Coffer, refused, wait_until
from permissions import organizations
from permissions.ebs import WRITTEN
from permissions.made import ACCOUNT, Made, name
from principals import new_role, new_user, policy, second_account, session_of, trust
from test_negative_matrix import SERVED, entries, perform

OTHER = "210987654321"
ROOT, OTHER_ROOT = (f"arn:aws:iam::{account}:root" for account in (ACCOUNT, OTHER))
VIA_EC2 = f"ec2.{REGION}.amazonaws.com"
DEVICES = (f"/dev/sd{letter}" for letter in "fghijklmnop")

# "Cross-account use: Yes" in the KMS API Reference; RetireGrant is for whom the grant names.
CROSSING = {"CreateGrant", "Decrypt", "DeriveSharedSecret", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac", "GetKeyRotationStatus",
            "GetPublicKey", "ListGrants", "ReEncrypt", "RevokeGrant", "Sign", "Verify", "VerifyMac"}
ONCE = {"RevokeGrant"}  # what cannot be done a second time


def statement(principal, action, effect="Allow", **more):
    return {"Effect": effect, "Principal": principal if principal == "*" else {"AWS": principal}, "Action": action,
            "Resource": "*", **more}


def key_policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement(ROOT, "kms:*"), *statements]})


class Accounts:
    def __init__(self, coffer):
        self.coffer = coffer
        self.made = Made(coffer)
        self.credentials = second_account(coffer, OTHER)
        self.iam = coffer.client("iam", credentials=self.credentials)

    def user(self, *documents):
        """A new user of the other account: its keys."""
        return new_user(self.iam, name("visitor"), *documents)

    def kms(self, *documents):
        return self.coffer.client("kms", credentials=self.user(*documents))

    def put(self, keys, *statements):
        for key in keys:
            self.made.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy(*statements))


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("consent") / "data", "--development") as coffer:
        yield Accounts(coffer)


@pytest.fixture(scope="module")
def coffer(accounts):
    return accounts.coffer


@pytest.fixture(scope="module")
def kms(accounts):
    return accounts.made.kms


@pytest.fixture(scope="module")
def visitors(accounts):
    """KMS of two users of the other account: one whom its account lets do everything, one whom it lets nothing."""
    return tuple(accounts.coffer.extended_client("kms", credentials=accounts.user(*documents))
                 for documents in ((policy("*"),), ()))


# Keys

@pytest.mark.parametrize("operation", [operation for service, operation in SERVED if service == "kms"])
def test_a_key_is_used_across_accounts_if_both_want_it(accounts, visitors, operation):
    call = entries("kms")[operation](accounts.made)
    keys = {resource for _, resource in call.permissions("kms", operation)
            if f":{ACCOUNT}:key/" in resource and f":{REGION}:" in resource and not resource.endswith("*")}
    if not keys:
        return  # it is about no key
    willing, unwilling = visitors
    consent = statement(OTHER_ROOT, "kms:*")
    with pytest.raises(ClientError, match="AccessDeniedException|Alias .*not found"):
        perform(willing, operation, call.parameters)
    accounts.put(keys, consent)
    refused("AccessDeniedException", perform, client=unwilling, operation=operation, parameters=call.parameters)
    if operation in CROSSING:
        perform(willing, operation, call.parameters)
    else:
        with pytest.raises(ClientError, match="AccessDeniedException|Alias .*not found"):
            perform(willing, operation, call.parameters)
    accounts.put(keys)
    if operation in CROSSING - ONCE:
        refused("AccessDeniedException", perform, client=willing, operation=operation, parameters=call.parameters)
    if operation not in CROSSING:
        perform(accounts.made.kms, operation, call.parameters)


def test_each_side_of_a_re_encryption_is_asked(accounts, kms):
    """From a key of ours to one of theirs, and back, by a user of theirs."""
    theirs = accounts.coffer.client("kms", credentials=accounts.credentials)
    ours_key, their_key = (client.create_key()["KeyMetadata"]["Arn"] for client in (kms, theirs))
    blobs = {ours_key: kms.encrypt(KeyId=ours_key, Plaintext=b"x")["CiphertextBlob"],
             their_key: theirs.encrypt(KeyId=their_key, Plaintext=b"x")["CiphertextBlob"]}
    called = name("visitor")
    client = accounts.coffer.client("kms", credentials=new_user(accounts.iam, called))
    for source, destination in ((ours_key, their_key), (their_key, ours_key)):
        needed = ["kms:ReEncryptFrom", "kms:ReEncryptTo"]
        action = needed[0] if source == ours_key else needed[1]
        parameters = {"CiphertextBlob": blobs[source], "SourceKeyId": source, "DestinationKeyId": destination}
        for allowed, ours in ((needed, None), (needed[:1], action), (needed[1:], action),
                              (["kms:Decrypt", "kms:Encrypt"], action), (needed, "kms:Decrypt"), (needed, action)):
            accounts.put([ours_key], *([statement(OTHER_ROOT, ours)] if ours else []))
            accounts.iam.put_user_policy(UserName=called, PolicyName="own", PolicyDocument=policy(allowed))
            if allowed == needed and ours == action:
                assert client.re_encrypt(**parameters)["KeyId"] == destination
            else:
                refused("AccessDeniedException", client.re_encrypt, **parameters)


@pytest.mark.parametrize("condition", [
    {"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT"}}, {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/*"}},
    {"StringEquals": {"aws:ResourceTag/team": "red"}}, {"Null": {"kms:KeyOrigin": "false"}},
    {"StringEquals": {"kms:MultiRegion": "false"}}, None], ids=str)
def test_ones_own_policies_tell_nothing_of_anothers_key(accounts, kms, condition):
    """Who writes a Deny with a condition on what a key is like hears of it for its own keys, and only for those."""
    more = {"Condition": condition} if condition else {}
    probe = accounts.kms(policy("kms:*"), policy("kms:*", effect="Deny", **more))
    key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "red"}])["KeyMetadata"]["Arn"]
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/{name('alias')}"
    kms.create_alias(AliasName=alias.split(":", 5)[5], TargetKeyId=key)
    for there, absent in ((key, key[:-12] + "0" * 12), (alias, alias + "x")):
        for call, more in ((probe.encrypt, {"Plaintext": b"x"}), (probe.describe_key, {}),
                           (probe.generate_data_key, {"KeySpec": "AES_256"})):
            said = [refused("AccessDeniedException", call, KeyId=each, **more).replace(each, "IT") for each in (there, absent)]
            assert said[0] == said[1] and key not in said[0]
    theirs = accounts.coffer.client("kms", credentials=accounts.credentials)
    own = theirs.create_key(Tags=[{"TagKey": "team", "TagValue": "red"}])["KeyMetadata"]["Arn"]
    theirs.create_alias(AliasName="alias/" + name(), TargetKeyId=own)
    message = refused("AccessDeniedException", probe.encrypt, KeyId=own, Plaintext=b"x")
    assert message.endswith("with an explicit deny in an identity-based policy")


def test_who_is_let_in_by_a_key_hears_what_its_own_side_lacks(accounts, kms):
    """And nothing of the key beside: not in the encoded message of an EC2 refusal either."""
    lets_in = statement(OTHER_ROOT, ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt", "kms:DescribeKey"])
    key = kms.create_key(Policy=key_policy(lets_in), Tags=[{"TagKey": "team", "TagValue": "crimson"}])["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/" + name("discreet"), TargetKeyId=key)
    assert refused("AccessDeniedException", accounts.kms().describe_key, KeyId=key).endswith(
        "because no identity-based policy allows the kms:DescribeKey action")
    credentials = accounts.user(policy(["ec2:*", "kms:GenerateDataKeyWithoutPlaintext"]))
    ec2 = accounts.coffer.client("ec2", credentials=credentials)
    volume = accounts.coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    text = refused("UnauthorizedOperation", ec2.attach_volume, VolumeId=volume, InstanceId=accounts.coffer.host(),
                   Device="/dev/sdz")
    assert f"kms:Decrypt on resource: {key} because no identity-based policy allows" in text
    sts = accounts.coffer.client("sts", credentials=accounts.credentials)
    told = sts.decode_authorization_message(EncodedMessage=text.rsplit(" ", 1)[1])["DecodedMessage"]
    assert "kms:Decrypt" in told and "crimson" not in told and "discreet" not in told


# Roles

@pytest.mark.parametrize("names_user", [False, True], ids=["the account", "the user"])
def test_a_role_is_assumed_across_accounts_if_both_want_it(accounts, names_user):
    coffer, iam = accounts.coffer, accounts.made.iam
    called = name("visitor")
    credentials = new_user(accounts.iam, called)
    principal = f"arn:aws:iam::{OTHER}:user/{called}" if names_user else OTHER_ROOT
    role, sts = name("role"), coffer.client("sts", credentials=credentials)
    arn = new_role(iam, role, trust({"AWS": ROOT}), policy("kms:ListKeys"))

    def consent(ours, theirs):
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust({"AWS": principal if ours else ROOT}))
        accounts.iam.put_user_policy(UserName=called, PolicyName="own",
                                     PolicyDocument=policy("sts:AssumeRole" if theirs else "s3:*", "*"))
    said = set()
    for ours, theirs in ((False, False), (True, False), (False, True)):
        consent(ours, theirs)
        said.add(refused("AccessDenied", sts.assume_role, RoleArn=arn, RoleSessionName="visit"))
    said.add(refused("AccessDenied", sts.assume_role, RoleArn=arn + "x", RoleSessionName="visit").replace(arn + "x", arn))
    assert len(said) == 1  # which half is lacking, or whether there is such a role, shows to nobody
    consent(True, True)
    kms = coffer.client("kms", credentials=session_of(sts.assume_role(RoleArn=arn, RoleSessionName="visit")))
    kms.list_keys()
    consent(False, True)
    refused("AccessDenied", sts.assume_role, RoleArn=arn, RoleSessionName="visit")
    kms.list_keys()  # what was given stands until it ends, as at AWS
    iam.delete_role_policy(RoleName=role, PolicyName="policy-0")
    refused("AccessDeniedException", kms.list_keys)


# Volumes and snapshots

def outcome_of(coffer, ec2, **parameters):
    """The state that a new volume comes to, and why."""
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, VolumeType="gp3", Encrypted=True, **parameters)["VolumeId"]

    def settled():
        found = ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [volume]}])["Volumes"]
        return found and found[0]["State"] != "creating" and found[0]["State"]
    return volume, wait_until(settled, "the volume")


def test_a_volume_under_anothers_key_lives_by_both_consents(accounts, kms):
    """Their volume under our key: each half is needed to make it, and for each attachment."""
    coffer, host = accounts.coffer, accounts.coffer.host()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    called = name("visitor")
    ec2 = coffer.client("ec2", credentials=new_user(accounts.iam, called, policy("ec2:*")))

    def consent(ours, theirs):
        use = statement(OTHER_ROOT, ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt", "kms:CreateGrant"])
        accounts.put([key], *([use] if ours else []))
        accounts.iam.put_user_policy(UserName=called, PolicyName="keys", PolicyDocument=policy("kms:*" if theirs else "s3:*"))

    for ours, theirs in ((False, False), (True, False), (False, True)):
        consent(ours, theirs)
        volume, state = outcome_of(coffer, ec2, KmsKeyId=key)
        assert state != "available" and "is not authorized to perform" in coffer.command("volume", "why", volume).stdout
    consent(True, True)
    volume, state = outcome_of(coffer, ec2, KmsKeyId=key)
    assert state == "available"
    for _ in range(2):
        device = next(DEVICES)
        for ours, theirs in ((False, True), (True, False)):
            consent(ours, theirs)
            with pytest.raises(ClientError, match="CustomerKeyHasBeenRevoked|UnauthorizedOperation|AccessDenied"):
                ec2.attach_volume(VolumeId=volume, InstanceId=host, Device=device)
        consent(True, True)
        ec2.attach_volume(VolumeId=volume, InstanceId=host, Device=device)
        ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
        ec2.detach_volume(VolumeId=volume)
        ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    snapshot = coffer.create_snapshot(volume, ec2)
    consent(False, True)
    with pytest.raises(ClientError, match="CustomerKeyHasBeenRevoked"):
        ec2.create_snapshot(VolumeId=volume)
    ec2.delete_snapshot(SnapshotId=snapshot)
    # What is ours shows nowhere in all this, and what is theirs is not ours to touch, key or no key.
    refused("InvalidVolume.NotFound", accounts.made.ec2.delete_volume, VolumeId=volume)
    ec2.delete_volume(VolumeId=volume)


def test_blocks_of_a_snapshot_under_anothers_key_are_read_by_both_consents(accounts, kms):
    """Through the EBS direct APIs, where volumed keeps a snapshot open between calls."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    use = statement(OTHER_ROOT, ["kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt"])
    called = name("visitor")
    theirs = accounts.coffer.client("ebs", credentials=new_user(accounts.iam, called, policy(["ebs:*", "kms:*"])), retries=1)
    start = {"VolumeSize": 1, "Encrypted": True, "KmsKeyArn": key}
    refused("AccessDeniedException", theirs.start_snapshot, **start)
    accounts.put([key], use)
    snapshot = theirs.start_snapshot(**start)["SnapshotId"]
    theirs.put_snapshot_block(SnapshotId=snapshot, **WRITTEN)
    accounts.put([key])
    with pytest.raises(ClientError, match="AccessDenied|ValidationException"):
        theirs.put_snapshot_block(SnapshotId=snapshot, **WRITTEN)
    accounts.put([key], use)
    theirs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=1)
    accounts.coffer.wait_for_snapshot(snapshot, accounts.coffer.client("ec2", credentials=accounts.credentials))
    read = {"SnapshotId": snapshot, "BlockIndex": 0,
            "BlockToken": theirs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"][0]["BlockToken"]}
    for withdraw in (lambda: accounts.put([key]), lambda: accounts.iam.put_user_policy(
            UserName=called, PolicyName="policy-0", PolicyDocument=policy("ebs:*"))):
        assert theirs.get_snapshot_block(**read)["BlockData"].read() == WRITTEN["BlockData"]
        withdraw()
        with pytest.raises(ClientError, match="AccessDenied|ValidationException"):
            theirs.get_snapshot_block(**read)
        accounts.put([key], use)


def test_snapshots_are_not_shared(accounts):
    """Sharing is not served: nothing makes a snapshot another account's, and none is public."""
    coffer, made = accounts.coffer, accounts.made
    snapshot = made.snapshot()[0]
    refused("InvalidAction", made.ec2.modify_snapshot_attribute, SnapshotId=snapshot, Attribute="createVolumePermission",
            OperationType="add", UserIds=[OTHER])
    theirs = coffer.client("ec2", credentials=accounts.credentials)
    for mine in ({"OwnerIds": [ACCOUNT]}, {"OwnerIds": ["amazon"]}, {"RestorableByUserIds": ["all"]},
                 {"RestorableByUserIds": ["self"]}):
        assert {each["OwnerId"] for each in theirs.describe_snapshots(**mine)["Snapshots"]} <= {OTHER}
    assert snapshot in {each["SnapshotId"] for each in made.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}


def test_an_organization_opens_nothing_of_who_joins_it(accounts):
    """Who is invited says yes himself, is bound by the control policies from then on, and gives nobody a role."""
    coffer, made = accounts.coffer, accounts.made
    guest, stranger = organizations.new_guest(made), organizations.new_guest(made)
    tree, theirs = organizations.tree(made), coffer.client("kms", credentials=guest.owner)
    key = theirs.create_key()["KeyMetadata"]["Arn"]
    handshake = tree.invited(guest)[0]
    for outsider in (stranger.owner, accounts.credentials, None):
        with pytest.raises(ClientError, match="HandshakeNotFound|AccessDenied"):
            coffer.client("organizations", credentials=outsider).accept_handshake(HandshakeId=handshake)
    coffer.client("organizations", credentials=guest.owner).accept_handshake(HandshakeId=handshake)
    manager = new_user(made.iam, name("manager"), policy("*"))
    sts = coffer.client("sts", credentials=manager)
    way_in = "arn:aws:iam::{}:role/OrganizationAccountAccessRole"
    refused("AccessDenied", sts.assume_role, RoleArn=way_in.format(guest.id), RoleSessionName="manager")
    refused("AccessDeniedException", coffer.client("kms", credentials=manager).describe_key, KeyId=key)
    member = tree.account()[0]  # which the organization made
    session = session_of(sts.assume_role(RoleArn=way_in.format(member), RoleSessionName="manager"))
    refused("AccessDeniedException", coffer.client("kms", credentials=session).describe_key, KeyId=key)
    coffer.client("kms", credentials=session).list_keys()
    theirs.describe_key(KeyId=key)


# The confused deputy

def test_a_key_for_one_accounts_use_through_a_service_is_no_other_accounts(accounts, kms):
    """AWS's policy for such keys: everybody, but through EC2 and from that account only."""
    coffer = accounts.coffer
    key = kms.create_key(Policy=key_policy())["KeyMetadata"]["Arn"]
    only = {"StringEquals": {"kms:ViaService": VIA_EC2, "kms:CallerAccount": ACCOUNT}}
    kms.put_key_policy(KeyId=key, PolicyName="default", BypassPolicyLockoutSafetyCheck=True, Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [statement("*", ["kms:GenerateDataKey*", "kms:Decrypt"], Condition=only),
                                               statement(ROOT, "kms:PutKeyPolicy")]}))
    user = new_user(accounts.made.iam, name("user"), policy(["ec2:*", "kms:*"]))
    for client in (coffer.client("kms", credentials=user), accounts.kms(policy("*"))):
        refused("AccessDeniedException", client.generate_data_key, KeyId=key, KeySpec="AES_256")
    theirs = coffer.client("ec2", credentials=accounts.user(policy("*")))
    managed = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/ebs"
    own = coffer.client("kms").describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
    for each in (key, managed, own):
        assert outcome_of(coffer, theirs, KmsKeyId=each)[1] != "available"
    for each in (key, own):
        assert outcome_of(coffer, coffer.client("ec2", credentials=user), KmsKeyId=each)[1] == "available"


def test_a_volumes_key_opens_that_volume_alone(accounts, kms):
    """The key's policy names a volume by its encryption context: EC2 says which volume it asks for, not its caller."""
    coffer, ec2, host = accounts.coffer, accounts.made.ec2, accounts.coffer.host()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    allowed, other = (coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key) for _ in range(2))
    called = name("user")
    user = coffer.client("ec2", credentials=new_user(accounts.made.iam, called, policy("ec2:*")))
    accounts.put([key], statement(f"arn:aws:iam::{ACCOUNT}:user/{called}", ["kms:Decrypt", "kms:CreateGrant"], Condition={
        "StringEquals": {"kms:ViaService": VIA_EC2, "kms:EncryptionContext:aws:ebs:id": allowed}}))
    device = next(DEVICES)
    for sneaky in ({}, {"Device": f"/dev/sd{allowed[-1]}"}):
        with pytest.raises(ClientError, match="UnauthorizedOperation|CustomerKeyHasBeenRevoked|InvalidParameterValue"):
            user.attach_volume(**{"VolumeId": other, "InstanceId": host, "Device": device, **sneaky})
    ec2.create_tags(Resources=[other], Tags=[{"Key": "aws-ebs-id", "Value": allowed}, {"Key": "VolumeId", "Value": allowed}])
    refused("UnauthorizedOperation", user.attach_volume, VolumeId=other, InstanceId=host, Device=device)
    user.attach_volume(VolumeId=allowed, InstanceId=host, Device=device)
    assert ec2.describe_volumes(VolumeIds=[other])["Volumes"][0]["State"] == "available"


def test_a_grant_bound_to_a_context_opens_nothing_else(accounts, kms):
    """As EC2's grants are bound to their volume: neither another context nor none, nor another operation."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    blobs = {each: kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"aws:ebs:id": each})["CiphertextBlob"]
             for each in ("vol-1", "vol-2")}
    visitor = accounts.kms(policy("kms:*"))
    kms.create_grant(KeyId=key, GranteePrincipal=OTHER_ROOT, Operations=["Decrypt"],
                     Constraints={"EncryptionContextEquals": {"aws:ebs:id": "vol-1"}})
    first, second = ({"aws:ebs:id": each} for each in blobs)
    for blob, context in ((blobs["vol-2"], second), (blobs["vol-1"], {**first, "a": "b"}), (blobs["vol-1"], {})):
        refused("AccessDeniedException", visitor.decrypt, KeyId=key, CiphertextBlob=blob, EncryptionContext=context)
    refused("InvalidCiphertextException", visitor.decrypt, KeyId=key, CiphertextBlob=blobs["vol-2"], EncryptionContext=first)
    refused("AccessDeniedException", visitor.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=first)
    assert visitor.decrypt(KeyId=key, CiphertextBlob=blobs["vol-1"], EncryptionContext=first)["Plaintext"] == b"x"


# What tells of others

def test_nobody_explains_anothers_access(accounts):
    made, theirs = accounts.made, accounts.coffer.extended_client("iam", credentials=accounts.credentials)
    user, key, snapshot = made.user()[1], made.key(), made.snapshot()[1]
    refused("AccessDenied", theirs.explain_access, PolicySourceArn=user, ActionName="kms:ListKeys", ResourceArn="*")
    for action, resource in (("kms:Decrypt", key), ("kms:Decrypt", key[:-12] + "0" * 12), ("sts:AssumeRole", made.role()[1])):
        refused("AccessDenied", theirs.explain_access, PolicySourceArn=OTHER_ROOT, ActionName=action, ResourceArn=resource)
    for each in (snapshot, snapshot[:-8] + "00000000"):
        assert refused("NoSuchEntity", theirs.explain_access, PolicySourceArn=OTHER_ROOT, ActionName="ec2:DeleteSnapshot",
                       ResourceArn=each) == f"There is no {each}."
    ours = accounts.coffer.extended_client("iam")
    assert ours.explain_access(PolicySourceArn=ROOT, ActionName="kms:Decrypt", ResourceArn=key)["Allowed"]


def test_a_client_token_is_an_accounts_own(accounts):
    """The same call under the same token is two calls in two accounts."""
    made, theirs = accounts.made, accounts.coffer.extended_client("ec2", credentials=accounts.credentials)
    call = {"AvailabilityZone": ZONE, "Size": 1, "VolumeType": "gp3", "ClientToken": name("token")}
    ours = made.ec2.create_volume(**call)["VolumeId"]
    assert made.ec2.create_volume(**call)["VolumeId"] == ours
    assert theirs.create_volume(**call)["VolumeId"] != ours
    start = {"VolumeSize": 1, "ClientToken": name("token")}
    first = made.ebs.start_snapshot(**start)["SnapshotId"]
    assert made.ebs.start_snapshot(**start)["SnapshotId"] == first
    assert accounts.coffer.client("ebs", credentials=accounts.credentials).start_snapshot(**start)["SnapshotId"] != first
