# SPDX-License-Identifier: Apache-2.0
"""kill -9 of keyd at any point of what changes its keys: every ciphertext made before opens, every deleted key's does
not, nor by an old copy of the catalog.

COFFER_KEYD_KILLS=1000 COFFER_KILL_SEED=7 run it longer or again; COFFER_KILL_ACTIONS=import,change-seal some actions only.
When keyd dies is drawn from the seed, within the time that the action took when nothing was killed."""
import collections
import concurrent.futures
import os
import random
import signal
import sqlite3
import time

import pytest
from botocore.exceptions import ClientError
from harness import wait_until
from keyd_actions import ACTIONS, DeletedKey, Promises
from seals import Sealed

KILLS = int(os.environ.get("COFFER_KEYD_KILLS", "16"))
SEED = int(os.environ.get("COFFER_KILL_SEED", random.randrange(1 << 30)))
NAMES = os.environ.get("COFFER_KILL_ACTIONS", ",".join(ACTIONS)).split(",")
DELETIONS_BETWEEN_COLD_STARTS = 12


def kill_keyd(coffer):
    before = coffer.daemons().get("coffer-keyd")
    assert before, "keyd does not run"
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: coffer.daemons().get("coffer-keyd") not in (None, before), "another keyd")


def undisturbed(promises, name):
    """Seconds that keyd may be killed in."""
    action = ACTIONS[name](promises)
    next(action)
    began = time.monotonic()
    next(action)
    seconds = time.monotonic() - began
    next(action, None)
    return seconds


def interrupted(promises, name, seconds):
    """The number of kills: sometimes the keyd that comes after is killed too, as it unseals or begins to serve."""
    action = ACTIONS[name](promises)
    next(action)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        part = pool.submit(next, action)
        time.sleep(promises.chance.random() * seconds * 1.1)
        kill_keyd(promises.coffer)
        kills = 1
        if promises.chance.random() < 0.15:
            time.sleep(promises.chance.random() * 0.1)
            kill_keyd(promises.coffer)
            kills += 1
        part.result()
    next(action, None)
    promises.check_some()
    return kills


def end_rotations(coffer):
    """No domain key from before is left when this returns."""
    coffer.command("domain-key", "rotate", "--wait")
    wait_until(lambda: coffer.json("domain-key", "status")["state"] == "completed", "the end of the rotation", 60)


def start_from_cold(promises):
    """By what the newest copy of the sealed domain keys says: a seal that a change was asked for, or the one before."""
    for secret in reversed(promises.secrets):
        promises.coffer.secret = secret
        try:
            promises.coffer.start()
        except AssertionError:
            promises.coffer.process = None
        else:
            promises.secrets = [secret]
            promises.connect()
            return
    raise AssertionError(f"none of {len(promises.secrets)} seals opens\n{promises.coffer.log()}")


def put_rows(coffer, rows):
    """Into the catalog of an installation that is stopped, as an old copy of it would have them."""
    with sqlite3.connect(coffer.data / "apid/catalog.db") as catalog:
        for table, row in rows:
            catalog.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def remove_rows(coffer, key):
    with sqlite3.connect(coffer.data / "apid/catalog.db") as catalog:
        catalog.execute("DELETE FROM backing_keys WHERE key_id = ?", (key,))
        catalog.execute("DELETE FROM keys WHERE id = ?", (key,))


def expect_dead(promises):
    """Whoever puts a deleted key's rows from an old copy of the catalog back opens nothing with them: its token is under
    a domain key that was destroyed. A key that lives, taken out and put back in the same way, opens."""
    coffer = promises.coffer
    end_rotations(coffer)
    living = promises.new_key()
    promises.promise(living)
    control = DeletedKey(living, promises.rows_of(living), promises.ciphertexts[living])
    coffer.stop()
    remove_rows(coffer, living)
    for dead in [*promises.dead, control]:
        put_rows(coffer, dead.rows)
    start_from_cold(promises)
    for dead in promises.dead:
        for _, blob in dead.ciphertexts:
            with pytest.raises(ClientError) as error:
                promises.kms.decrypt(CiphertextBlob=blob)
            assert error.value.response["Error"]["Code"] == "InvalidCiphertextException"
    promises.check(living)
    coffer.stop()
    for dead in promises.dead:
        remove_rows(coffer, dead.key)
    start_from_cold(promises)
    promises.check_all()
    promises.dead.clear()


def test_every_ciphertext_opens_and_no_deleted_keys_does(tmp_path):
    print(f"seed {SEED}, {KILLS} kills, {', '.join(NAMES)}")
    done, deleted = collections.Counter(), 0
    with Sealed(tmp_path / "data", "--development") as coffer:
        promises = Promises(coffer, tmp_path, SEED)
        seconds = {name: undisturbed(promises, name) for name in NAMES}
        while done.total() < KILLS:
            name = promises.chance.choice(NAMES)
            done[name] += interrupted(promises, name, seconds[name])
            if len(promises.dead) >= DELETIONS_BETWEEN_COLD_STARTS:
                deleted += len(promises.dead)
                expect_dead(promises)
                print(f"{done.total()} kills", flush=True)
        deleted += len(promises.dead)
        expect_dead(promises)
        print(f"{done.total()} kills: {dict(done)}; {deleted} keys deleted, "
              f"{sum(map(len, promises.ciphertexts.values()))} ciphertexts of {len(promises.ciphertexts)} keys open")
