# SPDX-License-Identifier: Apache-2.0
"""Seals by a TPM 2.0 (swtpm) and by a PKCS#11 token (SoftHSM)."""
import os
import shutil
import subprocess

import pytest

from harness import BUILD, Coffer, wait_until
from seals import Sealed

PIN = "4711-0815"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


class Swtpm:
    """A TPM 2.0 whose state survives its restart, as a real one's does a reboot."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.tcti = f"swtpm:path={folder}/sock"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}", "--ctrl", f"type=unixio,path={self.folder}/sock.ctrl",
             "--server", f"type=unixio,path={self.folder}/sock", "--flags", "not-need-init,startup-clear"])
        wait_until(lambda: (self.folder / "sock").exists(), "the TPM")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def tool(self, *arguments):
        return subprocess.run(arguments, env={**os.environ, "TPM2TOOLS_TCTI": self.tcti}, check=True, capture_output=True,
                              text=True, timeout=30).stdout


@pytest.fixture
def tpm(tmp_path):
    made = Swtpm(tmp_path / "tpm")
    yield made
    made.stop()


@pytest.fixture
def by_tpm(tmp_path, tpm):
    with Coffer(tmp_path / "data", "--seal", "tpm", "--tpm-tcti", tpm.tcti, "--development") as running:
        yield running


def sample(coffer):
    kms = coffer.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    return kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]


def opens(coffer, blob):
    return coffer.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"before"


def refusal(data, secret=None):
    """What `coffer up` says that does not start."""
    result = subprocess.run([BUILD / "coffer", "up", "--data", data, "--listen", "127.0.0.1:0", "--unseal-fd", "0"],
                            input=(secret or "") + "\n", capture_output=True, text=True, timeout=60)
    assert result.returncode != 0 and "ready" not in result.stdout
    return result.stderr


def mapped(coffer, what):
    """Has keyd that library in its memory?"""
    return what in open(f"/proc/{coffer.daemons()['coffer-keyd']}/maps").read()


def test_a_tpm_opens_what_it_sealed_and_asks_nobody(by_tpm):
    coffer = by_tpm
    blob = sample(coffer)
    assert not (coffer.data / "seal.key").exists()
    assert "TPM 2.0 (PCRs 7)" in coffer.json("status")["keyd"]["seal"]
    coffer.restart()
    coffer.kill_daemons("coffer-keyd")
    assert opens(coffer, blob)
    assert not mapped(coffer, "libtss2")


def test_another_tpm_does_not_open_it(by_tpm, tpm, tmp_path):
    coffer = by_tpm
    sample(coffer)
    coffer.stop()
    tpm.stop()
    kept = tmp_path / "kept"
    (tpm.folder).rename(kept)
    other = Swtpm(tpm.folder)
    assert "another TPM" in refusal(coffer.data)
    other.stop()
    assert "is there a TPM" in refusal(coffer.data)
    shutil.rmtree(tpm.folder)
    kept.rename(tpm.folder)
    tpm.start()
    coffer.start()


def test_changed_pcrs_keep_it_shut_until_they_are_as_they_were(by_tpm, tpm):
    coffer = by_tpm
    blob = sample(coffer)
    coffer.stop()
    tpm.tool("tpm2_pcrextend", "7:sha256=" + "ab" * 32)
    assert "PCRs are not as they were" in refusal(coffer.data)
    tpm.stop()
    tpm.start()  # a boot like the first one
    coffer.start()
    assert opens(coffer, blob)


def test_older_sealed_copies_put_back_are_refused_and_named(by_tpm, tmp_path):
    coffer = by_tpm
    blob = sample(coffer)
    coffer.stop()
    old = tmp_path / "old"
    shutil.copytree(coffer.data / "keyd", old)
    coffer.start()
    assert coffer.json("domain-key", "rotate", "--wait")["state"] == "completed"
    coffer.stop()
    new = tmp_path / "new"
    (coffer.data / "keyd").rename(new)
    shutil.copytree(old, coffer.data / "keyd")
    said = refusal(coffer.data)
    assert "older copy" in said and "change 1" in said and "3" in said, said
    shutil.rmtree(coffer.data / "keyd")
    new.rename(coffer.data / "keyd")
    coffer.start()
    assert opens(coffer, blob)


def test_a_torn_copy_is_mended_from_its_twin(by_tpm):
    coffer = by_tpm
    blob = sample(coffer)
    coffer.stop()
    for copy in (coffer.data / "keyd" / f"domain-keys.{i}" for i in (0, 1)):
        whole = copy.read_bytes()
        copy.write_bytes(whole[: len(whole) // 2])
        coffer.start()
        assert opens(coffer, blob) and copy.read_bytes() == whole
        coffer.stop()


def test_seals_are_changed_to_a_tpm_and_away_from_it(tmp_path, tpm):
    with Sealed(tmp_path / "data") as coffer:
        blob = sample(coffer)
        coffer.change_seal("tpm", "--tpm-tcti", tpm.tcti, "--tpm-pcrs", "0,2,7")
        assert "PCRs 0,2,7" in coffer.json("seal", "status")["description"]
        (coffer.data / "seal.key").unlink()
        coffer.restart()
        assert opens(coffer, blob)
        coffer.change_seal("passphrase", secret="correct horse battery")
        tpm.stop()
        coffer.secret = "correct horse battery"
        coffer.restart()
        assert opens(coffer, blob)
        tpm.start()


# PKCS#11

@pytest.fixture
def token(tmp_path, monkeypatch):
    """SoftHSM finds its tokens by the home of whoever loads it."""
    home = tmp_path / "home"
    (home / ".config/softhsm2").mkdir(parents=True)
    (home / "tokens").mkdir()
    (home / ".config/softhsm2/softhsm2.conf").write_text(f"directories.tokendir = {home}/tokens\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SOFTHSM2_CONF", raising=False)
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "vault", "--so-pin", "12345678", "--pin", PIN],
                   check=True, capture_output=True)
    return home


PKCS11 = ("--pkcs11-module", MODULE, "--pkcs11-token", "vault")


@pytest.fixture
def by_token(tmp_path, token):
    coffer = Sealed(tmp_path / "data", "--seal", "pkcs11", *PKCS11)
    coffer.secret = PIN
    with coffer:
        yield coffer


def test_a_token_opens_what_it_sealed_and_its_module_is_not_in_keyd(by_token):
    coffer = by_token
    blob = sample(coffer)
    coffer.kill_daemons("coffer-keyd")  # its seal was made at this start: the PIN is known
    assert opens(coffer, blob)
    coffer.restart()
    assert opens(coffer, blob)
    assert "PKCS#11 token vault" in coffer.json("status")["keyd"]["seal"]
    assert not mapped(coffer, "softhsm") and not mapped(coffer, "p11-kit")
    assert PIN not in coffer.log()


def test_a_wrong_pin_is_tried_once_and_named(by_token):
    coffer = by_token
    coffer.stop()
    said = refusal(coffer.data, "0000-0000")
    assert "CKR_PIN_INCORRECT" in said and said.count("keyd error") == 1, said
    coffer.start()


def test_a_token_that_is_not_there_is_named_with_those_that_are(by_token, token):
    coffer = by_token
    coffer.stop()
    kept = token / "kept"
    (token / "tokens").rename(kept)
    (token / "tokens").mkdir()
    assert "there is no token 'vault'" in refusal(coffer.data, PIN)
    shutil.rmtree(token / "tokens")
    kept.rename(token / "tokens")
    coffer.start()


def test_a_module_that_is_no_module_is_named(tmp_path):
    module = tmp_path / "module.so"
    module.write_text("this is no library")
    result = subprocess.run([BUILD / "coffer", "up", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--seal", "pkcs11",
                             "--pkcs11-module", module, "--pkcs11-token", "vault", "--unseal-fd", "0"], input=PIN + "\n",
                            capture_output=True, text=True, timeout=60)
    assert result.returncode != 0 and str(module) in result.stderr, result.stderr


def test_seals_are_changed_to_a_token_and_away_from_it(tmp_path, token):
    with Sealed(tmp_path / "data") as coffer:
        blob = sample(coffer)
        coffer.change_seal("pkcs11", *PKCS11, secret=PIN)
        (coffer.data / "seal.key").unlink()
        coffer.kill_daemons("coffer-keyd")
        assert opens(coffer, blob)
        coffer.secret = PIN
        coffer.restart()
        assert opens(coffer, blob)
        coffer.change_seal("key-file", "--seal-file", str(tmp_path / "new.key"))
        coffer.secret = None
        shutil.rmtree(token / "tokens")
        coffer.restart()
        assert opens(coffer, blob)
