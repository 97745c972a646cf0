"""What hangs on which port: as the bench remembers it, without touching anything; or by asking, which interrupts a node."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from anju.flasher.errors import BenchError, nothing_changed
from anju.flasher.flash import running_again
from anju.flasher.node import Facts, greet
from anju.flasher.ports import Port, alone
from anju.flasher.register import Known, Register
from anju.flasher.transport import Console, LineError
from anju.flasher.words import explain

_JOBS = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """A port, and the board at it as far as known."""

    port: Port
    known: Known | None
    error: BenchError | None = None


def remembered(ports: Sequence[Port], register: Register) -> list[Seen]:
    """Nothing is opened."""
    return [Seen(port, register.at(port)) for port in ports]


def asked(ports: Sequence[Port], register: Register, answer_s: float) -> list[Seen]:
    """Each board says what it is; its node is interrupted for that, and started again."""
    with ThreadPoolExecutor(max_workers=_JOBS) as pool:
        answers = list(pool.map(lambda port: _ask(port, answer_s), ports))
    found = []
    for port, answer in zip(ports, answers, strict=True):
        if isinstance(answer, BenchError):
            found.append(Seen(port, register.at(port), answer))
            continue
        held = answer.held
        told: dict[str, str | int] = {"machine": answer.machine, "micropython": answer.micropython}
        told |= {"slot": answer.running}
        if held is not None:
            told |= {"board": held.board, "version": held.version, "number": held.number}
        register.met(port, answer.id, told)
        found.append(Seen(port, register.board(answer.id)))
    return found


def _ask(port: Port, answer_s: float) -> Facts | BenchError:
    try:
        with alone(port), Console(port.url, answer_s) as console, running_again(console):
            _node, facts = greet(console, answer_s, answer_s)
            return facts
    except BenchError as error:
        return error
    except LineError as error:
        return explain(error, port, nothing_changed(), is_begun=False)
