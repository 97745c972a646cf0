"""Many boards at once, and what the bench remembers of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from anju.flasher.errors import FAILED, NO_DEVICE, PARTLY, TIMED_OUT
from anju.flasher.flash import flash
from anju.flasher.ports import Port
from anju.flasher.register import Register
from anju.flasher.wish import Outcome, Tell, Wish

JOBS = 8
"""Boards at once if nobody says how many: each takes a thread that mostly waits for its line."""


class Stopped(BaseException):
    """Ctrl-C: a board ends its step, and is left with whatever ran before."""


def flash_all(
    ports: Sequence[Port],
    wish: Wish,
    register: Register,
    *,
    jobs: int,
    options: dict[str, Any],
    tell: Tell,
    done: Callable[[Outcome], None],
) -> list[Outcome]:
    """Flash these ports; `done` is called for each as it ends, in this thread. `options` are kept for the next `--failed`.

    KeyboardInterrupt after Ctrl-C, when all boards have been let go.
    """
    stop = threading.Event()
    outcomes: list[Outcome] = []
    if not wish.dry_run:
        register.begin_run(options, ports)

    def heard(port: Port, what: str, share: float) -> None:
        if stop.is_set():
            raise Stopped
        tell(port, what, share)

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        work = [pool.submit(flash, port, wish, heard) for port in ports]
        try:
            for ended in as_completed(work):
                outcome = ended.result()
                if not wish.dry_run:
                    remember(register, outcome)
                outcomes.append(outcome)
                done(outcome)
        except KeyboardInterrupt:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return outcomes


def remember(register: Register, outcome: Outcome) -> None:
    """What was learned of a board, and that it need not be tried again if all went well."""
    facts = outcome.facts
    if facts is not None and facts.id:
        known: dict[str, str | int] = {"machine": facts.machine, "micropython": facts.micropython}
        if outcome.error is None:
            known |= {"board": outcome.board, "version": outcome.version, "number": outcome.number}
            known |= {"slot": outcome.slot}
        if outcome.self_test:
            known |= {"self_test": outcome.self_test}
        is_flashed = outcome.error is None and outcome.did in ("installed", "updated")
        register.met(outcome.port, facts.id, known, flashed=is_flashed)
    if outcome.error is None:
        register.succeeded(outcome.port)


def status_of(outcomes: Sequence[Outcome]) -> int:
    """The exit code that says how it went in all."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors:
        return 0
    if len(errors) < len(outcomes):
        return PARTLY
    codes = {error.status for error in errors}
    return codes.pop() if codes in ({TIMED_OUT}, {NO_DEVICE}) else FAILED
