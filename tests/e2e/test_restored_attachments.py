# SPDX-License-Identifier: Apache-2.0
"""volumed dies while a volume's key is disabled: the attachment shows its cause, and is restored when the key is back."""
from harness import is_served, nbd_client, wait_until


def test_an_attachment_waits_for_its_key(coffer):
    kms, ec2 = coffer.client("kms"), coffer.client("ec2")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    with nbd_client(coffer.attach(volume, "/dev/sdf", ec2)) as handle:
        handle.pwrite(b"kept" * 1024, 0)
        handle.flush()
    kms.disable_key(KeyId=key)
    coffer.kill_daemons("coffer-volumed")

    def failure():
        return [a["failure"] for a in coffer.json("status")["attachments"] if a.get("failure")]

    assert "is disabled" in wait_until(failure, "the cause in status")[0]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "in-use"
    refused = [r for r in coffer.trail() if r["eventName"] == "Decrypt" and r.get("errorCode") == "DisabledException"]
    assert len(refused) == 1, "the refused Decrypt is on record, once"

    kms.enable_key(KeyId=key)
    wait_until(lambda: not failure() and is_served(coffer.uri(volume)), "the volume to be served again")
    with nbd_client(coffer.uri(volume)) as handle:
        assert handle.pread(4096, 0) == b"kept" * 1024
