# SPDX-License-Identifier: Apache-2.0
"""The EBS direct APIs through boto3 and the AWS CLI, as backup tools use them: snapshots read, compared and written block
by block, and AWS's errors."""
import base64
import hashlib
import json
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness import REGION, Coffer, nbd_client

BLOCK = 512 * 1024
MISSING = "snap-0123456789abcdef0"


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def linear(blocks):
    """The aggregated checksum of {index: data}."""
    return sha256(b"".join(hashlib.sha256(blocks[index]).digest() for index in sorted(blocks)))


def put_parameters(snapshot, index, data):
    return {"SnapshotId": snapshot, "BlockIndex": index, "BlockData": data, "DataLength": len(data),
            "Checksum": sha256(data), "ChecksumAlgorithm": "SHA256"}


def refused(code, reason, call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    response = error.value.response
    assert (response["Error"]["Code"], response.get("Reason")) == (code, reason), response
    return response["Error"]["Message"]


def upload(ebs, blocks, **parameters):
    """A snapshot with these blocks, completed."""
    snapshot = ebs.start_snapshot(**{"VolumeSize": 1, **parameters})["SnapshotId"]
    for index, data in blocks.items():
        ebs.put_snapshot_block(**put_parameters(snapshot, index, data))
    done = ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=len(blocks), Checksum=linear(blocks),
                                 ChecksumAlgorithm="SHA256", ChecksumAggregationMethod="LINEAR")
    assert done["Status"] == "completed"
    return snapshot


def listed(ebs, snapshot, **parameters):
    """{index: token} of all pages."""
    tokens = {}
    for page in pages(ebs.list_snapshot_blocks, SnapshotId=snapshot, **parameters):
        for block in page["Blocks"]:
            tokens[block["BlockIndex"]] = block["BlockToken"]
    assert list(tokens) == sorted(tokens)
    return tokens


def pages(call, **parameters):
    while True:
        page = call(**parameters)
        yield page
        if not page.get("NextToken"):
            return
        parameters["NextToken"] = page["NextToken"]


def changed(ebs, first, second):
    """{index: (first token or None, second token)} of all pages."""
    found = {}
    for page in pages(ebs.list_changed_blocks, FirstSnapshotId=first, SecondSnapshotId=second, MaxResults=100):
        for block in page["ChangedBlocks"]:
            found[block["BlockIndex"]] = (block.get("FirstBlockToken"), block["SecondBlockToken"])
    return found


def block_of(ebs, snapshot, index, token):
    answer = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
    data = answer["BlockData"].read()
    assert (answer["DataLength"], answer["Checksum"], answer["ChecksumAlgorithm"]) == (BLOCK, sha256(data), "SHA256")
    return data


def contents(ebs, snapshot):
    return {index: block_of(ebs, snapshot, index, token) for index, token in listed(ebs, snapshot).items()}


def volume_bytes(coffer, snapshot, ranges, **parameters):
    """What a volume that is made of the snapshot holds at these (offset, length)s."""
    volume = coffer.create_volume(SnapshotId=snapshot, **parameters)
    with nbd_client(coffer.attach(volume, "/dev/sdx")) as handle:
        found = [bytes(handle.pread(length, offset)) for offset, length in ranges]
    ec2 = coffer.client("ec2")
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    ec2.delete_volume(VolumeId=volume)
    return found


@pytest.fixture(scope="module")
def ebs(shared_coffer):
    return shared_coffer.client("ebs")


@pytest.fixture(scope="module")
def key(shared_coffer):
    return shared_coffer.client("kms").create_key()["KeyMetadata"]["Arn"]


# Reading what a volume's snapshots hold

@pytest.fixture(scope="module", params=[True, False], ids=["encrypted", "unencrypted"])
def history(request, shared_coffer, key):
    """Two snapshots of a volume and what was written before and between them, as {block: data}."""
    encryption = {"Encrypted": True, "KmsKeyId": key} if request.param else {}
    volume = shared_coffer.create_volume(size=1, **encryption)
    generator = random.Random(20)
    before = {index: generator.randbytes(BLOCK) for index in (0, 1, 7, 1000, 2047)}
    between = {1: generator.randbytes(BLOCK), 9: generator.randbytes(BLOCK)}
    with nbd_client(shared_coffer.attach(volume, "/dev/sdf" if request.param else "/dev/sdg")) as handle:
        for index, data in before.items():
            handle.pwrite(data, index * BLOCK)
        handle.flush()
        first = shared_coffer.create_snapshot(volume)
        for index, data in between.items():
            handle.pwrite(data, index * BLOCK)
        handle.pwrite(b"x" * 4096, 1000 * BLOCK + 8192)
        handle.trim(BLOCK, 7 * BLOCK)
        handle.flush()
        second = shared_coffer.create_snapshot(volume)
    after = {**before, **between}
    after[1000] = before[1000][:8192] + b"x" * 4096 + before[1000][8192 + 4096:]
    del after[7]
    return first, second, before, after


def test_a_volumes_snapshot_is_read_back_whole(ebs, history):
    first, second, before, after = history
    assert contents(ebs, first) == before
    assert contents(ebs, second) == after


def test_changed_blocks_are_exactly_those_that_were_changed(ebs, history):
    first, second, before, after = history
    found = changed(ebs, first, second)
    assert sorted(found) == [1, 7, 9, 1000]
    for index, (first_token, second_token) in found.items():
        assert block_of(ebs, second, index, second_token) == after.get(index, bytes(BLOCK))
        assert (first_token is not None) == (index in before)
        if first_token:
            assert block_of(ebs, first, index, first_token) == before[index]
    assert changed(ebs, second, second) == {}


def test_lists_begin_where_they_are_told_to(ebs, history):
    first, *_ = history
    assert sorted(listed(ebs, first, StartingBlockIndex=7)) == [7, 1000, 2047]
    page = ebs.list_snapshot_blocks(SnapshotId=first)
    assert (page["VolumeSize"], page["BlockSize"]) == (1, BLOCK)
    days = (page["ExpiryTime"] - page["ExpiryTime"].now(page["ExpiryTime"].tzinfo)).total_seconds() / 86400
    assert 6.99 < days <= 7


def test_a_token_opens_its_own_block_only(ebs, history):
    first, second, *_ = history
    tokens = listed(ebs, first)
    forged = bytearray(base64.b64decode(tokens[0]))
    forged[1] ^= 1
    for snapshot, index, token in ((first, 1, tokens[0]), (second, 0, tokens[0]),
                                   (first, 0, base64.b64encode(forged).decode()), (first, 0, "AAAA")):
        refused("ValidationException", "INVALID_BLOCK_TOKEN", ebs.get_snapshot_block, SnapshotId=snapshot,
                BlockIndex=index, BlockToken=token)
    refused("ValidationException", "INVALID_BLOCK", ebs.get_snapshot_block, SnapshotId=first, BlockIndex=2048,
            BlockToken=tokens[0])
    assert block_of(ebs, first, 0, tokens[0])  # the positive control


def test_snapshots_of_two_volumes_are_not_compared(ebs, history, shared_coffer):
    first, *_ = history
    other = shared_coffer.create_snapshot(shared_coffer.create_volume(size=1))
    refused("ValidationException", "UNRELATED_SNAPSHOTS", ebs.list_changed_blocks, FirstSnapshotId=first,
            SecondSnapshotId=other)


# Writing

@pytest.mark.parametrize("encrypted", [True, False])
def test_a_written_snapshot_becomes_a_volume(ebs, shared_coffer, key, encrypted):
    generator = random.Random(21)
    blocks = {index: generator.randbytes(BLOCK) for index in (0, 5, 2047)}
    encryption = {"Encrypted": True, "KmsKeyArn": key} if encrypted else {}
    snapshot = upload(ebs, blocks, Description="from on-premises", Tags=[{"Key": "team", "Value": "storage"}], **encryption)
    shown = shared_coffer.client("ec2").describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    assert (shown["State"], shown["Progress"], shown["VolumeSize"], shown["Encrypted"]) == ("completed", "100%", 1, encrypted)
    assert (shown["Description"], shown["Tags"]) == ("from on-premises", [{"Key": "team", "Value": "storage"}])
    assert shown.get("KmsKeyId") == (key if encrypted else None)
    ranges = [(index * BLOCK, BLOCK) for index in (*blocks, 6, 2046)]
    assert volume_bytes(shared_coffer, snapshot, ranges) == [*blocks.values(), bytes(BLOCK), bytes(BLOCK)]
    assert contents(ebs, snapshot) == blocks


def test_a_snapshot_with_a_parent_holds_what_was_not_written_of_it(ebs, shared_coffer, key):
    generator = random.Random(22)
    base = {index: generator.randbytes(BLOCK) for index in (1, 2)}
    parent = upload(ebs, base, Encrypted=True, KmsKeyArn=key)
    more = {2: generator.randbytes(BLOCK), 3000: generator.randbytes(BLOCK)}
    child = upload(ebs, more, ParentSnapshotId=parent, VolumeSize=2)
    shown = shared_coffer.client("ec2").describe_snapshots(SnapshotIds=[child])["Snapshots"][0]
    assert (shown["Encrypted"], shown["KmsKeyId"]) == (True, key)
    assert contents(ebs, child) == {**base, **more}
    assert sorted(changed(ebs, parent, child)) == [2, 3000]
    shared_coffer.client("ec2").delete_snapshot(SnapshotId=parent)
    assert contents(ebs, child) == {**base, **more}


def test_many_writers_at_once(ebs, shared_coffer):
    generator = random.Random(23)
    blocks = {index: generator.randbytes(BLOCK) for index in generator.sample(range(2048), 100)}
    snapshot = ebs.start_snapshot(VolumeSize=1, Encrypted=True)["SnapshotId"]
    clients = threading.local()

    def put(item):
        if not hasattr(clients, "ebs"):
            clients.ebs = shared_coffer.client("ebs")
        clients.ebs.put_snapshot_block(**put_parameters(snapshot, *item))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, blocks.items()))
    ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=100, Checksum=linear(blocks), ChecksumAlgorithm="SHA256",
                          ChecksumAggregationMethod="LINEAR")
    assert contents(ebs, snapshot) == blocks


def test_an_incomplete_upload_is_not_completed(ebs, shared_coffer):
    snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    data = os.urandom(BLOCK)
    ebs.put_snapshot_block(**put_parameters(snapshot, 3, data), Progress=50)
    shown = shared_coffer.client("ec2").describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
    assert (shown["State"], shown["Progress"]) == ("pending", "50%")
    refused("ValidationException", "INVALID_PARAMETER_VALUE", ebs.complete_snapshot, SnapshotId=snapshot, ChangedBlocksCount=2)
    refused("ValidationException", "INVALID_PARAMETER_VALUE", ebs.complete_snapshot, SnapshotId=snapshot,
            ChangedBlocksCount=1, Checksum=linear({3: b"other"}), ChecksumAlgorithm="SHA256",
            ChecksumAggregationMethod="LINEAR")
    refused("ValidationException", "INVALID_SNAPSHOT_ID", ebs.list_snapshot_blocks, SnapshotId=snapshot)
    ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=1)
    refused("ValidationException", "INVALID_SNAPSHOT_ID", ebs.put_snapshot_block, **put_parameters(snapshot, 4, data))
    assert contents(ebs, snapshot) == {3: data}


def test_a_block_must_be_what_its_checksum_says(ebs):
    snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    good = put_parameters(snapshot, 0, bytes(BLOCK))
    for change in ({"Checksum": sha256(b"other")}, {"BlockData": b"short", "DataLength": 5, "Checksum": sha256(b"short")}):
        refused("ValidationException", "INVALID_PARAMETER_VALUE", ebs.put_snapshot_block, **{**good, **change})
    refused("ValidationException", "INVALID_BLOCK", ebs.put_snapshot_block, **{**good, "BlockIndex": 2048})
    ebs.put_snapshot_block(**good)


def test_blocks_survive_the_death_of_all_daemons(tmp_path):
    with Coffer(tmp_path / "data") as coffer:
        ebs = coffer.client("ebs")
        generator = random.Random(24)
        blocks = {index: generator.randbytes(BLOCK) for index in (1, 2, 3)}
        snapshot = ebs.start_snapshot(VolumeSize=1, Encrypted=True)["SnapshotId"]
        for index in (1, 2):
            ebs.put_snapshot_block(**put_parameters(snapshot, index, blocks[index]))
        coffer.kill_daemons()
        ebs.put_snapshot_block(**put_parameters(snapshot, 3, blocks[3]))
        coffer.kill_daemons("coffer-volumed")
        ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=3, Checksum=linear(blocks), ChecksumAlgorithm="SHA256",
                              ChecksumAggregationMethod="LINEAR")
        coffer.kill_daemons()
        assert contents(ebs, snapshot) == blocks


def test_a_client_token_starts_one_snapshot(ebs):
    first = ebs.start_snapshot(VolumeSize=1, ClientToken="once")
    assert ebs.start_snapshot(VolumeSize=1, ClientToken="once")["SnapshotId"] == first["SnapshotId"]
    refused("ConflictException", None, ebs.start_snapshot, VolumeSize=2, ClientToken="once")


def test_a_pending_snapshot_can_be_deleted(ebs, shared_coffer):
    snapshot = ebs.start_snapshot(VolumeSize=1, Encrypted=True)["SnapshotId"]
    ebs.put_snapshot_block(**put_parameters(snapshot, 0, bytes(BLOCK)))
    shared_coffer.client("ec2").delete_snapshot(SnapshotId=snapshot)
    refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", ebs.put_snapshot_block,
            **put_parameters(snapshot, 1, bytes(BLOCK)))
    refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", ebs.complete_snapshot, SnapshotId=snapshot,
            ChangedBlocksCount=1)


# Keys

def test_encryption_is_asked_as_documented(ebs, key):
    plain = upload(ebs, {})
    for wrong in ({"ParentSnapshotId": plain, "Encrypted": True}, {"ParentSnapshotId": plain, "KmsKeyArn": key},
                  {"KmsKeyArn": key}, {"KmsKeyArn": key, "Encrypted": False}):
        refused("ValidationException", "INVALID_PARAMETER_VALUE", ebs.start_snapshot, VolumeSize=1, **wrong)
    refused("ValidationException", "INVALID_VOLUME_SIZE", ebs.start_snapshot, VolumeSize=65537)
    missing = key.rsplit("/", 1)[0] + "/11111111-0000-4000-8000-000000000000"
    refused("ResourceNotFoundException", "DEPENDENCY_RESOURCE_NOT_FOUND", ebs.start_snapshot, VolumeSize=1, Encrypted=True,
            KmsKeyArn=missing)


def test_a_disabled_key_ends_reading_and_writing_at_once(ebs, shared_coffer):
    kms = shared_coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    data = os.urandom(BLOCK)
    done = upload(ebs, {0: data}, Encrypted=True, KmsKeyArn=key)
    pending = ebs.start_snapshot(VolumeSize=1, Encrypted=True, KmsKeyArn=key)["SnapshotId"]
    ebs.put_snapshot_block(**put_parameters(pending, 0, data))
    token = listed(ebs, done)[0]
    assert block_of(ebs, done, 0, token) == data
    kms.disable_key(KeyId=key)
    message = refused("ValidationException", "INVALID_CUSTOMER_KEY", ebs.get_snapshot_block, SnapshotId=done, BlockIndex=0,
                      BlockToken=token)
    assert key in message
    refused("ValidationException", "INVALID_CUSTOMER_KEY", ebs.put_snapshot_block, **put_parameters(pending, 1, data))
    refused("ValidationException", "INVALID_CUSTOMER_KEY", ebs.start_snapshot, VolumeSize=1, Encrypted=True, KmsKeyArn=key)
    assert list(listed(ebs, done)) == [0]  # a list needs no key
    kms.enable_key(KeyId=key)
    assert block_of(ebs, done, 0, token) == data


def test_the_trail_names_keys_and_blocks_but_no_contents(ebs, shared_coffer, key):
    data = b"very secret plaintext " * 30000
    blocks = {0: data[:BLOCK]}
    snapshot = upload(ebs, blocks, Encrypted=True, KmsKeyArn=key)
    assert contents(ebs, snapshot) == blocks
    records = [record for record in shared_coffer.trail(200) if snapshot in json.dumps(record)]
    events = {record["eventName"] for record in records}
    assert {"StartSnapshot", "PutSnapshotBlock", "CompleteSnapshot", "ListSnapshotBlocks", "GetSnapshotBlock",
            "GenerateDataKeyWithoutPlaintext", "Decrypt"} <= events
    assert {record["eventSource"] for record in records} == {"ebs.amazonaws.com", "kms.amazonaws.com"}
    assert "very secret" not in json.dumps(records) and base64.b64encode(data[:30]).decode() not in json.dumps(records)


# Who asks, and what for

def test_another_account_sees_nothing(ebs, shared_coffer):
    snapshot = upload(ebs, {0: bytes(BLOCK)})
    token = listed(ebs, snapshot)[0]
    made = shared_coffer.json("account", "create", "--id", "222222222222")
    stranger = shared_coffer.client("ebs", credentials=(made["access_key_id"], made["secret_access_key"]))
    refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", stranger.list_snapshot_blocks, SnapshotId=snapshot)
    refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", stranger.get_snapshot_block, SnapshotId=snapshot, BlockIndex=0,
            BlockToken=token)
    elsewhere = shared_coffer.client("ebs", "us-east-1")
    refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", elsewhere.list_snapshot_blocks, SnapshotId=snapshot)


def test_a_snapshot_that_is_not_there_is_found_by_no_operation(ebs):
    calls = [(ebs.list_snapshot_blocks, {"SnapshotId": MISSING}),
             (ebs.list_changed_blocks, {"SecondSnapshotId": MISSING}),
             (ebs.get_snapshot_block, {"SnapshotId": MISSING, "BlockIndex": 0, "BlockToken": "AAAA"}),
             (ebs.put_snapshot_block, put_parameters(MISSING, 0, bytes(BLOCK))),
             (ebs.complete_snapshot, {"SnapshotId": MISSING, "ChangedBlocksCount": 0}),
             (ebs.start_snapshot, {"VolumeSize": 1, "ParentSnapshotId": MISSING})]
    for call, parameters in calls:
        message = refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", call, **parameters)
        assert message == f"The snapshot '{MISSING}' does not exist.", call


def test_what_the_model_forbids_is_refused_before_a_handler_sees_it(ebs):
    refused("ValidationException", "INVALID_PARAMETER_VALUE", ebs.list_snapshot_blocks, SnapshotId="vol-0123")
    refused("ValidationException", "INVALID_PARAMETER_VALUE", ebs.list_snapshot_blocks, SnapshotId=MISSING,
            NextToken="not a token")


# Over TLS, SDKs leave the block out of the signature.
def test_a_block_may_come_over_tls_without_being_signed(shared_coffer):
    exports = shared_coffer.environment()
    client = boto3.client("ebs", region_name=REGION, aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"], verify=str(shared_coffer.data / "ca.pem"),
                          config=Config(proxies={"https": shared_coffer.endpoint}))
    sent = []
    client.meta.events.register("before-send.ebs.PutSnapshotBlock", lambda request, **_: sent.append(request))
    data = os.urandom(BLOCK)
    snapshot = upload(client, {0: data})
    header = sent[0].headers["X-Amz-Content-SHA256"]
    assert (header.decode() if isinstance(header, bytes) else header) == "UNSIGNED-PAYLOAD"
    assert contents(client, snapshot) == {0: data}


def test_the_aws_command_line(shared_coffer, tmp_path):
    data = os.urandom(BLOCK)
    (tmp_path / "block").write_bytes(data)

    def aws(*arguments):
        done = shared_coffer.execute("aws", "ebs", *arguments, "--output", "json")
        return json.loads(done.stdout) if done.stdout else None

    snapshot = aws("start-snapshot", "--volume-size", "1", "--timeout", "60", "--description", "by hand",
                   "--client-token", "550e8400-e29b-41d4-a716-446655440000")["SnapshotId"]
    put = aws("put-snapshot-block", "--snapshot-id", snapshot, "--block-index", "1000", "--data-length", str(BLOCK),
              "--block-data", str(tmp_path / "block"), "--checksum", sha256(data), "--checksum-algorithm", "SHA256")
    assert put == {"Checksum": sha256(data), "ChecksumAlgorithm": "SHA256"}
    assert aws("complete-snapshot", "--snapshot-id", snapshot, "--changed-blocks-count", "1") == {"Status": "completed"}
    page = aws("list-snapshot-blocks", "--snapshot-id", snapshot, "--max-results", "1000", "--starting-block-index", "1000")
    assert [block["BlockIndex"] for block in page["Blocks"]] == [1000]
    got = aws("get-snapshot-block", "--snapshot-id", snapshot, "--block-index", "1000", "--block-token",
              page["Blocks"][0]["BlockToken"], str(tmp_path / "read"))
    assert got["Checksum"] == sha256(data) and (tmp_path / "read").read_bytes() == data
    assert aws("list-changed-blocks", "--second-snapshot-id", snapshot)["ChangedBlocks"][0]["BlockIndex"] == 1000
