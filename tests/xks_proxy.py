# SPDX-License-Identifier: Apache-2.0
"""A small external key store proxy, as AWS's specification has it (github.com/aws/aws-kms-xksproxy-api-spec): HTTPS with a
certificate of its own authority, SigV4 checked, AES-256-GCM. It keeps what it was asked, and can be told to misbehave."""
import base64
import contextlib
import datetime
import hashlib
import hmac
import json
import os
import secrets
import socket
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HOST = "xks.example.com"
PATH = "/coffer/kms/xks/v1"
ACCESS_KEY_ID = "ABCDEFGHIJKLMNOPQRST"
HEALTHY = {"xksProxyFleetSize": 1, "xksProxyVendor": "Coffer", "xksProxyModel": "test", "ekmVendor": "Coffer",
           "ekmFleetDetails": [{"id": "1", "model": "software", "healthStatus": "ACTIVE"}]}


class Refusal(Exception):
    def __init__(self, status, name):
        super().__init__(name)
        self.status, self.name = status, name


def encoded(data):
    return base64.b64encode(data).decode()


def hmac_sha256(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret, method, path, headers, signed, body, date, scope):
    """Signature Version 4, as the verifier computes it anew."""
    canonical = "\n".join([method, path, "", *[f"{name}:{headers[name].strip()}" for name in signed], "",
                           ";".join(signed), hashlib.sha256(body).hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", date, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for step in scope:
        key = hmac_sha256(key, step)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class ExternalKey:
    def __init__(self):
        self.key = AESGCM(os.urandom(32))
        self.spec, self.usage, self.status = "AES_256", ["ENCRYPT", "DECRYPT"], "ENABLED"


class XksProxy:
    """with XksProxy(folder) as proxy: `proxy.arguments` are what `coffer up` needs to find and to trust it."""

    def __init__(self, folder):
        self.folder = folder
        self.secret = secrets.token_urlsafe(40).replace("-", "A").replace("_", "B")[:43]
        self.keys = {name: ExternalKey() for name in ("key-1", "key-2", "key-3", "key.four_4", "key-5", "key-6")}
        self.region = None
        self.metadata = b""           # ciphertextMetadata of what is encrypted
        self.requests = []            # (operation, body) of those whose signature was right
        self.connections = 0
        self.open = []                # sockets
        self.delay = 0                # seconds before an answer
        self.answer = None            # (operation, status, body) in place of the right one
        self.health = HEALTHY
        self.authority = self._make_authority()

    # Certificates

    def _make_authority(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests of external key stores")])
        certificate = self._certificate(name, name, key.public_key(), key, ca=True)
        (self.folder / "xks-ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate, key

    @staticmethod
    def _certificate(subject, issuer, public, signer, ca, names=()):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(x509.BasicConstraints(ca, None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
        return builder.sign(signer, hashes.SHA256())

    def _tls_context(self, name):
        authority, signer = self.authority
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(x509.Name([]), authority.subject, key.public_key(), signer, False, [name])
        file = self.folder / f"{name}.pem"
        file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption())
                         + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    # Serving

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, port=0, certified_name=HOST):
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                proxy.connections += 1
                proxy.open.append(self.request)
                super().setup()

            def do_POST(self):
                proxy._serve(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # clients that hang up, or do not trust us

        self.server = Server(("127.0.0.1", port), Handler)
        context = self._tls_context(certified_name)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    @property
    def arguments(self):
        return ["--xks-ca", str(self.folder / "xks-ca.pem"), "--xks-connect", f"{HOST}=127.0.0.1:{self.port}"]

    def parameters(self, name, **changes):
        """Of CreateCustomKeyStore."""
        return {"CustomKeyStoreName": name, "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
                "XksProxyConnectivity": "PUBLIC_ENDPOINT", "XksProxyUriEndpoint": f"https://{HOST}",
                "XksProxyUriPath": PATH, "XksProxyAuthenticationCredential": self.credential(), **changes}

    def credential(self, secret=None):
        return {"AccessKeyId": ACCESS_KEY_ID, "RawSecretAccessKey": secret or self.secret}

    def asked(self, operation):
        return [body for name, body in self.requests if name == operation]

    # Answering

    def _serve(self, http):
        body = http.rfile.read(int(http.headers["Content-Length"]))
        try:
            operation, key_id = self._route(http.path)
            self._authenticate(http, body)
            request = json.loads(body)
            self.requests.append((operation, request))
            status, answer = 200, getattr(self, "_" + operation)(key_id, request)
        except Refusal as refusal:
            operation, status, answer = getattr(refusal, "operation", ""), refusal.status, {"errorName": refusal.name}
        answer = json.dumps(answer).encode()
        if self.answer and self.answer[0] in (operation, "any"):
            status, answer = self.answer[1:]
        time.sleep(self.delay)
        http.send_response(status)
        http.send_header("Content-Type", "application/json")
        http.send_header("Content-Length", str(len(answer)))
        http.end_headers()
        http.wfile.write(answer)

    def _route(self, path):
        rest = path[len(PATH):].split("/") if path.startswith(PATH + "/") else []
        if rest == ["", "health"]:
            return "health", None
        if len(rest) == 4 and rest[1] == "keys" and rest[3] in ("metadata", "encrypt", "decrypt"):
            return rest[3], rest[2]
        raise Refusal(404, "InvalidUriPathException")

    def _authenticate(self, http, body):
        scheme, _, rest = http.headers["Authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        access_key, *scope = parts["Credential"].split("/")
        signed = parts["SignedHeaders"].split(";")
        date = http.headers["X-Amz-Date"]
        sent = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
        fresh = abs(datetime.datetime.utcnow() - sent) < datetime.timedelta(minutes=5)
        right = signature(self.secret, "POST", http.path, http.headers, signed, body, date, scope)
        self.region = scope[1]
        if (scheme != "AWS4-HMAC-SHA256" or access_key != ACCESS_KEY_ID or scope[2] != "kms-xks-proxy" or not fresh
                or scope[0] != date[:8] or not {"host", "x-amz-date"} <= set(signed)
                or not hmac.compare_digest(right, parts["Signature"])):
            raise Refusal(401, "AuthenticationFailedException")

    def _key(self, key_id):
        if key_id not in self.keys:
            raise Refusal(404, "KeyNotFoundException")
        return self.keys[key_id]

    def _usable(self, key_id, request, usage):
        key = self._key(key_id)
        if key.status != "ENABLED":
            raise Refusal(400, "InvalidStateException")
        if usage not in key.usage:
            raise Refusal(400, "InvalidKeyUsageException")
        if request["encryptionAlgorithm"] != "AES_GCM":
            raise Refusal(400, "ValidationException")
        return key.key

    def _health(self, _, __):
        return self.health

    def _metadata(self, key_id, _):
        key = self._key(key_id)
        return {"keySpec": key.spec, "keyUsage": key.usage, "keyStatus": key.status}

    @staticmethod
    def _associated_data(request, metadata):
        data = base64.b64decode(request.get("additionalAuthenticatedData", ""))
        return data, struct.pack(">H", len(data)) + data + bytes([len(metadata)]) + metadata

    def _encrypt(self, key_id, request):
        key = self._usable(key_id, request, "ENCRYPT")
        plaintext, iv, metadata = base64.b64decode(request["plaintext"]), os.urandom(12), self.metadata
        assert len(plaintext) <= 4300
        told, covered = self._associated_data(request, metadata)
        sealed = key.encrypt(iv, plaintext, covered)
        ciphertext, tag = sealed[:-16], sealed[-16:]
        answer = {"ciphertext": encoded(ciphertext), "initializationVector": encoded(iv), "authenticationTag": encoded(tag)}
        if metadata:
            answer["ciphertextMetadata"] = encoded(metadata)
        if request.get("ciphertextDataIntegrityValueAlgorithm") == "SHA_256":
            value = hashlib.sha256(told + metadata + iv + ciphertext + tag).digest()
            answer["ciphertextDataIntegrityValue"] = encoded(value)
        return answer

    def _decrypt(self, key_id, request):
        key = self._usable(key_id, request, "DECRYPT")
        metadata = base64.b64decode(request.get("ciphertextMetadata", ""))
        _, covered = self._associated_data(request, metadata)
        sealed = base64.b64decode(request["ciphertext"]) + base64.b64decode(request["authenticationTag"])
        try:
            return {"plaintext": encoded(key.decrypt(base64.b64decode(request["initializationVector"]), sealed, covered))}
        except InvalidTag:
            raise Refusal(400, "InvalidCiphertextException") from None
