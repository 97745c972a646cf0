"""Starts the node that this board is, from the slot that boot.py chose or from the tree beside it. Never updated in place."""

_brought = list(globals())

import gc  # noqa: E402 (first it is seen what boot.py has left: a board runs it and this file in one namespace)
import sys  # noqa: E402
import time  # noqa: E402

_WATCHDOG_MS = 8000
"""About the longest that an RP2040's can wait; it resets a slot that hangs before that has started a watchdog of its own."""

_PAUSE_MS = 3000
"""Between a failure and the next start: time for a Ctrl-C, which leaves the REPL."""


def _start() -> None:
    # Which role that is, the slot knows: this file will not learn of new ones.
    from anju.role import start

    start.run()


def _start_slot(slot: str) -> None:
    """Run a slot for good: whatever ends it resets the board, and boot.py decides anew."""
    import machine

    sys.path[0] = "/" + slot
    machine.WDT(timeout=_WATCHDOG_MS)  # type: ignore[attr-defined]  # a process has none, and no slots
    try:
        _start()
    except Exception as error:  # noqa: BLE001 (a slot may fail in any way)
        sys.print_exception(error)
    print("main: slot {} has ended; reset in {} s".format(slot, _PAUSE_MS // 1000))
    time.sleep_ms(_PAUSE_MS)
    machine.reset()  # type: ignore[attr-defined]


# Before anything is imported: collecting early keeps what lives long together. Otherwise it is strewn over the whole heap, and
# on the emulated board 15 KB in one piece could not be had while 448 KB were free.
gc.threshold(16384)

_chosen = globals().get("slot")
if _chosen is None:
    _start()
elif _chosen:
    _slot = globals()["count"](_chosen)
    # What boot.py has brought is done with, and its 3 KB are the slot's.
    for _name in _brought:
        if _name not in ("__name__", "sys"):
            del globals()[_name]
    _start_slot(_slot)
