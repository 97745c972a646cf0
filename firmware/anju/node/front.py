"""Room at the front of the heap for what soon goes again: messages, garbage, long numbers.

After each collection MicroPython looks for room from the front. Behind all that stays, each look takes a press 0.1 ms, and a
pairing, which makes 60,000 long numbers, twice its time. So the front is held while things come that stay, and let go after.
"""

import gc

_MOST_BYTES = 16384

_held: "list[bytearray]" = []


def hold(spare: int) -> None:
    """Keep what comes next out of the front, as far as `spare` bytes are left for it."""
    if not hasattr(gc, "mem_free"):
        return  # CPython's heap has no front
    gc.collect()
    try:
        _held.append(bytearray(max(min(gc.mem_free() - spare, _MOST_BYTES), 0)))
    except MemoryError:
        pass  # it is in pieces


def release() -> None:
    """The front is for what soon goes again."""
    _held.clear()
