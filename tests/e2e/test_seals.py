# SPDX-License-Identifier: Apache-2.0
"""Kinds of seals, and changes from one to another while everything runs."""
import os
import pty
import select
import shutil
import signal
import subprocess
import time

import pytest

from harness import BUILD, files_with, wait_until
from seals import Sealed

PASSPHRASE = "correct horse battery staple"
OTHER = "another passphrase altogether"


def refusal(data, secret, *more):
    """What `coffer up` says that does not start."""
    result = subprocess.run([BUILD / "coffer", "up", "--data", data, "--listen", "127.0.0.1:0", "--unseal-fd", "0", *more],
                            input=secret + "\n", capture_output=True, text=True, timeout=60)
    assert result.returncode != 0 and "ready" not in result.stdout
    return result.stderr


@pytest.fixture
def by_passphrase(tmp_path):
    coffer = Sealed(tmp_path / "data", "--seal", "passphrase")
    coffer.secret = PASSPHRASE
    with coffer:
        yield coffer


def sample(coffer):
    kms = coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    return kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]


def opens(coffer, blob):
    return coffer.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"before"


def test_a_passphrase_opens_what_it_sealed_and_another_does_not(by_passphrase):
    coffer = by_passphrase
    blob = sample(coffer)
    assert not (coffer.data / "seal.key").exists()
    coffer.restart()
    assert opens(coffer, blob)
    coffer.stop()
    assert "not the passphrase" in refusal(coffer.data, OTHER)
    assert "--unseal-fd" in subprocess.run([BUILD / "coffer", "up", "--data", coffer.data, "--listen", "127.0.0.1:0"],
                                           capture_output=True, text=True, start_new_session=True).stderr


def test_keyd_is_started_again_without_anybody_at_a_keyboard(by_passphrase):
    coffer = by_passphrase
    blob = sample(coffer)
    coffer.kill_daemons("coffer-keyd")
    assert opens(coffer, blob)


def test_the_passphrase_is_in_no_file_argument_environment_or_log(by_passphrase):
    coffer = by_passphrase
    assert not files_with(coffer.data, PASSPHRASE.encode())
    assert PASSPHRASE not in coffer.log()
    for pid in [coffer.process.pid, *coffer.daemons().values()]:
        for name in ("cmdline", "environ"):
            assert PASSPHRASE.encode() not in open(f"/proc/{pid}/{name}", "rb").read()


def test_the_terminal_asks_until_the_passphrase_is_right(by_passphrase):
    coffer = by_passphrase
    coffer.stop()
    child, terminal = pty.fork()
    if child == 0:
        os.execv(BUILD / "coffer", ["coffer", "up", "--data", str(coffer.data), "--listen", "127.0.0.1:0"])
    shown = b""

    def wait_for(text, times=1):
        nonlocal shown
        deadline = time.monotonic() + 30
        while shown.count(text) < times:
            assert time.monotonic() < deadline, shown
            if select.select([terminal], [], [], 0.2)[0]:
                shown += os.read(terminal, 4096)
    try:
        wait_for(b"passphrase of the domain keys:")
        os.write(terminal, OTHER.encode() + b"\n")
        wait_for(b"passphrase of the domain keys:", 2)
        assert b"once more" in shown
        os.write(terminal, PASSPHRASE.encode() + b"\n")
        wait_for(b"ready http")
        assert PASSPHRASE.encode() not in shown and OTHER.encode() not in shown
    finally:
        os.kill(child, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            assert time.monotonic() < deadline
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    os.read(terminal, 4096)
                except OSError:
                    pass


def test_a_change_of_seal_while_everything_runs(tmp_path):
    with Sealed(tmp_path / "data") as coffer:
        blob = sample(coffer)
        assert coffer.json("seal", "status")["seal"] == "key-file"
        old_file = tmp_path / "old.key"
        coffer.change_seal("passphrase", secret=PASSPHRASE)
        shutil.move(coffer.data / "seal.key", old_file)
        assert coffer.json("seal", "status")["seal"] == "passphrase"
        assert "passphrase" in coffer.json("status")["keyd"]["seal"]
        assert opens(coffer, blob)
        coffer.kill_daemons("coffer-keyd")  # the supervisor has been told what opens it now
        assert opens(coffer, blob)
        coffer.secret = PASSPHRASE
        coffer.restart()
        assert opens(coffer, blob)
        # Back to a file, elsewhere; a plain start finds it.
        new_file = tmp_path / "new.key"
        coffer.change_seal("key-file", "--seal-file", str(new_file))
        assert new_file.stat().st_mode & 0o777 == 0o600
        coffer.secret = None
        coffer.restart()
        assert opens(coffer, blob)
        assert str(new_file) in coffer.json("seal", "status")["description"]
        coffer.stop()
        new_file.unlink()
        assert "seal" in refusal(coffer.data, PASSPHRASE)


def test_changes_that_fail_do_not_make_the_supervisor_forget_what_opens_the_seal(by_passphrase):
    coffer = by_passphrase
    blob = sample(coffer)
    copy = coffer.data / "keyd/domain-keys.0"
    copy.unlink()
    copy.mkdir()  # nothing can be renamed over it
    for _ in range(6):
        assert coffer.command("seal", "change", "--to", "passphrase", "--unseal-fd", "0", input=OTHER + "\n",
                              check=False).returncode != 0
    copy.rmdir()
    coffer.kill_daemons("coffer-keyd")
    assert opens(coffer, blob)
    assert copy.is_file() and not list(copy.parent.glob("*.new"))


def test_a_passphrase_is_changed_for_another(by_passphrase):
    coffer = by_passphrase
    blob = sample(coffer)
    coffer.change_seal("passphrase", secret=OTHER)
    coffer.stop()
    assert "not the passphrase" in refusal(coffer.data, PASSPHRASE)
    coffer.secret = OTHER
    coffer.start()
    assert opens(coffer, blob)


def test_a_change_of_seal_is_recorded_with_its_kind_and_nothing_secret(by_passphrase):
    coffer = by_passphrase
    coffer.change_seal("passphrase", secret=OTHER)
    (record,) = [each for each in coffer.trail() if each["eventName"] == "ChangeSeal"]
    assert record["requestParameters"]["seal"] == "passphrase"
    assert "box" not in record["requestParameters"]


def test_who_cannot_open_keyds_folder_cannot_change_the_seal(by_passphrase):
    """What a compromised apid could do: it can neither read the token nor make one."""
    coffer = by_passphrase
    authority = coffer.data / "keyd" / "seal-authority"
    genuine = authority.read_bytes()
    authority.write_bytes(genuine[:-32] + bytes(32))  # the public key is right, the token is not
    result = coffer.change_seal("passphrase", secret=OTHER, check=False)
    assert result.returncode == 4 and "DIR/keyd" in result.stderr, result.stderr
    authority.write_bytes(genuine)
    coffer.change_seal("passphrase", secret=OTHER)


def test_another_seal_at_the_start_is_refused_in_words(by_passphrase):
    coffer = by_passphrase
    coffer.stop()
    assert "coffer seal change --to key-file" in refusal(coffer.data, PASSPHRASE, "--seal", "key-file")


@pytest.mark.parametrize("copy", (0, 1))
def test_a_torn_copy_is_mended_from_its_twin(by_passphrase, copy):
    coffer = by_passphrase
    blob = sample(coffer)
    coffer.stop()
    copies = [coffer.data / "keyd" / f"domain-keys.{i}" for i in (0, 1)]
    whole = copies[copy].read_bytes()
    copies[copy].write_bytes(whole[:100])
    coffer.start()
    wait_until(lambda: copies[copy].read_bytes() == whole, "the mended copy")
    assert opens(coffer, blob)
