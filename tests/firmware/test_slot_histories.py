"""Every history of a node with two slots: starts, confirmations and updates, cut at each change of the flash."""

from __future__ import annotations

from firmware.portable import histories


def test_after_every_history_a_whole_slot_runs_and_a_confirmed_one_is_never_lost() -> None:
    """From each state of the flash all lives, ended at each of their changes, until no new state comes of it."""
    first = histories.installed_first()
    known = {tuple(sorted(first.items()))}
    waiting = [first]
    while waiting:
        files = waiting.pop()
        histories.check_promises(files)
        for life in range(len(histories.LIVES)):
            for left in histories.live(files, life):
                state = tuple(sorted(left.items()))
                if state not in known:
                    known.add(state)
                    waiting.append(left)
    assert len(known) > 1000
