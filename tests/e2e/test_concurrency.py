# SPDX-License-Identifier: Apache-2.0
"""Many clients at once: the same volumes, the same client token, and clients that only keep us waiting."""
import collections
import os
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from harness import ZONE, is_served, wait_until

THREADS = 32
SECONDS = 5


@pytest.fixture(scope="module")
def credentials(shared_coffer):
    exports = shared_coffer.environment()
    return exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"]


def outcome(call, **parameters):
    """What a call gave: ("ok", answer) or (AWS's error code, HTTP status)."""
    try:
        return "ok", call(**parameters)
    except ClientError as refused:
        return refused.response["Error"]["Code"], refused.response["ResponseMetadata"]["HTTPStatusCode"]


def test_one_client_token_from_many_threads_makes_one_volume(shared_coffer, credentials):
    clients = [shared_coffer.client("ec2", credentials=credentials) for _ in range(16)]
    before = len(clients[0].describe_volumes()["Volumes"])
    with ThreadPoolExecutor(16) as threads:
        same = list(threads.map(
            lambda ec2: outcome(ec2.create_volume, AvailabilityZone=ZONE, Size=1, Encrypted=True, ClientToken="one"),
            clients))
        # Two requests under one token: one of them is the first, and only that one counts.
        mixed = list(threads.map(
            lambda number: outcome(clients[number].create_volume, AvailabilityZone=ZONE, Size=1 + number % 2,
                                   ClientToken="two"), range(16)))
    assert {code for code, _ in same} == {"ok"}
    assert len({answer["VolumeId"] for _, answer in same}) == 1
    assert collections.Counter(code for code, _ in mixed) == {"ok": 8, "IdempotentParameterMismatch": 8}
    assert len({answer["VolumeId"] for code, answer in mixed if code == "ok"}) == 1
    assert len(clients[0].describe_volumes()["Volumes"]) == before + 2


def test_the_same_volumes_attached_detached_and_deleted_by_many_threads(shared_coffer, credentials):
    ec2 = shared_coffer.client("ec2", credentials=credentials)
    instance = shared_coffer.host()
    daemons = shared_coffer.daemons()
    volumes = [shared_coffer.create_volume(ec2, Encrypted=number % 2 == 0) for number in range(8)]
    seed = random.randrange(1 << 30)
    print("seed", seed)
    deadline = time.monotonic() + SECONDS
    outcomes = collections.Counter()

    def client(number):
        chance = random.Random(seed + number)
        mine = shared_coffer.client("ec2", credentials=credentials, retries=1)
        while time.monotonic() < deadline:
            volume = chance.choice(volumes)
            action = chance.choice(["attach"] * 4 + ["detach"] * 4 + ["create", "delete", "describe"])
            if action == "attach":
                code, _ = outcome(mine.attach_volume, VolumeId=volume, InstanceId=instance,
                                  Device="/dev/sd" + chance.choice("fghijklmnop"))
            elif action == "detach":
                code, _ = outcome(mine.detach_volume, VolumeId=volume, Force=chance.random() < 0.3)
            elif action == "create":
                code, answer = outcome(mine.create_volume, AvailabilityZone=ZONE, Size=1,
                                       Encrypted=chance.random() < 0.5)
                if code == "ok":
                    volumes[chance.randrange(len(volumes))] = answer["VolumeId"]
            elif action == "delete":
                code, _ = outcome(mine.delete_volume, VolumeId=volume)
            else:
                code, _ = outcome(mine.describe_volumes)
            outcomes[action, code] += 1

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(client, range(THREADS)))

    for action in ("attach", "detach", "create", "delete", "describe"):
        assert outcomes[action, "ok"] > 0, outcomes
    assert {code for _, code in outcomes} <= {"ok", "VolumeInUse", "IncorrectState", "InvalidVolume.NotFound",
                                              "InvalidParameterValue"}, outcomes

    def settled():
        found = ec2.describe_volumes()["Volumes"]
        states = {volume["State"] for volume in found}
        states |= {attachment["State"] for volume in found for attachment in volume["Attachments"]}
        return found if states <= {"available", "in-use", "attached"} else None

    found = wait_until(settled, "all volumes to come to rest", 30)
    attached = {volume["VolumeId"] for volume in found if volume["State"] == "in-use"}
    served = {entry.stem for entry in (shared_coffer.data / "run/nbd").iterdir()}
    assert served == attached, "what is served and what is called attached differ"
    assert all(is_served(shared_coffer.uri(volume)) for volume in attached)
    assert shared_coffer.stored("vol") == {v["VolumeId"] for v in found}
    assert shared_coffer.stored("layer") == {layer for v in found for layer in shared_coffer.layers(v["VolumeId"])}

    for volume in attached:
        ec2.detach_volume(VolumeId=volume)
    for volume in found:
        ec2.delete_volume(VolumeId=volume["VolumeId"])
    wait_until(lambda: not list((shared_coffer.data / "volumes").iterdir()), "the volumes' files to go", 30)
    assert shared_coffer.daemons() == daemons


def test_clients_that_say_nothing_keep_nobody_out(shared_coffer, credentials):
    url = urlsplit(shared_coffer.endpoint)
    kms = shared_coffer.client("kms", credentials=credentials, retries=8)
    mute = []
    for number in range(1500):  # more than are served at a time
        connection = socket.create_connection((url.hostname, url.port), timeout=5)
        connection.sendall(b"POST / HTTP/1.1\r\nHo" if number % 2 else b"\r\n")
        mute.append(connection)
    began = time.monotonic()
    kms.list_keys()
    assert time.monotonic() - began < 20
    for connection in mute:
        connection.close()


def test_a_keyd_that_hangs_holds_up_only_those_who_need_it(coffer):
    kms, ec2 = coffer.client("kms"), coffer.client("ec2")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    ec2.describe_volumes()  # from now on apid knows today's signing key
    exports = coffer.environment()
    credentials = exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"]
    keyd = coffer.daemons()["coffer-keyd"]
    codes = []

    def encrypt():
        once = coffer.client("kms", credentials=credentials, retries=0)
        codes.append(outcome(once.encrypt, KeyId=key_id, Plaintext=b"text")[0])

    os.kill(keyd, signal.SIGSTOP)
    try:
        waiting = [threading.Thread(target=encrypt) for _ in range(20)]
        for thread in waiting:
            thread.start()
        time.sleep(0.5)
        began = time.monotonic()
        ec2.describe_volumes()
        assert time.monotonic() - began < 2, "a call that needs no key waited for keyd"
        for thread in waiting:
            thread.join()
    finally:
        os.kill(keyd, signal.SIGCONT)
    assert set(codes) == {"DependencyTimeoutException"}, codes
    assert kms.encrypt(KeyId=key_id, Plaintext=b"text")["CiphertextBlob"]
    assert coffer.daemons()["coffer-keyd"] == keyd
