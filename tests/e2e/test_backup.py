# SPDX-License-Identifier: Apache-2.0
"""Backup and restoration: on an empty machine, and of an older catalog onto newer volumes."""
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import BUILD, Coffer, files_with, wait_until
from seals import Sealed

PASSPHRASE = "a recovery passphrase"
KEYS = int(os.environ.get("COFFER_BACKUP_KEYS", "60"))


def backup(coffer, path, *more, passphrase=PASSPHRASE):
    return coffer.command("backup", str(path), *more, *(["--passphrase-fd", "0"] if passphrase else []), input=passphrase)


def restore(path, data, *more, passphrase=PASSPHRASE, check=True):
    result = subprocess.run([BUILD / "coffer", "restore", str(path), "--data", str(data), *more,
                             *(["--passphrase-fd", "0"] if passphrase else [])], input=passphrase, capture_output=True,
                            text=True, timeout=120)
    if check:
        assert result.returncode == 0, result.stderr
    return result


def samples(coffer, count=3):
    kms = coffer.client("kms")
    made = []
    for number in range(count):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        made.append((f"text {number}".encode(), kms.encrypt(KeyId=key, Plaintext=f"text {number}")["CiphertextBlob"]))
    return made


def all_open(coffer, made):
    kms = coffer.client("kms")
    for plaintext, blob in made:
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


def test_many_keys_are_restored_on_an_empty_machine_by_the_passphrase_alone(coffer, tmp_path):
    made = samples(coffer, KEYS)
    archive = tmp_path / "coffer.backup"
    backup(coffer, archive, "--with-domain-keys")
    assert archive.stat().st_mode & 0o777 == 0o600
    started = time.monotonic()
    restore(archive, tmp_path / "restored")
    again = Sealed(tmp_path / "restored")
    again.secret = PASSPHRASE
    with again:
        all_open(again, made[:1])
        seconds = time.monotonic() - started
        all_open(again, made)
        assert len(again.client("kms").list_keys(Limit=1000)["Keys"]) >= min(KEYS, 1000)
    print(f"{KEYS} keys restored and serving in {seconds:.1f} s")
    assert seconds < 60


def test_a_recovery_key_file_opens_it_too_and_seals_what_was_restored(coffer, tmp_path):
    made = samples(coffer)
    archive, key = tmp_path / "coffer.backup", tmp_path / "recovery.key"
    backup(coffer, archive, "--with-domain-keys", "--recovery-key", str(key), passphrase=None)
    restore(archive, tmp_path / "restored", "--recovery-key", str(key), passphrase=None)
    with Coffer(tmp_path / "restored") as again:
        assert str(key) in again.json("seal", "status")["description"]
        all_open(again, made)


def test_without_the_domain_keys_it_takes_the_seal(tmp_path):
    with Coffer(tmp_path / "data", "--seal-file", str(tmp_path / "seal.key")) as coffer:
        made = samples(coffer)
        backup(coffer, tmp_path / "coffer.backup")
    restore(tmp_path / "coffer.backup", tmp_path / "restored")
    away = tmp_path / "away.key"
    (tmp_path / "seal.key").rename(away)
    result = subprocess.run([BUILD / "coffer", "up", "--data", tmp_path / "restored", "--listen", "127.0.0.1:0"],
                            capture_output=True, text=True, timeout=60)
    assert result.returncode != 0 and "seal" in result.stderr
    with Coffer(tmp_path / "restored", "--seal-file", str(away)) as again:
        all_open(again, made)


def test_another_passphrase_opens_nothing_and_leaves_nothing(coffer, tmp_path):
    backup(coffer, tmp_path / "coffer.backup")
    result = restore(tmp_path / "coffer.backup", tmp_path / "restored", passphrase="some other passphrase", check=False)
    assert result.returncode != 0 and "passphrase" in result.stderr
    assert not (tmp_path / "restored" / "installation.json").exists()


@pytest.mark.parametrize("damage", ("flipped", "cut", "longer", "swapped"))
def test_a_damaged_archive_restores_nothing(coffer, tmp_path, damage):
    archive = tmp_path / "coffer.backup"
    backup(coffer, archive)
    whole = bytearray(archive.read_bytes())
    chance = random.Random(damage)
    if damage == "flipped":
        whole[chance.randrange(200, len(whole))] ^= 4
    if damage == "cut":
        del whole[chance.randrange(200, len(whole)):]
    if damage == "longer":
        whole[-20:-20] = b"more"
    if damage == "swapped":
        head, size = 8 + 2 + 1 + 4 + 45 + 16, 4 + (64 << 10) + 16
        whole[head:head + 2 * size] = whole[head + size:head + 2 * size] + whole[head:head + size]
    archive.write_bytes(whole)
    result = restore(archive, tmp_path / "restored", check=False)
    assert result.returncode != 0, result.stdout
    assert not (tmp_path / "restored" / "installation.json").exists()


def test_an_archive_holds_nothing_in_the_clear(coffer, tmp_path):
    coffer.client("kms").create_key(Description="a description nobody must read")
    secret = coffer.environment()["AWS_SECRET_ACCESS_KEY"].encode()
    folder = tmp_path / "backups"
    folder.mkdir()
    backup(coffer, folder / "coffer.backup", "--with-domain-keys")
    for needle in (b"a description nobody must read", b"SQLite format 3", secret):
        assert not files_with(folder, needle)
    assert not list((coffer.data / "apid").glob("backup-*"))  # the copy is gone


def test_an_older_catalog_on_newer_volumes_lists_them_and_destroys_nothing(tmp_path):
    with Coffer(tmp_path / "data") as coffer:
        old = coffer.create_volume(Encrypted=True)
        backup(coffer, tmp_path / "coffer.backup")
        new = coffer.create_volume(Encrypted=True)
        snapshot = coffer.create_snapshot(new)
        assert restore(tmp_path / "coffer.backup", coffer.data, check=False).returncode != 0  # it is running
        coffer.stop()
        before = {entry.name for entry in (coffer.data / "volumes").iterdir()}
        said = restore(tmp_path / "coffer.backup", coffer.data).stdout
        assert new in said and snapshot in said and old not in said, said
        coffer.start()
        volumes = coffer.client("ec2").describe_volumes()["Volumes"]
        assert [volume["VolumeId"] for volume in volumes] == [old]
        assert coffer.attach(old, "/dev/xvdb")
        coffer.stop()
        assert {entry.name for entry in (coffer.data / "volumes").iterdir()} == before
        # The newer catalog was put aside; put back, it knows them again.
        shutil.rmtree(coffer.data / "apid")
        (coffer.data / "apid.before-restore-1").rename(coffer.data / "apid")
        coffer.start()
        assert {volume["VolumeId"] for volume in coffer.client("ec2").describe_volumes()["Volumes"]} == {old, new}


def waits_for_apid(process):
    """Has it a socket, over which apid has not answered yet?"""
    links = [os.readlink(entry) for entry in Path(f"/proc/{process.pid}/fd").iterdir()]
    return any(link.startswith("socket:") for link in links)


def backup_across_a_rotation(coffer, archive):
    """A backup that hears that its catalog is copied once the domain key was rotated; false where that could not be managed."""
    process = subprocess.Popen([BUILD / "coffer", "backup", archive, "--passphrase-fd", "0", "--data", coffer.data],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    process.stdin.write(PASSPHRASE.encode())
    process.stdin.close()
    while process.poll() is None and not list((coffer.data / "apid").glob("backup-*")):
        pass
    process.send_signal(signal.SIGSTOP)
    in_time = process.poll() is None and waits_for_apid(process)
    if in_time:
        coffer.command("domain-key", "rotate")
        wait_until(lambda: coffer.json("domain-key", "status")["state"] == "completed", "the rotation", 60)
    process.send_signal(signal.SIGCONT)
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0, said
    return in_time


def test_a_rotation_while_the_catalog_is_copied_spoils_no_backup(tmp_path):
    seal = ("--seal-file", str(tmp_path / "seal.key"))
    archive = tmp_path / "coffer.backup"
    with Coffer(tmp_path / "data", *seal) as coffer:
        made = samples(coffer)
        assert any(backup_across_a_rotation(coffer, archive) for _ in range(20))
    restore(archive, tmp_path / "restored")
    with Coffer(tmp_path / "restored", *seal) as again:
        all_open(again, made)


def test_a_backup_of_another_installation_is_refused(coffer, tmp_path):
    backup(coffer, tmp_path / "coffer.backup")
    with Coffer(tmp_path / "other") as other:
        other.stop()
        result = restore(tmp_path / "coffer.backup", other.data, check=False)
        assert result.returncode != 0 and "another installation" in result.stderr
        other.start()


def test_it_goes_through_a_pipe(coffer, tmp_path):
    made = samples(coffer)
    key = tmp_path / "recovery.key"
    archive = subprocess.run([BUILD / "coffer", "backup", "-", "--recovery-key", key, "--with-domain-keys", "--data", coffer.data],
                             capture_output=True, timeout=60, check=True).stdout
    subprocess.run([BUILD / "coffer", "restore", "-", "--recovery-key", key, "--data", tmp_path / "restored"], input=archive,
                   capture_output=True, timeout=60, check=True)
    with Coffer(Path(tmp_path / "restored")) as again:
        all_open(again, made)


def test_a_backup_is_recorded(coffer, tmp_path):
    backup(coffer, tmp_path / "coffer.backup", "--with-domain-keys")
    what = [record["requestParameters"]["what"] for record in coffer.trail() if record["eventName"] == "CreateBackup"]
    assert sorted(what) == ["catalog", "domain keys"]


def in_words(result, code, *words):
    assert result.returncode == code and all(word in result.stderr for word in words), (result.returncode, result.stderr)


def test_what_opens_a_backup_is_asked_for_in_clear_words(coffer, tmp_path):
    by_file, by_words, key = tmp_path / "by-file", tmp_path / "by-words", tmp_path / "recovery.key"
    backup(coffer, by_file, "--recovery-key", str(key), passphrase=None)
    backup(coffer, by_words)
    target = tmp_path / "restored"
    in_words(restore(by_file, target, check=False), 2, str(by_file), "--recovery-key FILE")  # by a passphrase
    in_words(restore(by_file, target, passphrase=None, check=False), 2, "--recovery-key FILE")
    in_words(restore(by_words, target, "--recovery-key", str(key), passphrase=None, check=False), 2, str(by_words),
             "by a passphrase, not by a key file")
    in_words(restore(by_file, target, "--recovery-key", str(tmp_path / "moved.key"), passphrase=None, check=False), 4,
             str(tmp_path / "moved.key"))
    readme = tmp_path / "readme"
    readme.write_text("no backup at all, although it is long enough to be one, and it goes on and on for a while\n")
    in_words(restore(readme, target, check=False), 1, str(readme), "no backup of Coffer")
    asked = subprocess.run([BUILD / "coffer", "restore", by_words, "--data", target], capture_output=True, text=True,
                           start_new_session=True, timeout=60)
    in_words(asked, 2, "--passphrase-fd")
    assert not target.exists()  # nothing is left behind


def test_a_backup_does_not_tell_where_its_key_file_lies(coffer, tmp_path):
    backup(coffer, tmp_path / "coffer.backup", "--recovery-key", str(tmp_path / "recovery.key"), passphrase=None)
    assert b"recovery.key" not in (tmp_path / "coffer.backup").read_bytes()


def test_a_backup_is_replaced_only_if_that_is_asked_for(coffer, tmp_path):
    archive, letter = tmp_path / "coffer.backup", tmp_path / "letter"
    letter.write_text("dear reader")
    backup(coffer, archive)
    before = archive.read_bytes()
    in_words(coffer.command("backup", str(archive), "--passphrase-fd", "0", input=PASSPHRASE, check=False), 4, "--replace")
    in_words(coffer.command("backup", str(letter), "--replace", "--passphrase-fd", "0", input=PASSPHRASE, check=False), 4,
             "no backup of Coffer")
    assert archive.read_bytes() == before and letter.read_text() == "dear reader"
    backup(coffer, archive, "--replace")
    assert archive.read_bytes() != before
    restore(archive, tmp_path / "restored")


def test_a_backup_from_before_a_rotation_is_refused_where_its_domain_keys_are_gone(tmp_path):
    with Coffer(tmp_path / "data") as coffer:
        made = samples(coffer)
        backup(coffer, tmp_path / "with", "--with-domain-keys")
        backup(coffer, tmp_path / "without")
        coffer.command("domain-key", "rotate", "--wait")
        backup(coffer, tmp_path / "after")
        coffer.stop()
        before = {path: path.read_bytes() for path in (coffer.data / "apid").iterdir()}
        for archive in ("with", "without"):
            in_words(restore(tmp_path / archive, coffer.data, check=False), 4, "version 1 ", "version 2 ", "empty folder")
        assert {path: path.read_bytes() for path in (coffer.data / "apid").iterdir()} == before
        assert "warning" not in restore(tmp_path / "after", coffer.data).stdout
        coffer.start()
        all_open(coffer, made)
    # The way that the refusal names.
    restore(tmp_path / "with", tmp_path / "restored")
    again = Sealed(tmp_path / "restored")
    again.secret = PASSPHRASE
    with again:
        all_open(again, made)


def test_where_it_cannot_be_told_whether_the_domain_key_was_rotated_it_is_said(tmp_path):
    coffer = Sealed(tmp_path / "data", "--seal", "passphrase")
    coffer.secret = "the seal's passphrase"
    with coffer:
        backup(coffer, tmp_path / "before")
        coffer.change_seal("passphrase", secret="another for the seal")
        backup(coffer, tmp_path / "after")
        coffer.stop()
        assert "warning: the domain keys were changed since" in restore(tmp_path / "before", coffer.data).stdout
        assert "warning" not in restore(tmp_path / "after", coffer.data).stdout


def test_a_restoration_says_which_seal_will_be_needed(tmp_path):
    with Coffer(tmp_path / "data", "--seal-file", str(tmp_path / "the-seal.key")) as coffer:
        backup(coffer, tmp_path / "by-file")
        backup(coffer, tmp_path / "with", "--with-domain-keys")
        coffer.command("seal", "change", "--to", "passphrase", "--secret-fd", "0", input="a passphrase for the seal")
        backup(coffer, tmp_path / "by-words")
    said = restore(tmp_path / "by-file", tmp_path / "one").stdout
    assert str(tmp_path / "the-seal.key") in said and "--seal-file" in said
    assert "by a passphrase" in restore(tmp_path / "by-words", tmp_path / "two").stdout
    assert "by what opens the backup, by a passphrase" in restore(tmp_path / "with", tmp_path / "three").stdout
