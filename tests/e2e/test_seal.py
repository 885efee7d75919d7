# SPDX-License-Identifier: Apache-2.0
"""What lies in DIR is worth nothing without the seal's key, and holds no secret in the clear."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import BUILD, Coffer, files_below, files_with
from wrapped_keys import backing_key, open_data_key, wrapped_keys_of


@pytest.fixture
def sealed_elsewhere(tmp_path):
    seal = tmp_path / "elsewhere" / "seal.key"
    seal.parent.mkdir()
    with Coffer(tmp_path / "sealed", "--seal-file", str(seal)) as running:
        running.seal = seal
        yield running


def starts(data, *arguments):
    """Does an installation start in this folder?"""
    process = subprocess.run([BUILD / "coffer", "up", "--data", data, "--listen", "127.0.0.1:0", *arguments],
                             capture_output=True, text=True, timeout=60)
    return process


def test_a_copy_without_its_seal_file_opens_nothing(sealed_elsewhere, tmp_path):
    coffer = sealed_elsewhere
    volume = coffer.create_volume(Encrypted=True)
    (wrapped,) = wrapped_keys_of(coffer, volume)
    assert len(open_data_key(coffer, volume, wrapped, coffer.seal)) == 64  # with the seal file it opens
    coffer.stop()
    copy = tmp_path / "copy"
    shutil.copytree(coffer.data, copy, ignore=shutil.ignore_patterns("run"))
    away = tmp_path / "away.key"
    coffer.seal.rename(away)
    result = starts(copy)
    assert result.returncode != 0 and "ready" not in result.stdout
    assert "seal" in result.stderr, result.stderr
    # A new seal file is not made for sealed keys that exist, and a foreign one does not open them.
    assert not coffer.seal.exists()
    with Coffer(tmp_path / "other") as other:
        other.stop()
    shutil.copy(tmp_path / "other" / "seal.key", coffer.seal)
    coffer.seal.chmod(0o600)
    assert starts(copy).returncode != 0
    # With its own it starts: the positive control.
    coffer.seal.unlink()
    away.rename(coffer.seal)
    with Coffer(copy) as running:
        assert running.client("ec2").describe_volumes()["Volumes"][0]["VolumeId"] == volume


def test_no_secret_lies_in_the_clear(coffer):
    made = coffer.json("account", "create")
    root_secret = coffer.environment()["AWS_SECRET_ACCESS_KEY"].encode()
    other_secret = made["secret_access_key"].encode()
    kms_key = backing_key(coffer, coffer.client("kms").create_key()["KeyMetadata"]["KeyId"])
    volume = coffer.create_volume(Encrypted=True)
    data_key = open_data_key(coffer, volume, *wrapped_keys_of(coffer, volume))
    coffer.execute("/usr/bin/aws", "kms", "list-keys")  # makes a certificate
    assert files_with(coffer.data, root_secret) == {coffer.data / "root-credentials"}
    for secret in (other_secret, kms_key, data_key[:32], data_key[32:]):
        assert not files_with(coffer.data, secret)
    for path in files_below(coffer.data):
        contents = path.read_bytes()
        assert b"PRIVATE KEY" not in contents, path
        # The DER of a PKCS#8 P-256 key begins so; a wrapped one does not show it.
        assert bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420") not in contents, path


def test_files_and_folders_are_private(coffer):
    assert coffer.data.stat().st_mode & 0o777 == 0o700
    for name in ("root-credentials", "seal.key"):
        assert (coffer.data / name).stat().st_mode & 0o777 == 0o600, name


def test_status_warns_while_the_seal_lies_beside_what_it_seals(coffer, sealed_elsewhere):
    for installation in (coffer, sealed_elsewhere):  # both on one file system here
        assert any("seal" in warning for warning in installation.json("status")["warnings"])


def test_a_seal_file_that_opens_nothing_is_refused_and_not_remembered(coffer, tmp_path):
    with Coffer(tmp_path / "other") as other:
        other.stop()
    stranger = tmp_path / "stranger.key"
    shutil.copy(other.data / "seal.key", stranger)
    older = tmp_path / "older.key"
    shutil.copy(coffer.data / "seal.key", older)
    coffer.command("seal", "change", "--to", "key-file", "--seal-file", str(tmp_path / "newer.key"))
    coffer.stop()
    before = (coffer.data / "installation.json").read_bytes()
    for path, words in ((stranger, "another installation"), (tmp_path / "nothing.key", "is not there"),
                        (older, "not that of its seal now"), (coffer.data / "installation.json", "seal file")):
        result = starts(coffer.data, "--seal-file", path)
        assert result.returncode == 2 and words in result.stderr and str(path) in result.stderr, result.stderr
        assert (coffer.data / "installation.json").read_bytes() == before
    (tmp_path / "newer.key").rename(tmp_path / "moved.key")
    coffer.start("--seal-file", str(tmp_path / "moved.key"))
    coffer.restart()  # the path was remembered


def test_status_warns_of_a_key_file_that_was_left_beside_the_data(coffer):
    elsewhere = Path("/dev/shm") / f"coffer-seal-{os.getpid()}.key"
    assert elsewhere.parent.stat().st_dev != coffer.data.stat().st_dev, "this test needs two file systems"
    coffer.stop()
    shutil.copy(coffer.data / "seal.key", elsewhere)
    try:
        coffer.start("--seal-file", str(elsewhere))
        (warning,) = coffer.json("status")["warnings"]
        assert str(coffer.data / "seal.key") in warning and "destroy" in warning and warning in coffer.log()
        (coffer.data / "seal.key").unlink()
        assert coffer.json("status")["warnings"] == []
    finally:
        elsewhere.unlink()


def test_nothing_secret_is_in_arguments_environments_or_the_log(coffer):
    secret = coffer.environment()["AWS_SECRET_ACCESS_KEY"].encode()
    coffer.client("kms").list_keys()
    for pid in [coffer.process.pid, *coffer.daemons().values()]:
        for name in ("cmdline", "environ"):
            assert secret not in Path(f"/proc/{pid}/{name}").read_bytes()
    assert secret not in coffer.log_path.read_bytes()
    # The positive control: the search finds the secret where it is handed out.
    assert secret in coffer.command("env").stdout.encode()
