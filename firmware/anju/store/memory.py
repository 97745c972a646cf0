"""A store that forgets at power-off: for a node at the bench, and for tests of what stands on a store."""

from anju.node.identity import Identity, StoreError


class MemoryStore:
    """Identity, ceiling, events and notes in variables."""

    def __init__(self) -> None:
        self._identity: "Identity | None" = None
        self._ceiling = 0
        self._outbox = b""
        self._notes: "dict[str, bytes]" = {}

    def load(self) -> "tuple[Identity, int]":
        """Identity and ceiling; StoreError says why there are none."""
        if self._identity is None:
            raise StoreError("no identity")
        return self._identity, self._ceiling

    def holds_identity(self) -> bool:
        """Whether there is an identity."""
        return self._identity is not None

    def save(self, identity: Identity) -> None:
        """Keep a new identity. The ceiling stays: numbers only ever go up."""
        self._identity = identity

    def reserve(self, ceiling: int) -> None:
        """Keep a higher ceiling."""
        self._ceiling = ceiling

    def keep(self, outbox: bytes) -> None:
        """Hold these events for the next start."""
        self._outbox = outbox

    def kept(self) -> "bytes | None":
        """The events that were held."""
        return self._outbox

    def note(self, name: str, content: bytes) -> None:
        """Keep a note of `anju.pair`."""
        self._notes[name] = content

    def noted(self, name: str) -> "bytes | None":
        """That note."""
        return self._notes.get(name, b"")

    def wipe(self) -> None:
        """Forget everything but the ceiling and the label."""
        self._identity = None
        self._outbox = b""
        self._notes = {"label": self._notes.get("label", b"")}
