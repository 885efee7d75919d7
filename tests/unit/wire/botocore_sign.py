# SPDX-License-Identifier: Apache-2.0
"""Prints requests that botocore signed, for sigv4_botocore_test.cc. Usage: botocore_sign.py SEED COUNT

One request a line, tab-separated: secret key, scope date, region, service, time, method, target, body in hex, then
name=value header fields, each of those base64.
"""
import base64
import datetime
import json
import random
import sys
from unittest import mock
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

seed, count = int(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)
ALPHABET = "abcXYZ019-._~ /+=&%?:;,@!$'()*\"<>[]{}|\\^`äé漢"


def text(longest):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(1, longest)))


def request():
    service, region = rng.choice(["kms", "ec2", "sts"]), rng.choice(["us-west-2", "eu-central-1"])
    host = rng.choice([f"{service}.{region}.amazonaws.com", "127.0.0.1:4599"])
    url = f"http://{host}/"
    if rng.random() < 0.5:
        url += "/".join(quote(text(8), safe="~") if rng.random() < 0.8 else rng.choice(["", ".", ".."])
                        for _ in range(rng.randrange(4)))
    if rng.random() < 0.6:
        url += "?" + "&".join(f"{quote(text(6), safe='-_.~')}={quote(text(8), safe='-_.~')}"
                              for _ in range(rng.randrange(1, 6)))
    body, headers, method = b"", {}, "GET"
    if rng.random() < 0.7:
        method = "POST"
        if service == "kms":
            body = json.dumps({"Plaintext": text(30)}).encode()
            headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.Encrypt"}
        else:
            body = f"Action=DescribeVolumes&Version=2016-11-15&Filter.1.Name={quote(text(9), safe='')}".encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    if rng.random() < 0.3:
        headers["X-Padded"] = "  a   b " + "c" * rng.randrange(3) + "  "
    return service, region, AWSRequest(method=method, url=url, headers=headers, data=body)


for _ in range(count):
    service, region, unsigned = request()
    secret = "".join(rng.choice("abcdefABCDEF0123456789/+") for _ in range(40))
    token = "token/" + str(rng.random()) if rng.random() < 0.3 else None
    when = datetime.datetime(2024, 2, 29, 23, 59, 30) + datetime.timedelta(seconds=rng.randrange(100000))
    signer = botocore.auth.SigV4Auth
    if unsigned.method == "GET" and rng.random() < 0.5:
        signer = botocore.auth.SigV4QueryAuth
    with mock.patch("botocore.auth.datetime") as module:
        module.datetime.utcnow.return_value = when
        module.datetime.strptime = datetime.datetime.strptime
        signer(Credentials("AKIDEXAMPLE", secret, token), service, region).add_auth(unsigned)
    sent = unsigned.prepare()
    parts = urlsplit(sent.url)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    fields = [(name, value.decode() if isinstance(value, bytes) else value) for name, value in sent.headers.items()]
    fields.append(("Host", parts.netloc))
    print("\t".join([secret, when.strftime("%Y%m%d"), region, service, when.strftime("%Y%m%dT%H%M%SZ"), sent.method,
                     target, (sent.body or b"").hex()] +
                    [base64.b64encode(f"{name}={value}".encode()).decode() for name, value in fields]))
