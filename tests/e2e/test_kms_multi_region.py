# SPDX-License-Identifier: Apache-2.0
"""Multi-Region keys: one id and one material in several regions, everything else of their own."""
import pytest
from harness import REGION, Coffer, refused, wait_until
from organization import document, statement
from principals import new_user, policy

OTHER = "us-east-1"


@pytest.fixture(scope="module")
def shared_coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("world") / "data", "--development") as running:
        yield running


@pytest.fixture(scope="module")
def east_kms(shared_coffer):
    return shared_coffer.extended_client("kms", OTHER)


@pytest.fixture
def primary(kms):
    return kms.create_key(MultiRegion=True, Description="the first", Tags=[{"TagKey": "a", "TagValue": "1"}])["KeyMetadata"]


def usable(client, key):
    wait_until(lambda: client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled", "an enabled replica")


@pytest.fixture
def replica(kms, east_kms, primary):
    made = kms.replicate_key(KeyId=primary["KeyId"], ReplicaRegion=OTHER, Description="the second")
    usable(east_kms, primary["KeyId"])
    return made["ReplicaKeyMetadata"]


def test_a_replica_is_made(kms, east_kms, primary):
    made = kms.replicate_key(KeyId=primary["KeyId"], ReplicaRegion=OTHER, Description="the second",
                              Tags=[{"TagKey": "b", "TagValue": "2"}])
    replica = made["ReplicaKeyMetadata"]
    assert (replica["KeyId"], replica["KeyState"]) == (primary["KeyId"], "Creating")
    assert replica["Arn"] == primary["Arn"].replace(REGION, OTHER)
    assert made["ReplicaTags"] == [{"TagKey": "b", "TagValue": "2"}] and "key-default-1" in made["ReplicaPolicy"]
    usable(east_kms, replica["KeyId"])
    configuration = {"PrimaryKey": {"Arn": primary["Arn"], "Region": REGION},
                     "ReplicaKeys": [{"Arn": replica["Arn"], "Region": OTHER}]}
    for client, kind in ((kms, "PRIMARY"), (east_kms, "REPLICA")):
        metadata = client.describe_key(KeyId=primary["KeyId"])["KeyMetadata"]
        assert metadata["MultiRegionConfiguration"] == {"MultiRegionKeyType": kind, **configuration}


def test_ciphertext_opens_in_either_region(kms, east_kms, primary, replica):
    for one, other in ((kms, east_kms), (east_kms, kms)):
        blob = one.encrypt(KeyId=primary["KeyId"], Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
        opened = other.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
        assert opened["Plaintext"] == b"x" and opened["KeyId"] in (primary["Arn"], replica["Arn"])
        refused("InvalidCiphertextException", other.decrypt, CiphertextBlob=blob)


def test_the_rest_is_their_own(kms, east_kms, primary, replica):
    key = primary["KeyId"]
    east_kms.disable_key(KeyId=key)
    east_kms.create_alias(AliasName="alias/" + key, TargetKeyId=key)
    east_kms.update_key_description(KeyId=key, Description="changed")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert kms.list_aliases(KeyId=key)["Aliases"] == []
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "the first"
    assert kms.list_resource_tags(KeyId=key)["Tags"] and not east_kms.list_resource_tags(KeyId=key)["Tags"]
    refused("DisabledException", east_kms.encrypt, KeyId=key, Plaintext=b"x")
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == primary["Arn"]


def test_a_rotation_of_the_primary_reaches_the_replica(shared_coffer, kms, east_kms, primary, replica):
    key = primary["KeyId"]
    old = east_kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    refused("UnsupportedOperationException", east_kms.enable_key_rotation, KeyId=key)
    refused("UnsupportedOperationException", east_kms.rotate_key_on_demand, KeyId=key)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    assert east_kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 100
    shared_coffer.command("clock", "advance", "100d")
    assert len(east_kms.list_key_rotations(KeyId=key)["Rotations"]) == 1
    new = east_kms.encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"]
    assert [kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in (old, new)] == [b"old", b"new"]
    ids = {c.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] for c in (kms, east_kms)}
    assert len(ids) == 1


def test_a_replica_of_a_rotated_key_opens_what_is_old(shared_coffer, kms, east_kms, primary):
    key = primary["KeyId"]
    old = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    shared_coffer.command("clock", "advance", "0s")
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER)
    usable(east_kms, key)
    assert east_kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"old"


def test_the_primary_moves(kms, east_kms, primary, replica):
    key = primary["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=120)
    refused("UnsupportedOperationException", east_kms.update_primary_region, KeyId=key, PrimaryRegion=REGION)
    kms.update_primary_region(KeyId=key, PrimaryRegion=OTHER)
    kinds = [c.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] for c in (kms, east_kms)]
    assert kinds == ["REPLICA", "PRIMARY"]
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 120
    east_kms.disable_key_rotation(KeyId=key)
    refused("UnsupportedOperationException", kms.replicate_key, KeyId=key, ReplicaRegion=OTHER)


def test_a_primary_is_deleted_after_its_replicas(shared_coffer, kms, east_kms, primary, replica):
    key = primary["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=10)
    assert answer["KeyState"] == "PendingReplicaDeletion" and "DeletionDate" not in answer
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["PendingDeletionWindowInDays"] == 10 and "DeletionDate" not in metadata
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"x")
    shared_coffer.command("clock", "advance", "60d")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingReplicaDeletion"
    assert east_kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert east_kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["KeyState"] == "PendingDeletion"
    shared_coffer.command("clock", "advance", "7d")
    refused("NotFoundException", east_kms.describe_key, KeyId=key)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "PendingDeletion" and "DeletionDate" in metadata
    assert metadata["MultiRegionConfiguration"]["ReplicaKeys"] == []
    shared_coffer.command("clock", "advance", "10d")
    refused("NotFoundException", kms.describe_key, KeyId=key)


def test_what_is_not_replicated(kms, east_kms, primary, replica):
    key = primary["KeyId"]
    refused("AlreadyExistsException", kms.replicate_key, KeyId=key, ReplicaRegion=OTHER)
    refused("UnsupportedOperationException", kms.replicate_key, KeyId=key, ReplicaRegion="eu-north-1")
    refused("UnsupportedOperationException", east_kms.replicate_key, KeyId=key, ReplicaRegion=REGION)
    single = kms.create_key()["KeyMetadata"]["KeyId"]
    refused("UnsupportedOperationException", kms.replicate_key, KeyId=single, ReplicaRegion=OTHER)
    refused("UnsupportedOperationException", kms.update_primary_region, KeyId=single, PrimaryRegion=OTHER)
    refused("NotFoundException", east_kms.describe_key, KeyId=single)
    refused("ValidationException", kms.replicate_key, KeyId=key, ReplicaRegion="nowhere")
    lonely = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    refused("NotFoundException", kms.update_primary_region, KeyId=lonely, PrimaryRegion=OTHER)
    kms.disable_key(KeyId=lonely)
    refused("DisabledException", kms.replicate_key, KeyId=lonely, ReplicaRegion=OTHER)


def test_a_replica_is_made_only_where_its_maker_may_make_keys(shared_coffer):
    key = shared_coffer.client("kms").create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]

    def client(called, *documents):
        credentials = new_user(shared_coffer.client("iam"), called, *documents)
        return shared_coffer.extended_client("kms", credentials=credentials)

    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": REGION}}
    bound = client("bound", policy("*"), document(statement("*", Condition=elsewhere)))
    message = refused("AccessDeniedException", bound.replicate_key, KeyId=key, ReplicaRegion=OTHER)
    assert "is not authorized to perform: kms:CreateKey" in message and "explicit deny" in message
    there = {"StringEquals": {"aws:RequestedRegion": OTHER}}
    free = client("free", policy("kms:ReplicateKey"), policy("kms:CreateKey", Condition=there))
    free.replicate_key(KeyId=key, ReplicaRegion=OTHER)


def test_a_data_key_crosses_regions(kms, east_kms, primary, replica):
    made = kms.generate_data_key(KeyId=primary["KeyId"], KeySpec="AES_256")
    assert east_kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
