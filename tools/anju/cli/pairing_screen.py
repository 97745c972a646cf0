"""What an installer sees while a node is paired: each step as it happens, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anju.cli import screen
from anju.service.errors import ServiceError
from anju.service.i18n import _

FAILED, PARTLY, TIMED_OUT = 1, 3, 5
Ask = Callable[..., dict[str, Any]]


class PairingError(ServiceError):
    """A pairing that has changed nothing; `status` is the exit code."""

    def __init__(self, what: str, next_step: str, status: int) -> None:
        super().__init__(what, _("Nothing was changed."), next_step)
        self.status = status


def follow(ask: Ask, number: str, *, json: bool) -> int:
    """Show the steps of an attempt until it has ended; the exit code, or PairingError if it has changed nothing."""
    seen = 0
    last: dict[str, Any] = {}
    while True:
        answer = _asked(ask, number, seen)
        for step in answer["steps"]:
            last = step
            if json:
                screen.as_json(step)
            elif line := _line(step):
                screen.hint(line)  # each stays: what a person is to do is not over when the next step is
        seen += len(answer["steps"])
        if answer["result"] is not None and not answer["steps"]:
            break
    if answer["result"] == "failed":
        raise _failed(last)
    if json:
        screen.as_json({"result": answer["result"]})
    elif answer["result"] == "proved":
        screen.say(
            _("Paired and proved: %(device)s, %(zone)s. Undo: anju pair --undo")
            % {"device": last["device"], "zone": screen.printable(last["zone"])}
        )
    else:
        screen.say(_("Paired, but nobody has tried it: %(device)s.") % {"device": last["device"]})
        screen.hint(_("Press its button or open its door, and look at: anju nodes. To take it back: anju pair --undo"))
    return 0 if answer["result"] == "proved" else PARTLY


def _asked(ask: Ask, number: str, seen: int) -> dict[str, Any]:
    from anju.concentrator.control import CutOffError, NotRunningError

    try:
        return ask(do="pairing", pairing=number, after=seen)
    except (CutOffError, NotRunningError) as error:
        raise ServiceError(
            _("The concentrator has ended in the midst of it, and forgets the setup code."),
            _("Within a minute of its next start the node is paired on both ends, or on neither."),
            _("Start it, see which, then pair once more if need be: anju nodes"),
        ) from error


def _line(step: dict[str, Any]) -> str:
    device = step.get("device", "")
    asked = {
        "door": _("Open the door now…"),
        "button": _("Press the button for one second now… The duty room sees a real alarm: tell them that it is you."),
        "case": _("Open the case now…"),
        "key": _("Press a key now…"),
        "detector": _(
            "Let the detector find something now… The duty room sees a real alarm: tell them that it is you."
        ),
    }
    told = {
        "searching": _searching(step),
        "opened": _("✓ %(device)s has heard it and offers itself."),
        "heard": _("%(device)s offers itself; asking whether it knows the code…"),
        "known": _("✓ %(device)s found, secure link; giving it its place…"),
        "paired": _("✓ It has its keys.") + " " + asked.get(step.get("ask", ""), ""),
        "proved": _("✓ First word under the new keys."),
        "triggered": _("✓ %(zone)s: %(what)s"),
        "impostor": _("Somebody knows the code and is not %(device)s. Still looking…"),
    }
    whats = {
        "pressed": _("pressed"),
        "opened": _("open"),
        "closed": _("closed"),
        "detected": _("has detected something"),
    }
    facts = {"device": device, "zone": step.get("zone", ""), "what": whats.get(step.get("what", ""), "")}
    return screen.printable(told.get(step["step"], "") % facts)


def _searching(step: dict[str, Any]) -> str:
    """Who has to do what now: a node that is in use is told by the concentrator, any other by a person."""
    if step.get("ordered"):
        told = _("%(device)s is in use, and works as before until it is paired anew: it is told to offer itself.")
        return (
            told + " " + _("One on a battery hears that when it wakes: open its door, or wait longer with --timeout.")
        )
    told = _("Waiting for the node: open its case and press its button.")
    if step.get("typed"):
        told += " " + _(
            "A typed code names no device: a node that is in use already is not told, so scan its label instead."
        )
    return told


def _silent(step: dict[str, Any]) -> tuple[str, str, int]:
    if step.get("unanswered"):
        return (
            _("%(device)s is in use, and did not answer when it was told to offer itself."),
            _("See when it was last heard: anju nodes. If it has lost its keys, open its case and press its button."),
            TIMED_OUT,
        )
    return (
        _("Nothing was heard of %(device)s."),
        _("Open its case and press its button: then it offers itself for two minutes. Is this its label?"),
        TIMED_OUT,
    )


def _failed(step: dict[str, Any]) -> PairingError:
    device = step.get("device") or _("the node")
    again = _("Then type the command again.")
    reasons = {
        "silent": _silent(step),
        "no_answer": (
            _("A node offers itself and does not know this code: it is another node's label, or it is out of reach."),
            _("Compare the short name on the label with the node that you have opened."),
            FAILED,
        ),
        "no_proof": (
            _("%(device)s was found, but fell silent before it confirmed."),
            _("Look at its power and at the link."),
            TIMED_OUT,
        ),
        "impostor": (
            _("Somebody knows the code of %(device)s and is another device."),
            _("Look for who copied the label, and don't use this node."),
            FAILED,
        ),
        "too_few_inputs": (
            _("%(device)s has fewer inputs than zones were named."),
            _("Name as many zones as it has inputs, with --zone."),
            FAILED,
        ),
        "too_old": (
            _("The firmware of %(device)s does not know such a button: silent, or pressed anyhow."),
            _("Bring it up to date with anju flash."),
            FAILED,
        ),
        "withdrawn": (_("It was taken back."), "", FAILED),
    }
    what, next_step, status = reasons[step["step"]]
    return PairingError(what % {"device": device}, f"{next_step} {again}".strip(), status)
