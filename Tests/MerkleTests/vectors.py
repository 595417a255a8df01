"""Signed notes and cosignatures by the words of C2SP, with the package cryptography.

    vectors.py NOTE KEY WITNESS OUT

Checks the signatures of NOTE by KEY and WITNESS, writes a checkpoint of its own with both kinds of signatures to OUT, and prints
the keys that it is signed by.
"""

import base64
import hashlib
import struct
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def key_id(name, key):
    return hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]


def check(text, lines, vkey):
    name, digits, data = vkey.split("+", 2)
    key = base64.b64decode(data)
    assert key_id(name, key).hex() == digits, "the key's hash"
    (blob,) = [base64.b64decode(line.split(" ")[2]) for line in lines if line.split(" ")[1] == name]
    assert blob[:4] == key_id(name, key), "the signature's key"
    message, signature = text.encode(), blob[4:]
    if key[0] == 4:
        (time,) = struct.unpack(">Q", blob[4:12])
        message, signature = f"cosignature/v1\ntime {time}\n{text}".encode(), blob[12:]
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature, message)


def sign(text, name, kind, time=None):
    secret = Ed25519PrivateKey.generate()
    public = secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    key = bytes([kind]) + public
    message, prefix = text.encode(), b""
    if kind == 4:
        message, prefix = f"cosignature/v1\ntime {time}\n{text}".encode(), struct.pack(">Q", time)
    blob = key_id(name, key) + prefix + secret.sign(message)
    line = f"\u2014 {name} {base64.b64encode(blob).decode()}\n"
    return line, f"{name}+{key_id(name, key).hex()}+{base64.b64encode(key).decode()}"


note, log, witness, out = sys.argv[1:]
text, signatures = open(note, encoding="utf-8").read().rsplit("\n\n", 1)
for vkey in (log, witness):
    check(text + "\n", signatures.splitlines(), vkey)

root = base64.b64encode(hashlib.sha256(b"\0leaf").digest()).decode()
text = f"example.net/other\n12\n{root}\n"
line, vkey = sign(text, "example.net/other", 1)
cosigned, other = sign(text, "witness.example/w2", 4, 1_700_000_000)
with open(out, "w", encoding="utf-8") as file:
    file.write(f"{text}\n{line}{cosigned}")
print(f"{vkey}\n{other}")
