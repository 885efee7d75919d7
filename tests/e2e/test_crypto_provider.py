# SPDX-License-Identifier: Apache-2.0
"""Who encrypts volumes: `coffer status` says it, `--crypto openssl` decides it, and no sector depends on it."""
import os
import subprocess
from pathlib import Path

from harness import BUILD, is_served, nbd_client, wait_until

CONTENTS = os.urandom(1 << 20)


def cipher(coffer):
    return coffer.json("status")["volumed"]["cipher"]


def fastest():
    """The implementation that this processor's flags call for."""
    flags = set(next(line for line in Path("/proc/cpuinfo").read_text().splitlines()
                     if line.startswith(("flags", "Features"))).split())
    for name, needed in (("VAES-512", {"aes", "vaes", "vpclmulqdq", "avx512f", "avx512bw"}),
                         ("VAES-256", {"aes", "vaes", "vpclmulqdq", "avx2"}),
                         ("AES-NI", {"aes", "pclmulqdq"})):
        if needed <= flags:
            return name
    return "OpenSSL"


def attached_again(coffer, volume):
    """The URI of a volume that was attached before a restart."""
    uri = wait_until(lambda: coffer.command("volume", "uri", volume, check=False).stdout.strip(), "the uri")
    wait_until(lambda: is_served(uri), "the server")
    return uri


def read(uri):
    with nbd_client(uri) as handle:
        return handle.pread(len(CONTENTS), 0)


def test_openssl_reads_what_a_kernel_wrote_and_the_other_way_round(coffer):
    assert cipher(coffer) == f"AES-256-XTS ({fastest()})"
    volume = coffer.create_volume(Encrypted=True)
    with nbd_client(coffer.attach(volume, "/dev/sdf")) as handle:
        handle.pwrite(CONTENTS, 0)
        handle.flush()

    coffer.restart("--crypto", "openssl")
    assert cipher(coffer) == "AES-256-XTS (OpenSSL)"
    assert "AES-256-XTS (OpenSSL)" in coffer.command("status").stdout
    uri = attached_again(coffer, volume)
    assert read(uri) == CONTENTS
    with nbd_client(uri) as handle:
        handle.pwrite(CONTENTS[::-1], 0)
        handle.flush()

    coffer.restart("--crypto", "auto")
    assert cipher(coffer) == f"AES-256-XTS ({fastest()})"
    assert read(attached_again(coffer, volume)) == CONTENTS[::-1]


def test_another_provider_is_refused(tmp_path):
    refused = subprocess.run([BUILD / "coffer", "up", "--data", tmp_path / "data", "--crypto", "rot13"],
                             capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2 and "--crypto" in refused.stderr
    assert not (tmp_path / "data").exists()
