# SPDX-License-Identifier: Apache-2.0
"""Custom key stores through two SDKs, and external key stores whole: what a proxy sees, and what becomes of its failures."""
import base64
import json
import os

import pytest

from harness import Coffer, files_with, refused, wait_until
from xks_proxy import HOST, PATH, XksProxy

PATIENCE = 3000  # milliseconds; the machine may be busy
VPC = "com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    with XksProxy(tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture(scope="module")
def shared_coffer(tmp_path_factory, proxy):
    with Coffer(tmp_path_factory.mktemp("stores") / "data", "--development", "--xks-timeout", str(PATIENCE),
                *proxy.arguments) as running:
        yield running


@pytest.fixture(autouse=True)
def behaving(request):
    """However a test made the proxy behave, the next one finds it well-behaved, with nothing asked."""
    if "proxy" in request.fixturenames:
        proxy = request.getfixturevalue("proxy")
        proxy.delay, proxy.answer, proxy.metadata = 0, None, b""
        proxy.requests.clear()


def described(kms, store):
    return kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"][0]


def settled(kms, store):
    """Its entry once it is neither connecting nor disconnecting."""
    return wait_until(lambda: (lambda entry: entry["ConnectionState"][-3:] != "ING" and entry)(described(kms, store)), store)


def connected(kms, store):
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    entry = settled(kms, store)
    assert entry["ConnectionState"] == "CONNECTED", entry
    return store


def remove(kms, store, coffer):
    """With its keys, by days that pass at once."""
    keys = [entry["KeyId"] for entry in kms.list_keys(Limit=1000)["Keys"]]
    mine = [key for key in keys if kms.describe_key(KeyId=key)["KeyMetadata"].get("CustomKeyStoreId") == store]
    for key in mine:
        if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "PendingDeletion":
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    if mine:
        coffer.command("clock", "advance", "8d")
    if described(kms, store)["ConnectionState"] != "DISCONNECTED":
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        wait_until(lambda: described(kms, store)["ConnectionState"] == "DISCONNECTED", "disconnection")
    kms.delete_custom_key_store(CustomKeyStoreId=store)


@pytest.fixture
def store(kms, proxy, shared_coffer):
    """A connected external key store."""
    made = kms.create_custom_key_store(**proxy.parameters("store"))["CustomKeyStoreId"]
    yield connected(kms, made)
    remove(kms, made, shared_coffer)


@pytest.fixture
def key(kms, store):
    return kms.create_key(Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store, XksKeyId="key-1")["KeyMetadata"]


# The store


def test_a_store_lives(kms, proxy, shared_coffer):
    store = kms.create_custom_key_store(**proxy.parameters("first"))["CustomKeyStoreId"]
    assert store.startswith("cks-")
    entry = described(kms, store)
    configuration = entry["XksProxyConfiguration"]
    assert (entry["CustomKeyStoreName"], entry["CustomKeyStoreType"], entry["ConnectionState"]) == (
        "first", "EXTERNAL_KEY_STORE", "DISCONNECTED")
    assert configuration["UriEndpoint"] == f"https://{HOST}" and configuration["UriPath"] == PATH
    assert configuration["AccessKeyId"] == proxy.credential()["AccessKeyId"]
    assert "ConnectionErrorCode" not in entry and "CloudHsmClusterId" not in entry
    assert proxy.asked("health")[0]["requestMetadata"]["kmsOperation"] == "CreateCustomKeyStore"
    assert proxy.region == "us-west-2"
    by_name = kms.describe_custom_key_stores(CustomKeyStoreName="first")["CustomKeyStores"]
    assert [one["CustomKeyStoreId"] for one in by_name] == [store]
    refused("CustomKeyStoreNotFoundException", kms.describe_custom_key_stores, CustomKeyStoreName="second")
    refused("ValidationException", kms.describe_custom_key_stores, CustomKeyStoreName="first", CustomKeyStoreId=store)

    refused("CustomKeyStoreInvalidStateException", kms.disconnect_custom_key_store, CustomKeyStoreId=store)
    connected(kms, store)
    connected(kms, store)  # again: nothing changes
    refused("CustomKeyStoreInvalidStateException", kms.delete_custom_key_store, CustomKeyStoreId=store)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.delete_custom_key_store(CustomKeyStoreId=store)
    for call in (kms.delete_custom_key_store, kms.connect_custom_key_store, kms.disconnect_custom_key_store,
                 kms.update_custom_key_store, kms.describe_custom_key_stores):
        refused("CustomKeyStoreNotFoundException", call, CustomKeyStoreId=store)
    names = {record["eventName"] for record in shared_coffer.trail()}
    assert {"CreateCustomKeyStore", "ConnectCustomKeyStore", "DisconnectCustomKeyStore", "DeleteCustomKeyStore"} <= names


def test_the_secret_is_nowhere_in_the_clear(kms, proxy, store, shared_coffer):
    secret = proxy.secret.encode()
    assert not files_with(shared_coffer.data, secret)
    assert proxy.secret not in shared_coffer.log_path.read_text() and proxy.secret not in str(shared_coffer.trail())
    (shared_coffer.data / "control").write_bytes(secret)  # it would have been found
    assert files_with(shared_coffer.data, secret)
    (shared_coffer.data / "control").unlink()


def test_what_its_type_has_is_needed_and_nothing_else(kms, proxy):
    whole = proxy.parameters("whole")
    for name in ("XksProxyConnectivity", "XksProxyUriEndpoint", "XksProxyUriPath", "XksProxyAuthenticationCredential"):
        refused("ValidationException", kms.create_custom_key_store, **{n: v for n, v in whole.items() if n != name})
    for name, value in (("CloudHsmClusterId", "cluster-abcdefghijk"), ("KeyStorePassword", "kmsPswd"),
                        ("TrustAnchorCertificate", "pem"), ("XksProxyVpcEndpointServiceName", VPC)):
        refused("ValidationException", kms.create_custom_key_store, **whole, **{name: value})
    refused("ValidationException", kms.create_custom_key_store, CustomKeyStoreName="cluster")
    refused("ValidationException", kms.create_custom_key_store, CustomKeyStoreName="x", CustomKeyStoreType="OTHER")
    refused("CloudHsmClusterNotFoundException", kms.create_custom_key_store, CustomKeyStoreName="cluster",
            CloudHsmClusterId="cluster-abcdefghijk", KeyStorePassword="kmsPswd", TrustAnchorCertificate="pem")


def test_nothing_of_a_store_is_anothers(kms, proxy, store):
    new = proxy.parameters
    refused("CustomKeyStoreNameInUseException", kms.create_custom_key_store, **new("store", XksProxyUriPath="/a/kms/xks/v1"))
    refused("XksProxyUriInUseException", kms.create_custom_key_store, **new("other"))
    vpc = {"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", "XksProxyVpcEndpointServiceName": VPC}
    refused("XksProxyUriEndpointInUseException", kms.create_custom_key_store,
            **new("other", XksProxyUriPath="/a/kms/xks/v1", **vpc))
    refused("XksProxyVpcEndpointServiceNotFoundException", kms.create_custom_key_store,
            **new("other", XksProxyUriEndpoint="https://vpc.example.com",
                  **{**vpc, "XksProxyVpcEndpointServiceName": VPC.replace("west-2", "east-1")}))
    # Through a VPC endpoint service nothing is asked before the store is connected.
    second = kms.create_custom_key_store(**new("second", XksProxyUriEndpoint="https://vpc.example.com", **vpc))
    refused("XksProxyVpcEndpointServiceInUseException", kms.create_custom_key_store,
            **new("third", XksProxyUriEndpoint="https://vpc2.example.com", **vpc))
    first_page = kms.describe_custom_key_stores(Limit=1)
    assert first_page["Truncated"]
    rest = kms.describe_custom_key_stores(Limit=1, Marker=first_page["NextMarker"])
    listed = [one["CustomKeyStoreId"] for page in (first_page, rest) for one in page["CustomKeyStores"]]
    assert sorted(listed) == sorted([store, second["CustomKeyStoreId"]]) and not rest["Truncated"]
    kms.connect_custom_key_store(CustomKeyStoreId=second["CustomKeyStoreId"])
    entry = settled(kms, second["CustomKeyStoreId"])
    assert (entry["ConnectionState"], entry["ConnectionErrorCode"]) == ("FAILED", "XKS_PROXY_NOT_REACHABLE")
    assert entry["XksProxyConfiguration"]["VpcEndpointServiceName"] == VPC
    refused("CustomKeyStoreInvalidStateException", kms.connect_custom_key_store, CustomKeyStoreId=second["CustomKeyStoreId"])
    kms.disconnect_custom_key_store(CustomKeyStoreId=second["CustomKeyStoreId"])
    kms.delete_custom_key_store(CustomKeyStoreId=second["CustomKeyStoreId"])


MISBEHAVIOUR = {
    "XksProxyIncorrectAuthenticationCredentialException": ("any", 401, b'{"errorName":"AuthenticationFailedException"}'),
    "XksProxyInvalidConfigurationException": ("any", 404, b'{"errorName":"InvalidUriPathException"}'),
    "XksProxyInvalidResponseException": ("any", 200, b'{"xksProxyFleetSize":'),
    "XksProxyUriUnreachableException": ("any", 429, b'{"errorName":"ThrottlingException"}'),
}


@pytest.mark.parametrize("code", MISBEHAVIOUR)
def test_a_proxy_that_does_not_answer_well_makes_no_store(kms, proxy, code):
    proxy.answer = MISBEHAVIOUR[code]
    assert refused(code, kms.create_custom_key_store, **proxy.parameters("none"))
    proxy.answer = None
    refused("CustomKeyStoreNotFoundException", kms.describe_custom_key_stores, CustomKeyStoreName="none")


def test_a_wrong_credential_makes_no_store(kms, proxy):
    refused("XksProxyIncorrectAuthenticationCredentialException", kms.create_custom_key_store,
            **proxy.parameters("none", XksProxyAuthenticationCredential=proxy.credential("A" * 43)))
    refused("XksProxyInvalidConfigurationException", kms.create_custom_key_store,
            **proxy.parameters("none", XksProxyUriPath="/elsewhere/kms/xks/v1"))
    refused("XksProxyUriUnreachableException", kms.create_custom_key_store,
            **proxy.parameters("none", XksProxyUriEndpoint="https://nowhere.invalid"))


def test_all_key_managers_away_is_no_connection(kms, proxy, store):
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    away = [{**proxy.health["ekmFleetDetails"][0], "healthStatus": "UNAVAILABLE"}]
    proxy.health, whole = {**proxy.health, "ekmFleetDetails": away}, proxy.health
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    entry = settled(kms, store)
    proxy.health = whole
    assert (entry["ConnectionState"], entry["ConnectionErrorCode"]) == ("FAILED", "XKS_PROXY_NOT_REACHABLE")


def test_an_update_is_asked_of_the_proxy_first(kms, proxy, store):
    kms.update_custom_key_store(CustomKeyStoreId=store, NewCustomKeyStoreName="renamed")
    assert not proxy.asked("health") or proxy.asked("health")[-1]["requestMetadata"]["kmsOperation"] != "UpdateCustomKeyStore"
    refused("XksProxyIncorrectAuthenticationCredentialException", kms.update_custom_key_store, CustomKeyStoreId=store,
            XksProxyAuthenticationCredential=proxy.credential("A" * 43))
    refused("XksProxyInvalidConfigurationException", kms.update_custom_key_store, CustomKeyStoreId=store,
            XksProxyUriPath="/elsewhere/kms/xks/v1")
    kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyAuthenticationCredential=proxy.credential())
    assert proxy.asked("health")[-1]["requestMetadata"]["kmsOperation"] == "UpdateCustomKeyStore"
    refused("CustomKeyStoreInvalidStateException", kms.update_custom_key_store, CustomKeyStoreId=store,
            XksProxyUriEndpoint="https://other.example.com")
    refused("ValidationException", kms.update_custom_key_store, CustomKeyStoreId=store, KeyStorePassword="kmsPswd")
    entry = described(kms, store)
    assert (entry["CustomKeyStoreName"], entry["ConnectionState"]) == ("renamed", "CONNECTED")
    assert entry["XksProxyConfiguration"]["UriPath"] == PATH
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    refused("XksProxyUriUnreachableException", kms.update_custom_key_store, CustomKeyStoreId=store,
            XksProxyUriEndpoint="https://nowhere.invalid")
    kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyConnectivity="VPC_ENDPOINT_SERVICE",
                                XksProxyUriEndpoint="https://vpc.example.com", XksProxyVpcEndpointServiceName=VPC)
    kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyConnectivity="PUBLIC_ENDPOINT",
                                XksProxyUriEndpoint=f"https://{HOST}")
    assert "VpcEndpointServiceName" not in described(kms, store)["XksProxyConfiguration"]


# Keys


def test_a_key_tells_where_it_is(kms, store, key, proxy):
    assert (key["Origin"], key["CustomKeyStoreId"], key["XksKeyConfiguration"]["Id"], key["KeyState"]) == (
        "EXTERNAL_KEY_STORE", store, "key-1", "Enabled")
    assert "CloudHsmClusterId" not in key and "CurrentKeyMaterialId" not in key
    told = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert told["CustomKeyStoreId"] == store and told["XksKeyConfiguration"]["Id"] == "key-1"
    asked = proxy.asked("metadata")[0]["requestMetadata"]
    assert asked["kmsOperation"] == "CreateKey" and asked["awsPrincipalArn"].endswith(":root") and asked["kmsRequestId"]


def test_keys_need_a_fit_external_key(kms, store, key, proxy):
    def create(code, **parameters):
        return refused(code, kms.create_key, **{"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": store,
                                                "XksKeyId": "key-2", **parameters})
    create("XksKeyAlreadyInUseException", XksKeyId="key-1")
    create("XksKeyNotFoundException", XksKeyId="no-key")
    create("CustomKeyStoreNotFoundException", CustomKeyStoreId="cks-00000000000000000")
    create("UnsupportedOperationException", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    create("UnsupportedOperationException", KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    create("UnsupportedOperationException", MultiRegion=True)
    create("ValidationException", Origin="AWS_KMS")
    create("ValidationException", Origin="AWS_CLOUDHSM")
    refused("ValidationException", kms.create_key, Origin="EXTERNAL_KEY_STORE", CustomKeyStoreId=store)
    refused("ValidationException", kms.create_key, Origin="EXTERNAL_KEY_STORE", XksKeyId="key-2")
    external = proxy.keys["key-2"]
    for name, unfit in (("spec", "AES_128"), ("usage", ["ENCRYPT"]), ("status", "DISABLED")):
        fit = getattr(external, name)
        setattr(external, name, unfit)
        create("XksKeyInvalidConfigurationException")
        setattr(external, name, fit)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    create("CustomKeyStoreInvalidStateException")


def test_what_such_a_key_cannot(kms, store, key):
    name = {"KeyId": key["KeyId"]}
    origin = f"{key['Arn']} origin is EXTERNAL_KEY_STORE which is not valid for this operation."
    assert refused("UnsupportedOperationException", kms.enable_key_rotation, **name) == origin
    refused("UnsupportedOperationException", kms.get_key_rotation_status, **name)
    refused("UnsupportedOperationException", kms.rotate_key_on_demand, **name)
    refused("UnsupportedOperationException", kms.list_key_rotations, **name)
    assert refused("UnsupportedOperationException", kms.get_parameters_for_import, **name, WrappingKeySpec="RSA_2048",
                   WrappingAlgorithm="RSAES_OAEP_SHA_256") == origin
    refused("UnsupportedOperationException", kms.replicate_key, **name, ReplicaRegion="us-east-1")
    refused("UnsupportedOperationException", kms.generate_data_key_pair, **name, KeyPairSpec="ECC_NIST_P256")
    refused("UnsupportedOperationException", kms.generate_random, NumberOfBytes=8, CustomKeyStoreId=store)
    refused("CustomKeyStoreNotFoundException", kms.generate_random, NumberOfBytes=8, CustomKeyStoreId="cks-0")


def test_both_halves_are_needed_and_the_proxy_sees_no_plaintext(kms, store, key, proxy):
    context = {"project": "nile"}
    plaintext = b"nobody outside may read this" * 30
    proxy.metadata = b"version 7"
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext, EncryptionContext=context)["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)
    assert opened["Plaintext"] == plaintext and opened["KeyId"] == key["Arn"] and "KeyMaterialId" not in opened
    asked, = proxy.asked("encrypt")
    given = base64.b64decode(asked["plaintext"])
    assert len(given) > len(plaintext) and not any(plaintext[i:i + 8] in given for i in range(28))
    # The proxy's half holds keyd's ciphertext under this very key, and so does the blob none of either.
    assert base64.b64decode(proxy.asked("decrypt")[0]["ciphertext"]) in sealed and given not in sealed
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=given, EncryptionContext=context)
    metadata = asked["requestMetadata"]
    assert (metadata["kmsKeyArn"], metadata["kmsOperation"]) == (key["Arn"], "Encrypt")
    assert "kmsViaService" not in metadata and asked["ciphertextDataIntegrityValueAlgorithm"] == "SHA_256"
    # Another context is another for the proxy too.
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed, EncryptionContext={"project": "congo"})
    for position in (0, 1, 5, 20, 23, 40, len(sealed) - 1):
        torn = bytes(byte ^ (i == position) for i, byte in enumerate(sealed))
        with pytest.raises(Exception) as error:
            kms.decrypt(CiphertextBlob=torn, EncryptionContext=context)
        assert error.value.response["Error"]["Code"] in (
            "InvalidCiphertextException", "KMSInvalidStateException", "AccessDeniedException"), position


def test_data_keys_and_re_encryption(kms, key, proxy):
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    hidden = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=1024)["CiphertextBlob"]
    assert len(kms.decrypt(CiphertextBlob=hidden)["Plaintext"]) == 1024
    own = kms.create_key()["KeyMetadata"]["KeyId"]
    moved = kms.re_encrypt(CiphertextBlob=made["CiphertextBlob"], DestinationKeyId=own)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=moved)["Plaintext"] == made["Plaintext"]
    back = kms.re_encrypt(CiphertextBlob=moved, DestinationKeyId=key["KeyId"])["CiphertextBlob"]
    assert proxy.asked("encrypt")[-1]["requestMetadata"]["kmsOperation"] == "ReEncrypt"
    assert kms.decrypt(CiphertextBlob=back)["Plaintext"] == made["Plaintext"]
    largest = os.urandom(4096)
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=largest)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == largest


def test_a_disconnected_stores_keys_are_unavailable(kms, store, key):
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    told = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (told["KeyState"], told["Enabled"]) == ("Unavailable", False)
    message = refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed)
    assert message == ("This KMS key is in a custom key store that is not connected to its external key store proxy. "
                       "Connect the external key store and try the request again.")
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    kms.update_key_description(KeyId=key["KeyId"], Description="managed all the same")
    kms.disable_key(KeyId=key["KeyId"])
    connected(kms, store)
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Disabled"
    refused("DisabledException", kms.decrypt, CiphertextBlob=sealed)
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    refused("CustomKeyStoreHasCMKsException", kms.delete_custom_key_store, CustomKeyStoreId=store)


FAILURES = {
    "ValidationException": (400, "AWS KMS cannot interpret the response from the external key store proxy."),
    "InvalidStateException": (400, "The external key associated with this KMS key in an external key store is not enabled"),
    "InvalidCiphertextException": (400, "The external key store proxy rejected the request because the specified ciphertext"),
    "InvalidKeyUsageException": (400, "The external key associated with this KMS key in an external key store does not support"),
    "AuthenticationFailedException": (401, "The external key store proxy rejected the request because it could not authenticate"),
    "AccessDeniedException": (403, "The external key store proxy denied access to the operation."),
    "KeyNotFoundException": (404, "The external key associated with this KMS key in an external key store was not found"),
    "InvalidUriPathException": (404, "The external key store proxy rejected the request because of an invalid URI path."),
    "UnsupportedOperationException": (501, "The external key store proxy rejected the request because it does not support"),
    "DependencyTimeoutException": (503, "The external key store proxy did not respond to the request in the time allotted."),
    "ThrottlingException": (429, "The external key store proxy rejected the request due to a very high request rate."),
    "InternalException": (500, "The external key store proxy rejected the request because it cannot communicate with"),
    "NoSuchException": (500, "AWS KMS cannot interpret the response from the external key store proxy."),
}


def test_each_failure_of_the_proxy_is_told_in_aws_words(kms, key, proxy):
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for name, (status, message) in FAILURES.items():
        proxy.answer = ("any", status, b'{"errorName":"%s","errorMessage":"never shown"}' % name.encode())
        assert refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=sealed).startswith(message), name
        refused("KMSInvalidStateException", kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256")
    proxy.answer = None
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


def test_no_answer_that_is_none_is_believed(kms, key, proxy):
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    whole = {"ciphertext": "AA==", "initializationVector": base64.b64encode(bytes(12)).decode(),
             "authenticationTag": base64.b64encode(bytes(16)).decode(), "ciphertextDataIntegrityValue": "AA=="}
    for body in (b"", b"{}", b"[]", b"null", b"not json", b"{" * 5000, b'{"plaintext":5}', b'{"plaintext":"AA=="}',
                 b'{"plaintext":"%s"}' % (b"A" * 100_000), json.dumps(whole).encode()):
        proxy.answer = ("any", 200, body)
        for call, parameters in ((kms.decrypt, {"CiphertextBlob": sealed}),
                                 (kms.encrypt, {"KeyId": key["KeyId"], "Plaintext": b"x"})):
            message = refused("KMSInvalidStateException", call, **parameters)
            assert message.startswith("AWS KMS cannot interpret the response"), (body[:40], message)


def test_an_encryption_that_would_not_decrypt_is_not_handed_out(kms, key, proxy):
    """The integrity value covers what the proxy sends; the same answer with one bit changed is refused."""
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    answer = proxy._encrypt("key-1", proxy.asked("encrypt")[0])
    tag = bytearray(base64.b64decode(answer["authenticationTag"]))
    tag[0] ^= 1
    proxy.answer = ("encrypt", 200, json.dumps({**answer, "authenticationTag": base64.b64encode(tag).decode()}).encode())
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")


def test_connections_are_kept(kms, key, proxy):
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    before = proxy.connections
    for _ in range(20):
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    assert proxy.connections == before and len(proxy.asked("encrypt")) == 21
