# SPDX-License-Identifier: Apache-2.0
"""The recovery kit: with a backup, what opens it and DIR/volumes, docs/format/recover.py opens volumes without Coffer."""
import itertools
import os
import subprocess

import pytest

from harness import BUILD, ROOT, Coffer, nbd_client, wait_until

RECOVER = ROOT / "docs/format/recover.py"
PASSPHRASE = "a recovery passphrase"
MIB = 1 << 20


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    """An installation that is gone but for its volumes and two backups; what was in a volume and in its snapshot."""
    folder = tmp_path_factory.mktemp("recovery")
    with Coffer(folder / "data", "--seal-file", str(folder / "seal.key")) as coffer:
        volume = coffer.create_volume(Encrypted=True)
        old, new = os.urandom(3 * MIB), os.urandom(MIB)
        with nbd_client(coffer.attach(volume, "/dev/xvdb")) as handle:
            handle.pwrite(old, 5 * MIB)
            handle.flush()
        snapshot = coffer.create_snapshot(volume)
        with nbd_client(coffer.uri(volume)) as handle:
            handle.pwrite(new, 6 * MIB)
            handle.trim(MIB, 7 * MIB)
            handle.flush()
        coffer.json("domain-key", "rotate", "--wait")
        coffer.command("backup", str(folder / "with.backup"), "--with-domain-keys", "--passphrase-fd", "0", input=PASSPHRASE)
        coffer.command("backup", str(folder / "without.backup"), "--recovery-key", str(folder / "recovery.key"))
    return folder, volume, snapshot, old, new


def recover(folder, *arguments, passphrase=None):
    return subprocess.run(["/usr/bin/python3", RECOVER, *arguments, "--volumes", folder / "data/volumes"], input=passphrase,
                          capture_output=True, text=True, timeout=300)


def expect(path, parts):
    with open(path, "rb") as image:
        assert os.fstat(image.fileno()).st_size == 1 << 30
        for offset, contents in parts.items():
            image.seek(offset)
            assert image.read(len(contents)) == contents, offset


def test_a_volume_opens_by_the_backup_and_its_passphrase_alone(lost, tmp_path):
    folder, volume, _, old, new = lost
    result = recover(folder, folder / "with.backup", volume, "--image", tmp_path / "image", passphrase=PASSPHRASE)
    assert result.returncode == 0, result.stderr
    expect(tmp_path / "image", {0: bytes(MIB), 5 * MIB: old[:MIB], 6 * MIB: new, 7 * MIB: bytes(MIB)})
    assert (tmp_path / "image").stat().st_mode & 0o777 == 0o600


def test_a_snapshot_opens_by_a_backup_without_domain_keys_and_the_seal(lost, tmp_path):
    folder, _, snapshot, old, _ = lost
    given = (folder / "without.backup", snapshot, "--recovery-key", folder / "recovery.key")
    assert "(--seal-file FILE)" in recover(folder, *given, "--image", tmp_path / "image").stderr
    assert "(--recovery-key FILE)" in recover(folder, *given[:2], "--image", tmp_path / "image").stderr
    result = recover(folder, *given, "--seal-file", folder / "seal.key", "--image", tmp_path / "image")
    assert result.returncode == 0, result.stderr
    expect(tmp_path / "image", {5 * MIB: old})
    again = recover(folder, *given, "--seal-file", folder / "seal.key", "--image", tmp_path / "image")
    assert again.returncode == 1 and "is there already" in again.stderr
    expect(tmp_path / "image", {5 * MIB: old})


def test_the_keys_are_those_that_dm_table_asks_for(lost, tmp_path):
    folder, volume, _, _, _ = lost
    result = recover(folder, folder / "with.backup", volume, "--keys", tmp_path / "keys", passphrase=PASSPHRASE)
    assert result.returncode == 0, result.stderr
    layers = subprocess.run(["/usr/bin/python3", ROOT / "docs/format/dm_table.py", "--layers", folder / "data/volumes", volume],
                            capture_output=True, text=True, check=True).stdout.split()
    keys = {path.stem: path for path in (tmp_path / "keys").iterdir()}
    assert set(keys) <= set(layers) and len(keys) == 2
    assert all(path.stat().st_size == 64 and path.stat().st_mode & 0o777 == 0o600 for path in keys.values())


def test_another_passphrase_opens_nothing(lost, tmp_path):
    folder, volume, *_ = lost
    result = recover(folder, folder / "with.backup", volume, "--image", tmp_path / "image", passphrase="wrong passphrase")
    assert result.returncode != 0 and "not the passphrase" in result.stderr
    assert not (tmp_path / "image").exists()


@pytest.mark.parametrize("rotated", [False, True])
def test_a_volume_under_a_key_that_was_made_after_the_base_of_a_continuous_backup(tmp_path, rotated):
    """By the folder and its passphrase alone, also when the domain key was rotated since."""
    with Coffer(tmp_path / "data", "--development") as coffer:
        receiver = subprocess.Popen([BUILD / "coffer", "backup", tmp_path / "backup", "--continuous", "--with-domain-keys",
                                     "--passphrase-fd", "0", "--data", coffer.data], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        receiver.stdin.write(PASSPHRASE + "\n")
        receiver.stdin.close()
        assert receiver.stdout.readline().startswith("ready")
        if rotated:
            coffer.json("domain-key", "rotate", "--wait")
        key = coffer.client("kms").create_key()["KeyMetadata"]["KeyId"]
        volume = coffer.create_volume(Encrypted=True, KmsKeyId=key)
        contents = os.urandom(MIB)
        with nbd_client(coffer.attach(volume, "/dev/xvdb")) as handle:
            handle.pwrite(contents, MIB)
            handle.flush()
        receiver.kill()
        receiver.wait()
        receiver.stdout.close()
    assert list((tmp_path / "backup").glob("piece-*"))
    result = recover(tmp_path, tmp_path / "backup", volume, "--image", tmp_path / "image", passphrase=PASSPHRASE)
    assert result.returncode == 0, result.stderr
    expect(tmp_path / "image", {0: bytes(MIB), MIB: contents})


def test_a_copy_of_a_volume_in_use_is_told_and_an_idle_volume_is_flushed(tmp_path):
    contents, key = os.urandom(MIB), tmp_path / "recovery.key"
    with Coffer(tmp_path / "data") as coffer:
        volume = coffer.create_volume(Encrypted=True)
        coffer.command("backup", str(tmp_path / "backup"), "--recovery-key", str(key), "--with-domain-keys")
        with nbd_client(coffer.attach(volume, "/dev/xvdb")) as handle:
            handle.pwrite(contents, 5 * MIB)  # and no flush
            subprocess.run(["cp", "-a", coffer.data / "volumes", tmp_path / "early"], check=True)

            def copied(folder, image):
                return subprocess.run(["/usr/bin/python3", RECOVER, tmp_path / "backup", volume, "--volumes", folder, "--image",
                                       tmp_path / image, "--recovery-key", key], capture_output=True, text=True, timeout=300)

            early = copied(tmp_path / "early", "image")
            assert early.returncode == 0 and "warning" in early.stderr and "nbdcopy --flush" in early.stderr, early.stderr
            # The client stays, and does nothing.
            images = (f"image-{number}" for number in itertools.count())
            wait_until(lambda: copied(coffer.data / "volumes", next(images)).stderr == "", "Coffer's own flush", 30)
            subprocess.run(["cp", "-a", coffer.data / "volumes", tmp_path / "later"], check=True)
        later = copied(tmp_path / "later", "later-image")
        assert (later.returncode, later.stderr) == (0, "")
        expect(tmp_path / "later-image", {0: bytes(MIB), 5 * MIB: contents})
