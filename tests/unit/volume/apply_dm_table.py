# SPDX-License-Identifier: Apache-2.0
"""Stands in for device-mapper: reads a table from standard input and writes what the mapped device would contain to
standard output. Knows the targets zero, linear, and crypt with aes-xts-plain64."""
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

end = 0
for line in sys.stdin:
    start, length, target, *arguments = line.split()
    start, length = int(start), int(length)
    assert start == end and length % 8 == 0, f"a gap or an odd length: {line}"
    end = start + length
    if target == "zero":
        sys.stdout.buffer.write(bytes(length * 512))
        continue
    if target == "crypt":
        cipher, key, iv_offset, device, offset, *options = arguments
        assert (cipher, options) == ("aes-xts-plain64", ["2", "sector_size:4096", "iv_large_sectors"]), line
        # The kernel counts iv_offset in 512-byte units, relative to the line, and wants whole sectors.
        assert int(iv_offset) % 8 == 0, line
    else:
        assert target == "linear", line
        device, offset = arguments
    with open(device, "rb") as file:
        file.seek(int(offset) * 512)
        contents = file.read(length * 512)
    if target == "crypt":
        algorithm = algorithms.AES(bytes.fromhex(key))
        plain = b""
        for at in range(0, len(contents), 4096):
            tweak = ((int(iv_offset) * 512 + at) // 4096).to_bytes(16, "little")
            plain += Cipher(algorithm, modes.XTS(tweak)).decryptor().update(contents[at:at + 4096])
        contents = plain
    sys.stdout.buffer.write(contents)
