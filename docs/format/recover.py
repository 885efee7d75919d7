#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens a Coffer volume or snapshot by hand, without Coffer: from a backup, what opens it, and DIR/volumes.

    recover.py BACKUP --volumes DIR/volumes vol-... --keys FOLDER    writes the layers' data keys, 64 bytes each
    recover.py BACKUP --volumes DIR/volumes vol-... --image FILE     writes the contents, decrypted

BACKUP may be the folder of a continuous backup: the pieces after its base count too.
What opens the backup is asked for, or --recovery-key FILE. A backup without the domain keys needs their seal too:
--seal-file FILE, or a passphrase that is asked for; a seal by a TPM or a token opens only where that is. The keys and the
image are as secret as the volume. Docs: RECOVERY.md and the pages beside this script.
Needs Python 3 and its packages cryptography and, for passphrases, argon2 (Debian: python3-cryptography, python3-argon2).
"""
import argparse
import getpass
import hashlib
import hmac
import json
import os
import re
import sqlite3
import struct
import sys
import tempfile
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import dm_table
from dm_table import Fields, Refused

KEY_FILE, PASSPHRASE = 1, 2
LABELS = {KEY_FILE: b"coffer key-file seal v1", PASSPHRASE: b"coffer passphrase seal v1"}
PIECE, TAG, LAST = 64 << 10, 16, 1 << 31


def derive(key, label, context, size=32):
    """SP 800-108 in counter mode with HMAC-SHA-256."""
    fixed, out = label + b"\0" + context + struct.pack(">I", size * 8), b""
    for number in range(1, (size + 31) // 32 + 1):
        out += hmac.new(key, struct.pack(">I", number) + fixed, hashlib.sha256).digest()
    return out[:size]


def open_sealed(key, salt_iv, sealed, associated, label, what):
    try:
        return AESGCM(derive(key, label, salt_iv[:16])).decrypt(salt_iv[16:28], sealed, associated)
    except InvalidTag:
        raise Refused(f"{what} does not open: it is damaged, or the key is another") from None


# What opens a backup or a seal

def read_key_file(path):
    data = open(path, "rb").read()
    if len(data) != 90 or data[:8] != b"COFFERSK" or hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise Refused(f"{path} is no key file of Coffer, or is damaged")
    return data[26:58]


def stretch(passphrase, parameters):
    """Argon2id; a wrong passphrase is told by the check."""
    from argon2.low_level import Type, hash_secret_raw
    fields = Fields(parameters, "the parameters of the passphrase")
    fields.number("B")
    salt, memory, passes, lanes, check = fields.raw(16), *(fields.number("I") for _ in range(3)), fields.raw(16)
    stretched = hash_secret_raw(passphrase.encode(), salt, passes, memory, lanes, 32, Type.ID, 0x13)
    if derive(stretched, b"coffer passphrase check v1", salt, 16) != check:
        raise Refused("that is not the passphrase")
    return derive(stretched, b"coffer passphrase key v1", salt)


def find_key(kind, parameters, key_file, what, option):
    if kind == KEY_FILE:
        if not key_file:
            raise Refused(f"{what}: sealed by a key file: name it ({option} FILE)")
        return read_key_file(key_file)
    if kind == PASSPHRASE:
        return stretch(getpass.getpass(f"passphrase of {what}: ") if sys.stdin.isatty() else
                       sys.stdin.readline().rstrip("\n"), parameters)
    raise Refused(f"{what}: sealed by a device: open them with Coffer where that is, or use a backup with the domain keys")


# The backup (backup.md)

def read_backup(path, recovery_key, key=None):
    """Its files, by name; and the key that opened it, unless that is known."""
    file = open(path, "rb")
    start = file.read(15)
    if start[:8] != b"COFFERBK" or struct.unpack("<H", start[8:10])[0] != 1:
        raise Refused(f"{path} is no backup of Coffer, or of a later release")
    parameters = file.read(struct.unpack("<I", start[11:15])[0])
    salt = file.read(16)
    header, kind = start + parameters + salt, start[10]
    key = key or find_key(kind, parameters, recovery_key, "the backup", "--recovery-key")
    cipher, contents, number, last = AESGCM(derive(key, b"coffer backup v1", salt)), bytearray(), 0, False
    while not last:
        word = struct.unpack("<I", file.read(4))[0]
        last, length = bool(word & LAST), word & ~LAST
        if not TAG <= length <= PIECE + TAG:
            raise Refused("the backup is damaged")
        iv = struct.pack("<IQ", 0, number)
        try:
            contents += cipher.decrypt(iv, file.read(length), header + bytes([last]))
        except InvalidTag:
            raise Refused("the backup is damaged") from None
        number += 1
    fields, files = Fields(bytes(contents), "the backup"), {}
    while fields.at < len(fields.data):
        name = fields.field().decode()
        files[name] = fields.raw(fields.number("Q"))
    return files, key


# A continuous backup (continuous-backup.md)

def read_folder(folder, recovery_key):
    """The base's files, with the newest sealed domain keys; the tokens of the pieces after it, by key id and version; and
    the key that opened it."""
    files, key = read_backup(os.path.join(folder, "base"), recovery_key)
    position, tokens = json.loads(files["about.json"])["position"], {}
    for name in sorted(os.listdir(folder)):
        if not re.fullmatch("piece-[0-9]{20}", name) or int(name[6:]) <= position:
            continue
        try:
            piece, _ = read_backup(os.path.join(folder, name), recovery_key, key)
        except (Refused, struct.error):
            print(f"recover.py: {name} is not whole, and left out", file=sys.stderr)
            continue
        files.update((entry, contents) for entry, contents in piece.items() if entry.startswith("keyd/"))
        shipments = Fields(piece["shipped-keys"], "the shipped keys")
        while shipments.at < len(shipments.data):
            tokens.update(shipped_tokens(Fields(shipments.field(), "a shipment")))
    return files, tokens, key


def shipped_tokens(fields):
    def optional_time():
        return fields.number("Q") if fields.number("B") else None
    fields.number("B")
    for _ in range(fields.number("I")):  # KMS keys
        [fields.field() for _ in range(10)]
        fields.number("B"), fields.number("Q")
        [(fields.field(), fields.field()) for _ in range(fields.number("I"))]
        fields.number("I"), fields.field(), optional_time(), fields.number("I"), fields.number("B"), fields.number("I")
        optional_time(), fields.number("I"), optional_time(), fields.field(), fields.field()
    for _ in range(fields.number("I")):  # backing keys
        key_id, version, token = fields.field().decode(), fields.number("I"), fields.field()
        fields.field(), fields.field(), optional_time(), fields.field(), fields.field(), fields.field(), optional_time()
        yield (key_id, version), token


# The domain keys (sealed-domain-keys.md)

def domain_keys(copy, key_of):
    if copy[:8] != b"COFFERDK" or hashlib.sha256(copy[:-32]).digest() != copy[-32:]:
        raise Refused("the sealed domain keys are damaged")
    fields = Fields(copy[:-32], "the sealed domain keys")
    fields.raw(8)
    version, kind = fields.number("H"), fields.number("B")
    fields.raw(16 + 8)
    parameters = fields.field() if version > 1 else b""
    header = copy[:fields.at]
    sealed = fields.field()
    opened = open_sealed(key_of(kind, parameters), sealed[1:29], sealed[29:], header, LABELS.get(kind, b""),
                         "the domain keys")
    fields, keys = Fields(opened, "the domain keys"), {}
    fields.number("B")
    for _ in range(fields.number("I")):
        number = fields.number("I")
        keys[number] = fields.raw(32)
    return keys


# KMS keys and data keys (token.md, ciphertext-blob.md)

def key_id_text(raw):
    text = uuid.UUID(bytes=raw)
    return "mrk-" + raw.hex() if raw[6] >> 4 == 8 else str(text)


def backing_key(catalog, shipped, domain, raw_id, version):
    rows = catalog.execute("SELECT token FROM backing_keys WHERE key_id = ? AND version = ?",
                           (key_id_text(raw_id), version)).fetchall()
    for token in [token for (token,) in rows] + [shipped.get((key_id_text(raw_id), version))]:
        if not token:
            continue
        fields = Fields(token, "a token")
        number = fields.number("B")
        if number == 2:
            fields.number("B")
        wrapped_by = fields.number("I")
        fields.field(), fields.field(), fields.raw(16), fields.number("I")
        salt_iv = fields.raw(28)
        label = f"coffer backing-key token v{number}".encode()
        if wrapped_by in domain:
            return open_sealed(domain[wrapped_by], salt_iv, token[fields.at:], token[:fields.at], label, "a token")
    raise Refused(f"the backup has no token of key {key_id_text(raw_id)}, version {version}, that its domain keys open")


def data_key(catalog, shipped, domain, volumes, layer):
    fields = dm_table.open_document(dm_table.read_file(volumes, layer, "key"), b"COFLAYKY", f"the key of {layer}")
    fields.id()
    blob, context = fields.field(), fields.field()
    if blob[0] != 1:
        raise Refused(f"the key of {layer} is under a KMS key in a custom key store: no backup holds what opens it")
    kms_key = backing_key(catalog, shipped, domain, blob[2:18], struct.unpack("<I", blob[18:22])[0])
    name = b"aws:ebs:id"
    framed = struct.pack("<I", 1) + struct.pack("<I", len(name)) + name + struct.pack("<I", len(context)) + context
    return open_sealed(kms_key, blob[22:50], blob[50:], blob[:50] + framed, b"coffer blob v1", f"the data key of {layer}")


# The contents (layer.md, state-map.md)

def has_unflushed_writes(volumes, layer):
    """Do the data files hold something in sectors that are absent by the state map? Then somebody wrote it and no flush
    followed before the files were copied, or before the machine stopped. Only a flush writes the map."""
    states = dm_table.StateMap(os.path.join(volumes, layer["id"], "map"), layer)
    pages = dm_table.SECTORS_PER_PAGE * dm_table.SECTOR
    for segment in range((layer["size"] + dm_table.SEGMENT - 1) // dm_table.SEGMENT):
        with open(os.path.join(volumes, layer["id"], f"data.{segment:03}"), "rb") as file:
            end = file.seek(0, os.SEEK_END)
            at = next_data(file, 0, end)
            while at < end:
                place = segment * dm_table.SEGMENT + at
                page = states.page(place // pages)
                file.seek(at)
                contents = file.read(min(end - at, pages - place % pages, 1 << 20))
                first = place % pages // dm_table.SECTOR
                for index in range(0, len(contents), dm_table.SECTOR):
                    sector = first + index // dm_table.SECTOR
                    absent = page[sector // 4] >> 2 * (sector % 4) & 3 == dm_table.ABSENT
                    if absent and any(contents[index:index + dm_table.SECTOR]):
                        return True
                at = next_data(file, at + len(contents), end)
    return False


def next_data(file, at, end):
    """The first byte from there on that is in no hole, at the beginning of its sector."""
    try:
        return os.lseek(file.fileno(), at, os.SEEK_DATA) // dm_table.SECTOR * dm_table.SECTOR if at < end else end
    except OSError:
        return end


def warn_of_unflushed_writes(volumes, subject):
    top = dm_table.chain_of(volumes, subject)[0]
    if has_unflushed_writes(volumes, top):
        print(f"recover.py: warning: {top['id']} holds data that was written and not flushed, and that is not part of the "
              f"contents. If {volumes} was copied while {subject} was in use, the copy is incomplete: detach the volume, or "
              "flush it (nbdcopy --flush), and copy again", file=sys.stderr)


def write_image(volumes, subject, keys, path):
    chain = dm_table.chain_of(volumes, subject)
    maps = [dm_table.StateMap(os.path.join(volumes, layer["id"], "map"), layer) for layer in chain]
    files = {}
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as image:
        image.truncate(chain[0]["size"])
        for first, count, owner in dm_table.joined_runs(maps, chain[0]["size"] // dm_table.SECTOR):
            for sector in range(first, first + count) if owner is not None else ():
                layer, offset = chain[owner]["id"], sector * dm_table.SECTOR
                segment = offset // dm_table.SEGMENT
                if (layer, segment) not in files:
                    files[layer, segment] = open(os.path.join(volumes, layer, f"data.{segment:03}"), "rb")
                files[layer, segment].seek(offset % dm_table.SEGMENT)
                plain = files[layer, segment].read(dm_table.SECTOR).ljust(dm_table.SECTOR, b"\0")
                if layer in keys:
                    tweak = modes.XTS(sector.to_bytes(16, "little"))
                    plain = Cipher(algorithms.AES(keys[layer]), tweak).decryptor().update(plain)
                image.seek(offset)
                image.write(plain)


def run(arguments):
    if arguments.image and os.path.isfile(arguments.image):
        raise Refused(f"{arguments.image} is there already")
    shipped = {}
    if os.path.isdir(arguments.backup):
        files, shipped, recovery = read_folder(arguments.backup, arguments.recovery_key)
    else:
        files, recovery = read_backup(arguments.backup, arguments.recovery_key)
    if "keyd/domain-keys.recovery" in files:
        domain = domain_keys(files["keyd/domain-keys.recovery"], lambda *_: recovery)
    else:
        domain = domain_keys(files["keyd/domain-keys"],
                             lambda kind, parameters: find_key(kind, parameters, arguments.seal_file, "the domain keys",
                                                               "--seal-file"))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "catalog.db")
        with open(path, "wb") as catalog_file:
            catalog_file.write(files["apid/catalog.db"])
        catalog = sqlite3.connect(path)
        keys = {layer["id"]: data_key(catalog, shipped, domain, arguments.volumes, layer["id"])
                for layer in dm_table.chain_of(arguments.volumes, arguments.subject) if layer["encrypted"]}
        catalog.close()
    warn_of_unflushed_writes(arguments.volumes, arguments.subject)
    if arguments.keys:
        os.makedirs(arguments.keys, mode=0o700, exist_ok=True)
        for layer, key in keys.items():
            with open(os.path.join(arguments.keys, layer + ".key"), "wb",
                      opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(key)
    if arguments.image:
        write_image(arguments.volumes, arguments.subject, keys, arguments.image)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backup")
    parser.add_argument("subject", metavar="ID", help="vol-... or snap-...")
    parser.add_argument("--volumes", required=True, metavar="DIR/volumes")
    parser.add_argument("--recovery-key", metavar="FILE", help="the key file that opens the backup")
    parser.add_argument("--seal-file", metavar="FILE", help="the key file of the domain keys' seal")
    parser.add_argument("--keys", metavar="FOLDER")
    parser.add_argument("--image", metavar="FILE")
    arguments = parser.parse_args()
    if not arguments.keys and not arguments.image:
        parser.error("--keys or --image says what is wanted")
    try:
        run(arguments)
    except (Refused, OSError, struct.error) as error:
        sys.exit(f"recover.py: {error}")


if __name__ == "__main__":
    main()
