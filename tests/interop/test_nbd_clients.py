# SPDX-License-Identifier: Apache-2.0
"""Do the block clients of others understand our NBD server? Each test is one client's view of it."""
import json
import os
import subprocess
import textwrap

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("COFFER_BUILD", os.path.join(ROOT, "build"))
SIZE = 64 << 20


# nbdsh starts the python3 of PATH, and only Debian's has libnbd.
ENVIRONMENT = {**os.environ, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


def run(*command, check=True, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, text=True,
                          env=ENVIRONMENT, **options)
    if check:
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


class Server:
    def __init__(self, folder, *more, size=SIZE):
        self.socket = str(folder / "nbd.sock")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "nbd_test_server"), self.socket, str(size), *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    @property
    def uri(self):
        return f"nbd+unix:///?socket={self.socket}"

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=20) == 0


@pytest.fixture(params=["memory", "volume", "direct"])
def server(request, tmp_path):
    """A device in memory, and a real encrypted volume, also by direct I/O: clients must see no difference."""
    one = Server(tmp_path, *(() if request.param == "memory" else (request.param, str(tmp_path / "volumes"))))
    yield one
    one.stop()


def nbdsh(uri, script, *contexts):
    """Runs `script` with `h`, a libnbd handle that has base:allocation (and more contexts) and is connected."""
    prologue = "".join("h.add_meta_context(%r)\n" % context for context in ("base:allocation", *contexts))
    prologue += "h.connect_uri(%r)\n" % uri
    return run("nbdsh", "-c", prologue + textwrap.dedent(script)).stdout


def random_file(path, size):
    data = os.urandom(size)
    path.write_bytes(data)
    return data


def test_nbdinfo_describes_the_export(server):
    export = json.loads(run("nbdinfo", "--json", server.uri).stdout)
    assert export["protocol"] == "newstyle-fixed"
    assert export["structured"] is True
    about = export["exports"][0]
    assert about["export-size"] == SIZE
    assert about["contexts"] == ["base:allocation", "coffer:depth"]
    assert about["description"] == "a disk for tests"
    assert (about["block_size_minimum"], about["block_size_preferred"], about["block_size_maximum"]) == (1, 4096, 32 << 20)
    for offered in ("can_cache", "can_df", "can_fast_zero", "can_flush", "can_fua", "can_multi_conn", "can_trim",
                    "can_zero"):
        assert about[offered] is True, offered
    assert about["is_read_only"] is False


def test_nbdinfo_lists_the_export_by_name(server):
    listed = json.loads(run("nbdinfo", "--list", "--json", server.uri).stdout)
    assert [export["export-name"] for export in listed["exports"]] == ["disk"]
    named = server.uri.replace("///", "///disk")
    assert run("nbdinfo", "--size", named).stdout.strip() == str(SIZE)
    assert run("nbdinfo", server.uri.replace("///", "///another"), check=False).returncode != 0


@pytest.mark.parametrize("options", [(), ("--synchronous",), ("--connections=4", "--threads=2", "--requests=32"),
                                     ("--request-size=33554432",), ("--no-extents",)], ids=lambda o: " ".join(o) or "default")
def test_nbdcopy_writes_and_reads_back_the_same(server, tmp_path, options):
    data = random_file(tmp_path / "in", SIZE)
    run("nbdcopy", *options, "--flush", str(tmp_path / "in"), server.uri)
    run("nbdcopy", *options, server.uri, str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == data


def test_nbdcopy_keeps_holes(server, tmp_path):
    with open(tmp_path / "in", "wb") as sparse:
        sparse.truncate(SIZE)
        sparse.seek(1 << 20)
        sparse.write(os.urandom(1 << 20))
    run("nbdcopy", "--destination-is-zero", str(tmp_path / "in"), server.uri)
    extents = json.loads(run("nbdinfo", "--map", "--json", server.uri).stdout)
    assert [(e["offset"], e["length"], e["type"]) for e in extents] == [
        (0, 1 << 20, 3), (1 << 20, 1 << 20, 0), (2 << 20, SIZE - (2 << 20), 3)]


def test_both_contexts_in_one_reply(server):
    """nbdinfo asks for one, libnbd takes both together; their runs agree where the volume is one layer."""
    out = nbdsh(server.uri, """
        h.pwrite(b"x" * 8192, 4096)
        found = {}
        h.block_status(%d, 0, lambda context, offset, entries, error: found.setdefault(context, entries) and 0)
        print(sorted(found.items()))
    """ % SIZE, "coffer:depth")
    rest = SIZE - 12288
    assert out.strip() == repr([("base:allocation", [4096, 3, 8192, 0, rest, 3]),
                                ("coffer:depth", [4096, 0, 8192, 1, rest, 0])])
    extents = json.loads(run("nbdinfo", "--map=coffer:depth", "--json", server.uri).stdout)
    assert [(e["offset"], e["length"], e["type"]) for e in extents] == [(0, 4096, 0), (4096, 8192, 1), (12288, rest, 0)]


def test_libnbd_commands(server):
    out = nbdsh(server.uri, """
        def status(offset, length, flags=0):
            found = []
            h.block_status(length, offset, lambda context, at, entries, error: found.extend(entries), flags)
            return found
        data = bytes(range(256)) * 64
        h.pwrite(data, 8192, nbd.CMD_FLAG_FUA)
        assert h.pread(len(data), 8192) == data
        assert status(0, 65536) == [8192, 3, 16384, 0, 40960, 3], status(0, 65536)
        assert status(8192, 65536, nbd.CMD_FLAG_REQ_ONE) == [16384, 0]
        h.trim(4096, 8192)
        assert h.pread(4096, 8192) == bytes(4096)
        h.zero(4096, 12288)
        assert h.pread(4096, 12288) == bytes(4096)
        h.zero(4096, 16384, nbd.CMD_FLAG_NO_HOLE)
        assert status(16384, 4096)[0] == 4096
        assert status(16384, 4096)[1] & nbd.STATE_ZERO  # a volume may still call it a hole, to be safe
        h.zero(4096, 20480, nbd.CMD_FLAG_FAST_ZERO)
        try:
            h.zero(100, 20480, nbd.CMD_FLAG_FAST_ZERO)
            assert False, 'an unaligned fast zero succeeded'
        except nbd.Error as error:
            assert error.errno == 'ENOTSUP', error.errno
        h.zero(100, 20480)
        h.cache(65536, 0)
        h.flush()
        chunks = []
        h.pread_structured(65536, 0, lambda part, at, kind, error: chunks.append((at, len(part))), nbd.CMD_FLAG_DF)
        assert chunks == [(0, 65536)], chunks
        h.shutdown()
        print('all')
    """)
    assert out == "all\n"


def test_libnbd_sees_the_right_errors(server):
    out = nbdsh(server.uri, """
        h.set_strict_mode(0)
        size = h.get_size()
        def error_of(call, *arguments):
            try:
                call(*arguments)
                return None
            except nbd.Error as error:
                return error.errno
        assert error_of(h.pread, 512, size) == 'EINVAL'
        assert error_of(h.pwrite, b'x' * 512, size) == 'ENOSPC'
        assert error_of(h.trim, 512, size) == 'EINVAL'
        assert error_of(h.zero, 512, size) == 'ENOSPC'
        assert error_of(h.pread, 1 << 20, 0, nbd.CMD_FLAG_DF) == 'EOVERFLOW'
        assert error_of(h.pread, 512, 0, 1 << 9) == 'EINVAL'
        assert error_of(h.pread, 512, 0) is None
        print('all')
    """)
    assert out == "all\n"


@pytest.mark.parametrize("structured", [True, False], ids=["structured", "simple"])
def test_a_device_error_reaches_the_client_and_the_connection_lives(tmp_path, structured):
    server = Server(tmp_path, "fail-at", "1000000")
    out = run("nbdsh", "-c", textwrap.dedent(f"""
        h.set_request_structured_replies({structured})
        h.connect_uri({server.uri!r})
        assert h.get_structured_replies_negotiated() is {structured}
        for call in (lambda: h.pread(4096, 999424), lambda: h.pwrite(bytes(4096), 999424)):
            try:
                call()
                assert False, 'no error'
            except nbd.Error as error:
                assert error.errno == 'EIO', error.errno
        assert h.pread(4096, 0) == bytes(4096)
        print('alive')
    """)).stdout
    assert out == "alive\n"
    server.stop()


def test_old_clients_enter_by_export_name(server):
    out = run("nbdsh", "-c", textwrap.dedent(f"""
        h.set_full_info(False)
        h.set_opt_mode(False)
        h.set_handshake_flags(0)
        h.connect_uri({server.uri!r})
        h.pwrite(b'old', 0)
        print(h.get_size(), h.pread(3, 0))
    """)).stdout
    assert out == f"{SIZE} bytearray(b'old')\n"


def test_qemu_io_writes_patterns(server):
    done = run("qemu-io", "-f", "raw", server.uri, "-c", "write -P 0xa5 0 1M", "-c", "write -P 0x5a -f 512k 64k",
               "-c", "write -z 64k 64k", "-c", "write -z -u 256k 4k", "-c", "discard 128k 64k", "-c", "flush",
               "-c", "read -P 0xa5 0 64k", "-c", "read -P 0 64k 128k", "-c", "read -P 0x5a 512k 64k",
               "-c", "read -P 0xa5 700001 1000", "-c", "write -P 0x11 700001 1000", "-c", "read -P 0x11 700001 1000")
    assert "failed" not in done.stdout, done.stdout


def test_qemu_img_sees_size_map_and_contents(server, tmp_path):
    assert json.loads(run("qemu-img", "info", "--output=json", server.uri).stdout)["virtual-size"] == SIZE
    raw = tmp_path / "image"
    with open(raw, "wb") as sparse:
        sparse.truncate(SIZE)
        for place in (0, 3 << 20, SIZE - 4096):
            sparse.seek(place)
            sparse.write(os.urandom(4096))
    run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", str(raw), server.uri)
    assert "identical" in run("qemu-img", "compare", "-f", "raw", "-F", "raw", str(raw), server.uri).stdout
    extents = json.loads(run("qemu-img", "map", "--output=json", "-f", "raw", server.uri).stdout)
    data = [(e["start"], e["length"]) for e in extents if e["data"]]
    assert sum(length for _, length in data) < 1 << 20
    for place in (0, 3 << 20, SIZE - 4096):
        assert any(start <= place < start + length for start, length in data), place


@pytest.mark.parametrize("pattern", ["randwrite", "write", "randrw"])
def test_fio_verifies_what_it_wrote(server, tmp_path, pattern):
    done = run("fio", "--name=verify", "--ioengine=nbd", f"--uri={server.uri}", f"--rw={pattern}", "--bsrange=512-256k",
               "--blockalign=512", "--size=64M", "--io_size=32M", "--iodepth=32", "--verify=crc32c", "--do_verify=1",
               "--verify_fatal=1", "--randseed=7", "--fsync=64", cwd=tmp_path)
    assert "err= 0" in done.stdout, done.stdout


def test_several_clients_at_once(server, tmp_path):
    clients = [subprocess.Popen(["fio", "--name=verify", "--ioengine=nbd", f"--uri={server.uri}", "--rw=randwrite", "--bs=4k",
                                 f"--offset={i * (SIZE // 4)}", f"--size={SIZE // 4}", "--iodepth=8", "--verify=crc32c",
                                 "--verify_fatal=1"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for i in range(4)]
    for client in clients:
        out, _ = client.communicate(timeout=120)
        assert client.returncode == 0 and "err= 0" in out, out
