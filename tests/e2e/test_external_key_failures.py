# SPDX-License-Identifier: Apache-2.0
"""What becomes of volumes and calls when an external key store's proxy is slow, away, or another one."""
import concurrent.futures
import os
import time

import pytest
from botocore.exceptions import ClientError

from harness import Coffer, nbd_client, refused, wait_until
from principals import new_user, policy, second_account
from xks_proxy import HOST, XksProxy

CONTENTS = os.urandom(4096)


class Site:
    """A proxy, an installation that knows it, a connected store and a key in it."""

    def __init__(self, folder, timeout="3000"):
        self.proxy = XksProxy(folder).start()
        self.coffer = Coffer(folder / "data", "--xks-timeout", timeout, *self.proxy.arguments).start()
        self.kms = self.coffer.extended_client("kms", retries=0)
        self.store = self.kms.create_custom_key_store(**self.proxy.parameters("store"))["CustomKeyStoreId"]
        self.connect()
        self.key = self.new_key("key-1")

    def new_key(self, external):
        return self.kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=self.store,
                                   XksKeyId=external)["KeyMetadata"]["KeyId"]

    def state(self):
        return self.kms.describe_custom_key_stores(CustomKeyStoreId=self.store)["CustomKeyStores"][0]

    def connect(self, state="CONNECTED"):
        self.kms.connect_custom_key_store(CustomKeyStoreId=self.store)
        wait_until(lambda: self.state()["ConnectionState"] == state, state)

    def close(self):
        self.coffer.stop()
        self.proxy.stop()


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


def write(uri):
    with nbd_client(uri) as handle:
        handle.pwrite(CONTENTS, 0)
        handle.flush()


def read(uri):
    with nbd_client(uri) as handle:
        return handle.pread(len(CONTENTS), 0)


def test_a_volume_under_an_external_key(site):
    ec2 = site.coffer.client("ec2")
    volume = site.coffer.create_volume(ec2, Encrypted=True, KmsKeyId=site.key)
    made = site.proxy.asked("encrypt")[-1]["requestMetadata"]
    assert (made["kmsOperation"], made["kmsViaService"]) == ("GenerateDataKeyWithoutPlaintext", "ec2.us-west-2.amazonaws.com")
    write(site.coffer.attach(volume, "/dev/sdf", ec2))
    snapshot = site.coffer.create_snapshot(volume, ec2)
    clone = site.coffer.create_volume(ec2, SnapshotId=snapshot)
    assert read(site.coffer.attach(clone, "/dev/sdg", ec2)) == CONTENTS
    opened = site.proxy.asked("decrypt")[-1]["requestMetadata"]
    assert opened["kmsOperation"] == "Decrypt" and opened["kmsViaService"] == "ec2.us-west-2.amazonaws.com"

    # What is attached goes on without the proxy; nothing else begins.
    site.kms.disconnect_custom_key_store(CustomKeyStoreId=site.store)
    write(site.coffer.uri(volume))
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    with pytest.raises(ClientError) as error:
        ec2.attach_volume(VolumeId=volume, InstanceId=site.coffer.host(), Device="/dev/sdh")
    assert "not connected to its external key store proxy" in str(error.value)
    failed = ec2.create_volume(AvailabilityZone="us-west-2a", Size=1, Encrypted=True, KmsKeyId=site.key)["VolumeId"]
    wait_until(lambda: "KMSInvalidStateException" in site.coffer.command("volume", "why", failed, check=False).stdout,
               "why the volume failed")
    site.connect()
    assert read(site.coffer.attach(volume, "/dev/sdi", ec2)) == CONTENTS


def test_a_restarted_volume_daemon_asks_the_proxy_again(site):
    ec2 = site.coffer.client("ec2")
    volume = site.coffer.create_volume(ec2, Encrypted=True, KmsKeyId=site.key)
    write(site.coffer.attach(volume, "/dev/sdf", ec2))
    site.proxy.requests.clear()
    site.coffer.kill_daemons("coffer-volumed")
    wait_until(lambda: site.proxy.asked("decrypt"), "the keys are opened again")
    uri = site.coffer.uri(volume)

    def readable():
        try:
            return read(uri) == CONTENTS
        except Exception:
            return False

    wait_until(readable, "the attachment is back")


def test_a_restart_and_a_rotation_of_the_domain_key_leave_it_usable(site):
    sealed = site.kms.encrypt(KeyId=site.key, Plaintext=b"x")["CiphertextBlob"]
    assert site.coffer.json("domain-key", "rotate", "--wait")["newest_version"] == 2
    site.coffer.restart()
    site.kms = site.coffer.extended_client("kms", retries=0)
    assert site.state()["ConnectionState"] == "CONNECTED"
    assert site.kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


def test_a_connection_that_was_cut_off_is_gone_on_with(site):
    site.kms.disconnect_custom_key_store(CustomKeyStoreId=site.store)
    site.proxy.delay = 2
    site.kms.connect_custom_key_store(CustomKeyStoreId=site.store)
    assert site.state()["ConnectionState"] == "CONNECTING"
    site.coffer.kill_daemons("coffer-apid")
    site.kms = site.coffer.extended_client("kms")
    assert site.state()["ConnectionState"] in ("CONNECTING", "CONNECTED")
    wait_until(lambda: site.state()["ConnectionState"] == "CONNECTED", "the connection")


def test_a_store_is_its_accounts_and_for_those_who_may(site):
    other = site.coffer.client("kms", credentials=second_account(site.coffer), retries=0)
    assert other.describe_custom_key_stores()["CustomKeyStores"] == []
    refused("CustomKeyStoreNotFoundException", other.disconnect_custom_key_store, CustomKeyStoreId=site.store)
    refused("CustomKeyStoreNotFoundException", other.create_key, Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=site.store,
            XksKeyId="key-2")
    own = other.create_custom_key_store(**site.proxy.parameters("store"))  # neither name nor proxy is the other's
    assert other.describe_custom_key_stores()["CustomKeyStores"][0]["CustomKeyStoreId"] == own["CustomKeyStoreId"]
    iam = site.coffer.client("iam")
    nobody = site.coffer.client("kms", credentials=new_user(iam, "nobody", policy("kms:List*")), retries=0)
    store = {"CustomKeyStoreId": site.store}
    for call, parameters in ((nobody.create_custom_key_store, site.proxy.parameters("x")),
                             (nobody.update_custom_key_store, store), (nobody.delete_custom_key_store, store),
                             (nobody.describe_custom_key_stores, {}), (nobody.connect_custom_key_store, store),
                             (nobody.disconnect_custom_key_store, store)):
        refused("AccessDeniedException", call, **parameters)


def test_a_proxy_that_is_away_and_back(site):
    sealed = site.kms.encrypt(KeyId=site.key, Plaintext=b"x")["CiphertextBlob"]
    port = site.proxy.port
    site.proxy.stop()
    message = refused("KMSInvalidStateException", site.kms.decrypt, CiphertextBlob=sealed)
    assert message.startswith("AWS KMS cannot communicate with the external key store proxy")
    refused("CustomKeyStoreInvalidStateException", site.new_key, external="key-2")
    assert site.state()["ConnectionState"] == "CONNECTED"  # as at AWS
    site.kms.disconnect_custom_key_store(CustomKeyStoreId=site.store)
    site.connect("FAILED")
    assert site.state()["ConnectionErrorCode"] == "XKS_PROXY_NOT_REACHABLE"
    site.proxy.start(port)
    site.kms.disconnect_custom_key_store(CustomKeyStoreId=site.store)
    site.connect()
    assert site.kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


def test_a_proxy_with_anothers_certificate(site):
    sealed = site.kms.encrypt(KeyId=site.key, Plaintext=b"x")["CiphertextBlob"]
    port = site.proxy.port
    site.proxy.stop()
    site.proxy.start(port, certified_name="another.example.com")
    site.proxy.requests.clear()
    message = refused("KMSInvalidStateException", site.kms.decrypt, CiphertextBlob=sealed)
    assert message.startswith("AWS KMS cannot establish a TLS connection")
    site.kms.disconnect_custom_key_store(CustomKeyStoreId=site.store)
    site.connect("FAILED")
    assert site.state()["ConnectionErrorCode"] == "XKS_PROXY_INVALID_TLS_CONFIGURATION"
    assert not site.proxy.requests


def test_without_its_authority_no_proxy_is_trusted(tmp_path):
    with XksProxy(tmp_path) as proxy, Coffer(tmp_path / "data", "--xks-connect", f"{HOST}=127.0.0.1:{proxy.port}") as coffer:
        message = refused("XksProxyUriUnreachableException", coffer.client("kms").create_custom_key_store,
                          **proxy.parameters("store"))
        assert message.startswith("AWS KMS cannot establish a TLS connection") and not proxy.requests


def test_a_slow_proxy_holds_nobody_else(tmp_path):
    site = Site(tmp_path, timeout="500")
    try:
        own = site.kms.create_key()["KeyMetadata"]["KeyId"]
        sealed = site.kms.encrypt(KeyId=site.key, Plaintext=b"x")["CiphertextBlob"]
        site.proxy.delay = 5
        began = time.monotonic()
        message = refused("KMSInvalidStateException", site.kms.decrypt, CiphertextBlob=sealed)
        assert message.startswith("AWS KMS rejected the request because the external key store proxy did not respond in time")
        assert 0.4 < time.monotonic() - began < 3

        # Far more calls than may wait for one proxy: the others are refused at once, and other keys are served.
        def decrypt(client):
            return refused("KMSInvalidStateException", client.decrypt, CiphertextBlob=sealed)

        clients = [site.coffer.client("kms", retries=0) for _ in range(48)]
        with concurrent.futures.ThreadPoolExecutor(48) as pool:
            waiting = [pool.submit(decrypt, client) for client in clients]
            began = time.monotonic()
            site.kms.encrypt(KeyId=own, Plaintext=b"y")
            served_after = time.monotonic() - began
            messages = [each.result() for each in waiting]
        assert served_after < 2
        assert any("very high request rate" in text for text in messages)
        assert any("did not respond in time" in text for text in messages)
        site.proxy.delay = 0
        wait_until(lambda: _works(site, sealed), "the proxy is asked again")
    finally:
        site.close()


def _works(site, sealed):
    try:
        return site.kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    except ClientError:
        return False
