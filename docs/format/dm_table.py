#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the device-mapper table of a Coffer volume, from its manifest and its state map.

    dm_table.py FOLDER [--device /dev/loop0 ...] [--key-file KEY] | dmsetup create --readonly NAME

FOLDER is the volume's folder (vol-...). --device names the block devices over the layer's data files, in the order
of the files (.000, .001, ...); without it the files' own paths are printed. --key-file holds the layer's data key as
64 raw bytes; without it the table refers to the key in the kernel's keyring by name, ":64:logon:coffer:LAYER".
Needs nothing but Python 3. The formats: manifest.md, layer.md, state-map.md, beside this script.
"""
import argparse
import os
import struct
import sys

SECTOR = 4096
UNIT = 512                    # what device-mapper counts in
PAGE = 4096
SECTORS_PER_PAGE = PAGE * 4
SEGMENT = 8 << 40
DATA = 1


class Refused(Exception):
    pass


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


class Fields:
    """Reads little-endian integers and fields with a 32-bit length."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, size):
        if self.at + size > len(self.data):
            raise Refused("the file is too short")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.raw(struct.calcsize("<" + form)))[0]

    def field(self):
        return self.raw(self.number("I"))


def check(data, magic, name):
    if data[:8] != magic or crc32c(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise Refused(f"the {name} is damaged, or is none")
    version = struct.unpack("<H", data[8:10])[0]
    if version != 1:
        raise Refused(f"the {name} has format version {version}, this script reads version 1")


def read_manifest(data):
    check(data, b"COFVOLUM", "manifest")
    fields = Fields(data)
    fields.raw(10)
    manifest = {"volume": fields.field().decode(), "size": fields.number("Q"), "epoch": fields.number("Q"),
                "host": fields.field().decode(), "layers": []}
    for _ in range(fields.number("I")):
        layer = {"id": fields.field().decode(), "encrypted": fields.number("B") == 1}
        if layer["encrypted"]:
            layer["wrapped_key"] = fields.field()
        manifest["layers"].append(layer)
    return manifest


def read_header(data, layer, size):
    check(data, b"COFLAYER", "layer's header")
    fields = Fields(data)
    fields.raw(10)
    cipher, sector, bytes_ = fields.number("B"), fields.number("I"), fields.number("Q")
    fields.number("Q")
    if (fields.field().decode(), cipher == 1, sector, bytes_) != (layer["id"], layer["encrypted"], SECTOR, size):
        raise Refused("the layer's header does not belong to the manifest")


def runs_of_data(map_file, sectors):
    """Yields (first sector, count) of the sectors that are data, in order, neighbours joined."""
    start = None
    for page in range((sectors + SECTORS_PER_PAGE - 1) // SECTORS_PER_PAGE):
        map_file.seek(PAGE + page * PAGE)
        states = map_file.read(PAGE).ljust(PAGE, b"\0")
        first = page * SECTORS_PER_PAGE
        for index, byte in enumerate(states):
            if (byte == 0 and start is None) or (byte == 0x55 and start is not None):
                continue
            for bit in range(4):
                sector = first + index * 4 + bit
                is_data = (byte >> (2 * bit)) & 3 == DATA
                if is_data and start is None:
                    start = sector
                elif not is_data and start is not None:
                    yield start, sector - start
                    start = None
    if start is not None:
        yield start, sectors - start


def table(folder, devices=None, key=None):
    """The lines of the table."""
    with open(os.path.join(folder, "manifest"), "rb") as file:
        manifest = read_manifest(file.read())
    if len(manifest["layers"]) != 1:
        raise Refused("this script reads volumes of one layer")
    layer, size = manifest["layers"][0], manifest["size"]
    segments = (size + SEGMENT - 1) // SEGMENT
    if devices is None:
        devices = [os.path.abspath(os.path.join(folder, f"{layer['id']}.{i:03}")) for i in range(segments)]
    if len(devices) != segments:
        raise Refused(f"the volume has {segments} data files, {len(devices)} devices were named")
    if key is None:
        key = f":64:logon:coffer:{layer['id']}"

    lines = []

    def zero(first, count):
        if count:
            lines.append(f"{first * 8} {count * 8} zero")

    def data(first, count):
        while count:  # a run may cross from one file to the next
            segment, within = divmod(first * SECTOR, SEGMENT)
            piece = min(count, (SEGMENT - within) // SECTOR)
            start, length, offset = first * 8, piece * 8, within // UNIT
            if layer["encrypted"]:
                # The second `start` makes the tweak the sector's number in the volume, not in this line.
                lines.append(f"{start} {length} crypt aes-xts-plain64 {key} {start} {devices[segment]} {offset} "
                             f"2 sector_size:{SECTOR} iv_large_sectors")
            else:
                lines.append(f"{start} {length} linear {devices[segment]} {offset}")
            first, count = first + piece, count - piece

    with open(os.path.join(folder, layer["id"] + ".map"), "rb") as file:
        read_header(file.read(512), layer, size)
        end = 0
        for first, count in runs_of_data(file, size // SECTOR):
            zero(end, first - end)
            data(first, count)
            end = first + count
        zero(end, size // SECTOR - end)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the volume's folder")
    parser.add_argument("--device", action="append", help="the block device over a data file; once per file")
    parser.add_argument("--key-file", help="the layer's data key, 64 raw bytes; it will be in the output")
    options = parser.parse_args()
    try:
        key = None
        if options.key_file:
            with open(options.key_file, "rb") as file:
                key = file.read()
            if len(key) != 64:
                raise Refused("a data key has 64 bytes")
            key = key.hex()
        print("\n".join(table(options.folder, options.device, key)))
    except (Refused, OSError) as error:
        sys.exit(f"dm_table.py: {error}")


if __name__ == "__main__":
    main()
