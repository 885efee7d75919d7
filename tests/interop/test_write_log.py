# SPDX-License-Identifier: Apache-2.0
"""Is an ext4 file system whole at every flush that it asked for? A guest's real workload on a volume is logged by QEMU's
blklogwrites, then replayed into a volume on a simulated disk whose power is cut before and after each flush.

COFFER_LOG_ROUNDS=40 COFFER_LOG_SEED=7 run a larger workload, or the same power cuts again; tests/long/write-log."""
import os
import random
import subprocess

import pytest

from guest import run_guest
from harness import BUILD, nbdcopy
from volume_server import VolumeServer

ROUNDS = int(os.environ.get("COFFER_LOG_ROUNDS", "5"))
SEED = int(os.environ.get("COFFER_LOG_SEED", random.randrange(1 << 30)))
VOLUME = "vol-0123456789abcdef0"
SIZE = 48 << 20

WORKLOAD = """
set -e
mount -t ext4 -o discard /dev/vda /mnt
round=0
while [ $round -lt ROUNDS ]; do
  mkdir /mnt/d$round
  dd if=/dev/urandom of=/mnt/d$round/large bs=64k count=13 conv=fsync 2>/dev/null
  for i in 1 2 3 4 5 6; do echo "line $round $i" > /mnt/d$round/small$i; done
  dd if=/dev/urandom of=/mnt/d$round/odd bs=777 count=99 conv=fsync 2>/dev/null
  mv /mnt/d$round/small1 /mnt/d$round/renamed
  ln -s renamed /mnt/d$round/link; ln /mnt/d$round/renamed /mnt/d$round/hard
  echo more >> /mnt/log; sync /mnt/log
  truncate -s 100000 /mnt/d$round/large
  rm /mnt/d$round/small2 /mnt/d$round/small3
  sync
  if [ $((round % 3)) = 2 ]; then rm -r /mnt/d$((round - 1)); sync; fi
  if [ $((round % 5)) = 4 ]; then /sbin/fstrim /mnt; fi
  round=$((round + 1))
done
umount /mnt
/sbin/e2fsck -fn /dev/vda && echo WRITTEN-CLEAN
""".replace("ROUNDS", str(ROUNDS))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The device before the workload, the log, and the device after it."""
    folder = tmp_path_factory.mktemp("log")
    base, log, final = folder / "base", folder / "log", folder / "final"
    # Without checksums of metadata: their superblock does not survive a write that is torn between two 512-byte
    # blocks, on no disk.
    subprocess.run(["/sbin/mke2fs", "-F", "-q", "-t", "ext4", "-b", "4096", "-J", "size=4", "-O", "^metadata_csum", base,
                    f"{SIZE >> 20}M"], check=True)
    log.touch()
    with VolumeServer(folder / "server") as server:
        server("create", VOLUME, SIZE, "encrypted")
        server("serve", VOLUME)
        nbdcopy(base, server.uri)
        wrote = run_guest(folder / "guest", WORKLOAD, [], devices=[
            "-blockdev", f"driver=nbd,node-name=volume,server.type=unix,server.path={server.socket},export=disk,discard=unmap",
            "-blockdev", f"driver=file,node-name=log,filename={log}",
            "-blockdev", "driver=blklogwrites,node-name=logged,file=volume,log=log,discard=unmap",
            "-device", "virtio-blk-pci,drive=logged"], seconds=240 + 20 * ROUNDS)
        assert "WRITTEN-CLEAN" in wrote, wrote
        nbdcopy(server.uri, final)
    return base, log, final


def recovered_and_clean(image):
    """Recovers the journal, as a mount would, and looks at everything."""
    recovered = subprocess.run(["/sbin/e2fsck", "-p", image], capture_output=True, text=True)
    checked = subprocess.run(["/sbin/e2fsck", "-fn", image], capture_output=True, text=True)
    return recovered.returncode in (0, 1) and checked.returncode == 0, recovered.stdout + checked.stdout + checked.stderr


def replay(recorded, image, *options):
    """Yields what happened and at which flush, each time that the image is there to be looked at."""
    base, log, _ = recorded
    with subprocess.Popen([BUILD / "replay_write_log", log, base, image, str(SEED), *options], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout:
                yield line.split()
                process.stdin.write("\n")
                process.stdin.flush()
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_the_file_system_is_whole_at_every_flush(recorded, tmp_path):
    print("seed", SEED)
    image = tmp_path / "image"
    looked = {"before": 0, "after": 0, "end": 0}
    for what, flush in replay(recorded, image):
        if what == "end":
            assert image.read_bytes() == recorded[2].read_bytes(), "the replayed volume is not what the guest left"
        clean, report = recovered_and_clean(image)
        assert clean, f"seed {SEED}, {what} flush {flush}: {report}"
        looked[what] += 1
    print("power cuts", looked)
    assert looked["end"] == 1 and looked["after"] >= 5 * ROUNDS and looked["before"] >= 4 * ROUNDS, looked


def test_an_engine_that_ignores_flushes_is_found_out(recorded, tmp_path):
    """The positive control."""
    image = tmp_path / "image"
    assert any(not recovered_and_clean(image)[0] for _ in replay(recorded, image, "ignore-flushes"))
