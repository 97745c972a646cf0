"""Exported identities, sealed here with nothing of ours: hashlib's scrypt, hmac and AES-GCM, as the specification says."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
import unicodedata
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from frames import Case, key
from pairings import ROOT_KEY

PROMISE_KEYS = ("digest", "down", "up")
SETTINGS = '[estate]\nname = "安居苑"\n\n[concentrator]\nbuilding = "3"\nudp = "127.0.0.1:7010"\n'
ZONES = [{"kind": "hold_up", "name": "卧室紧急按钮", "number": 0}]
DEVICE = "47Z33QX1AJH62"


def content() -> dict[str, Any]:
    """An identity with one of everything."""
    place = {"household": "3-2-0501", "inputs": ZONES, "network": 1}
    keys = {way: key(1, 7, 1, way).hex() for way in ("up", "down")}
    note = {"household": "3-2-0502", "zones": ZONES, "person": "li", "former": None}
    facts = {"kind": "node_paired", "lane": "routine", "recorded_at_ms": 1767225600000, "seq": 1, "person": "li"}
    promise = {name: hashlib.sha256(f"anju/1 vectors: {name}".encode()).hexdigest() for name in PROMISE_KEYS}
    return {
        "exported_at_ms": 1767225600000,
        "journal_id": "00112233445566778899aabbccddeeff",
        "keyring": {
            "links": [
                {**place, "node": 6, "epoch": 1, "ceiling": 1024, "paired_at_ms": 0},
                {
                    **place,
                    **keys,
                    "node": 7,
                    "epoch": 1,
                    "ceiling": 2048,
                    "paired_at_ms": 1767225600000,
                    "device": DEVICE,
                    "public_key": hashlib.sha256(b"a public key").hexdigest(),
                    "person": "li",
                },
            ],
            "notices": [json.dumps(facts, sort_keys=True)],
            "promises": [
                {
                    **promise,
                    "attempt": "0f" * 16,
                    "clear": "a1" * 37,
                    "device": DEVICE,
                    "granted": "00" * 58,
                    "note": json.dumps(note, sort_keys=True),
                    "public_key": hashlib.sha256(b"a public key").hexdigest(),
                    "stage": "cancelled",
                }
            ],
        },
        "nodes": [
            {
                "network": 1,
                "node": 7,
                "epoch": 1,
                "highest": 60,
                "marks": "5a" * 256,
                "levels": 1,
                "evidence": "",
                "boot": "0011223344556677",
                "firmware": "0.1.0 unix_sim",
                "last_seen_ms": 1767225590000,
            }
        ],
        "panels": [
            {
                "household": "3-2-0501",
                "state": json.dumps({"version": 1, "modes": [[0, "off"], [1, "away"]], "latched": ["hold_up"]}),
            }
        ],
        "person": "li",
        "plan": {
            "households": [{"household": "3-2-0501", "zones": [{"kind": "hold_up", "name": "卧室紧急按钮"}]}],
            "version": 1,
        },
        "root_key": ROOT_KEY.hex(),
        "settings": SETTINGS,
        "version": 1,
    }


def cases() -> Iterator[Case]:
    """Files, and what opens them."""
    text = json.dumps(content(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for name, passphrase, told in (
        ("one of everything", "correct horse battery staple", text),
        ("a passphrase that keyboards write in two ways", "ｆｕｌｌ　ｗｉｄｔｈ é 安居苑的密码", "{}"),
    ):
        salt, nonce = (hashlib.sha256(f"{name}: {what}".encode()).digest() for what in ("salt", "nonce"))
        yield {
            "name": name,
            "passphrase": passphrase,
            "content": told,
            "file": _sealed(told.encode(), passphrase, salt[:16], nonce[:12]).hex(),
        }


def _sealed(plaintext: bytes, passphrase: str, salt: bytes, nonce: bytes) -> bytes:
    plain = unicodedata.normalize("NFKC", passphrase).encode()
    made = hashlib.scrypt(plain, salt=salt, n=131072, r=8, p=1, maxmem=1 << 28, dklen=64)
    header = b"anju-id\n" + struct.pack(">I", 1) + salt + nonce + struct.pack(">Q", len(plaintext) + 16)
    clear = header + hmac.new(made[:32], header, hashlib.sha256).digest()
    return clear + AESGCM(made[32:]).encrypt(nonce, plaintext, clear)
