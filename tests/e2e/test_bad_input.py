# SPDX-License-Identifier: Apache-2.0
"""Bad input gets AWS's own error, in code and shape, and the server stays up."""
import datetime
import gzip
import http.client
import json
import re
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError


class Raw:
    """Sends requests that no SDK would send."""

    def __init__(self, coffer):
        self.url = urlsplit(coffer.endpoint)
        exports = coffer.environment()
        self.credentials = Credentials(exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])

    def signed(self, service, body, headers=(), region="us-west-2", credentials=None, when=None, method="POST",
               path="/"):
        request = AWSRequest(method, f"{self.url.geturl()}{path}", data=body, headers={"Host": self.url.netloc, **dict(headers)})
        auth = SigV4Auth(credentials or self.credentials, service, region)
        if when is None:
            auth.add_auth(request)
        else:
            import botocore.auth
            real = botocore.auth.datetime
            class Fixed(datetime.datetime):
                @classmethod
                def utcnow(cls):
                    return when
            class Module:
                datetime = Fixed
            botocore.auth.datetime = Module if hasattr(real, "datetime") else Fixed
            try:
                auth.add_auth(request)
            finally:
                botocore.auth.datetime = real
        return dict(request.headers)

    def send(self, body, headers, method="POST", path="/"):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=20)
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), answer

    def kms(self, operation, body, **options):
        headers = {"X-Amz-Target": f"TrentService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        return self.send(body, self.signed("kms", body, headers, **options))

    def ec2(self, body, **options):
        if isinstance(body, dict):
            body = urlencode({"Version": "2016-11-15", **body})
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self.send(body, self.signed("ec2", body, headers, **options))


def kms_error(answer):
    status, headers, body = answer
    document = json.loads(body)
    assert headers.get("x-amzn-RequestId") or headers.get("x-amzn-requestid"), headers
    return status, document["__type"].rsplit("#", 1)[-1], document.get("message", document.get("Message", ""))


def ec2_error(answer):
    status, _, body = answer
    text = body.decode()
    assert text.startswith("<?xml"), text
    assert "<Response><Errors><Error>" in re.sub(r">\s+<", "><", text) and "<RequestID>" in text, text
    return (status, re.search("<Code>(.*?)</Code>", text).group(1),
            re.search("<Message>(.*?)</Message>", text, re.S).group(1))


@pytest.fixture(scope="module")
def raw(shared_coffer):
    return Raw(shared_coffer)


@pytest.fixture(autouse=True)
def server_stays_up(shared_coffer):
    before = shared_coffer.daemons()
    yield
    assert shared_coffer.client("kms").list_keys()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert shared_coffer.daemons() == before, "a daemon died"


JSON_HEADERS = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def test_no_signature(raw):
    assert kms_error(raw.send("{}", {**JSON_HEADERS, "Host": "kms.us-west-2.amazonaws.com"}))[:2] == (
        400, "MissingAuthenticationTokenException")
    status, code, message = ec2_error(raw.send("Action=DescribeVolumes&Version=2016-11-15", FORM_HEADERS))
    assert (status, code) in ((400, "MissingParameter"), (401, "AuthFailure"))
    assert "AWSAccessKeyId" in message or "credentials" in message


def test_wrong_secret(raw):
    wrong = Credentials(raw.credentials.access_key, "x" * 40)
    assert kms_error(raw.kms("ListKeys", "{}", credentials=wrong))[:2] == (400, "InvalidSignatureException")
    assert ec2_error(raw.ec2({"Action": "DescribeVolumes"}, credentials=wrong))[:2] == (401, "AuthFailure")


def test_unknown_access_key(raw):
    unknown = Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40)
    assert kms_error(raw.kms("ListKeys", "{}", credentials=unknown)) == (
        400, "UnrecognizedClientException", "The security token included in the request is invalid.")
    assert ec2_error(raw.ec2({"Action": "DescribeVolumes"}, credentials=unknown)) == (
        401, "AuthFailure", "AWS was not able to validate the provided access credentials")


def test_body_changed_after_signing(raw):
    headers = raw.signed("kms", "{}", JSON_HEADERS)
    assert kms_error(raw.send('{"Limit":1}', headers))[:2] == (400, "InvalidSignatureException")


def test_mangled_authorization(raw):
    headers = raw.signed("kms", "{}", JSON_HEADERS)
    headers["Authorization"] = headers["Authorization"].replace("SignedHeaders=", "Signed=")
    assert kms_error(raw.send("{}", headers))[:2] == (400, "IncompleteSignatureException")


@pytest.mark.parametrize("minutes", [-20, 20])
def test_skewed_clock(raw, minutes):
    when = datetime.datetime.utcnow() + datetime.timedelta(minutes=minutes)
    status, code, message = kms_error(raw.kms("ListKeys", "{}", when=when))
    assert (status, code) == (400, "InvalidSignatureException")
    assert message.startswith("Signature expired:" if minutes < 0 else "Signature not yet current:"), message
    assert ec2_error(raw.ec2({"Action": "DescribeVolumes"}, when=when))[1] in ("RequestExpired", "AuthFailure")


def test_unknown_operation(raw):
    assert kms_error(raw.kms("MakeCoffee", "{}"))[:2] == (400, "UnknownOperationException")
    assert ec2_error(raw.ec2({"Action": "MakeCoffee"})) == (
        400, "InvalidAction", "The action MakeCoffee is not valid for this web service.")


@pytest.mark.parametrize("body", ["{", "[]", "nonsense", '{"KeyId": }', '"text"', "\x00\x01", '{"a":' * 5000])
def test_malformed_json(raw, body):
    assert kms_error(raw.kms("DescribeKey", body))[:2] == (400, "SerializationException")


def test_malformed_form(raw):
    status, code, _ = ec2_error(raw.ec2("Action=DescribeVolumes&Version=2016-11-15&VolumeId.1=%ZZ"))
    assert (status, code) == (400, "MalformedQueryString")


def test_oversize_body(raw):
    body = "x" * (32 << 20)
    try:
        status, _, answer = raw.send(body, raw.signed("kms", body, JSON_HEADERS))
    except (BrokenPipeError, ConnectionResetError):
        return  # the server may hang up on a client that goes on sending
    assert status == 413, answer


def test_gzip_body_is_read_and_a_bomb_is_not(raw):
    body = gzip.compress(b'{"Limit": 5}')
    headers = {**JSON_HEADERS, "Content-Encoding": "gzip"}
    assert raw.send(body, raw.signed("kms", body, headers))[0] == 200
    bomb = gzip.compress(b" " * (256 << 20))
    status, _, _ = raw.send(bomb, raw.signed("kms", bomb, headers))
    assert status in (400, 413)


def test_unknown_parameter_is_refused_by_ec2_and_ignored_by_kms(raw):
    assert ec2_error(raw.ec2({"Action": "DescribeVolumes", "Colour": "red"})) == (
        400, "UnknownParameter", "The parameter Colour is not recognized")
    assert raw.kms("ListKeys", '{"Colour": "red"}')[0] == 200


def test_wrong_type(raw):
    assert kms_error(raw.kms("ListKeys", '{"Limit": "many"}'))[:2] == (400, "SerializationException")
    assert kms_error(raw.kms("DescribeKey", '{"KeyId": {"a": 1}}'))[:2] == (400, "SerializationException")
    assert ec2_error(raw.ec2({"Action": "CreateVolume", "AvailabilityZone": "us-west-2a", "Size": "big"}))[:2] == (
        400, "InvalidParameterValue")


def test_missing_required_member(raw):
    assert kms_error(raw.kms("DescribeKey", "{}")) == (
        400, "ValidationException",
        "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null")
    assert ec2_error(raw.ec2({"Action": "CreateVolume", "Size": "1"}))[:2] == (400, "MissingParameter")


def test_constraints_of_the_model(raw):
    status, code, message = kms_error(raw.kms("ListKeys", '{"Limit": 0}'))
    assert (status, code) == (400, "ValidationException")
    assert "at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1" in message
    status, code, message = kms_error(raw.kms("CreateKey", '{"KeyUsage": "MAKE_COFFEE"}'))
    assert "Member must satisfy enum value set: [" in message and "'keyUsage'" in message


def test_region_that_is_not_installed(raw):
    status, code, message = kms_error(raw.kms("ListKeys", "{}", region="eu-west-7"))
    assert status in (400, 403) and "eu-west-7" in message
    status, code, message = ec2_error(raw.ec2({"Action": "DescribeVolumes"}, region="eu-west-7"))
    assert status in (400, 401, 403) and "eu-west-7" in message


def test_garbage_instead_of_http(shared_coffer):
    import os
    import socket
    url = urlsplit(shared_coffer.endpoint)
    for garbage in (b"\0" * 100, os.urandom(5000), b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
        with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass


def test_ec2_parameters_of_volumes(shared_coffer):
    ec2 = shared_coffer.client("ec2")
    good = {"AvailabilityZone": "us-west-2a", "Size": 1, "VolumeType": "gp3"}
    cases = [
        ({"AvailabilityZone": "us-east-1a"}, "InvalidZone.NotFound"),
        ({"Size": 100000}, "InvalidParameterValue"),
        ({"SnapshotId": "snap-0123456789abcdef0"}, "InvalidSnapshot.NotFound"),
        ({"Iops": 1}, "InvalidParameterValue"),
        ({"VolumeType": "gp2", "Throughput": 200}, "InvalidParameterCombination"),
        ({"KmsKeyId": "alias/aws/ebs"}, "InvalidParameterDependency"),
        ({"DryRun": True}, "DryRunOperation"),
        ({"ClientToken": "t" * 65}, "InvalidParameterValue"),
        ({"TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "k" * 128, "Value": "v"}]}]}, "InvalidParameterValue"),
        ({"TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "k", "Value": "v" * 257}]}]}, "InvalidParameterValue"),
        ({"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]}, "InvalidParameterValue"),
    ]
    for change, code in cases:
        with pytest.raises(ClientError) as refused:
            ec2.create_volume(**{**good, **change})
        assert refused.value.response["Error"]["Code"] == code, change
    assert ec2.describe_volumes()["Volumes"] == [], "a refused call left something behind"
    for call, parameters, code in [
        (ec2.describe_volumes, {"VolumeIds": ["vol-0123456789abcdef0"]}, "InvalidVolume.NotFound"),
        (ec2.describe_volumes, {"VolumeIds": ["banana"]}, "InvalidParameterValue"),
        (ec2.describe_volumes, {"Filters": [{"Name": "taste", "Values": ["sweet"]}]}, "InvalidParameterValue"),
        (ec2.delete_volume, {"VolumeId": "vol-0123456789abcdef0"}, "InvalidVolume.NotFound"),
        (ec2.detach_volume, {"VolumeId": "vol-0123456789abcdef0"}, "InvalidVolume.NotFound"),
    ]:
        with pytest.raises(ClientError) as refused:
            call(**parameters)
        assert refused.value.response["Error"]["Code"] == code, parameters


def test_tags_are_as_long_as_ec2_allows_in_characters(shared_coffer):
    ec2 = shared_coffer.client("ec2")
    tags = [{"Key": "ü" * 127, "Value": "€" * 256}]
    volume = ec2.create_volume(AvailabilityZone="us-west-2a", Size=1, ClientToken="t" * 64,
                               TagSpecifications=[{"ResourceType": "volume", "Tags": tags}])
    assert ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"][0]["Tags"] == tags
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]], WaiterConfig={"Delay": 0.1})
    ec2.delete_volume(VolumeId=volume["VolumeId"])
