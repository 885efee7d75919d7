# SPDX-License-Identifier: Apache-2.0
"""AWS_CLOUDHSM custom key stores over PKCS#11 (SoftHSM), by each of two SDKs: a KMS key is made in a token and never leaves
it, does what any other does, and is gone, in AWS's words, while its token is."""
import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness import Coffer, files_with, nbd_client, refused, wait_until
from soft_hsm import MODULE, SoftHsm

PIN = "kmsPswd2468"
LABEL = "vault"


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    made = SoftHsm(tmp_path_factory.mktemp("token") / "home")
    before = {name: os.environ.get(name) for name in ("HOME", "SOFTHSM2_CONF")}
    os.environ["HOME"] = str(made.home)
    os.environ.pop("SOFTHSM2_CONF", None)
    made.initialise(LABEL, PIN)
    yield made
    for name, value in before.items():
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A trust anchor's certificate, and another one."""
    folder = tmp_path_factory.mktemp("anchor")
    for name in ("customerCA", "other"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"], check=True,
                       capture_output=True)
    return folder


@pytest.fixture(scope="module")
def shared_coffer(tmp_path_factory, token, authority):
    with Coffer(tmp_path_factory.mktemp("shared") / "data", "--development") as running:
        yield running


@pytest.fixture(scope="module")
def cluster(shared_coffer, authority):
    return add_cluster(shared_coffer, "--token", LABEL, "--trust-anchor", str(authority / "customerCA.crt"))


def add_cluster(coffer, *arguments):
    return coffer.command("kms", "hsm", "add", "--module", MODULE, *arguments).stdout.strip()


def anchor(authority, name="customerCA"):
    return (authority / f"{name}.crt").read_text()


def state_of(kms, store):
    """ConnectionState and, where it failed, why."""
    entry = kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"][0]
    return entry["ConnectionState"], entry.get("ConnectionErrorCode")


def connect(kms, store):
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    return wait_until(lambda: state_of(kms, store)[0] != "CONNECTING" and state_of(kms, store), "the connection")


def disconnect(kms, store):
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    wait_until(lambda: state_of(kms, store)[0] == "DISCONNECTED", "the store's disconnection")


def create_store(kms, cluster, certificate, pin=PIN, name="vault"):
    return kms.create_custom_key_store(CustomKeyStoreName=name, CloudHsmClusterId=cluster, KeyStorePassword=pin,
                                       TrustAnchorCertificate=certificate)["CustomKeyStoreId"]


def remove_store(kms, store):
    """With its keys, which takes a week."""
    for key in kms.list_keys()["Keys"]:
        metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if metadata.get("CustomKeyStoreId") == store and metadata["KeyState"] != "PendingDeletion":
            kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)


@pytest.fixture
def store(kms, cluster, authority, shared_coffer):
    """A connected key store of the shared cluster; gone afterwards, with its keys."""
    made = create_store(kms, cluster, anchor(authority))
    assert connect(kms, made) == ("CONNECTED", None)
    yield made
    remove_store(kms, made)
    shared_coffer.command("clock", "advance", "8d")
    if state_of(kms, made)[0] != "DISCONNECTED":
        disconnect(kms, made)
    kms.delete_custom_key_store(CustomKeyStoreId=made)


def create_key(kms, store):
    return kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)["KeyMetadata"]


def sealers(coffer):
    """The processes that have a token open for a key store."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if len(words) > 1 and words[0].endswith(b"/coffer-sealer") and words[1] == b"--key-store" \
                    and f"\nPPid:\t{coffer.process.pid}\n" in (entry / "status").read_text():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_key_is_made_in_the_token_and_does_what_any_other_does(kms, store, cluster, token):
    key = create_key(kms, store)
    assert (key["Origin"], key["CustomKeyStoreId"], key["CloudHsmClusterId"], key["KeyState"]) == \
        ("AWS_CLOUDHSM", store, cluster, "Enabled")
    said = token.keys(LABEL, PIN)
    assert key["KeyId"] in said, said

    context = {"purpose": "test"}
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"in the token", EncryptionContext=context)
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == b"in the token" and opened["KeyId"] == key["Arn"]
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"])
    data_key = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
    sealed = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=16)["CiphertextBlob"]
    assert len(kms.decrypt(CiphertextBlob=sealed)["Plaintext"]) == 16
    assert len(kms.generate_random(NumberOfBytes=32, CustomKeyStoreId=store)["Plaintext"]) == 32

    ordinary = kms.create_key()["KeyMetadata"]["KeyId"]
    there = kms.re_encrypt(CiphertextBlob=data_key["CiphertextBlob"], DestinationKeyId=ordinary)["CiphertextBlob"]
    back = kms.re_encrypt(CiphertextBlob=there, DestinationKeyId=key["KeyId"])["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=back)["Plaintext"] == data_key["Plaintext"]


def test_what_aws_does_not_offer_in_a_key_store_is_refused(kms, store):
    key = create_key(kms, store)["KeyId"]
    refused("UnsupportedOperationException", kms.create_key, Origin="AWS_CLOUDHSM", CustomKeyStoreId=store, KeySpec="RSA_2048",
            KeyUsage="SIGN_VERIFY")
    refused("UnsupportedOperationException", kms.create_key, Origin="AWS_CLOUDHSM", CustomKeyStoreId=store, MultiRegion=True)
    refused("UnsupportedOperationException", kms.enable_key_rotation, KeyId=key)
    refused("UnsupportedOperationException", kms.generate_data_key_pair, KeyId=key, KeyPairSpec="ECC_NIST_P256")


def test_a_wrong_password_is_named_and_mended(kms, cluster, authority):
    store = create_store(kms, cluster, anchor(authority), pin="wrong12345")
    assert connect(kms, store) == ("FAILED", "INVALID_CREDENTIALS")
    refused("CustomKeyStoreInvalidStateException", kms.connect_custom_key_store, CustomKeyStoreId=store)
    refused("CustomKeyStoreInvalidStateException", kms.create_key, Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)
    disconnect(kms, store)
    kms.update_custom_key_store(CustomKeyStoreId=store, KeyStorePassword=PIN)
    assert connect(kms, store) == ("CONNECTED", None)
    disconnect(kms, store)
    kms.delete_custom_key_store(CustomKeyStoreId=store)


def test_a_cluster_is_what_the_operator_has_configured(kms, shared_coffer, cluster, authority):
    def creation(cluster_id, certificate):
        return {"CustomKeyStoreName": "other", "CloudHsmClusterId": cluster_id, "KeyStorePassword": PIN,
                "TrustAnchorCertificate": certificate}
    refused("CloudHsmClusterNotFoundException", kms.create_custom_key_store, **creation("cluster-nonenonenon", anchor(authority)))
    refused("IncorrectTrustAnchorException", kms.create_custom_key_store, **creation(cluster, anchor(authority, "other")))
    missing = add_cluster(shared_coffer, "--token", "cellar")
    refused("CloudHsmClusterNotActiveException", kms.create_custom_key_store, **creation(missing, anchor(authority)))
    store = create_store(kms, cluster, anchor(authority))
    refused("CloudHsmClusterInUseException", kms.create_custom_key_store, **creation(cluster, anchor(authority)))
    refused("CloudHsmClusterNotActiveException", kms.update_custom_key_store, CustomKeyStoreId=store, CloudHsmClusterId=missing)
    unrelated = add_cluster(shared_coffer, "--token", LABEL, "--trust-anchor", str(authority / "other.crt"))
    refused("CloudHsmClusterNotRelatedException", kms.update_custom_key_store, CustomKeyStoreId=store,
            CloudHsmClusterId=unrelated)
    kms.delete_custom_key_store(CustomKeyStoreId=store)
    for each in (missing, unrelated):
        shared_coffer.command("kms", "hsm", "remove", each)
    assert [entry["cluster_id"] for entry in shared_coffer.json("kms", "hsm", "list")] == [cluster]


def test_disconnected_a_key_cannot_be_used_and_then_can_again(kms, store, shared_coffer):
    key = create_key(kms, store)["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]
    assert len(sealers(shared_coffer)) == 1
    refused("CustomKeyStoreInvalidStateException", kms.delete_custom_key_store, CustomKeyStoreId=store)
    disconnect(kms, store)
    wait_until(lambda: not sealers(shared_coffer), "the end of the token's process")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Unavailable"
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed)
    refused("KMSInvalidStateException", kms.generate_data_key, KeyId=key, KeySpec="AES_256")
    refused("CustomKeyStoreInvalidStateException", kms.create_key, Origin="AWS_CLOUDHSM", CustomKeyStoreId=store)
    refused("CustomKeyStoreHasCMKsException", kms.delete_custom_key_store, CustomKeyStoreId=store)
    assert connect(kms, store) == ("CONNECTED", None)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"before"


def test_a_killed_process_is_replaced_and_keyd_goes_on(kms, store, shared_coffer):
    key = create_key(kms, store)["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]
    keyd = shared_coffer.daemons()["coffer-keyd"]
    for _ in range(5):
        (process,) = sealers(shared_coffer)
        os.kill(process, signal.SIGKILL)
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"before"
    assert shared_coffer.daemons()["coffer-keyd"] == keyd


def test_a_token_that_is_away_is_awss_error_and_comes_back(kms, store, shared_coffer, token):
    key = create_key(kms, store)["KeyId"]
    ordinary = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]
    tokens, aside = token.home / "tokens", token.home / "aside"
    tokens.rename(aside)
    tokens.mkdir()
    for process in sealers(shared_coffer):
        os.kill(process, signal.SIGKILL)
    said = refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed)
    assert said == "KMS cannot communicate with your CloudHSM cluster"
    assert kms.encrypt(KeyId=ordinary, Plaintext=b"others go on")
    tokens.rmdir()
    aside.rename(tokens)

    def opened():
        try:
            return kms.decrypt(CiphertextBlob=sealed)["Plaintext"]
        except Exception:  # of either SDK, until the token is tried again
            return None
    assert wait_until(opened, "the token") == b"before"


def test_keys_are_open_again_after_a_restart_of_everything(kms, store, shared_coffer):
    key = create_key(kms, store)["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]
    shared_coffer.kill_daemons("coffer-keyd")
    assert shared_coffer.client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"before"
    shared_coffer.kill_daemons()
    assert shared_coffer.client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"before"


def test_a_deleted_keys_material_is_destroyed_in_the_token(kms, store, shared_coffer, token):
    key, kept = create_key(kms, store)["KeyId"], create_key(kms, store)["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert key in token.keys(LABEL, PIN)
    shared_coffer.command("clock", "advance", "8d")
    wait_until(lambda: key not in token.keys(LABEL, PIN), "the end of the key in the token")
    assert kept in token.keys(LABEL, PIN)
    refused("NotFoundException", kms.describe_key, KeyId=key)


def test_a_key_deleted_while_its_store_is_disconnected_is_destroyed_in_the_token_later(kms, store, shared_coffer, token):
    key = create_key(kms, store)["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    disconnect(kms, store)
    wait_until(lambda: not sealers(shared_coffer), "the end of the token's process")
    shared_coffer.command("clock", "advance", "8d")
    refused("NotFoundException", kms.describe_key, KeyId=key)
    assert key in token.keys(LABEL, PIN) and not sealers(shared_coffer)  # nobody logs in to a disconnected store's token
    assert connect(kms, store) == ("CONNECTED", None)
    shared_coffer.command("clock", "advance", "1d")  # and so the worker looks again
    wait_until(lambda: key not in token.keys(LABEL, PIN), "the end of the key in the token")


def test_a_cluster_is_for_one_key_store_and_may_be_for_one_account(kms, shared_coffer, cluster, authority):
    made = shared_coffer.json("account", "create")
    other = shared_coffer.client("kms", credentials=(made["access_key_id"], made["secret_access_key"]))
    creation = {"CustomKeyStoreName": "mine", "KeyStorePassword": PIN, "TrustAnchorCertificate": anchor(authority)}
    theirs = other.create_custom_key_store(CloudHsmClusterId=cluster, **creation)["CustomKeyStoreId"]
    refused("CloudHsmClusterInUseException", kms.create_custom_key_store, CloudHsmClusterId=cluster, **creation)
    refused("CloudHsmClusterInUseException", shared_coffer.client("kms", region="us-east-1").create_custom_key_store,
            CloudHsmClusterId=cluster, **creation)
    other.delete_custom_key_store(CustomKeyStoreId=theirs)

    kept = add_cluster(shared_coffer, "--token", LABEL, "--account", made["account"])
    refused("CloudHsmClusterNotFoundException", kms.create_custom_key_store, CloudHsmClusterId=kept, **creation)
    theirs = other.create_custom_key_store(CloudHsmClusterId=kept, **creation)["CustomKeyStoreId"]
    refused("CloudHsmClusterNotFoundException", kms.create_custom_key_store, CloudHsmClusterId=kept, **creation)
    assert connect(other, theirs) == ("CONNECTED", None)
    disconnect(other, theirs)
    other.delete_custom_key_store(CustomKeyStoreId=theirs)
    shared_coffer.command("kms", "hsm", "remove", kept)
    assert shared_coffer.command("kms", "hsm", "add", "--module", MODULE, "--token", LABEL, "--account", "banana",
                                 check=False).returncode != 0


def test_a_key_whose_material_somebody_deleted_says_so(kms, store, token):
    key = create_key(kms, store)["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    token.pkcs11(LABEL, PIN, "--delete-object", "--type", "secrkey", "--label", key)
    assert "key material" in refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed)


def test_a_token_that_goes_and_comes_back_is_no_lost_key(kms, store, token):
    sealed = kms.encrypt(KeyId=create_key(kms, store)["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    there, away = token.home / "tokens", token.home / "away"
    there.rename(away)
    try:
        message = refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed)
        assert "cannot communicate with your CloudHSM cluster" in message
    finally:
        away.rename(there)

    def opened():
        try:
            return kms.decrypt(CiphertextBlob=sealed)["Plaintext"]
        except Exception as error:  # each SDK has its own
            assert "cannot communicate with your CloudHSM cluster" in str(error)
            return None

    assert wait_until(opened, "the token's return") == b"x"


def test_a_volume_is_under_a_key_in_a_token(kms, store, shared_coffer):
    key = create_key(kms, store)["Arn"]
    ec2 = shared_coffer.client("ec2")
    volume = shared_coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key)
    with nbd_client(shared_coffer.attach(volume, "/dev/sdh", ec2)) as handle:
        handle.pwrite(b"through the token" + bytes(495), 0)
        handle.flush()
        assert handle.pread(17, 0) == b"through the token"
    snapshot = shared_coffer.create_snapshot(volume, ec2)
    ec2.detach_volume(VolumeId=volume)
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    assert not files_with(shared_coffer.data / "volumes", b"through the token")

    disconnect(kms, store)
    code = "IncorrectState"
    with pytest.raises(Exception) as error:
        ec2.attach_volume(VolumeId=volume, InstanceId=shared_coffer.host(), Device="/dev/sdi")
    assert key in str(error.value) or code in str(error.value), error.value
    assert connect(kms, store) == ("CONNECTED", None)
    clone = shared_coffer.create_volume(ec2, SnapshotId=snapshot)
    with nbd_client(shared_coffer.attach(clone, "/dev/sdj", ec2)) as handle:
        assert handle.pread(17, 0) == b"through the token"
    for each in (volume, clone):
        if each == clone:
            ec2.detach_volume(VolumeId=each)
            ec2.get_waiter("volume_available").wait(VolumeIds=[each], WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    ec2.delete_snapshot(SnapshotId=snapshot)
    for each in (volume, clone):
        ec2.delete_volume(VolumeId=each)


def test_the_password_is_in_no_file_argument_or_environment(kms, store, shared_coffer, token):
    create_key(kms, store)
    assert not files_with(shared_coffer.data, PIN.encode())
    assert PIN not in shared_coffer.log()
    for pid in [*shared_coffer.daemons().values(), *sealers(shared_coffer), shared_coffer.process.pid]:
        for name in ("cmdline", "environ"):
            assert PIN.encode() not in Path(f"/proc/{pid}/{name}").read_bytes(), (pid, name)
    (shared_coffer.data / "probe").write_text(PIN)  # the positive control
    assert files_with(shared_coffer.data, PIN.encode()) == {shared_coffer.data / "probe"}
    (shared_coffer.data / "probe").unlink()
