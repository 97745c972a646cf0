"""The three latencies of a press, joined from what happens at the pins and what the page's stream says."""

from __future__ import annotations

from anju.simulator.feedback import Stage
from anju.simulator.latency import Latencies
from anju.simulator.tally import EventName

_MORE = (Stage.SEEN, Stage.COMING)
"""What says more than that the concentrator has it."""


class Timings:
    """All times are monotonic seconds of this process; which of two observations comes first does not matter."""

    def __init__(self) -> None:
        self.press_to_ack = Latencies()
        self.press_to_console = Latencies()
        self.acknowledge_to_light = Latencies()
        self._pressed: dict[int, float] = {}
        self._unshown: dict[EventName, float] = {}
        self._shown: dict[EventName, float] = {}
        self._unlit: dict[int, float] = {}

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
        self._pressed[node] = at
        self._unlit.pop(node, None)

    def made(self, node: int, event_id: int, pressed_at: float) -> None:
        """The press became an event."""
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

    def not_acknowledged(self, node: int) -> None:
        """The duty room refused that: no light is to come."""
        self._unlit.pop(node, None)

    def stage(self, node: int, stage: Stage, at: float) -> None:
        """A button began to say something else."""
        if stage is Stage.CONCENTRATOR_HAS_IT:
            self._heard(node, at)
        elif stage is Stage.SEEN and (clicked_at := self._unlit.pop(node, None)) is not None:
            self.acknowledge_to_light.add(at - clicked_at)
        elif stage is Stage.COMING:
            self._unlit.pop(node, None)  # it says more than "seen", and will not go back to that

    def acked(self, node: int, showing: Stage, at: float) -> None:
        """A node knows its press to be durable. It does not show that if the answer to an older press came meanwhile."""
        if showing in _MORE:
            self._heard(node, at)

    def _heard(self, node: int, at: float) -> None:
        pressed_at = self._pressed.pop(node, None)
        if pressed_at is not None:
            self.press_to_ack.add(at - pressed_at)
