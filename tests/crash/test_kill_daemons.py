# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemons at random under load: nothing that was acknowledged is lost, nothing stays half done.

COFFER_KILLS=200 COFFER_KILL_SEED=7 run it longer or again."""
import os
import random
import signal
import threading
import time

import nbd
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from harness import DAEMONS, ZONE, is_served, nbd_client, wait_until

KILLS = int(os.environ.get("COFFER_KILLS", "12"))
SEED = int(os.environ.get("COFFER_KILL_SEED", random.randrange(1 << 30)))
SECTOR = 4096


class Client(threading.Thread):
    """Makes keys and volumes, attaches, detaches and deletes them, and remembers what it was promised."""

    def __init__(self, coffer, credentials, instance, number, stop):
        super().__init__()
        self.coffer, self.number, self.stop = coffer, number, stop
        self.chance = random.Random(SEED + number)
        # Every second one takes what comes; the others try again, as SDKs do.
        retries = 12 if number % 2 else 0
        self.kms = coffer.client("kms", credentials=credentials, retries=retries)
        self.ec2 = coffer.client("ec2", credentials=credentials, retries=retries)
        self.instance = instance
        self.promised = {}      # volume → the state it was left in; None where an answer did not come
        self.acknowledged = []  # request ids of changes
        self.ciphertexts = []   # (key, plaintext, ciphertext)
        self.wrong = []         # refusals that a client would not try again

    def call(self, function, may_be_repeated=(), **parameters):
        try:
            answer = function(**parameters)
            return answer, answer["ResponseMetadata"]["RequestId"]
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status < 500 and error.response["Error"]["Code"] not in may_be_repeated:
                self.wrong.append(str(error))
        except BotoCoreError:
            pass
        return None, None

    def change(self, function, may_be_repeated=(), **parameters):
        answer, request = self.call(function, may_be_repeated, **parameters)
        if answer is not None:
            self.acknowledged.append(request)
        return answer

    def run(self):
        key = None
        while not self.stop.is_set():
            if key is None:
                made = self.change(self.kms.create_key)
                key = made and made["KeyMetadata"]["KeyId"]
                continue
            plaintext = os.urandom(20)
            encrypted, _ = self.call(self.kms.encrypt, KeyId=key, Plaintext=plaintext)
            if encrypted:
                self.ciphertexts.append((plaintext, encrypted["CiphertextBlob"]))
            self.life_of_a_volume(key)

    def life_of_a_volume(self, key):
        made = self.change(self.ec2.create_volume, AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)
        if not made:
            return
        volume = made["VolumeId"]
        self.promised[volume] = "available"
        if not self.became_available(volume):
            return
        place = len(self.promised)
        device = f"/dev/xvd{chr(98 + self.number)}{chr(97 + place // 26 % 26)}{chr(97 + place % 26)}"
        # A repeated attach or detach whose first answer was lost finds its own work.
        if not self.step(volume, "in-use", self.ec2.attach_volume, ("VolumeInUse", "IncorrectState"),
                         InstanceId=self.instance, Device=device):
            return
        if self.chance.random() < 0.2:
            return
        if self.step(volume, "available", self.ec2.detach_volume, ("IncorrectState",)) and self.chance.random() < 0.6:
            self.step(volume, "deleted", self.ec2.delete_volume, ("InvalidVolume.NotFound", "IncorrectState"))

    def step(self, volume, state, function, may_be_repeated, **parameters):
        self.promised[volume] = None
        done = self.change(function, may_be_repeated, VolumeId=volume, **parameters)
        if done:
            self.promised[volume] = state
        return done

    def became_available(self, volume):
        deadline = time.monotonic() + 60
        while not self.stop.is_set():
            answer, _ = self.call(self.ec2.describe_volumes, VolumeIds=[volume])
            if answer and answer["Volumes"][0]["State"] == "available":
                return True
            if time.monotonic() > deadline:
                self.wrong.append(f"{volume} is still not available")
                return False
            time.sleep(0.05)
        return False


class Writer(threading.Thread):
    """Writes to an attached volume, flush by flush, and connects again when volumed is killed."""

    def __init__(self, coffer, volume, stop):
        super().__init__()
        self.coffer, self.volume, self.stop = coffer, volume, stop
        self.sectors = {}  # offset → what it may hold: the last flushed, and what was written after it
        self.flushed = 0

    def run(self):
        number = 0
        while not self.stop.is_set():
            try:
                handle = nbd.NBD()
                handle.connect_uri(self.coffer.uri(self.volume))
                while not self.stop.is_set():
                    contents, offset = os.urandom(SECTOR), number % 200 * SECTOR
                    self.sectors.setdefault(offset, []).append(contents)
                    handle.pwrite(contents, offset)
                    handle.flush()
                    self.sectors[offset] = [contents]
                    self.flushed += 1
                    number += 1
            except (nbd.Error, AssertionError):
                time.sleep(0.05)


def kill_at_random(coffer):
    chance = random.Random(SEED)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 1.0))
        running = coffer.daemons()
        for name in chance.sample(DAEMONS, chance.choice([1, 1, 1, 2, 3])):
            if name in running:
                os.kill(running[name], signal.SIGKILL)


@pytest.fixture(scope="module")
def aftermath(shared_coffer):
    """An installation whose daemons were killed again and again, back at rest, and what its clients saw."""
    print("seed", SEED, "kills", KILLS)
    coffer = shared_coffer
    exports = coffer.environment()
    credentials = exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"]
    stop = threading.Event()
    volume = coffer.create_volume(Encrypted=True)
    coffer.attach(volume, "/dev/sdz")
    writer = Writer(coffer, volume, stop)
    clients = [Client(coffer, credentials, coffer.host(), number, stop) for number in range(4)]
    for thread in [writer, *clients]:
        thread.start()
    kill_at_random(coffer)
    wait_until(lambda: set(coffer.daemons()) == set(DAEMONS), "all daemons", 30)
    time.sleep(1)
    stop.set()
    for thread in [writer, *clients]:
        thread.join()
    ec2 = coffer.client("ec2", retries=12)

    def settled():
        found = {entry["VolumeId"]: entry for entry in ec2.describe_volumes()["Volumes"]}
        under_way = [v for v in found.values() if v["State"] not in ("available", "in-use")
                     or any(a["State"] != "attached" for a in v["Attachments"])]
        return None if under_way else found

    found = wait_until(settled, "no volume to be creating, deleting or attaching", 30)
    return coffer, clients, writer, found


def test_refusals_were_ones_that_a_client_tries_again(aftermath):
    _, clients, _, _ = aftermath
    assert sum(len(client.acknowledged) for client in clients) > 10, "there was no load"
    assert [refusal for client in clients for refusal in client.wrong] == []


def test_volumes_are_in_the_state_that_was_acknowledged(aftermath):
    coffer, clients, _, found = aftermath
    for client in clients:
        for volume, state in client.promised.items():
            if state is not None:
                assert (found[volume]["State"] if volume in found else "deleted") == state, volume
    assert coffer.stored("vol") == set(found)
    assert coffer.stored("layer") == {layer for volume in found for layer in coffer.layers(volume)}


def test_attached_volumes_are_served_again_and_no_others(aftermath):
    coffer, _, _, found = aftermath
    attached = {volume for volume, entry in found.items() if entry["State"] == "in-use"}
    sockets = coffer.data / "run/nbd"
    wait_until(lambda: {entry.stem for entry in sockets.iterdir()} == attached, "the attached volumes", 30)
    assert all(is_served(coffer.uri(volume)) for volume in attached)


def test_flushed_writes_are_there(aftermath):
    coffer, _, writer, _ = aftermath
    assert writer.flushed > 100, "there was no load"
    wait_until(lambda: is_served(coffer.uri(writer.volume)), "the volume")
    with nbd_client(coffer.uri(writer.volume)) as handle:
        lost = [offset for offset, allowed in writer.sectors.items() if handle.pread(SECTOR, offset) not in allowed]
    assert lost == []


def test_every_acknowledged_change_is_in_the_trail_and_none_twice(aftermath):
    coffer, clients, _, _ = aftermath
    records = coffer.trail(10000)
    recorded = {record["requestID"] for record in records if record.get("requestID")}
    if len(records) < 10000:  # the command shows no more
        assert [request for client in clients for request in client.acknowledged if request not in recorded] == []
    assert len({record["eventID"] for record in records}) == len(records)


def test_ciphertexts_decrypt(aftermath):
    coffer, clients, _, _ = aftermath
    kms = coffer.client("kms")
    samples = [sample for client in clients for sample in client.ciphertexts]
    assert samples
    for plaintext, ciphertext in samples[-50:]:
        assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == plaintext
