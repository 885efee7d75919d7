# SPDX-License-Identifier: Apache-2.0
"""The life of KMS keys over years: rotation, deletion, use. The clock of a development installation is advanced; clients
go on signing by the machine's own."""
import datetime
import shutil
import sqlite3

import pytest
from harness import Coffer, files_with, refused

DAY = datetime.timedelta(days=1)


@pytest.fixture(scope="module")
def shared_coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("living") / "data", "--development") as running:
        yield running


@pytest.fixture
def living(shared_coffer):
    return shared_coffer


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]["KeyId"]


def advance(coffer, duration):
    """Lets time pass, and what is due be done; the time it is then."""
    return datetime.datetime.fromisoformat(coffer.json("clock", "advance", duration)["now"].replace("Z", "+00:00"))


def state(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


def rotations(kms, key, **parameters):
    return kms.list_key_rotations(KeyId=key, **parameters)["Rotations"]


# Rotation

def test_rotation_is_off_until_it_is_enabled(kms, key):
    status = kms.get_key_rotation_status(KeyId=key)
    assert not status["KeyRotationEnabled"] and not {"NextRotationDate", "RotationPeriodInDays"} & set(status)
    kms.enable_key_rotation(KeyId=key)
    created = kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"], status["KeyId"]) == (True, 365, key)
    assert abs(status["NextRotationDate"] - created - 365 * DAY) < datetime.timedelta(minutes=1)
    kms.enable_key_rotation(KeyId=key)  # its schedule stands
    assert kms.get_key_rotation_status(KeyId=key)["NextRotationDate"] == status["NextRotationDate"]
    kms.disable_key_rotation(KeyId=key)
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


@pytest.mark.parametrize("days", [89, 2561])
def test_a_rotation_period_has_bounds(living, key, days):
    client = living.javascript_client("kms")  # boto3 would not send it
    refused("ValidationException", client.enable_key_rotation, KeyId=key, RotationPeriodInDays=days)
    client.close()


def test_a_key_lives_through_years(living, kms, key):
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"year 0")["CiphertextBlob"]]
    due = kms.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    for number in range(1, 5):
        now = advance(living, "90d")
        listed = rotations(kms, key)
        assert len(listed) == number and {r["RotationType"] for r in listed} == {"AUTOMATIC"}
        assert due <= listed[-1]["RotationDate"] <= now + datetime.timedelta(seconds=2)
        due += 90 * DAY
        assert kms.get_key_rotation_status(KeyId=key)["NextRotationDate"] == due
        blobs.append(kms.encrypt(KeyId=key, Plaintext=b"year 0")["CiphertextBlob"])
    assert all(kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"year 0" for blob in blobs)
    everything = rotations(kms, key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    assert [r["KeyMaterialState"] for r in everything] == 4 * ["NON_CURRENT"] + ["CURRENT"]
    assert "RotationDate" not in everything[0] and len({r["KeyMaterialId"] for r in everything}) == 5
    current = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert current == everything[-1]["KeyMaterialId"]
    first = kms.list_key_rotations(KeyId=key, Limit=3)
    rest = kms.list_key_rotations(KeyId=key, Limit=3, Marker=first["NextMarker"])
    assert first["Truncated"] and not rest["Truncated"] and first["Rotations"] + rest["Rotations"] == everything[1:]


def test_what_was_missed_in_a_long_sleep_is_one_rotation(living, kms, key):
    kms.enable_key_rotation(KeyId=key)
    now = advance(living, "4y")
    assert len(rotations(kms, key)) == 1
    assert abs(kms.get_key_rotation_status(KeyId=key)["NextRotationDate"] - now - 365 * DAY) < 60 * datetime.timedelta(seconds=1)


def test_a_disabled_key_rests_and_catches_up(living, kms, key):
    kms.enable_key_rotation(KeyId=key)
    kms.disable_key(KeyId=key)
    refused("DisabledException", kms.disable_key_rotation, KeyId=key)
    refused("DisabledException", kms.rotate_key_on_demand, KeyId=key)
    advance(living, "2y")
    assert rotations(kms, key) == [] and kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    kms.enable_key(KeyId=key)
    advance(living, "0s")
    assert len(rotations(kms, key)) == 1


def test_a_rotation_on_demand_leaves_the_schedule_alone(living, kms, key):
    kms.enable_key_rotation(KeyId=key)
    before = kms.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.rotate_key_on_demand(KeyId=key)["KeyId"] == key
    advance(living, "0s")
    assert [r["RotationType"] for r in rotations(kms, key)] == ["ON_DEMAND"]
    status = kms.get_key_rotation_status(KeyId=key)
    assert status["NextRotationDate"] == before and "OnDemandRotationStartDate" not in status
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_key_is_rotated_on_demand_25_times(living, kms, key):
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key)
        advance(living, "0s")
    message = refused("LimitExceededException", kms.rotate_key_on_demand, KeyId=key)
    assert message.startswith("The on-demand rotations limit has been reached for the given keyId.")
    assert len(rotations(kms, key)) == 25


def test_a_managed_key_rotates_every_year_by_itself(living, kms):
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    status = kms.get_key_rotation_status(KeyId=key)
    assert status["KeyRotationEnabled"] and status["RotationPeriodInDays"] == 365
    before = len(rotations(kms, key))
    advance(living, "366d")
    assert len(rotations(kms, key)) == before + 1
    for call in (kms.enable_key_rotation, kms.disable_key_rotation, kms.rotate_key_on_demand, kms.schedule_key_deletion):
        refused("AccessDeniedException", call, KeyId=key)


def test_a_rotation_is_recorded(living, kms, key):
    kms.rotate_key_on_demand(KeyId=key)
    advance(living, "0s")
    record = [r for r in living.trail() if r["eventName"] == "RotateKey"][-1]
    assert record["eventSource"] == "kms.amazonaws.com" and record["resources"][0]["ARN"].endswith(key)
    assert record["userIdentity"]["invokedBy"] == "AWS Internal"


# Deletion

def test_a_deletion_is_scheduled_and_cancelled(living, kms, key):
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key)
    now = advance(living, "0s")
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingDeletion", 7)
    assert abs(answer["DeletionDate"] - now - 7 * DAY) < datetime.timedelta(minutes=1)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["DeletionDate"] == answer["DeletionDate"] and not metadata["Enabled"]
    arn = metadata["Arn"]
    for call, parameters in [(kms.encrypt, {"Plaintext": b"x"}), (kms.enable_key, {}), (kms.disable_key, {}),
                             (kms.schedule_key_deletion, {}), (kms.enable_key_rotation, {}),
                             (kms.tag_resource, {"Tags": []}), (kms.update_key_description, {"Description": "x"})]:
        assert refused("KMSInvalidStateException", call, KeyId=key, **parameters) == f"{arn} is pending deletion."
    refused("KMSInvalidStateException", kms.create_alias, AliasName="alias/late", TargetKeyId=key)
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob)
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    advance(living, "6d")
    assert kms.cancel_key_deletion(KeyId=key)["KeyId"] == arn
    assert refused("KMSInvalidStateException", kms.cancel_key_deletion, KeyId=key) == f"{arn} is not pending deletion."
    assert state(kms, key) == "Disabled" and kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    advance(living, "31d")
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


@pytest.mark.parametrize("days", [1, 6, 31])
def test_a_waiting_period_has_bounds(kms, key, days):
    refused("ValidationException", kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=days)
    assert state(kms, key) == "Enabled"


def token_of(coffer, tmp_path, key):
    """The key's token, as the catalog has it."""
    for name in ("catalog.db", "catalog.db-wal"):
        shutil.copy(coffer.data / "apid" / name, tmp_path / name)
    with sqlite3.connect(tmp_path / "catalog.db") as catalog:
        return catalog.execute("SELECT token FROM backing_keys WHERE key_id = ?", (key,)).fetchone()[0]


def test_at_its_date_nothing_of_a_key_is_left(living, kms, key, tmp_path):
    kms.create_alias(AliasName=f"alias/doomed-{key}", TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    token = token_of(living, tmp_path, key)
    assert files_with(living.data / "apid", token)
    kms.schedule_key_deletion(KeyId=key)
    advance(living, "29d")
    assert state(kms, key) == "PendingDeletion"
    advance(living, "1d")
    refused("NotFoundException", kms.describe_key, KeyId=key)
    refused("NotFoundException", kms.describe_key, KeyId=f"alias/doomed-{key}")
    refused("NotFoundException", kms.cancel_key_deletion, KeyId=key)
    refused("AccessDeniedException", kms.decrypt, CiphertextBlob=blob)
    assert key not in {k["KeyId"] for k in kms.list_keys(Limit=1000)["Keys"]}
    assert not files_with(living.data, token)
    assert [r for r in living.trail() if r["eventName"] == "DeleteKey"][-1]["resources"][0]["ARN"].endswith(key)


def test_a_deletion_that_is_due_while_nothing_runs_is_done_at_the_start(tmp_path):
    with Coffer(tmp_path / "data", "--development") as coffer:
        kms = coffer.extended_client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        advance(coffer, "6d")
        coffer.stop()
        with sqlite3.connect(coffer.data / "apid" / "catalog.db") as catalog:
            catalog.execute("UPDATE settings SET value = value + 2 * 86400000000 WHERE name = 'clock_offset_microseconds'")
        coffer.start()
        kms = coffer.extended_client("kms")
        advance(coffer, "0s")
        refused("NotFoundException", kms.describe_key, KeyId=key)


# The clock

def test_an_advanced_clock_stays_ahead(tmp_path):
    with Coffer(tmp_path / "data", "--development") as coffer:
        first = advance(coffer, "400d")
        coffer.kill_daemons("coffer-apid")
        coffer.restart()
        assert first <= advance(coffer, "0s") < first + DAY
        made = coffer.client("kms").create_key()["KeyMetadata"]["CreationDate"]
        assert first <= made.astimezone(datetime.timezone.utc) < first + DAY
        assert coffer.trail(1)[0]["eventTime"] >= first.strftime("%Y-%m-%dT%H")


def test_a_production_installation_has_the_time_it_has(coffer):
    refusal = coffer.command("clock", "advance", "1d", check=False)
    assert refusal.returncode == 4 and "--development" in refusal.stderr
    assert coffer.command("clock", "advance", "soon", check=False).returncode == 2


# Use

def test_the_last_use_of_a_key_is_known(living, kms, key):
    unused = kms.get_key_last_usage(KeyId=key)
    assert not unused["KeyLastUsage"] and unused["KeyId"] == key
    assert unused["TrackingStartDate"] == unused["KeyCreationDate"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.describe_key(KeyId=key)
    used = kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    record = next(r for r in living.trail() if r["eventID"] == used["CloudTrailEventId"])
    assert used["Operation"] == record["eventName"] == "Encrypt" and used["KmsRequestId"] == record["requestID"]
    kms.decrypt(CiphertextBlob=blob)
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob,
            EncryptionContext={"a": "b"})
    assert kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"] == "Decrypt"
    refused("NotFoundException", kms.get_key_last_usage, KeyId="alias/aws/s3")


def test_the_last_use_outlives_a_restart(coffer):
    owner_kms = coffer.extended_client("kms")
    key = owner_kms.create_key()["KeyMetadata"]["KeyId"]
    owner_kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    volume = coffer.create_volume(Encrypted=True, KmsKeyId=key)
    used = owner_kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    assert used["Operation"] == "GenerateDataKeyWithoutPlaintext", volume  # EBS asked in the caller's name
    coffer.restart()
    assert coffer.extended_client("kms").get_key_last_usage(KeyId=key)["KeyLastUsage"] == used
