# SPDX-License-Identifier: Apache-2.0
"""The AES-256 key schedule (FIPS 197, section 5.2), to search memory for what a cipher makes of a key."""


def _sbox():
    box = [0] * 256
    p = q = 1
    while True:
        p ^= (p << 1 ^ (0x11B if p & 0x80 else 0)) & 0xFF
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        box[p] = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4) ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


def rotate(value, bits):
    return (value << bits | value >> (8 - bits)) & 0xFF


SBOX = _sbox()


def double(value):
    return (value << 1 ^ (0x11B if value & 0x80 else 0)) & 0xFF


def multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = double(a)
        b >>= 1
    return product


def round_keys(key):
    """The fifteen 16-byte round keys of encryption; the first two are the key itself."""
    words = [list(key[i:i + 4]) for i in range(0, 32, 4)]
    constant = 1
    for i in range(8, 60):
        word = list(words[i - 1])
        if i % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = double(constant)
        elif i % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [bytes(sum(words[i:i + 4], [])) for i in range(0, 60, 4)]


def inverse_mix_columns(round_key):
    mixed = b""
    for column in (round_key[i:i + 4] for i in range(0, 16, 4)):
        mixed += bytes(multiply(column[0], m[0]) ^ multiply(column[1], m[1]) ^ multiply(column[2], m[2])
                       ^ multiply(column[3], m[3])
                       for m in ((14, 11, 13, 9), (9, 14, 11, 13), (13, 9, 14, 11), (11, 13, 9, 14)))
    return mixed


def traces(key):
    """What betrays a 32-byte key: each round key, of encryption and of the equivalent inverse cipher."""
    forward = round_keys(key)
    found = {f"round key {i}": k for i, k in enumerate(forward)}
    found.update({f"inverse round key {i}": inverse_mix_columns(k) for i, k in enumerate(forward) if 0 < i < 14})
    return found
