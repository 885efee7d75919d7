# SPDX-License-Identifier: Apache-2.0
"""Installations whose seal takes a secret."""
import os
import subprocess

from harness import Coffer


class Sealed(Coffer):
    """`coffer up` that gets a secret through a descriptor."""

    secret = None

    def start(self, *more):
        if self.secret is None:
            return super().start(*more)
        return self.start_with(self.secret, *more)

    def start_with(self, secret, *more):
        read, write = os.pipe()
        os.write(write, secret.encode() + b"\n")
        os.close(write)
        popen = subprocess.Popen

        def inheriting(*arguments, **options):
            return popen(*arguments, **options, pass_fds=(read,))
        subprocess.Popen = inheriting
        try:
            return super().start("--unseal-fd", str(read), *more)
        finally:
            subprocess.Popen = popen
            os.close(read)

    def change_seal(self, kind, *more, secret=None, check=True):
        return self.command("seal", "change", "--to", kind, *more, *(["--secret-fd", "0"] if secret else []),
                            input=secret, check=check)
