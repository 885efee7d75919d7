# SPDX-License-Identifier: Apache-2.0
"""The test-only path to a volume's data key: the wrapped key from the manifest, the token from the catalog, and the
program tests/programs/open_data_key.cc, which opens DIR's sealed domain keys itself. No daemon has such a call."""
import sqlite3
import struct
import subprocess
import uuid

from harness import BUILD


def volume_row(coffer, volume):
    return coffer.client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]


def wrapped_keys_of(coffer, volume):
    """The wrapped data keys in the volume's manifest: length-prefixed ciphertext blobs (docs/format/manifest.md)."""
    key_id = uuid.UUID(volume_row(coffer, volume)["KmsKeyId"].rsplit("/", 1)[-1]).bytes
    manifest = (coffer.volume_folder(volume) / "manifest").read_bytes()
    found = []
    at = manifest.find(key_id)
    while at >= 0:
        start = at - 2  # a blob begins with its version and its class
        (length,) = struct.unpack_from("<I", manifest, start - 4)
        found.append(manifest[start:start + length])
        at = manifest.find(key_id, start + length)
    return found


def token_of(coffer, key_id):
    with sqlite3.connect(f"file:{coffer.data / 'apid/catalog.db'}?mode=ro", uri=True) as catalog:
        (row,) = catalog.execute("SELECT token FROM backing_keys WHERE key_id = ?", (key_id,)).fetchall()
    return row[0]


def _opener(coffer, key_id, account, region, seal_file, *more):
    result = subprocess.run(
        [BUILD / "open_data_key", "--data", coffer.data, "--seal-file", seal_file or coffer.data / "seal.key",
         "--token", token_of(coffer, key_id).hex(), "--account", account, "--region", region, "--key-id", key_id, *more],
        capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    return bytes.fromhex(result.stdout.strip())


def open_data_key(coffer, volume, wrapped, seal_file=None):
    """The 64 bytes of the data key."""
    _, _, _, region, account, resource = volume_row(coffer, volume)["KmsKeyId"].split(":", 5)
    return _opener(coffer, resource.split("/", 1)[1], account, region, seal_file, "--blob", wrapped.hex(),
                   "--context", f"aws:ebs:id={volume}")


def backing_key(coffer, key_id, account="123456789012", region="us-west-2"):
    """The 32 bytes of a KMS key."""
    return _opener(coffer, key_id, account, region, None, "--print-backing-key")
