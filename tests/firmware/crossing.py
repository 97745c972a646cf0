"""The node's half of test_against_codec: one JSON list a line in, one hexadecimal line out. Runs on MicroPython and CPython.

["seal", key, [network, node, epoch, counter], "status" | "hello" | "ack", [arguments of its writer], extras]   ->  frame
["open", key, frame]   ->  body, or `refused`
"""

import json
import sys

from anju.node import frame
from anju.node.seal import Cipher


def answer(line: str) -> str:
    """What the node makes of one line."""
    what, key, *rest = json.loads(line)
    cipher = Cipher(bytes.fromhex(key))
    if what == "open":
        body = cipher.open(bytes.fromhex(rest[0]))
        return "refused" if body is None else body.hex()
    header, kind, values, extras = rest
    if kind == "hello":
        values[1] = bytes.fromhex(values[1])
    sealed = frame.blank(bytes.fromhex(extras))
    frame.write_header(sealed, *header)
    getattr(frame, "write_" + kind)(sealed, *values)
    cipher.seal(sealed)
    return sealed.hex()


if __name__ == "__main__":
    for told in sys.stdin:
        print(answer(told))
