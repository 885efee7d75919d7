# SPDX-License-Identifier: Apache-2.0
"""Tokens of SoftHSM's, and what an outsider who has the PIN finds in one."""
import hashlib
import struct
import subprocess

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


class SoftHsm:
    """SoftHSM finds its tokens by the home of whoever loads it: tests set HOME to `home`."""

    def __init__(self, home):
        self.home = home
        (home / ".config/softhsm2").mkdir(parents=True)
        (home / "tokens").mkdir()
        (home / ".config/softhsm2/softhsm2.conf").write_text(f"directories.tokendir = {home}/tokens\n")

    def tool(self, *arguments, check=True):
        result = subprocess.run(arguments, capture_output=True, text=True, timeout=60,
                                env={"PATH": "/usr/bin:/bin", "HOME": str(self.home)})
        assert not check or result.returncode == 0, (arguments, result.stdout, result.stderr)
        return result

    def initialise(self, label, pin):
        self.tool("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", pin)

    def pkcs11(self, label, pin, *arguments, check=True):
        return self.tool("pkcs11-tool", "--module", MODULE, "--token-label", label, "--login", "--pin", pin, *arguments, check=check)

    def keys(self, label, pin):
        """What the token says of its secret keys."""
        return self.pkcs11(label, pin, "--list-objects", "--type", "secrkey").stdout

    def key_material(self, pin, label):
        """The bytes of a secret key, taken from SoftHSM's files by somebody who has the PIN. Of a real token they cannot be had:
        it is how a test learns what must be nowhere else."""
        for folder in (self.home / "tokens").iterdir():
            masters = [master_key(attributes, pin) for attributes in read_objects(folder, "token.object")]
            for attributes in read_objects(folder, "*.object"):
                opened = {kind: cbc(masters[0], value) for kind, value in attributes.items() if len(value) >= 32}
                if opened.get(CKA_LABEL) == label.encode():
                    return opened[CKA_VALUE]
        raise AssertionError(f"no key {label} in {self.home}")


# SoftHSM 2.6's files: 8-byte big-endian numbers; after a generation number each attribute is its type, a kind (1 truth value,
# 2 number, 3 bytes with their length) and its value. Bytes of private objects are AES-256-CBC, the IV before them, under a key that
# the PIN opens: RFC 4880's iterated and salted hash.
CKA_LABEL, CKA_VALUE = 0x3, 0x11
CKA_OS_USERPIN = 0x8000534D


def read_objects(folder, pattern):
    return [read_attributes(path.read_bytes()) for path in sorted(folder.glob(pattern))]


def read_attributes(data):
    found, at = {}, 8
    while at + 16 <= len(data):
        kind, form = struct.unpack_from(">QQ", data, at)
        at += 16
        if form == 1:
            at += 1
        elif form == 2:
            at += 8
        elif form == 3:
            size, = struct.unpack_from(">Q", data, at)
            found[kind] = data[at + 8:at + 8 + size]
            at += 8 + size
        else:  # lists, which no key of ours has
            break
    return found


def cbc(key, data):
    decryptor = Cipher(algorithms.AES(key), modes.CBC(data[:16])).decryptor()
    padded = decryptor.update(data[16:]) + decryptor.finalize()
    return padded[:-padded[-1]]


def master_key(attributes, pin):
    blob = next(value for kind, value in attributes.items() if kind == CKA_OS_USERPIN)
    key = hashlib.sha256(blob[:8] + pin.encode()).digest()
    for _ in range(1500 + blob[7] - 1):
        key = hashlib.sha256(key).digest()
    opened = cbc(key, blob[8:])
    assert opened[:3] == b"RJR", "that is not the PIN, or another SoftHSM"
    return opened[3:]
