"""Commands from a person, by way of the concentrator: carried out at most once, in time, and answered every time.

A repeated frame is answered by the same bytes again, a repeated command under a new counter by DUPLICATE. Without a known
time nothing can be in time, so the answer is EXPIRED; a command that was not carried out may be tried again.
"""

from micropython import const

from anju.node import frame
from anju.node.clock import Clock
from anju.node.feedback import Feedback
from anju.node.outbox import SPAN
from anju.wire import table

try:
    from typing import Callable
except ImportError:  # MicroPython
    pass

_REMEMBERED = const(8)


class Answer:
    """What was said to one command frame."""

    def __init__(self, counter: int, command_id: int, verdict: int) -> None:
        self.counter = counter
        """Of the command's frame."""
        self.command_id = command_id
        self.verdict = verdict
        self.frame = frame.blank()
        self.number = -1
        """Under which `frame` is sealed; -1 = not yet."""
        self.is_due = True
        """Whether it is to be said, for the first time or again."""

    def needs_sealing(self, next_number: int) -> bool:
        """Whether its frame has no number yet, or one that the concentrator may soon refuse."""
        return self.number < 0 or next_number - self.number > SPAN


class Orders:
    """Judges commands and remembers the answers to the last ones."""

    def __init__(self, clock: Clock, feedback: Feedback, pair: "Callable[[], None]") -> None:
        """`pair` opens the node for another pairing."""
        self.others: "dict[int, Callable[[int, bytes, int, int], int]]" = {}
        """What else this node can do: by order, of the counter and body of its frame, how long it holds, and now; a verdict, or
        0 if nothing is to be said."""
        self._pair = pair
        self._clock = clock
        self._feedback = feedback
        self.answers: "list[Answer]" = []
        """The last ones, oldest first."""

    def recall(self, counter: int, command_id: int, verdict: int) -> None:
        """After a sleep: what was said before it."""
        answer = Answer(counter, command_id, verdict)
        answer.is_due = False
        self.answers.append(answer)

    def carry_out(self, counter: int, body: bytes, is_understood: bool, now: int) -> None:
        """Judge a fresh, authentic command and have its answer ready."""
        time_s, command_id, order, event_id, valid_s = frame.read_command(body)
        verdict: int = table.Verdict.NOT_UNDERSTOOD
        if is_understood:
            left_ms = self._left_ms(time_s, valid_s, now)
            other = self.others.get(order)
            if self._is_done(command_id):
                verdict = table.Verdict.DUPLICATE
            elif left_ms <= 0:
                verdict = table.Verdict.EXPIRED
            elif order == table.Order.PROBE:
                verdict = table.Verdict.ACCEPTED
            elif other is not None:
                verdict = other(counter, body, left_ms, now)
            elif order == table.Order.PAIR:
                self._pair()
                verdict = table.Verdict.ACCEPTED
            elif self._feedback.answer(order, event_id, left_ms, now):
                verdict = table.Verdict.ACCEPTED
        if verdict:
            self.answers.append(Answer(counter, command_id, verdict))
            del self.answers[:-_REMEMBERED]

    def repeat(self, counter: int) -> None:
        """The command frame with this counter came once more: its answer was lost."""
        for answer in self.answers:
            if answer.counter == counter:
                answer.is_due = True

    def poll(self) -> "Answer | None":
        """An answer to be sent, or None; the caller seals it where needed and it counts as sent."""
        for answer in self.answers:
            if answer.is_due:
                answer.is_due = False
                if not answer.command_id:  # a probe's: it must not crowd out what people have asked for
                    self.answers.remove(answer)
                return answer
        return None

    def _left_ms(self, time_s: int, valid_s: int, now: int) -> int:
        """How long a command still holds; a click in the future, by a clock that is off, gives no more than `valid_s`."""
        if not self._clock.is_known:
            return 0
        return min(time_s + valid_s - self._clock.at(now), valid_s) * 1000

    def _is_done(self, command_id: int) -> bool:
        for answer in self.answers:
            if answer.command_id == command_id and answer.verdict == table.Verdict.ACCEPTED:
                return True
        return False
