"""Manifests, good ones and spoiled ones: what host and node must read alike. Runs on MicroPython too."""

HASH = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of `abc`."""

FILES = '"anju/node/device.mpy":"' + HASH + '","board.mpy":"' + HASH + '"'
LINE = ('{"board":"unix_sim","files":{' + FILES + '},"mpy":6,"number":7,"version":"0.1.0"}').encode()
UNSIGNED = LINE + b"\n"
SIGNED = UNSIGNED + b"5a" * 64 + b"\n"
"""Of the right form; nobody made that signature."""


def _with(old: str, new: str) -> bytes:
    spoiled = UNSIGNED.replace(old.encode(), new.encode(), 1)
    assert spoiled != UNSIGNED, old
    return spoiled


def _of_files(count: int, end: str = '.mpy":"' + HASH + '"') -> bytes:
    return _with(FILES, ",".join(['"f{:02}{}'.format(number, end) for number in range(count)]))


GOOD = {
    "unsigned": UNSIGNED,
    "signed": SIGNED,
    "the highest number": _with('"number":7', '"number":4294967295'),
    "the highest mpy": _with('"mpy":6', '"mpy":65535'),
    "the highest version": _with("0.1.0", "255.255.255"),
    "the longest path": _with("board.mpy", "b" * 60 + ".mpy"),
    "the longest board": _with("unix_sim", "u" * 32),
    "the most files": _of_files(64),
    "one file": _of_files(1),
}

SPOILED = {
    "empty": b"",
    "an end alone": b"\n",
    "no end": LINE,
    "a signature without its end": SIGNED[:-1],
    "cut": SIGNED[:200],
    "a third line": SIGNED + b"x\n",
    "an empty third line": SIGNED + b"\n",
    "an empty second line": UNSIGNED + b"\n",
    "a short signature": SIGNED[:-3] + b"\n",
    "a long signature": SIGNED[:-1] + b"00\n",
    "capital digits in the signature": UNSIGNED + b"5A" * 64 + b"\n",
    "no digits in the signature": UNSIGNED + b"5g" * 64 + b"\n",
    "carriage returns": UNSIGNED.replace(b"\n", b"\r\n"),
    "a mark in front": b"\xef\xbb\xbf" + UNSIGNED,
    "too long": _with(FILES, ",".join(['"{:03}{}.mpy":"{}"'.format(n, "f" * 56, HASH) for n in range(64)])),
    "no JSON": b"{{}\n",
    "no text": LINE[:10] + b"\xff\xfe" + LINE[10:] + b"\n",
    "UTF-16": b"".join([bytes((letter, 0)) for letter in LINE]) + b"\n",
    "a number": b"7\n",
    "an array": b"[7]\n",
    "nested": b"[" * 4000 + b"]" * 4000 + b"\n",
    "nested objects": b'{"board":' * 400 + b"7" + b"}" * 400 + b"\n",
    "another object": _with('"mpy":6', '"mpy":{}'),
    "white space": _with('"mpy":6', '"mpy": 6'),
    "another order": _with('"mpy":6,"number":7', '"number":7,"mpy":6'),
    "files in another order": _with(FILES, '"b.mpy":"{0}","a.mpy":"{0}"'.format(HASH)),
    "a field of its own": _with('"mpy":6', '"mpx":6,"mpy":6'),
    "a field twice": _with('"number":7', '"number":7,"number":7'),
    "a file twice": _with(FILES, '"a.mpy":"{0}","a.mpy":"{0}"'.format(HASH)),
    "an escape": _with("unix_sim", "\\u0075nix_sim"),
    "an escape in a path": _with("board.mpy", "bo\\u0061rd.mpy"),
    "something behind": UNSIGNED[:-1] + b" \n",
    "another object behind": UNSIGNED[:-1] + b"{}\n",
    "no board": _with('"board":"unix_sim",', ""),
    "an empty board": _with("unix_sim", ""),
    "a board with a path": _with("unix_sim", "../unix"),
    "a board in capitals": _with("unix_sim", "Unix"),
    "a long board": _with("unix_sim", "u" * 33),
    "a number as board": _with('"unix_sim"', "7"),
    "no files": _with(FILES, ""),
    "files as text": _with("{" + FILES + "}", '"{"'),
    "too many files": _of_files(65),
    "an absolute path": _with("board.mpy", "/board.mpy"),
    "a path upwards": _with("board.mpy", "../board.mpy"),
    "a path up and down": _with("board.mpy", "anju/../board.mpy"),
    "a path to here": _with("board.mpy", "./board.mpy"),
    "an empty name": _with("board.mpy", "anju//board.mpy"),
    "no name": _with("board.mpy", ".mpy"),
    "no name in a folder": _with("board.mpy", "anju/.mpy"),
    "a path in capitals": _with("board.mpy", "Board.mpy"),
    "a path with a backslash": _with("board.mpy", "anju\\\\board.mpy"),
    "a path with a null": _with("board.mpy", "board\\u0000.mpy"),
    "a path in another script": _with("board.mpy", "bo\u0430rd.mpy"),
    "a source": _with("board.mpy", "board.py"),
    "the manifest itself": _with("board.mpy", "MANIFEST"),
    "a long path": _with("board.mpy", "b" * 61 + ".mpy"),
    "a path that is a number": _with('"board.mpy"', "7"),
    "a short hash": _with(HASH, HASH[:-1]),
    "a long hash": _with(HASH, HASH + "0"),
    "a hash in capitals": _with(HASH, HASH.upper()),
    "a hash that is none": _with(HASH, "g" * 64),
    "a hash that is a number": _with('"' + HASH + '"', "7"),
    "number zero": _with('"number":7', '"number":0'),
    "a negative number": _with('"number":7', '"number":-7'),
    "too high a number": _with('"number":7', '"number":4294967296'),
    "a number of many digits": _with('"number":7', '"number":' + "9" * 5000),
    "a fraction": _with('"number":7', '"number":7.0'),
    "an exponent": _with('"number":7', '"number":7e0'),
    "an endless number": _with('"number":7', '"number":1e999'),
    "a number in quotes": _with('"number":7', '"number":"7"'),
    "true as number": _with('"number":7', '"number":true'),
    "a leading zero": _with('"number":7', '"number":07'),
    "a plus": _with('"number":7', '"number":+7'),
    "no number": _with('"number":7,', ""),
    "null as number": _with('"number":7', '"number":null'),
    "mpy zero": _with('"mpy":6', '"mpy":0'),
    "too high an mpy": _with('"mpy":6', '"mpy":65536'),
    "two numbers as version": _with("0.1.0", "0.1"),
    "four numbers as version": _with("0.1.0", "0.1.0.0"),
    "a version with a word": _with("0.1.0", "0.1.beta"),
    "a version with a leading zero": _with("0.1.0", "0.01.0"),
    "too high a version": _with("0.1.0", "0.256.0"),
    "an empty part of a version": _with("0.1.0", "0..0"),
    "a version that is a number": _with('"0.1.0"', "0.1"),
    "no version": _with(',"version":"0.1.0"', ""),
}
