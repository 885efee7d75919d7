# SPDX-License-Identifier: Apache-2.0
"""Does the kernel alone read what snapshots, clones and discards left, given the data keys of the layers? The volumes
are made by the engine itself (tests/volume_server.py), under keys that the test knows; the way is
docs/format/opening-a-volume.md: `coffer volume dm-table` prints the table, the keys are in the guest's keyring."""
import hashlib
import os
import re
import subprocess
import sys

import pytest

from guest import run_guest
from harness import BUILD, ROOT
from volume_server import VolumeServer

VOLUME, CLONE = "vol-0123456789abcdef0", "vol-0123456789abcdef1"
FIRST, SECOND = "snap-0123456789abcdef0", "snap-0123456789abcdef1"
SIZE = 128 << 20

MAKE = """
set -e
/sbin/mke2fs -F -q -t ext4 -b 4096 /dev/vda
mount -t ext4 -o discard /dev/vda /mnt
cp /payload /mnt/kept; cp /payload /mnt/dropped; cp /payload /mnt/changed
umount /mnt
/sbin/e2fsck -fn /dev/vda && echo WRITTEN-CLEAN
"""

CHANGE = """
set -e
mount -t ext4 -o discard /dev/vda /mnt
rm /mnt/dropped; sync; /sbin/fstrim -v /mnt
dd if=/other of=/mnt/changed bs=1000 seek=321 conv=notrunc 2>/dev/null
cp /other /mnt/NAME
umount /mnt
/sbin/e2fsck -fn /dev/vda && echo WRITTEN-CLEAN
"""

READ = """
chmod +x /add_kernel_key
for key in /layer-*; do /add_kernel_key coffer:${key#/} < $key; done
for table in /table-*; do
  id=${table#/table-}
  dmsetup create --readonly --noudevsync --noudevrules $id $table && echo TABLE-LOADED $id
  dmsetup mknodes
  /sbin/e2fsck -fn /dev/mapper/$id && echo FSCK-CLEAN $id
  mount -t ext4 -o ro,noload /dev/mapper/$id /mnt
  cd /mnt; sha256sum * | sed "s/^/SUM $id /"; cd /
  umount /mnt
  [ -e /files-only ] || sha256sum /dev/mapper/$id | sed "s/^/DEVICE $id /"
done
"""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A plain volume with a snapshot; on that an encrypted clone, written, snapshot and written again, then under a new
    key; the volume goes on too. What each must hold, by file name."""
    folder = tmp_path_factory.mktemp("chains")
    payload, other = os.urandom(3 << 20), os.urandom(200_000)
    changed = payload[:321_000] + other + payload[521_000:]
    with VolumeServer(folder / "server") as server:
        (server.folder / "installation.json").write_text("{}")  # `coffer` takes the folder for an installation's
        drive = f"file.driver=nbd,file.server.type=unix,file.server.path={server.socket},file.export=disk,discard=unmap"

        def write(volume, script):
            server("serve", volume)
            wrote = run_guest(folder / "guest", script, [drive], {"payload": payload, "other": other})
            assert "WRITTEN-CLEAN" in wrote, wrote
            devices[volume] = device_sum(server)
            server("stop")

        devices = {}
        server("create", VOLUME, SIZE, "plain")
        write(VOLUME, MAKE)
        server("snapshot", VOLUME, FIRST)
        devices[FIRST] = devices[VOLUME]
        server("create", CLONE, SIZE, "encrypted", FIRST)
        write(CLONE, CHANGE.replace("NAME", "early"))
        server("snapshot", CLONE, SECOND)
        devices[SECOND] = devices[CLONE]
        write(CLONE, CHANGE.replace("rm /mnt/dropped; ", "").replace("NAME", "late"))
        write(VOLUME, CHANGE.replace("NAME", "own"))
        first = {"kept": sha256(payload), "dropped": sha256(payload), "changed": sha256(payload)}
        second = {"kept": sha256(payload), "changed": sha256(changed), "early": sha256(other)}
        files = {FIRST: first, SECOND: second, CLONE: second | {"late": sha256(other)},
                 VOLUME: {"kept": sha256(payload), "changed": sha256(changed), "own": sha256(other)}}
        yield server, files, devices


def device_sum(server):
    copied = subprocess.run(["nbdcopy", server.uri, "-"], stdout=subprocess.PIPE, check=True)
    return sha256(copied.stdout)


def read_by_the_kernel(server, subjects, folder, files_only=False):
    """By subject: its table, and the digests of its files and of the whole device, from a guest that has the data files,
    the keys and the tables alone."""
    layers = {layer["id"]: layer for subject in subjects for layer in server.chain(subject)}
    drives, devices, files = [], [], {"add_kernel_key": (BUILD / "add_kernel_key").read_bytes()}
    if files_only:
        files["files-only"] = b""
    for number, (name, layer) in enumerate(layers.items()):
        devices.append((name, f"/dev/vd{chr(97 + number)}"))
        drives.append(f"file={server.data_file(name)},readonly=on")
        if layer["encrypted"]:
            files[name] = server.key(name)
    for subject in subjects:
        chain = [layer["id"] for layer in server.chain(subject)]
        named = [word for name, device in devices if name in chain for word in ("--device", f"{name}={device}")]
        table = subprocess.run([BUILD / "coffer", "volume", "dm-table", subject, "--data", server.folder, *named],
                               capture_output=True, text=True)
        assert table.returncode == 0, table.stderr
        files[f"table-{subject}"] = table.stdout.encode()
    read = run_guest(folder, READ, drives, files)
    found = {}
    for subject in subjects:
        assert f"TABLE-LOADED {subject}" in read and f"FSCK-CLEAN {subject}" in read, read
        sums = {name: digest for digest, name in re.findall(rf"SUM {subject} ([0-9a-f]{{64}}) +(\S+)", read)}
        device = re.search(rf"DEVICE {subject} ([0-9a-f]{{64}})", read)
        found[subject] = files[f"table-{subject}"].decode(), sums, device and device.group(1)
    return found


@pytest.fixture(scope="module")
def read(made, tmp_path_factory):
    return read_by_the_kernel(made[0], (VOLUME, CLONE, FIRST, SECOND), tmp_path_factory.mktemp("read"))


@pytest.mark.parametrize("subject", [VOLUME, CLONE, FIRST, SECOND])
def test_the_kernel_reads_it(made, read, subject):
    _, files, devices = made
    table, found, device = read[subject]
    assert found == files[subject]
    assert device == devices[subject], "the device differs from what NBD gave, somewhere"
    assert " zero" in table and " linear " in table and (" crypt " in table) == (subject in (CLONE, SECOND))


def test_the_kernel_reads_a_volume_that_was_re_keyed(made, read, tmp_path):
    """By the one key that is left: nothing of it is under an old one, or under none."""
    server, files, devices = made
    before = [layer["id"] for layer in server.chain(CLONE)]
    server("rekey", CLONE)
    server("work")
    (layer,) = server.chain(CLONE)
    assert layer["id"] not in before
    table, found, device = read_by_the_kernel(server, [CLONE], tmp_path)[CLONE]
    assert found == files[CLONE] and device == devices[CLONE]
    assert " linear " not in table


def test_the_script_prints_the_same_lines(made):
    server, _, _ = made
    for subject in (VOLUME, CLONE, FIRST, SECOND):
        printed = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in (
            [sys.executable, ROOT / "docs" / "format" / "dm_table.py", server.folder / "volumes", subject],
            [BUILD / "coffer", "volume", "dm-table", subject, "--data", server.folder])]
        assert printed[0] == printed[1] != ""
