#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the device-mapper table of a Coffer volume or snapshot, from its documents and state maps.

    dm_table.py DIR/volumes ID [--device LAYER=/dev/loop0 ...] [--key-file LAYER=FILE ...] |
        dmsetup create --readonly NAME

ID is a volume's (vol-...) or a snapshot's (snap-...). --device names the block devices over a layer's data files, once
for each file, in their order (data.000, data.001, ...); without it the files' own paths are printed. --key-file holds
a layer's data key as 64 raw bytes; without it the table refers to the key in the kernel's keyring by name,
":64:logon:coffer:LAYER". --layers prints the layers, the top one first, instead of a table.
Needs nothing but Python 3. The formats: manifest.md, layer.md, state-map.md, beside this script.
"""
import argparse
import functools
import os
import struct
import sys

SECTOR = 4096
UNIT = 512                    # what device-mapper counts in
PAGE = 4096
SECTORS_PER_PAGE = PAGE * 4
SEGMENT = 8 << 40
MOST_LAYERS = 4096
ABSENT, DATA, ZERO = 0, 1, 2


class Refused(Exception):
    pass


# Documents

def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


class Fields:
    """Reads little-endian integers and fields with a 32-bit length."""

    def __init__(self, data, name):
        self.data, self.name, self.at = data, name, 0

    def damaged(self):
        return Refused(f"{self.name} is damaged")

    def raw(self, size):
        if self.at + size > len(self.data):
            raise self.damaged()
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.raw(struct.calcsize("<" + form)))[0]

    def flag(self, most=1):
        value = self.number("B")
        if value > most:
            raise self.damaged()
        return value

    def field(self):
        return self.raw(self.number("I"))

    def id(self):
        field = self.field()
        if len(field) > 64 or not field.isascii():
            raise self.damaged()
        return field.decode()

    def end(self):
        if self.at != len(self.data):
            raise self.damaged()


def open_document(data, magic, name):
    """The fields between version and checksum."""
    if len(data) < 14 or data[:8] != magic or crc32c(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise Refused(f"{name} is damaged, or is none")
    version = struct.unpack("<H", data[8:10])[0]
    if version != 1:
        raise Refused(f"{name} has format version {version}, this script reads version 1")
    return Fields(data[10:-4], name)


def read_file(*path):
    try:
        with open(os.path.join(*path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def top_layer(volumes, subject):
    """The id of a volume's or snapshot's top layer."""
    if subject.startswith("snap-"):
        data = read_file(volumes, subject, "snapshot")
        if data is None:
            raise Refused(f"there is no snapshot {subject} in {volumes}")
        fields = open_document(data, b"COFSNPHD", f"the manifest of {subject}")
        owner, layer, _, source = fields.id(), fields.id(), fields.flag(), fields.id()
        if source:
            raise Refused(f"{subject} is not copied yet")
    else:
        data = read_file(volumes, subject, "volume")
        if data is None and read_file(volumes, subject, "manifest") is not None:
            raise Refused(f"{subject} has the form of the first releases: let Coffer start on it once")
        if data is None:
            raise Refused(f"there is no volume {subject} in {volumes}")
        fields = open_document(data, b"COFVOLHD", f"the manifest of {subject}")
        owner, layer = fields.id(), fields.id()
    fields.end()
    if owner != subject:
        raise Refused(f"the manifest of {subject} names another: {owner}")
    return layer


def read_layer(volumes, layer):
    data = read_file(volumes, layer, "record")
    if data is None:
        raise Refused(f"layer {layer} is missing")
    fields = open_document(data, b"COFLAYRC", f"the record of {layer}")
    record = {"id": fields.id(), "size": fields.number("Q"), "encrypted": fields.flag() == 1, "parent": fields.id()}
    fields.flag()
    fields.end()
    if record["id"] != layer or record["size"] == 0 or record["size"] % SECTOR:
        raise fields.damaged()
    check_header(record, read_file(volumes, layer, "map") or b"")
    return record


def check_header(record, map_file):
    fields = open_document(map_file[:512], b"COFLAYER", f"the header of {record['id']}")
    encrypted, sector, size, _ = fields.flag() == 1, fields.number("I"), fields.number("Q"), fields.number("Q")
    if fields.id() != record["id"] or encrypted != record["encrypted"] or sector != SECTOR or size > record["size"]:
        raise Refused(f"the header of {record['id']} does not belong to its record")


def chain_of(volumes, subject):
    """The layers of a volume or snapshot, the top one first."""
    chain, layer = [], top_layer(volumes, subject)
    while layer:
        if len(chain) == MOST_LAYERS or any(one["id"] == layer for one in chain):
            raise Refused(f"the chain of {subject} is too long, or has no end")
        chain.append(read_layer(volumes, layer))
        layer = chain[-1]["parent"]
    return chain


# State maps

class StateMap:
    def __init__(self, path, layer):
        self.file = open(path, "rb")
        self.id, self.sectors = layer["id"], layer["size"] // SECTOR
        pages = (self.sectors + SECTORS_PER_PAGE - 1) // SECTORS_PER_PAGE
        if os.fstat(self.file.fileno()).st_size < PAGE + pages * PAGE:
            raise Refused(f"the state map of {self.id} is too short")

    def next_page(self, page):
        """The first page from this one on that is no hole of the file; None when there is none."""
        try:
            offset = os.lseek(self.file.fileno(), PAGE + page * PAGE, os.SEEK_DATA)
        except OSError:
            return None
        found = max(page, offset // PAGE - 1)
        return found if found * SECTORS_PER_PAGE < self.sectors else None

    def page(self, page):
        if page * SECTORS_PER_PAGE >= self.sectors:
            return bytes(PAGE)
        self.file.seek(PAGE + page * PAGE)
        states = self.file.read(PAGE)
        end = min(SECTORS_PER_PAGE, self.sectors - page * SECTORS_PER_PAGE)
        if any(states[(end + 3) // 4:]) or (end % 4 and states[end // 4] >> 2 * (end % 4)):
            raise Refused(f"the state map of {self.id} speaks of sectors past its end")
        return states


@functools.lru_cache(maxsize=1 << 16)
def owners(states):
    """Of four sectors, from each layer's byte of states (the top one first): the place of the layer that holds the
    data, None where it is zero. It is the first layer whose state is not absent."""
    found = []
    for bit in range(0, 8, 2):
        owner = None
        for place, byte in reversed(list(enumerate(states))):
            state = byte >> bit & 3
            if state == DATA:
                owner = place
            elif state == ZERO:
                owner = None
            elif state != ABSENT:
                raise Refused("a state map holds a state that does not exist")
        found.append(owner)
    return found


def runs_of_pages(maps, sectors):
    """Yields (first sector, count, owner), in order, for all of the volume."""
    page, pages = 0, (sectors + SECTORS_PER_PAGE - 1) // SECTORS_PER_PAGE
    while page < pages:
        found = min((one for one in (m.next_page(page) for m in maps) if one is not None), default=pages)
        if found > page:
            yield page * SECTORS_PER_PAGE, (found - page) * SECTORS_PER_PAGE, None
            page = found
            continue
        states = [m.page(page) for m in maps]
        first, page = page * SECTORS_PER_PAGE, page + 1
        if all(one == one[:1] * PAGE for one in states):
            four = owners(tuple(one[0] for one in states))
            if four == four[:1] * 4:
                yield first, SECTORS_PER_PAGE, four[0]
                continue
        for index, column in enumerate(zip(*states)):
            for place, owner in enumerate(owners(column)):
                yield first + index * 4 + place, 1, owner


def joined_runs(maps, sectors):
    """The same, with neighbours of one owner joined."""
    first, count, owner = 0, 0, None
    for start, length, whose in runs_of_pages(maps, sectors):
        length = min(length, sectors - start)
        if length <= 0:
            break
        if count and whose != owner:
            yield first, count, owner
            first, count = start, 0
        count, owner = count + length, whose
    yield first, count, owner


# The table

def table(volumes, subject, devices=None, keys=None):
    """The lines. `devices`: layer id to its block devices; `keys`: layer id to its data key in hexadecimal."""
    chain, devices, keys = chain_of(volumes, subject), dict(devices or {}), dict(keys or {})
    for strange in {*devices, *keys} - {layer["id"] for layer in chain}:
        raise Refused(f"{subject} has no layer {strange}")
    for layer in chain:
        segments = (layer["size"] + SEGMENT - 1) // SEGMENT
        folder = os.path.abspath(os.path.join(volumes, layer["id"]))
        named = devices.setdefault(layer["id"], [f"{folder}/data.{i:03}" for i in range(segments)])
        if len(named) != segments:
            raise Refused(f"{layer['id']} has {segments} data files, {len(named)} devices were named")
        keys.setdefault(layer["id"], f":64:logon:coffer:{layer['id']}")
    maps = [StateMap(os.path.join(volumes, layer["id"], "map"), layer) for layer in chain]
    lines = []
    for first, count, owner in joined_runs(maps, chain[0]["size"] // SECTOR):
        if owner is None:
            lines.append(f"{first * 8} {count * 8} zero")
        else:
            lines += lines_of_data(first, count, chain[owner], devices, keys)
    return lines


def lines_of_data(first, count, layer, devices, keys):
    while count:  # a run may cross from one file to the next
        segment, within = divmod(first * SECTOR, SEGMENT)
        piece = min(count, (SEGMENT - within) // SECTOR)
        start, length, device, offset = first * 8, piece * 8, devices[layer["id"]][segment], within // UNIT
        if layer["encrypted"]:
            # The second `start` makes the tweak the sector's number in the volume, not in this line.
            yield (f"{start} {length} crypt aes-xts-plain64 {keys[layer['id']]} {start} {device} {offset} "
                   f"2 sector_size:{SECTOR} iv_large_sectors")
        else:
            yield f"{start} {length} linear {device} {offset}"
        first, count = first + piece, count - piece


def read_key(path):
    with open(path, "rb") as file:
        key = file.read()
    if len(key) != 64:
        raise Refused(f"{path}: a data key has 64 bytes")
    return key.hex()


def pairs(arguments, what):
    for argument in arguments or []:
        layer, equals, value = argument.partition("=")
        if not equals:
            raise Refused(f"{what} takes LAYER=VALUE, not {argument}")
        yield layer, value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volumes", help="the folder of volumes (DIR/volumes)")
    parser.add_argument("id", help="a volume or a snapshot")
    parser.add_argument("--device", action="append", metavar="LAYER=DEVICE", help="the block device over a data file")
    parser.add_argument("--key-file", action="append", metavar="LAYER=FILE",
                        help="the layer's data key, 64 raw bytes; it will be in the output")
    parser.add_argument("--layers", action="store_true", help="print the layers instead")
    options = parser.parse_args()
    try:
        if options.layers:
            for layer in chain_of(options.volumes, options.id):
                print(layer["id"], layer["size"], "encrypted" if layer["encrypted"] else "plain")
            return
        devices = {}
        for layer, device in pairs(options.device, "--device"):
            devices.setdefault(layer, []).append(device)
        keys = {layer: read_key(path) for layer, path in pairs(options.key_file, "--key-file")}
        print("\n".join(table(options.volumes, options.id, devices, keys)))
    except (Refused, OSError) as error:
        sys.exit(f"dm_table.py: {error}")


if __name__ == "__main__":
    main()
