"""One contact: debounce, and what its changes mean.

A level counts once it has stayed for `settle_ms`. A contact that does not come to rest counts as active after STORM_MS, once:
a button pressed by a trembling hand or a magnet in a rattling door must not go unheard, and must not flood either.
"""

from anju.wire import table

STORM_MS = 300
"""Bouncing for so long is not bounce; ordinary contacts rest within 5 ms, poor ones within 20."""

CODES = {
    "entry": (table.Code.OPENED, table.Code.CLOSED),
    "tamper": (table.Code.TAMPERED, table.Code.TAMPER_RESTORED),
    "detector": (table.Code.DETECTED, table.Code.CLEARED),
}
"""Kind of an input: the code of its becoming active, and of its coming to rest. A button is a `press.Press`; any other kind makes
no event."""
_NO_EVENT = (table.Code.NONE, table.Code.NONE)


class Input:
    """Debounced state of one contact. Starts at rest, so a contact that is active at boot makes its event."""

    is_silent = False
    """Whether nobody may see or hear that it made an event."""
    rising_ms = -1
    """Since when it has been held towards an event that it has not made yet; -1 = it is not, or nobody is to see it."""

    def __init__(self, kind: str, active_level: int, settle_ms: int) -> None:
        self.is_active = False
        self._codes = CODES.get(kind, _NO_EVENT)
        self._active_level = active_level
        self._settle_ms = settle_ms
        self._raw = False
        self._moved_ms = -1
        """When the contact last moved; -1 = it is at rest."""
        self._unrest_ms = 0
        """When the present unrest began."""
        self._struck: "list[int]" = []
        """When it moved while nobody could look, if it has; no settling needed."""

    def edge(self, level: int, now: int) -> None:
        """The contact moved and reads `level` now; both edges of a pulse may have passed before it was read."""
        self._raw = level == self._active_level
        if self._moved_ms < 0:
            self._unrest_ms = now
        self._moved_ms = now

    def wake(self, struck_ms: int, level: int, now: int) -> None:
        """After a sleep the contact reads `level`. If it woke the node, at `struck_ms` (or -1), that counts, back or not."""
        if struck_ms >= 0:
            self._struck.append(struck_ms)
        self._unrest_ms = now  # what it did until now nobody knows: it has not been held
        if (level == self._active_level) != (self.is_active != bool(self._struck)):
            self.edge(level, now)

    def poll(self, now: int) -> int:
        """Code of what happened by `now`, or NONE."""
        if self._struck:
            code = self._become(not self.is_active, now)
            self._struck.clear()
            return code
        moved = self._moved_ms
        if moved >= 0:
            if now - moved >= self._settle_ms:
                self._moved_ms = -1
                return self._become(self._raw, now)
            if now - self._unrest_ms >= STORM_MS:
                return self._become(True, now)
        return table.Code.NONE

    def deadline(self) -> "int | None":
        """When to poll next if nothing moves; None = there is nothing to tell."""
        if self._struck:
            return 0
        if self._moved_ms < 0:
            return None
        settled = self._moved_ms + self._settle_ms
        storm = self._unrest_ms + STORM_MS
        return settled if self.is_active or settled < storm else storm

    def _become(self, is_active: bool, now: int) -> int:
        if is_active == self.is_active:
            return table.Code.NONE
        self.is_active = is_active
        return self._codes[not is_active]
