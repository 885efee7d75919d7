# SPDX-License-Identifier: Apache-2.0
"""Does the kernel's device mapper read what Coffer wrote, given the data key and nothing of Coffer's?
The way is docs/format/opening-a-volume.md; the table comes from docs/format/dm_table.py. test_guest_chains.py asks the
same of snapshots and clones."""
import hashlib
import os
import re
import subprocess
import sys

from guest import run_guest
from harness import ROOT, nbd_client
from wrapped_keys import open_data_key, open_layer_key, wrapped_keys_of

WRITE = """
set -e
/sbin/mke2fs -F -q -t ext4 -b 4096 /dev/vda
mount -t ext4 -o discard /dev/vda /mnt
cp /payload /mnt/kept
for i in 1 2 3 4 5 6; do cp /payload /mnt/dropped$i; done
sync
rm /mnt/dropped2 /mnt/dropped4 /mnt/dropped6
sync
/sbin/fstrim -v /mnt
fallocate -l 3145728 /mnt/reserved
dd if=/payload of=/mnt/odd bs=1000 count=777 2>/dev/null
umount /mnt
/sbin/blkdiscard -f -z -o 1069547520 -l 4194304 /dev/vda && echo ZEROED
/sbin/e2fsck -fn /dev/vda && echo WRITTEN-CLEAN
"""

READ = """
dmsetup create --readonly --noudevsync --noudevrules opened /table && echo TABLE-LOADED
dmsetup mknodes
/sbin/e2fsck -fn /dev/mapper/opened && echo FSCK-CLEAN
mount -t ext4 -o ro,noload /dev/mapper/opened /mnt
sha256sum /mnt/kept /mnt/dropped1 /mnt/dropped3 /mnt/dropped5 | sed 's/^/SUM /'
ls /mnt | tr '\\n' ' '
umount /mnt
"""


def test_the_kernel_opens_a_volume_by_its_data_key(coffer, tmp_path):
    ec2 = coffer.client("ec2")
    volume = coffer.create_volume(ec2, Encrypted=True)
    uri = coffer.attach(volume, "/dev/sdf", ec2)
    payload = os.urandom(5 << 20)
    socket = re.search(r"socket=([^&]+)", uri).group(1)
    drive = f"file.driver=nbd,file.server.type=unix,file.server.path={socket},file.export={volume},discard=unmap"
    wrote = run_guest(tmp_path / "write", WRITE, [drive], {"payload": payload})
    assert "WRITTEN-CLEAN" in wrote and "ZEROED" in wrote, wrote
    ec2.detach_volume(VolumeId=volume)

    (wrapped,) = wrapped_keys_of(coffer, volume)
    key = open_data_key(coffer, volume, wrapped)
    key_file = tmp_path / "key"
    key_file.write_bytes(key)
    (layer,) = coffer.layers(volume)
    table = subprocess.run([sys.executable, ROOT / "docs" / "format" / "dm_table.py", coffer.data / "volumes", volume,
                            "--device", f"{layer}=/dev/vda", "--key-file", f"{layer}={key_file}"],
                           capture_output=True, text=True)
    assert table.returncode == 0, table.stderr
    assert " crypt aes-xts-plain64 " in table.stdout and " zero" in table.stdout, table.stdout
    named = coffer.command("volume", "dm-table", volume, "--device", f"{layer}=/dev/vda")
    assert named.stdout.replace(f":64:logon:coffer:{layer}", key.hex()) == table.stdout
    assert "in use" in named.stderr and key.hex() not in named.stdout
    sectors = coffer.layer_file(volume)
    assert payload[4096:4160] not in sectors.open("rb").read(64 << 20)
    read = run_guest(tmp_path / "read", READ, [f"file={sectors},readonly=on"], {"table": table.stdout.encode()})
    assert "TABLE-LOADED" in read and "FSCK-CLEAN" in read, read
    sums = re.findall(r"SUM ([0-9a-f]{64})", read)
    assert sums == [hashlib.sha256(payload).hexdigest()] * 4, read
    assert "dropped2" not in read


def test_openssl_opens_a_sector_by_the_data_key(coffer, tmp_path):
    """One sector by the openssl library's own AES-256-XTS, through Python's cryptography package."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    volume = coffer.create_volume(Encrypted=True)
    uri = coffer.attach(volume, "/dev/sdf")
    contents = os.urandom(3 * 4096)
    with nbd_client(uri) as handle:
        handle.pwrite(contents, 5 * 4096)
        handle.flush()
    (layer,) = coffer.layers(volume)
    key = open_layer_key(coffer, layer)
    stored = coffer.layer_file(volume).open("rb").read(8 * 4096)
    for sector in (5, 6, 7):
        decryptor = Cipher(algorithms.AES(key), modes.XTS(sector.to_bytes(16, "little"))).decryptor()
        opened = decryptor.update(stored[sector * 4096:(sector + 1) * 4096])
        assert opened == contents[(sector - 5) * 4096:(sector - 4) * 4096], sector
