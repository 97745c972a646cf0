"""The three latencies of a press, joined from what happens at the pins and what the page's stream says."""

from __future__ import annotations

from dataclasses import dataclass

from anju.simulator.feedback import Stage
from anju.simulator.latency import Latencies
from anju.simulator.tally import EventName

_MORE = (Stage.SEEN, Stage.COMING)
"""What says more than that the concentrator has it: where it comes first, *that* is not said any more."""


@dataclass(slots=True)
class _Press:
    """A press without an answer yet; `after_click`: the guard's answer to an older press was still on its way then."""

    at: float
    after_click: bool
    event_id: int | None = None
    is_acked: bool = False


class Timings:
    """All times are monotonic seconds of this process; which of two observations comes first does not matter."""

    def __init__(self) -> None:
        self.press_to_ack = Latencies()
        self.press_to_console = Latencies()
        self.acknowledge_to_light = Latencies()
        self._pressed: dict[int, _Press] = {}
        self._unshown: dict[EventName, float] = {}
        self._shown: dict[EventName, float] = {}
        self._unlit: dict[int, float] = {}
        self._uncoming: set[int] = set()

    @property
    def waiting(self) -> dict[str, int]:
        """What is still to come, by its name in the report."""
        return {
            "press_to_ack": len(self._pressed),
            "press_to_console": len(self._unshown),
            "acknowledge_to_light": len(self._unlit),
        }

    def unheard(self, node: int) -> bool:
        """Whether a button was pressed and has not said yet that somebody has it."""
        return node in self._pressed

    def pressed(self, node: int, at: float) -> None:
        """A button was pressed. A light that was still to come for an older press is not waited for any longer."""
        self._pressed[node] = _Press(at, after_click=node in self._unlit or node in self._uncoming)
        self._unlit.pop(node, None)
        self._uncoming.discard(node)

    def made(self, node: int, event_id: int, pressed_at: float) -> None:
        """The press became an event."""
        if node in self._pressed:
            self._pressed[node].event_id = event_id
        shown_at = self._shown.pop((node, event_id), None)
        if shown_at is None:
            self._unshown[node, event_id] = pressed_at
        else:
            self.press_to_console.add(shown_at - pressed_at)

    def shown(self, node: int, event_id: int, at: float) -> None:
        """The page's stream named the event as a new alarm."""
        pressed_at = self._unshown.pop((node, event_id), None)
        if pressed_at is None:
            self._shown[node, event_id] = at
        else:
            self.press_to_console.add(at - pressed_at)

    def acknowledged(self, node: int, showing: Stage, at: float) -> None:
        """The guard is about to acknowledge an alarm whose last press was at this button, which shows a stage now."""
        if node not in self._pressed and showing is not Stage.COMING:
            self._unlit.setdefault(node, at)

    def dispatched(self, node: int) -> None:
        """The guard is about to send somebody because of an alarm whose last press was at this button."""
        if node not in self._pressed:
            self._uncoming.add(node)

    def not_clicked(self, node: int) -> None:
        """The duty room refused that: no light is to come."""
        self._unlit.pop(node, None)
        self._uncoming.discard(node)

    def stage(self, node: int, stage: Stage, at: float) -> None:
        """A button began to say something else."""
        press = self._pressed.get(node)
        is_for_it = press is not None and (press.is_acked or not press.after_click)
        if stage is Stage.CONCENTRATOR_HAS_IT or (stage in _MORE and is_for_it):
            self._heard(node, at)
        if stage is Stage.SEEN and (clicked_at := self._unlit.pop(node, None)) is not None:
            self.acknowledge_to_light.add(at - clicked_at)
        if stage is Stage.COMING:
            self._uncoming.discard(node)
            self._unlit.pop(node, None)  # it says more than "seen", and will not go back to that

    def acked(self, node: int, event_id: int, showing: Stage, at: float) -> None:
        """A node knows an event to be durable. Of a press it does not show that if the answer to an older one came first."""
        press = self._pressed.get(node)
        if press is not None and press.event_id == event_id:
            press.is_acked = True
            if showing in _MORE:
                self._heard(node, at)

    def _heard(self, node: int, at: float) -> None:
        press = self._pressed.pop(node, None)
        if press is not None:
            self.press_to_ack.add(at - press.at)
