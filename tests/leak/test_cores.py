# SPDX-License-Identifier: Apache-2.0
"""Is there a key or a customer's data in a core dump? Cores are taken by root with gcore, of the daemons at work."""
import mmap
import os
import struct
import subprocess
import sys
import threading

import pytest

from aes_schedule import round_keys, traces
from harness import nbd_client, nbdcopy
from wrapped_keys import backing_key, open_data_key, wrapped_keys_of


def test_the_schedule_is_fips_197s():
    # FIPS 197, appendix A.3: the last round key of its AES-256 example.
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    assert round_keys(key)[14].hex() == "fe4890d1e6188d0b046df344706c631e"


MIB = 1 << 20
BLOCK = 64 << 10


def memory_segments(core):
    """(offset, size) of what the core holds of the process's memory (ELF's PT_LOAD). The rest, PT_NOTE, is the registers
    of threads: one that is stopped while it computes with a key or a sector has it in them, and no program can help it."""
    assert core[:5] == b"\x7fELF\x02", "no 64-bit ELF file"
    table, = struct.unpack_from("<Q", core, 32)
    size, count = struct.unpack_from("<HH", core, 54)
    assert 0 < count < 0xFFFF, "program headers beyond ELF's ordinary count"
    for at in range(table, table + size * count, size):
        kind, _, offset, _, _, in_file = struct.unpack_from("<IIQQQQ", core, at)
        if kind == 1:
            yield offset, in_file


def core_of(pid, folder):
    """What a core dump of the process holds of its memory, without the blocks of zeros that make up most of it."""
    subprocess.run(["gcore", "-o", folder / "core", str(pid)], check=True, capture_output=True, timeout=120)
    path = folder / f"core.{pid}"
    held = bytearray()
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as core:
        for offset, size in memory_segments(core):
            for at in range(offset, offset + size, BLOCK):
                block = core[at:min(at + BLOCK, offset + size)]
                if block.count(0) != len(block):
                    held += block
    path.unlink()
    assert len(held) > 1 << 20, "this is no core of a working process"
    return bytes(held)


def needles(secrets):
    """{what: what is searched for}: of a key, its traces; of anything else, itself."""
    found = {}
    for what, value in secrets.items():
        for name, needle in traces(value).items() if len(value) == 32 else [("itself", value)]:
            found[f"{what}, {name}"] = needle
    return found


def assert_in_no_core(cores, secrets, data):
    """`cores` is {daemon: core}."""
    for name, core in cores.items():
        # The core is a real one of this process at work: it holds what is no secret.
        assert str(data).encode() in core, f"this is no core of {name} at work"
        assert [what for what, needle in needles(secrets).items() if needle in core] == [], name


def assert_found_in_ordinary_memory(secrets, folder):
    """The positive control: another process keeps the same things where nothing protects them."""
    searched = needles(secrets)
    holder = subprocess.Popen([sys.executable, "-c",
                               "import sys\nheld = sys.stdin.buffer.read()\nsys.stdout.write('held\\n')\n"
                               "sys.stdout.flush()\nimport time\ntime.sleep(60)"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdin.write(b"".join(searched.values()))
        holder.stdin.close()
        assert holder.stdout.readline() == b"held\n"
        core = core_of(holder.pid, folder)
        assert [what for what, needle in searched.items() if needle not in core] == []
    finally:
        holder.kill()
        holder.wait()


class Load:
    """API calls and block I/O that go on while the cores are taken."""

    def __init__(self, coffer, key_id, uri, contents):
        self.coffer, self.key_id, self.uri, self.contents = coffer, key_id, uri, contents
        self.stopping = threading.Event()
        self.failure = None
        self.calls = 0
        self.threads = [threading.Thread(target=self.guarded, args=(work,)) for work in (self.call, self.copy)]

    def guarded(self, work):
        try:
            while not self.stopping.is_set():
                work()
        except Exception as error:  # shown by the test
            self.failure = error

    def call(self):
        kms = self.coffer.client("kms")
        for _ in range(20):
            blob = kms.generate_data_key(KeyId=self.key_id, KeySpec="AES_256")["CiphertextBlob"]
            kms.decrypt(CiphertextBlob=blob)
            self.calls += 1

    def copy(self):
        nbdcopy(self.contents, self.uri)
        with nbd_client(self.uri) as handle:
            for at in range(0, self.contents.stat().st_size - MIB, MIB):
                handle.pread(MIB, at)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def at_work(coffer, tmp_path):
    """A volume in use, and the secrets that must not be seen: its data key's halves, the KMS key and its data."""
    kms, ec2 = coffer.client("kms"), coffer.client("ec2")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    volume = coffer.create_volume(ec2, Encrypted=True, KmsKeyId=key_id)
    (wrapped,) = wrapped_keys_of(coffer, volume)
    data_key = open_data_key(coffer, volume, wrapped)
    secrets = {"data key, first half": data_key[:32], "data key, second half": data_key[32:],
               "KMS key": backing_key(coffer, key_id), "plaintext": os.urandom(64)}
    contents = tmp_path / "contents"
    contents.write_bytes(secrets["plaintext"] * 100_000)
    with Load(coffer, key_id, coffer.attach(volume, "/dev/sdf", ec2), contents) as load:
        while load.calls < 5 and not load.failure:
            load.stopping.wait(0.05)
        yield coffer, secrets
    assert load.failure is None, load.failure


def test_no_daemons_core_holds_a_secret(at_work, tmp_path):
    coffer, secrets = at_work
    cores = {name: core_of(pid, tmp_path) for name, pid in coffer.daemons().items()}
    assert_in_no_core(cores, secrets, coffer.data)


def test_the_search_finds_them_in_ordinary_memory(at_work, tmp_path):
    _, secrets = at_work
    assert_found_in_ordinary_memory(secrets, tmp_path)
