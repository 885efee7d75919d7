# SPDX-License-Identifier: Apache-2.0
"""An authenticator app: one-time codes by RFC 6238 and RFC 4226, written from them."""
import base64
import hashlib
import hmac
import itertools
import struct
import time

SECONDS = 30


def code_at(seed, step, digits=6):
    """Of the time step, with SHA-1."""
    mac = hmac.new(seed, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return str((struct.unpack(">I", mac[offset:offset + 4])[0] & 0x7FFFFFFF) % 10 ** digits).zfill(digits)


def step_now():
    return int(time.time()) // SECONDS


class Authenticator:
    """Has a device's seed. Its clock is minutes behind, and it never waits for its next code: that of the next step will
    do, so that a test has a dozen at once. (Coffer follows a device's clock, by one step a code.)"""

    def __init__(self, device, behind=14):
        self.serial = device["SerialNumber"]
        self.seed = base64.b32decode(device["Base32StringSeed"])
        self.drift = -behind
        self.last = step_now() - behind - 1

    def code(self):
        self.last = max(self.last + 1, step_now() + self.drift)
        self.drift = self.last - step_now()
        return code_at(self.seed, self.last)

    def codes(self):
        """Of a step and the next one."""
        first = self.code()
        self.last += 1
        return {"AuthenticationCode1": first, "AuthenticationCode2": code_at(self.seed, self.last)}

    def wrong_code(self):
        """Of no step for an hour around."""
        near = {code_at(self.seed, step_now() + step) for step in range(-60, 61)}
        return next(code for code in map("{:06}".format, itertools.count()) if code not in near)

    def said(self):
        """What GetSessionToken and AssumeRole are told."""
        return {"SerialNumber": self.serial, "TokenCode": self.code()}


def enable_mfa(iam, user, name=None):
    """A new device of the user's, in use: its authenticator."""
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name or user)["VirtualMFADevice"]
    authenticator = Authenticator(device)
    iam.enable_mfa_device(UserName=user, SerialNumber=authenticator.serial, **authenticator.codes())
    return authenticator
