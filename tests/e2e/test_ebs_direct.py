# SPDX-License-Identifier: Apache-2.0
"""The EBS direct APIs through boto3: snapshots read and written block by block, and AWS's errors."""
import base64
import hashlib

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness import REGION

BLOCK = 512 * 1024
MISSING = "snap-0123456789abcdef0"


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def put_parameters(snapshot, index, data):
    return {"SnapshotId": snapshot, "BlockIndex": index, "BlockData": data, "DataLength": len(data),
            "Checksum": sha256(data), "ChecksumAlgorithm": "SHA256"}


def refused(code, reason, call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    response = error.value.response
    assert (response["Error"]["Code"], response.get("Reason")) == (code, reason), response
    return response["Error"]["Message"]


@pytest.fixture(scope="module")
def ebs(shared_coffer):
    return shared_coffer.client("ebs")


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
    refused("ResourceNotFoundException", "SNAPSHOT_NOT_FOUND", client.put_snapshot_block,
            **put_parameters(MISSING, 0, bytes(BLOCK)))
    header = sent[0].headers["X-Amz-Content-SHA256"]
    assert (header.decode() if isinstance(header, bytes) else header) == "UNSIGNED-PAYLOAD"
