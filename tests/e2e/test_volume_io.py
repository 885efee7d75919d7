# SPDX-License-Identifier: Apache-2.0
"""How volumes' files are read and written: `coffer status` says it, `--io` decides it, and no byte depends on it."""
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import nbd
from harness import BUILD, is_served, nbd_client, wait_until

SIZE, READ = 8 << 20, 4096
CONTENTS = os.urandom(SIZE)


def io(coffer):
    return coffer.json("status")["volumed"]["io"]


def attached_again(coffer, volume):
    uri = wait_until(lambda: coffer.command("volume", "uri", volume, check=False).stdout.strip(), "the uri")
    wait_until(lambda: is_served(uri), "the server")
    return uri


def read_many_at_once(uri, offsets):
    """4 KiB at each offset, all of them in flight together."""
    with nbd_client(uri) as handle:
        buffers = [nbd.Buffer(READ) for _ in offsets]
        cookies = [handle.aio_pread(buffer, offset) for buffer, offset in zip(buffers, offsets)]
        while cookies:
            handle.poll(-1)
            # aio_command_completed raises for one that failed.
            cookies = [cookie for cookie in cookies if not handle.aio_command_completed(cookie)]
        return [bytes(buffer.to_bytearray()) for buffer in buffers]


def test_direct_io_reads_what_buffered_io_wrote_and_the_other_way_round(coffer):
    assert io(coffer) == "buffered"
    volume = coffer.create_volume(Encrypted=True)
    with nbd_client(coffer.attach(volume, "/dev/sdf")) as handle:
        for offset in range(0, SIZE, 1 << 20):
            handle.pwrite(CONTENTS[offset:offset + (1 << 20)], offset)
        handle.flush()

    coffer.restart("--io", "direct")
    assert io(coffer) == "direct (io_uring)"
    assert "direct (io_uring)" in coffer.command("status").stdout
    uri = attached_again(coffer, volume)
    offsets = [i * 37 % (SIZE // READ) * READ for i in range(200)]
    with ThreadPoolExecutor(4) as clients:
        for seen in clients.map(lambda _: read_many_at_once(uri, offsets), range(4)):
            assert seen == [CONTENTS[offset:offset + READ] for offset in offsets]
    with nbd_client(uri) as handle:
        assert handle.pread(1 << 20, 12345) == CONTENTS[12345:12345 + (1 << 20)]
        handle.pwrite(CONTENTS[::-1][:1 << 20], 777)
        handle.flush()

    coffer.restart("--io", "auto")
    with nbd_client(attached_again(coffer, volume)) as handle:
        assert handle.pread(1 << 20, 777) == CONTENTS[::-1][:1 << 20]


def test_another_way_is_refused(tmp_path):
    refused = subprocess.run([BUILD / "coffer", "up", "--data", tmp_path / "data", "--io", "pigeon"],
                             capture_output=True, text=True, timeout=30)
    assert refused.returncode == 2 and "--io" in refused.stderr
    assert not (tmp_path / "data").exists()
