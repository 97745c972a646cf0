"""One board from its port to the moment when it runs the new bundle.

    enter the REPL · ask what it is · may this bundle go there? · fill the idle slot, MANIFEST last · the running slot checks
    the signature and flips · reset · it says by itself that it runs

Whatever breaks this off, the slot that ran before still runs: it is never written to. A board without a slot that runs (a new
one, or one that is broken) gets slot a, then boot.py and main.py.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from anju.flasher import watch
from anju.flasher.errors import BenchError, Trouble, nothing_changed, still_runs_old
from anju.flasher.load import Load
from anju.flasher.node import HASH_DIGITS, MANIFEST, SLOTS, Facts, Item, Node, NonsenseError, greet
from anju.flasher.ports import Port, again, alone
from anju.flasher.provision import MODULE, provision
from anju.flasher.register import Register
from anju.flasher.suit import suitable
from anju.flasher.transport import Console, LineError, SilentError
from anju.flasher.wish import Outcome, Tell, Wish
from anju.flasher.words import explain, full
from anju.service.errors import ServiceError
from anju.service.i18n import _

_PRESENCE_S = 5.0
_SLACK_BYTES = 8192
"""Left free for the store, and for what littlefs needs to write at all."""
_LEAST_BLOCKS = 2


def flash(port: Port, wish: Wish, tell: Tell) -> Outcome:
    """Bring one board to what is wished; the outcome says what was done, or why not. Only KeyboardInterrupt comes out."""
    outcome = Outcome(port, is_dry=wish.dry_run)
    job = _Job(outcome, wish, tell)
    try:
        with alone(port):
            try:
                job.run()
            except (SilentError, NonsenseError):
                if outcome.facts is None:
                    raise
                # A byte was lost on the way, or it was reset meanwhile. What has arrived is not sent again.
                job.run()
    except BenchError as error:
        outcome.error = error
    except LineError as error:
        outcome.error = explain(error, port, job.unchanged, is_begun=outcome.facts is not None)
    except ServiceError as error:
        outcome.error = BenchError(Trouble.NO_BUNDLE, error.what, error.unchanged, error.next_step)
    except Exception as error:
        if os.environ.get("ANJU_DEBUG"):
            raise
        outcome.error = BenchError(
            Trouble.OURS,
            _("Anju itself failed: %(kind)s: %(reason)s.") % {"kind": type(error).__name__, "reason": error},
            job.unchanged,
            _("Type the command again with ANJU_DEBUG=1 before it, and report what it prints."),
        )
    outcome.seconds = time.monotonic() - outcome.began
    return outcome


class _Job:
    """One board, one run."""

    def __init__(self, outcome: Outcome, wish: Wish, tell: Tell) -> None:
        self.unchanged = nothing_changed()
        self._outcome = outcome
        self._wish = wish
        self._tell = tell
        self._wants_label = False

    def run(self) -> None:
        """All of it."""
        self._say(_("waiting for an answer"))
        with Console(self._outcome.port.url, self._wish.answer_s) as console:
            with running_again(console):
                is_new = self._bring(*greet(console, self._wish.answer_s, self._wish.limit_s))
            if not self._wish.dry_run and is_new:
                self._say(_("starting"))
                self._await_start(console)
        if (self._wish.self_test or self._wants_label) and not self._wish.dry_run:
            self._visit()

    def _say(self, what: str, share: float = 0.0) -> None:
        self._tell(self._outcome.port, what, share)

    def _bring(self, node: Node, facts: Facts) -> bool:
        """Whether something else will run than before."""
        outcome, wish = self._outcome, self._wish
        self._say(_("comparing"))
        outcome.facts = facts
        outcome.slot = facts.running
        is_labelled = False
        if facts.id:
            with Register() as register:
                outcome.device = register.name_of(facts.id)
                is_labelled = register.is_labelled(facts.id)
        load = suitable(facts, wish, outcome.port)
        # A board without anything that runs may have lost its keys with the rest of its flash.
        self._wants_label = bool(facts.id) and MODULE in load.manifest.files and not (is_labelled and facts.running)
        told = load.manifest
        outcome.board, outcome.version, outcome.number = told.board, told.version, told.number
        held = facts.held
        if held is not None and held.torn == 0 and held.manifest == load.digest:
            outcome.did, outcome.is_confirmed = "unchanged", facts.is_confirmed
            if not wish.dry_run:
                self._settle(node, facts, facts.running)
            return False
        target = "a" if not facts.running else next(slot for slot in SLOTS if slot != facts.running)
        outcome.did = "updated" if facts.running else "installed"
        self._fill(node, facts, load, target)
        if not wish.dry_run:
            self._finish(node, facts, load, target)
        return True

    def _fill(self, node: Node, facts: Facts, load: Load, target: str) -> None:
        """Make the target slot what the bundle says: what is there stays, what the other slot has is copied on the board."""
        other = "b" if target == "a" else "a"
        there, beside = node.hashes("/" + target, "/" + other)
        there.pop(MANIFEST, None)
        strangers = sorted(there.keys() - load.manifest.files.keys())
        copies, missing = list[tuple[str, str]](), list[Item]()
        for item in load.items:
            short = item.digest[:HASH_DIGITS]
            if there.get(item.path) == short:
                continue
            if item.path != MANIFEST and beside.get(item.path) == short:
                copies.append((item.path, short))
            else:
                missing.append(Item(f"/{target}/{item.path}", item.content, item.digest))
        self._check_room(facts, load, copies, missing)
        outcome = self._outcome
        outcome.sent, outcome.copied = len(missing), len(copies)
        if self._wish.dry_run:
            return
        self.unchanged = still_runs_old() if facts.running else _("Nothing else on the board was changed.")
        node.prepare("/" + target, strangers, copies, "/" + other)
        self._say(_("copying"), 0.0)
        node.send(missing, facts.deflate, lambda done: self._say(_("copying"), done / len(missing)))

    def _check_room(self, facts: Facts, load: Load, copies: list[tuple[str, str]], missing: list[Item]) -> None:
        names = {name for name, _digest in copies}
        sizes = [len(item.content) for item in missing]
        sizes += [len(item.content) for item in load.items if item.path in names]
        # Each file takes whole blocks; one that is replaced is there twice for a moment.
        needed = sum(-(-size // facts.block) * facts.block for size in sizes) + max(
            _SLACK_BYTES, facts.block * _LEAST_BLOCKS
        )
        if needed > facts.free:
            raise full(self._outcome.port, self.unchanged)

    def _finish(self, node: Node, facts: Facts, load: Load, target: str) -> None:
        """What was copied becomes what runs next."""
        self._say(_("verifying"), 1.0)
        if facts.running:
            flipped = node.flip(target)
            if not flipped.ok:
                raise self._refused(flipped.why, flipped.detail)
        else:
            # Without a pointer boot.py takes the slot that is whole.
            node.remove("/slot", "/b/" + MANIFEST)
            node.send(load.starters, facts.deflate, lambda _done: None)
        self._settle(node, facts, target)
        self._outcome.slot = target

    def _settle(self, node: Node, facts: Facts, slot: str) -> None:
        """What lies beside the slots, as it is wished."""
        if self._wish.erase_identity:
            node.wipe(slot)
        if self._wish.release_key is not None and not facts.release_key:
            content = self._wish.release_key.hex().encode() + b"\n"
            node.send([Item.of("/release_key", content)], facts.deflate, lambda _done: None)

    def _refused(self, why: str, detail: str) -> BenchError:
        if why == "slot":
            return BenchError(
                Trouble.ON_TRIAL,
                _("What this board runs is on trial itself, and the other slot is all it can go back to."),
                still_runs_old(),
                _("Let it reach its concentrator, which confirms it, then flash again."),
            )
        return BenchError(
            Trouble.REFUSED,
            _("The board refuses the bundle: %(why)s (%(detail)s).") % {"why": why, "detail": detail},
            still_runs_old(),
            _("Build the bundle again and flash it; if this comes back, the board's flash is worn: replace the board."),
        )

    def _await_start(self, console: Console) -> None:
        """The board's own word that it runs what was installed."""
        outcome = self._outcome
        try:
            verdict = watch.until_it_runs(console, outcome.slot)
        except LineError:
            # A board with USB of its own takes its port along through the reset, and what it said meanwhile is lost.
            console.close()
            verdict = self._asked_afterwards()
        if verdict.failure:
            raise BenchError(
                Trouble.NOT_STARTED,
                _("The new firmware does not work on this board: %(reason)s.") % {"reason": verdict.failure},
                _("The board went back to what it ran before.")
                if outcome.did == "updated"
                else _("It runs nothing now."),
                _("Look at what it says: anju monitor %(port)s") % {"port": outcome.port.selector},
            )
        outcome.is_confirmed = verdict.is_confirmed

    def _asked_afterwards(self) -> watch.Verdict:
        port = again(self._outcome.port, _PRESENCE_S)
        self._outcome.port = port
        with Console(port.url, self._wish.answer_s) as console, running_again(console):
            _node, facts = greet(console, self._wish.answer_s, self._wish.limit_s)
        if facts.running != self._outcome.slot:
            return watch.Verdict(failure=_("it has gone back to slot %(slot)s") % {"slot": facts.running or "–"})
        return watch.Verdict(is_confirmed=facts.is_confirmed)

    def _visit(self) -> None:
        """What only the firmware that runs now can tell: its self-test, and what is to stand on its label."""
        port = again(self._outcome.port, _PRESENCE_S)
        with Console(port.url, self._wish.answer_s) as console, running_again(console):
            node, facts = greet(console, self._wish.answer_s, self._wish.limit_s)
            if self._wish.self_test:
                self._test(node)
            if self._wants_label:
                self._say(_("label"))
                with Register() as register:
                    self._outcome.device = provision(node, facts.id, register)

    def _test(self, node: Node) -> None:
        self._say(_("self-test"))
        told = node.self_test()
        self._outcome.self_test = "ok" if told.ok else "; ".join(told.faults)
        if not told.ok:
            raise BenchError(
                Trouble.SELF_TEST,
                _("The self-test failed: %(faults)s.") % {"faults": self._outcome.self_test},
                _("The firmware is installed."),
                _("Put this board aside: it must not go to a home."),
            )


@contextlib.contextmanager
def running_again(console: Console) -> Iterator[None]:
    """Whatever happens meanwhile, the board is reset at the end, so that it does not stay in the REPL."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(LineError):
            console.allow(2.0)
            Node(console).restart()
        raise
    Node(console).restart()
