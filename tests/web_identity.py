# SPDX-License-Identifier: Apache-2.0
"""An issuer of OpenID Connect tokens: its keys, its JWK Set, the tokens it signs."""
import base64
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

URL = "https://issuer.example/tenant"
AUDIENCE = "my-application"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size):
    return encoded(value.to_bytes(size, "big"))


class Issuer:
    def __init__(self, algorithm, key_id="first", url=URL):
        self.algorithm, self.key_id, self.url = algorithm, key_id, url
        self.key = (rsa.generate_private_key(65537, 2048) if algorithm == "RS256"
                    else ec.generate_private_key(ec.SECP256R1()))

    def json_web_key(self):
        public = self.key.public_key().public_numbers()
        numbers = ({"kty": "RSA", "n": number(public.n, 256), "e": number(public.e, 3)} if self.algorithm == "RS256"
                   else {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)})
        return {"kid": self.key_id, "use": "sig", "alg": self.algorithm, **numbers}

    def sign(self, data):
        if self.algorithm == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, header=None, **claims):
        """Valid for an hour, of subject "subject-1"; a claim of None is left out."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": "subject-1", "aud": AUDIENCE, "iat": now, "exp": now + 3600, **claims}
        header = {"typ": "JWT", "alg": self.algorithm, "kid": self.key_id, **(header or {})}
        parts = [header, {name: value for name, value in claims.items() if value is not None}]
        text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return text + "." + encoded(self.sign(text.encode()))


def give_keys(coffer, folder, *issuers):
    """`coffer iam oidc-keys set` with the issuers' keys."""
    path = folder / "jwks.json"
    path.write_text(json.dumps({"keys": [issuer.json_web_key() for issuer in issuers]}))
    return coffer.json("iam", "oidc-keys", "set", issuers[0].url, str(path))
