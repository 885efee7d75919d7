# SPDX-License-Identifier: Apache-2.0
"""The test-only path to a layer's data key: the wrapped key from its document, the token from the catalog, and the
program tests/programs/open_data_key.cc, which opens DIR's sealed domain keys itself. No daemon has such a call."""
import sqlite3
import subprocess
import uuid

from harness import BUILD, dm_table


def volume_row(coffer, volume):
    return coffer.client("ec2").describe_volumes(VolumeIds=[volume])["Volumes"][0]


def wrapped_keys_of(coffer, subject):
    """The wrapped data keys of the encrypted layers of a volume or a snapshot, the top one first."""
    return [read_layer_key(folder)[0] for folder in coffer.layer_folders(subject) if (folder / "key").exists()]


def read_layer_key(folder):
    """The wrapped key, and the aws:ebs:id of the context under which it was wrapped (docs/format/manifest.md)."""
    fields = dm_table.open_document((folder / "key").read_bytes(), b"COFLAYKY", f"the key of {folder.name}")
    layer, wrapped, context = fields.id(), fields.field(), fields.id()
    fields.end()
    assert layer == folder.name
    return wrapped, context


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


def open_layer_key(coffer, layer, account="123456789012", region="us-west-2"):
    """The 64 bytes of any encrypted layer's data key."""
    wrapped, context = read_layer_key(coffer.data / "volumes" / layer)
    key_id = str(uuid.UUID(bytes=wrapped[2:18]))  # docs/format/ciphertext-blob.md
    return _opener(coffer, key_id, account, region, None, "--blob", wrapped.hex(), "--context", f"aws:ebs:id={context}")


def backing_key(coffer, key_id, account="123456789012", region="us-west-2"):
    """The 32 bytes of a KMS key."""
    return _opener(coffer, key_id, account, region, None, "--print-backing-key")
