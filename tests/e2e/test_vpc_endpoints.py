# SPDX-License-Identifier: Apache-2.0
"""Does a policy know by which VPC endpoint a call came, and can nobody else claim to come by it?"""
import json
import subprocess

import boto3
import pytest
from botocore.config import Config

from harness import BUILD, REGION, ZONE, Coffer, refused, wait_until

OFFICE, VAULT, VAULT_VPC = "vpce-0123456789abcdef0", "vpce-00000000000000aaa", "vpc-0fedcba9876543210"
ROOT = "arn:aws:iam::123456789012:root"


@pytest.fixture(scope="module")
def coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("vpc") / "data", "--vpc-endpoint", f"{OFFICE}=127.0.0.1:0",
                "--vpc-endpoint", f"{VAULT}/{VAULT_VPC}=127.0.0.1:0") as running:
        yield running


def url_of(coffer, endpoint):
    lines = dict(line.rsplit(" ", 1) for line in coffer.json("status")["vpc_endpoints"])
    return next(url for name, url in lines.items() if name.split("/")[0] == endpoint)


def client_at(coffer, service, url, headers=()):
    exports = coffer.environment()
    client = boto3.client(service, region_name=REGION, endpoint_url=url, config=Config(retries={"max_attempts": 0}),
                          aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
                          aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"])
    def add_headers(request, **_):
        for name, value in headers:
            request.headers.add_header(name, value)

    client.meta.events.register("before-sign.*.*", add_headers)
    return client


def through(coffer, endpoint, service="kms"):
    return client_at(coffer, service, url_of(coffer, endpoint))


def key_with(coffer, condition):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition}
    allow = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})
    return coffer.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]


def test_a_key_that_only_one_endpoint_may_use(coffer):
    key = key_with(coffer, {"StringNotEquals": {"aws:SourceVpce": VAULT}})
    assert through(coffer, VAULT).encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    for elsewhere in (through(coffer, OFFICE), coffer.client("kms")):
        message = refused("AccessDeniedException", elsewhere.encrypt, KeyId=key, Plaintext=b"x")
        assert message.endswith("with an explicit deny in a resource-based policy")


def test_a_key_that_only_one_vpc_may_use(coffer):
    key = key_with(coffer, {"StringNotEqualsIfExists": {"aws:SourceVpc": VAULT_VPC}, "Null": {"aws:SourceVpc": "true"}})
    assert through(coffer, VAULT).encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    refused("AccessDeniedException", through(coffer, OFFICE).encrypt, KeyId=key, Plaintext=b"x")


@pytest.mark.parametrize("cure", [{}, {"BoolIfExists": {"aws:ViaAWSService": "false"}}])
def test_what_a_service_asks_in_its_callers_name_comes_by_no_endpoint(coffer, cure):
    deny = {"Effect": "Deny", "Principal": "*", "Action": ["kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext"], "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:SourceVpce": VAULT}, **cure}}
    allow = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})
    key = coffer.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    refused("AccessDeniedException", coffer.client("kms").encrypt, KeyId=key, Plaintext=b"x")
    ec2 = through(coffer, VAULT, "ec2")
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)["VolumeId"]

    def present():
        volumes = ec2.describe_volumes(Filters=[{"Name": "volume-id", "Values": [volume]}])["Volumes"]
        return volumes[0]["State"] if volumes else "gone"

    wait_until(lambda: present() != "creating", "the volume")
    assert (present() == "available") == bool(cure)


def test_an_address_has_another_key_behind_an_endpoint(coffer):
    key = key_with(coffer, {"IpAddress": {"aws:SourceIp": "127.0.0.1"}})
    refused("AccessDeniedException", coffer.client("kms").encrypt, KeyId=key, Plaintext=b"x")
    assert through(coffer, VAULT).encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    key = key_with(coffer, {"IpAddress": {"aws:VpcSourceIp": "127.0.0.1"}})
    refused("AccessDeniedException", through(coffer, VAULT).encrypt, KeyId=key, Plaintext=b"x")
    assert coffer.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]


def test_no_header_stands_for_an_endpoint(coffer):
    key = key_with(coffer, {"StringNotEquals": {"aws:SourceVpce": VAULT}})
    claims = [(name, VAULT) for name in ("X-Amz-Source-Vpce", "aws-SourceVpce", "X-Vpce-Id", "X-Amzn-Vpce-Id", "Via")]
    claims.append(("Host", f"{VAULT}.kms.{REGION}.vpce.amazonaws.com"))
    liar = client_at(coffer, "kms", coffer.endpoint, claims)
    refused("AccessDeniedException", liar.encrypt, KeyId=key, Plaintext=b"x")


def last_record(coffer):
    return [record for record in coffer.trail() if record["eventName"] == "GetCallerIdentity"][-1]


def test_the_trail_says_by_which_endpoint_a_call_came(coffer):
    through(coffer, VAULT, "sts").get_caller_identity()
    record = last_record(coffer)
    assert (record["vpcEndpointId"], record["vpcEndpointAccountId"]) == (VAULT, "123456789012")
    coffer.client("sts").get_caller_identity()
    assert last_record(coffer)["eventID"] != record["eventID"]
    assert "vpcEndpointId" not in last_record(coffer)


def test_an_endpoint_stays_open_while_apid_is_replaced(coffer):
    vault = through(coffer, VAULT)
    before = url_of(coffer, VAULT)
    coffer.kill_daemons("coffer-apid")
    assert vault.list_keys()["Keys"]
    assert url_of(coffer, VAULT) == before
    assert f"{VAULT}/{VAULT_VPC} {before}" in coffer.command("status").stdout


@pytest.mark.parametrize("words, said", [
    (["vpce-1=127.0.0.1:0"], "is no VPC endpoint"),
    (["127.0.0.1:0"], "is no VPC endpoint"),
    ([f"{OFFICE}=127.0.0.1:0", f"{OFFICE}=127.0.0.1:0"], "is given twice"),
    ([f"{OFFICE}=0.0.0.0:0"], "add --tls"),
    ([f"{OFFICE}=nowhere:0"], "is no address to listen on"),
])
def test_what_is_no_endpoint_is_refused_at_once(tmp_path, words, said):
    options = [option for word in words for option in ("--vpc-endpoint", word)]
    run = subprocess.run([BUILD / "coffer", "up", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *options],
                         capture_output=True, text=True, timeout=30)
    assert run.returncode == 2 and said in run.stderr, run.stderr
    assert not (tmp_path / "data" / "installation.json").exists()
