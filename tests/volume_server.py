# SPDX-License-Identifier: Apache-2.0
"""The volume engine by itself, as tests/programs/volume_server.cc serves it: volumes, snapshots and clones in a folder,
each layer's key in a file."""
import subprocess
from pathlib import Path

from harness import BUILD, dm_table


class VolumeServer:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = self.folder / "nbd.sock"
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([BUILD / "volume_server", self.folder, self.socket], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self._answer() == "ok"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(60) == 0

    def _answer(self):
        return self.process.stdout.readline().strip()

    def __call__(self, *words):
        """One command; fails unless the answer is ok."""
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        assert (answer := self._answer()) == "ok", (words, answer)

    @property
    def uri(self):
        return f"nbd+unix:///?socket={self.socket}"

    def chain(self, subject):
        """The layers, the top one first (docs/format/dm_table.py)."""
        return dm_table.chain_of(self.folder / "volumes", subject)

    def key(self, layer):
        return (self.folder / "keys" / layer).read_bytes()

    def data_file(self, layer):
        return self.folder / "volumes" / layer / "data.000"
