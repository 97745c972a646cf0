"""Stories in which something does not work: batteries, nodes, the radio, the concentrator's power and its clock."""

from __future__ import annotations

import random
from collections.abc import Callable

from anju.service.i18n import _
from anju.simulator.virtual.story import HOUR, MINUTE, Act, Step, Story, must_alarm, must_not_alarm, must_trouble
from anju.simulator.virtual.telling import comes_home, leaves, opens_and_closes, told

_SEEN_SILENT_S, _SEEN_LOST_S = 20 * MINUTE, 2 * HOUR + 5 * MINUTE
"""A node that is gone is shown after 18 minutes, and after two hours once more."""


def flat_battery(chance: random.Random) -> Story:
    """It goes down in an hour, where it takes weeks in the field; then somebody changes it."""
    node = chance.choice(("door", "window", "hall", "button"))
    levels = [2900, 2800, 2700, 2580, 2540]
    steps = tuple(Step(number * 10 * MINUTE, Act.BATTERY, node, level) for number, level in enumerate(levels))
    flat_s, end_s = 30 * MINUTE, 100 * MINUTE
    steps += (
        Step(end_s, Act.LOSES_POWER, node),
        Step(end_s, Act.BATTERY, node, 3000),
        Step(end_s + 20, Act.HAS_POWER, node),
    )
    promises = (must_trouble("battery low", node, flat_s, HOUR),)
    return told(_("a battery goes flat"), steps, promises, needs_peace=True)


def technician_changes_a_battery(chance: random.Random) -> Story:
    """On TEST, with the case open; some take their time with the lid."""
    lid_s = chance.choice((20.0, 200.0))
    steps = (
        Step(0, Act.BEGINS_TEST, amount=1800),
        Step(30, Act.OPENS, "window-case"),
        Step(60, Act.LOSES_POWER, "window"),
        Step(90, Act.HAS_POWER, "window"),
        Step(90 + lid_s, Act.CLOSES, "window-case"),
        Step(100 + lid_s, Act.MOVES, "window"),
        Step(10 * MINUTE, Act.ENDS_TEST),
    )
    return told(_("a technician changes a battery on TEST"), steps, must_not_alarm(), needs_peace=True)


def power_comes_back_with_a_window_open(chance: random.Random) -> Story:
    """A battery is changed without TEST, nothing is armed, and it airs meanwhile."""
    steps = (
        Step(0, Act.OPENS, "window"),
        Step(60, Act.LOSES_POWER, "window"),
        Step(60 + chance.uniform(5, 60), Act.HAS_POWER, "window"),
        Step(20 * MINUTE, Act.CLOSES, "window"),
        *(step._replace(at_s=step.at_s + 25 * MINUTE) for step in (*leaves(), *comes_home(10 * MINUTE))),
        Step(35 * MINUTE + 12, Act.DISARMS),
    )
    return told(_("a sensor loses its power while a window is open"), steps, must_not_alarm(), needs_peace=True)


def node_dies(chance: random.Random) -> Story:
    """For good, until it is replaced."""
    node = chance.choice(("door", "window", "hall", "button", "kitchen"))
    steps = (Step(0, Act.LOSES_POWER, node), Step(2.5 * HOUR, Act.HAS_POWER, node))
    silent = must_trouble("silent", node, 0, _SEEN_SILENT_S)
    promises = (silent, must_trouble("lost", node, 0, _SEEN_LOST_S))
    return told(_("a node dies"), steps, promises, needs_peace=True)


def burglar_cuts_a_node(chance: random.Random) -> Story:
    """Then comes in through that door, which tells nobody, and the hall, which does."""
    at_s = chance.uniform(10 * MINUTE, 30 * MINUTE)
    come_s = at_s + 25 * MINUTE
    steps = (
        *leaves(),
        Step(at_s, Act.LOSES_POWER, "door"),
        *comes_home(come_s),
        Step(come_s + 10 * MINUTE, Act.HAS_POWER, "door"),
    )
    silent = must_trouble("silent", "door", at_s, _SEEN_SILENT_S)
    promises = (silent, must_alarm("burglary", "hall", come_s))
    return told(_("a burglar cuts a sensor's power"), steps, promises, needs_peace=True)


def blackout_while_coming_home(chance: random.Random) -> Story:
    """The concentrator loses its power in the middle of somebody's entry time."""
    at_s = chance.uniform(10 * MINUTE, HOUR)
    steps = (
        *leaves(),
        *comes_home(at_s),
        Step(at_s + chance.uniform(6, 12), Act.BLACKOUT, amount=chance.choice((3.0, 30.0, 120.0))),
        Step(at_s + 15, Act.DISARMS),
    )
    return told(_("the concentrator loses its power while somebody comes home"), steps, must_not_alarm())


def blackout_while_a_burglar_comes(chance: random.Random) -> Story:
    """The same, but nobody disarms."""
    at_s = chance.uniform(10 * MINUTE, HOUR)
    blackout = Step(at_s + chance.uniform(6, 25), Act.BLACKOUT, amount=chance.choice((3.0, 30.0, 120.0)))
    steps = (*leaves(), *comes_home(at_s), blackout)
    door = must_alarm("burglary", "front-door", at_s, 2 * MINUTE)
    return told(_("the concentrator loses its power while a burglar comes"), steps, (door,))


def clock_is_set(chance: random.Random) -> Story:
    """By an hour, while everybody is out; then somebody comes home and airs the flat."""
    at_s = chance.uniform(10 * MINUTE, 30 * MINUTE)
    home_s = at_s + chance.uniform(5, 20 * MINUTE)
    steps = (
        *leaves(),
        Step(at_s, Act.CLOCK_IS_SET, amount=chance.choice((-HOUR, HOUR))),
        *comes_home(home_s),
        Step(home_s + 15, Act.DISARMS),
        *opens_and_closes("window", home_s + 60),
        Step(home_s + 70, Act.MOVES, "hall"),
    )
    return told(_("the concentrator's clock is set by an hour"), steps, (must_trouble("clock", "", at_s, 30 * MINUTE),))


def jammed_while_a_burglar_comes(chance: random.Random) -> Story:
    """Ten minutes of noise, and the door is opened in the midst of it."""
    at_s = chance.uniform(10 * MINUTE, 30 * MINUTE)
    steps = (*leaves(), Step(at_s, Act.JAMMED, amount=10 * MINUTE), *comes_home(at_s + 3 * MINUTE))
    jammed = must_trouble("jammed", "", at_s, MINUTE)
    door = must_alarm("burglary", "front-door", at_s + 3 * MINUTE, 2 * MINUTE)
    hall = must_alarm("burglary", "hall", at_s + 3 * MINUTE, 2 * MINUTE)._replace(is_due=False)
    return told(_("the radio is jammed while a burglar comes"), steps, (jammed, door, hall))


def dongle_out_while_coming_home(chance: random.Random) -> Story:
    """An hour without radio: somebody comes home, disarms, lives on; all that is heard of late."""
    at_s = chance.uniform(10 * MINUTE, 20 * MINUTE)
    home_s = at_s + chance.uniform(5 * MINUTE, 30 * MINUTE)
    steps = (
        *leaves(),
        Step(at_s, Act.DONGLE_OUT, amount=HOUR),
        *comes_home(home_s),
        Step(home_s + 20, Act.DISARMS),
        *opens_and_closes("window", home_s + 5 * MINUTE),
        *opens_and_closes("front-door", home_s + 10 * MINUTE),
    )
    return told(
        _("the radio is out for an hour while somebody comes home"),
        steps,
        (must_trouble("link down", "", at_s, MINUTE),),
    )


def dongle_out_while_a_burglar_comes(chance: random.Random) -> Story:
    """The same, and it is a burglar, and somebody calls for help."""
    at_s = chance.uniform(10 * MINUTE, 20 * MINUTE)
    come_s = at_s + chance.uniform(5 * MINUTE, 30 * MINUTE)
    steps = (
        *leaves(),
        Step(at_s, Act.DONGLE_OUT, amount=HOUR),
        *opens_and_closes("window", come_s, 60),
        Step(come_s + 10 * MINUTE, Act.PRESSES, "bedside"),
    )
    link = must_trouble("link down", "", at_s, MINUTE)
    alarms = (must_alarm("burglary", "window", come_s), must_alarm("hold-up", "bedside", come_s + 10 * MINUTE))
    return told(_("the radio is out for an hour while a burglar comes"), steps, (link, *alarms))


STORIES_OF_TROUBLE: tuple[Callable[[random.Random], Story], ...] = (
    flat_battery,
    technician_changes_a_battery,
    power_comes_back_with_a_window_open,
    node_dies,
    burglar_cuts_a_node,
    blackout_while_coming_home,
    blackout_while_a_burglar_comes,
    clock_is_set,
    jammed_while_a_burglar_comes,
    dongle_out_while_coming_home,
    dongle_out_while_a_burglar_comes,
)
