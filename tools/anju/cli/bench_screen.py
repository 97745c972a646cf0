"""What a technician sees of flashing: a line for each board on stdout, how far they are on stderr."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from anju.cli import screen
from anju.service.i18n import _, ngettext

if TYPE_CHECKING:
    from rich.console import Console

    from anju.flasher.load import Load
    from anju.flasher.look import Seen
    from anju.flasher.ports import Port
    from anju.flasher.wish import Outcome, Tell, Wish

_NOBODY = "-------"


@dataclass(frozen=True, slots=True)
class Asked:
    """Options that `flash` and `bench-station` share."""

    board: str | None
    bundle: Path | None
    key: Path | None
    erase_identity: bool
    dry_run: bool
    timeout: float
    json: bool

    def remembered(self) -> dict[str, Any]:
        """What `--failed` needs to do the same again, wherever it is typed."""
        return {
            "board": self.board,
            "bundle": None if self.bundle is None else str(self.bundle.absolute()),
            "key": None if self.key is None else str(self.key.absolute()),
            "erase_identity": self.erase_identity,
        }

    def again(self, told: dict[str, Any]) -> Asked:
        """These options, with those of the last run where none is given now."""

        def path(name: str) -> Path | None:
            return Path(told[name]) if told.get(name) else None

        is_told = self.board is not None or self.bundle is not None
        return Asked(
            self.board if is_told else told.get("board"),
            self.bundle if is_told else path("bundle"),
            self.key or path("key"),
            self.erase_identity or bool(told.get("erase_identity")),
            self.dry_run,
            self.timeout,
            self.json,
        )


def flash(words: Sequence[str], *, failed: bool, jobs: int, asked: Asked) -> int:
    """Flash ports, and say how it went; the exit code."""
    from anju.flasher.many import flash_all, status_of
    from anju.flasher.ports import resolve
    from anju.flasher.register import Register

    if bool(words) == failed:
        raise typer.BadParameter(_("name the ports (or “all”), or --failed alone"))
    with Register() as register:
        if failed:
            told, words = register.last_run()
            if not words:
                screen.say(_("No board failed in the last run."))
                return 0
            asked = asked.again(told)
        ports = resolve(words)
        with _wished(asked) as wish:
            count = ngettext("%(count)d port.", "%(count)d ports.", len(ports)) % {"count": len(ports)}
            screen.hint(" ".join([count, *map(_described, wish.loads.known())]))
            with _progress(asked.json) as (tell, show):
                outcomes = flash_all(ports, wish, register, jobs=jobs, options=asked.remembered(), tell=tell, done=show)
    if not asked.json:
        _sum_up(outcomes, is_dry=asked.dry_run)
    return status_of(outcomes)


def devices(words: Sequence[str], *, ask: bool, answer_s: float, json: bool) -> int:
    """Show what is where; the exit code."""
    from anju.flasher import look
    from anju.flasher.errors import NO_DEVICE, PARTLY
    from anju.flasher.ports import attached, resolve
    from anju.flasher.register import Register

    ports = resolve(words) if words else attached()
    with Register() as register:
        found = look.asked(ports, register, answer_s) if ask else look.remembered(ports, register)
    if json:
        for seen in found:
            screen.as_json(_seen_as_json(seen))
    elif found:
        headings = (
            _("Port"),
            _("USB serial"),
            _("Device"),
            _("Board"),
            _("Version"),
            _("Slot"),
            _("Flashed"),
            _("Self-test"),
        )
        screen.table(headings, map(_row, found))
    for seen in found:
        if seen.error is not None and not json:
            screen.fail(f"{seen.port.label}: {seen.error.what}", seen.error.unchanged, seen.error.next_step)
    if not found:
        screen.hint(_("No board is plugged in. Network consoles can be listed in ANJU_PORTS."))
        return NO_DEVICE
    return PARTLY if any(seen.error for seen in found) else 0


def station(asked: Asked, jobs: int) -> None:
    """Flash whatever is plugged in, until Ctrl-C."""
    from dataclasses import replace

    from anju.flasher.register import Register
    from anju.flasher.station import Station

    show = _as_json if asked.json else _show
    quietly: Callable[[str], None] = (lambda _line: None) if asked.json else screen.hint
    with Register() as register, _wished(asked) as wish:
        quietly(" ".join([_("Waiting for boards; Ctrl-C ends it."), *map(_described, wish.loads.known())]))
        Station(
            replace(wish, self_test=True),
            register,
            jobs,
            arrived=lambda port: quietly(_("%(port)s plugged in") % {"port": port.label}),
            left=lambda port: quietly(_("%(port)s unplugged") % {"port": port.label}),
            done=show,
            tell=lambda _port, _what, _share: None,
        ).run()


@contextmanager
def _wished(asked: Asked) -> Iterator[Wish]:
    """What is wanted, with a folder for bundles that are made on the way."""
    from anju.bundle import keys
    from anju.flasher.load import Loads
    from anju.flasher.wish import Wish

    if asked.board is not None and asked.bundle is not None:
        raise typer.BadParameter(_("--board builds a bundle and --bundle names one: give one of them"))
    key = None if asked.key is None else keys.load_public(asked.key)
    with tempfile.TemporaryDirectory(prefix="anju-") as scratch:
        loads = Loads(Path(scratch), asked.bundle, key)
        if asked.board is not None:
            loads.for_board(asked.board)
        yield Wish(
            loads,
            board=asked.board or "",
            release_key=key,
            erase_identity=asked.erase_identity,
            dry_run=asked.dry_run,
            limit_s=asked.timeout,
            answer_s=min(10.0, asked.timeout),
        )


@contextmanager
def _progress(json: bool) -> Iterator[tuple[Tell, Callable[[Outcome], None]]]:
    """What to call on the way and at each end: bars in a terminal, nothing but the ends elsewhere."""
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    # Where results and bars meet in one terminal, they go through one console, which knows where the bars are.
    console, results = screen.console(error=True), screen.console(error=False)
    if not console.is_terminal or (json and results.is_terminal):
        yield (lambda _port, _what, _share: None), _as_json if json else _show
        return
    console = results if results.is_terminal else console
    finish = _as_json if json else partial(_show, above=results)
    columns = (TextColumn("{task.fields[port]}"), BarColumn(20), TextColumn("{task.description}"), TimeElapsedColumn())
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:

        def tell(port: Port, what: str, share: float) -> None:
            if port.selector not in bars:
                bars[port.selector] = progress.add_task(what, port=port.label, total=1.0)
            progress.update(bars[port.selector], description=what, completed=share)

        def end(outcome: Outcome) -> None:
            if outcome.port.selector in bars:
                progress.remove_task(bars.pop(outcome.port.selector))
            finish(outcome)

        yield tell, end


def _described(load: Load) -> str:
    signature = _("signed") if load.bundle.signature is not None else _("not signed, for development")
    told = {
        "board": load.manifest.board,
        "version": load.manifest.version,
        "files": len(load.items),
        "kb": -(-load.size // 1024),
        "signature": signature,
    }
    return _("Bundle %(board)s %(version)s: %(files)d files, %(kb)d KB, %(signature)s.") % told


def _show(outcome: Outcome, above: Console | None = None) -> None:
    """One board, one line; what went wrong below it."""
    start = f"{outcome.port.label:<14} {outcome.device or _NOBODY}  "
    error = outcome.error
    if error is not None:
        screen.say(start + _("FAILED: %(reason)s") % {"reason": screen.printable(error.what)}, above=above)
        screen.say(*filter(None, (error.unchanged, error.next_step)), indent=15, above=above)
        return
    tested = [_("self-test passed")] if outcome.self_test else []
    parts = [f"{_done(outcome):<22}", f"{outcome.seconds:5.1f} s", _state(outcome), *tested]
    screen.say(start + f"{outcome.board:<14} " + "  ".join(filter(None, parts)), above=above)


def _done(outcome: Outcome) -> str:
    counts = {"sent": outcome.sent, "copied": outcome.copied}
    if outcome.did == "unchanged":
        return _("unchanged")
    if outcome.copied:
        return _("copied %(sent)d, kept %(copied)d") % counts
    return _("copied %(sent)d") % counts


def _state(outcome: Outcome) -> str:
    if outcome.is_dry:
        return _("not written: dry run")
    return _("verified") if outcome.is_confirmed else _("on trial until its concentrator answers")


def _as_json(outcome: Outcome) -> None:
    error = outcome.error
    screen.as_json(
        {
            "port": outcome.port.url,
            "usb_serial": outcome.port.usb_serial,
            "device": outcome.device,
            "unique_id": outcome.facts.id if outcome.facts else "",
            "board": outcome.board,
            "version": outcome.version,
            "number": outcome.number,
            "slot": outcome.slot,
            "did": "" if error else outcome.did,
            "dry_run": outcome.is_dry,
            "sent": outcome.sent,
            "copied": outcome.copied,
            "confirmed": outcome.is_confirmed,
            "self_test": outcome.self_test,
            "seconds": round(outcome.seconds, 2),
            "error": error and _error_as_json(error),
        }
    )


def _error_as_json(error: Any) -> dict[str, str]:
    return {"code": error.trouble.code, "what": error.what, "unchanged": error.unchanged, "next": error.next_step}


def _sum_up(outcomes: Sequence[Outcome], *, is_dry: bool) -> None:
    bad = sum(outcome.error is not None for outcome in outcomes)
    good = len(outcomes) - bad
    screen.say(_("%(good)d done, %(bad)d failed.") % {"good": good, "bad": bad})
    if bad and not is_dry:
        screen.hint(_("Retry only failures: anju flash --failed"))


def _row(seen: Seen) -> tuple[str, ...]:
    known = seen.known
    start = (seen.port.label, seen.port.usb_serial or "–")
    if known is None:
        return *start, "–", seen.port.description or "–", *("–",) * 4
    told = (known.device, known.board, known.version, known.slot, known.flashed[:10], known.self_test)
    return *start, *(word or "–" for word in told)


def _seen_as_json(seen: Seen) -> dict[str, Any]:
    from dataclasses import asdict

    told = asdict(seen.known) if seen.known else {}
    told |= {"port": seen.port.url, "usb_serial": seen.port.usb_serial, "description": seen.port.description}
    return told | {"error": seen.error and _error_as_json(seen.error)}
