"""Opening frames: from 44 bytes to the typed message, against the least that any decoder must do.

The limit is slicing the header off and one AES-CCM open under the right key: nothing is parsed, nothing is checked.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from statistics import median

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from anju.bench.result import Comparison, Figure, Progress, Result
from anju.service.i18n import _
from anju.wire import table
from anju.wire.codec import Codec, Refused
from anju.wire.messages import Header, Status

_NODES = 300
_FRAMES_A_NODE = 40
_ROUNDS = 9


def measure(progress: Progress) -> Result:
    """Frames a second, one core."""
    fixture = _Frames()
    opened, forged, unknown = [], list[float](), list[float]()
    for number in range(_ROUNDS):
        progress(_("Round %(number)d of %(count)d") % {"number": number + 1, "count": _ROUNDS})
        opened.append((_rate(fixture.open_all, fixture.genuine), _rate(fixture.only_decrypt, fixture.genuine)))
        forged.append(_rate(fixture.refuse_all, fixture.forged))
        unknown.append(_rate(fixture.refuse_all, fixture.unknown))
    comparison = Comparison.of("open", _("opened to the typed message"), opened)
    return Result(
        bench="decode",
        limit="header slices and one AES-CCM open",
        limit_label=_("header slices and one AES-CCM open"),
        unit="frames/s",
        unit_label=_("frames/s"),
        ratio=comparison.ratio,
        rounds=_ROUNDS,
        repetitions=len(fixture.genuine),
        comparisons=(comparison,),
        beside=(
            Figure("refuse_tag", _("refused, wrong tag"), median(forged)),
            Figure("refuse_unknown_node", _("refused, unknown node"), median(unknown)),
        ),
    )


class _Frames:
    """Frames of many nodes, mixed, so that no key stays in a cache that a building would not have."""

    def __init__(self) -> None:
        self._codec = Codec(receives=table.LinkClass.UP)
        self._ciphers: dict[bytes, AESCCM] = {}
        for node in range(1, _NODES + 1):
            up, down = secrets.token_bytes(16), secrets.token_bytes(16)
            self._codec.learn(1, node, 1, up=up, down=down)
            self._ciphers[node.to_bytes(2, "big")] = AESCCM(up, tag_length=table.TAG_BYTES)
        self.genuine = [
            self._codec.seal(Header.up(1, node, 1, counter), _event(counter))
            for counter in range(1, _FRAMES_A_NODE + 1)
            for node in range(1, _NODES + 1)
        ]
        self.forged = [frame[:-1] + bytes([frame[-1] ^ 1]) for frame in self.genuine]
        self.unknown = [frame[:6] + b"\xff\xff" + frame[8:] for frame in self.genuine]

    def open_all(self, frames: Sequence[bytes]) -> None:
        """Ours."""
        opened = self._codec.open
        for frame in frames:
            opened(frame)

    def only_decrypt(self, frames: Sequence[bytes]) -> None:
        """The limit."""
        ciphers = self._ciphers
        for frame in frames:
            header = frame[:12]
            ciphers[header[6:8]].decrypt(header + b"\0", frame[12:], header)

    def refuse_all(self, frames: Sequence[bytes]) -> None:
        """Frames of which none may be opened."""
        opened = self._codec.open
        for frame in frames:
            with suppress(Refused):
                opened(frame)
                raise AssertionError("a frame that should have been refused was opened")


def _event(counter: int) -> Status:
    return Status(
        type=table.Type.EVENT,
        flags=table.Flag.ACK_REQUESTED | table.Flag.URGENT,
        time_s=1_800_000_000 + counter,
        event_id=counter,
        code=table.Code.PANIC,
        zone=0,
        levels=1,
        battery_20mv=150,
        temperature_half_c=42,
        tries=1,
        link_quality=200,
    )


def _rate(job: Callable[[Sequence[bytes]], None], frames: Sequence[bytes]) -> float:
    start = time.perf_counter()
    job(frames)
    return len(frames) / (time.perf_counter() - start)
