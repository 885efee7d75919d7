# SPDX-License-Identifier: Apache-2.0
"""test_guest_chains.py's question, asked of the whole product: volumes and snapshots made through the API under KMS keys,
opened by a guest's kernel once Coffer is stopped."""
import hashlib
import os
import re

from guest import run_guest
from harness import ZONE, dm_table
from test_guest_chains import CHANGE, MAKE, read_by_the_kernel
from wrapped_keys import open_layer_key


class Stopped:
    """An installation's folder, as read_by_the_kernel looks at it."""

    def __init__(self, coffer):
        self.coffer, self.folder = coffer, coffer.data

    def chain(self, subject):
        return dm_table.chain_of(self.folder / "volumes", subject)

    def key(self, layer):
        return open_layer_key(self.coffer, layer)

    def data_file(self, layer):
        return self.folder / "volumes" / layer / "data.000"


def test_the_kernel_opens_a_snapshot_and_a_clone_under_another_key(coffer, tmp_path):
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    payload, other = os.urandom(2 << 20), os.urandom(200_000)
    waiting = {"Delay": 0.2, "MaxAttempts": 300}

    def write(volume, device, script):
        uri = coffer.attach(volume, device, ec2)
        socket = re.search(r"socket=([^&]+)", uri).group(1)
        drive = f"file.driver=nbd,file.server.type=unix,file.server.path={socket},file.export={volume},discard=unmap"
        wrote = run_guest(tmp_path / "guest", script, [drive], {"payload": payload, "other": other})
        assert "WRITTEN-CLEAN" in wrote, wrote

    volume = coffer.create_volume(ec2, Encrypted=True)
    write(volume, "/dev/sdf", MAKE)
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig=waiting)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    clone = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot, Encrypted=True, KmsKeyId=key)["VolumeId"]
    ec2.get_waiter("volume_available").wait(VolumeIds=[clone], WaiterConfig=waiting)
    write(clone, "/dev/sdg", CHANGE.replace("NAME", "new"))
    coffer.stop()

    stopped = Stopped(coffer)
    assert len(stopped.chain(volume)) == 2, "the volume stands on what became the snapshot"
    found = read_by_the_kernel(stopped, (volume, snapshot, clone), tmp_path / "read", files_only=True)
    whole, small = (hashlib.sha256(contents).hexdigest() for contents in (payload, other))
    changed = hashlib.sha256(payload[:321_000] + other + payload[521_000:]).hexdigest()
    first = {"kept": whole, "dropped": whole, "changed": whole}
    assert found[volume][1] == first and found[snapshot][1] == first
    assert found[clone][1] == {"kept": whole, "changed": changed, "new": small}
