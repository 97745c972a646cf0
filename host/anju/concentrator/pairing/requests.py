"""What the control socket can ask of pairing: begin, watch, take back; unpair; which nodes there are."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from anju.concentrator.core.pairing import decide
from anju.concentrator.core.pairing.note import Note
from anju.concentrator.core.places import Linked, Placement
from anju.concentrator.core.ports import Clock, Journal, Vault
from anju.concentrator.pairing.attempt import Attempt
from anju.concentrator.pairing.room import Pairing
from anju.service.errors import ServiceError
from anju.service.i18n import _
from anju.uplink.fields import HOUSEHOLD_PATTERN
from anju.uplink.reports import PairingFailure, ReportKind, Zone
from anju.wire import label
from anju.wire.label import Label, SetupCode

LEAST_SEARCH_S, MOST_SEARCH_S = 5.0, 900.0
MOST_ATTEMPTS = 32
"""At a time, of all installers; as many ended ones can still be looked at."""
UNDO_S = 3600.0
_WAIT_S = 5.0
"""Whoever watches an attempt asks again after so long: less than a control connection's patience."""
_ZONES = TypeAdapter(tuple[Zone, ...])

Handler = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
Check = Callable[[str, Sequence[Zone]], Awaitable[tuple[Zone, ...]]]
"""Whether a household and its zones are of this building and its plan; ServiceError if not."""


class PairingRequests:
    """Answers requests about pairing."""

    def __init__(
        self,
        room: Pairing,
        vault: Vault,
        journal: Journal,
        clock: Clock,
        check: Check,
        root_key: Callable[[], bytes],
    ) -> None:
        self._room = room
        self._vault = vault
        self._journal = journal
        self._clock = clock
        self._check = check
        self._root_key = root_key
        self.handlers: dict[str, Handler] = {
            "pair": self._pair,
            "pairing": self._watch,
            "pair_cancel": self._cancel,
            "pair_last": self._last,
            "pair_undo": self._undo,
            "unpair": self._unpair,
            "nodes": self._nodes,
        }

    async def _pair(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        code, device = _read_code(str(request.get("code")))
        seconds = _seconds(request.get("timeout_s", decide.SEARCH_S))
        root_key = await asyncio.to_thread(self._root_key)
        note = await self._note(request, person)
        async with self._room.lock:
            running = [one for one in self._room.attempts.values() if one.result is None]
            for other in running:
                if other.code == code or (device and other.device == device and other.link is None):
                    return {"pairing": self._joined(other, note, code).number}
            if len(running) >= MOST_ATTEMPTS:
                raise ServiceError(
                    _("%(count)d pairings are going on already.") % {"count": len(running)},
                    _("Nothing was changed."),
                    _("Wait until one of them has ended."),
                )
            if note.former and self._room.taken_by_others(note.former, device):
                raise ServiceError(
                    _("Another device is being paired in the place of this node already."),
                    _("Nothing was changed."),
                    _("Wait until that has ended, then look at: anju nodes"),
                )
            attempt = Attempt(note, self._clock().monotonic_s + seconds, device, code, root_key)
            if device:
                # A node that was paired before and has lost its keys keeps its place.
                place = self._room.place(note, device, root_key)
                begun = decide.begin(
                    self._room.pairings, Label(device, code), place, attempt.secret, self._clock(), seconds
                )
                self._keep(attempt)
                try:
                    await self._room.order(attempt, seconds)
                except BaseException:
                    del self._room.attempts[attempt.number]
                    raise
                await self._room.do(begun)
            else:
                self._keep(attempt)
                attempt.step("searching", typed=True)
        self._room.wake()
        return {"pairing": attempt.number}

    async def _watch(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        attempt, after = self._attempt(request), request.get("after", 0)
        if not isinstance(after, int) or after < 0:
            raise _not_understood()
        attempt.changed.clear()
        if len(attempt.steps) <= after and attempt.result is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WAIT_S):
                    await attempt.changed.wait()
        return {"steps": attempt.steps[after:], "result": attempt.result}

    async def _cancel(self, request: dict[str, Any], _person: str) -> dict[str, Any]:
        attempt = self._attempt(request)
        async with self._room.lock:
            if attempt.result is None and attempt.link:
                attempt.give_up_waiting()
            elif attempt.is_typed:
                self._room.end_typed(attempt, PairingFailure.WITHDRAWN)
            elif attempt.device and attempt.result is None:
                await self._room.do(decide.withdraw(self._room.pairings, attempt.device))
        self._room.wake()
        return {"result": attempt.result}

    async def _nodes(self, _request: dict[str, Any], _person: str) -> dict[str, Any]:
        links = self._vault.links
        return {"nodes": [self._shown(link, links) for link in links]}

    async def _unpair(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        target = str(request.get("target"))
        async with self._room.lock:
            links = self._named(target)
            if request.get("look") is True:
                return {"nodes": [self._shown(link, self._vault.links) for link in links]}
            for device in {link.device for link in links}:
                await self._room.do(decide.withdraw(self._room.pairings, device))
            return await self._ended(links, person)

    async def _last(self, _request: dict[str, Any], person: str) -> dict[str, Any]:
        link = self._last_of(person)
        return {"nodes": [self._shown(link, self._vault.links)]}

    async def _undo(self, request: dict[str, Any], person: str) -> dict[str, Any]:
        async with self._room.lock:
            link = self._last_of(person)
            if request.get("device") != link.device:
                raise _not_understood()
            return await self._ended([link], person)

    async def _ended(self, links: Sequence[Linked], person: str) -> dict[str, Any]:
        all_links = self._vault.links
        shown = [self._shown(link, all_links) for link in links]
        moment = self._clock()
        notices = [self._room.notice(ReportKind.NODE_UNPAIRED, link, moment, person=person) for link in links]
        await self._vault.end([link.id for link in links], notices)
        self._room.wake()
        return {"nodes": shown}

    def _last_of(self, person: str) -> Linked:
        since_ms = self._clock().wall_ms - UNDO_S * 1000
        mine = [link for link in self._vault.links if link.person == person and link.paired_at_ms >= since_ms]
        if not mine:
            raise ServiceError(
                _("You have paired no node within the last hour that is still there."),
                _("Nothing was changed."),
                _("Look at all of them: anju nodes. To end one of them: anju unpair NODE"),
            )
        return max(mine, key=lambda link: link.paired_at_ms)

    async def _note(self, request: dict[str, Any], person: str) -> Note:
        former = request.get("replace")
        if former is not None:
            links = self._named(str(former))
            if len({link.id.address for link in links}) > 1:
                raise ServiceError(
                    _("%(name)s is more than one node.") % {"name": former},
                    _("Nothing was changed."),
                    _("Name one of them: %(nodes)s") % {"nodes": _names(links)},
                )
            return Note(links[0].placement, person, links[0].id.address)
        try:
            zones = _ZONES.validate_json(str(request.get("zones")))
        except ValidationError:
            raise _not_understood() from None
        household = str(request.get("household"))
        return Note(Placement(household, await self._check(household, zones)), person)

    def _joined(self, other: Attempt, note: Note, code: SetupCode) -> Attempt:
        """A label that is shown twice is one search, if both mean the same."""
        same = (other.note.placement, other.note.former) == (note.placement, note.former)
        if same and other.code == code:
            return other
        raise ServiceError(
            _("This label is being paired already, for %(household)s, by %(person)s.")
            % {"household": other.note.placement.household, "person": other.note.person},
            _("That goes on; nothing else was begun."),
            _("Wait until it has ended, or let whoever began it press Ctrl-C."),
        )

    def _keep(self, attempt: Attempt) -> None:
        attempts = self._room.attempts
        ended = [number for number, one in attempts.items() if one.result is not None]
        for number in ended[: max(0, len(ended) - MOST_ATTEMPTS)]:
            del attempts[number]
        attempts[attempt.number] = attempt

    def _attempt(self, request: dict[str, Any]) -> Attempt:
        attempt = self._room.attempts.get(str(request.get("pairing")))
        if attempt is None:
            raise ServiceError(
                _("The concentrator was started again and has forgotten this attempt, its setup code first of all."),
                _("Within a minute the node is paired on both ends, or on neither."),
                _("See which, then pair it once more if need be: anju nodes"),
            )
        return attempt

    def _named(self, target: str) -> list[Linked]:
        """Links by household, address (1/7), short name or device id."""
        links = self._vault.links
        if re.fullmatch(HOUSEHOLD_PATTERN, target):
            found = [link for link in links if link.placement.household == target]
        elif re.fullmatch(r"\d{1,5}/\d{1,5}", target):
            found = [link for link in links if _address(link) == target]
        else:
            wanted = target.upper().removeprefix("D-")
            found = [link for link in links if link.device and link.device in {wanted, target.upper()}]
            found = found or [link for link in links if link.device and label.short_name(link.device) == f"D-{wanted}"]
            if len({link.device for link in found}) > 1:
                raise ServiceError(
                    _("%(name)s is more than one node.") % {"name": target},
                    _("Nothing was changed."),
                    _("Name one of them: %(nodes)s") % {"nodes": _names(found)},
                )
        if not found:
            raise ServiceError(
                _("There is no node or household %(name)s here.") % {"name": target},
                _("Nothing was changed."),
                _("Look at those there are: anju nodes"),
            )
        return found

    def _shown(self, link: Linked, links: Sequence[Linked]) -> dict[str, Any]:
        state = self._journal.building.nodes.get(link.id.address)
        heard = state and state.last_seen_ms and state.epoch == link.id.epoch
        newer = any(other.id.address == link.id.address and other.id.epoch > link.id.epoch for other in links)
        older = any(other.id.address == link.id.address and other.id.epoch < link.id.epoch for other in links)
        return {
            "node": _address(link),
            "name": label.short_name(link.device) if link.device else None,
            "device": link.device or None,
            "public_key": link.public_key.hex() or None,
            "household": link.placement.household,
            "zones": [zone.model_dump(mode="json") for zone in link.placement.inputs],
            "paired_at_ms": link.paired_at_ms or None,
            "person": link.person or None,
            "last_heard_s": round((self._clock().wall_ms - state.last_seen_ms) / 1000, 1) if state and heard else None,
            "link": state.route.link if state and heard and state.route else None,
            "state": self._state(link, bool(heard), newer=newer, older=older),
        }

    def _state(self, link: Linked, heard: bool, *, newer: bool, older: bool) -> str:
        if not self._vault.can_answer(link.id.address):
            return "spent"
        return "unproved" if older or not heard else "old" if newer else "proved"


def _read_code(text: str) -> tuple[SetupCode, str | None]:
    reading = label.read(text)
    if reading.mistake is not None or reading.code is None:
        raise ServiceError(
            _("This is no setup code and no QR text of a label."),
            _("Nothing was sent."),
            _("Scan the label again, or type the code that stands on it."),
        )
    return reading.code, reading.device


def _seconds(told: object) -> float:
    if isinstance(told, int | float) and LEAST_SEARCH_S <= told <= MOST_SEARCH_S:
        return float(told)
    raise ServiceError(
        _("A node can be waited for from %(least)d to %(most)d s.") % {"least": LEAST_SEARCH_S, "most": MOST_SEARCH_S},
        _("Nothing was changed."),
        "",
    )


def _address(link: Linked) -> str:
    return f"{link.id.address.network}/{link.id.address.node}"


def _names(links: Sequence[Linked]) -> str:
    return ", ".join(sorted({f"{_address(link)} ({link.device or '–'})" for link in links}))


def _not_understood() -> ServiceError:
    return ServiceError(_("The concentrator does not understand this request."), _("Nothing was changed."), "")
