"""The stories of a day, in the words of those who live there, and what a person would call each. Nothing here knows of panels.

A flat has a `front-door`, a `window`, a `hall` in which something moves, a button by the bed (`bedside`), `smoke` and `leak`
detectors; nodes are the `door`, the `window`, the `hall`, the `button` and the `kitchen`. The estate gives a minute to leave and
half a minute to disarm, and whoever has set off an alarm by mistake may call it off for another half.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from anju.service.i18n import _
from anju.simulator.virtual.stories_of_trouble import STORIES_OF_TROUBLE
from anju.simulator.virtual.story import HOUR, MINUTE, Act, Promise, Step, Story, may_alarm, must_alarm, must_not_alarm
from anju.simulator.virtual.telling import comes_home, leaves, opens_and_closes, told

Teller = Callable[[random.Random], Story]


def comes_home_in_time(chance: random.Random) -> Story:
    """Late, but known."""
    at_s = chance.uniform(5 * MINUTE, 2 * HOUR)
    steps = (*leaves(), *comes_home(at_s), Step(at_s + chance.uniform(8, 25), Act.DISARMS))
    return told(_("comes home late and disarms in time"), steps, must_not_alarm())


def fumbles(chance: random.Random) -> Story:
    """Too late for the entry time, in time to call it off."""
    at_s = chance.uniform(5 * MINUTE, 2 * HOUR)
    steps = (*leaves(), *comes_home(at_s), Step(at_s + chance.uniform(35, 54), Act.DISARMS))
    return told(_("comes home, fumbles, and calls it off"), steps, must_not_alarm())


def forgets_to_disarm(chance: random.Random) -> Story:
    """Until it is an alarm."""
    at_s = chance.uniform(5 * MINUTE, 2 * HOUR)
    steps = (*leaves(), *comes_home(at_s), Step(at_s + chance.uniform(80, 400), Act.DISARMS))
    alarm = must_alarm("burglary", "front-door", at_s, 2 * MINUTE, is_nuisance=True)
    hall = may_alarm("burglary", "hall", at_s, 2 * MINUTE, is_nuisance=True)
    return told(_("forgets to disarm until the alarm is raised"), steps, (alarm, hall))


def fetches_the_keys(chance: random.Random) -> Story:
    """Arms, goes, comes back for something, goes again."""
    back_s = chance.uniform(25, 50)
    steps = (*leaves(), *opens_and_closes("front-door", back_s), *opens_and_closes("front-door", back_s + 30))
    home_s = back_s + chance.uniform(10 * MINUTE, HOUR)
    steps += (*comes_home(home_s), Step(home_s + 15, Act.DISARMS))
    return told(_("comes back for the keys while leaving"), steps, must_not_alarm(), needs_peace=True)


def leaves_the_door_open(chance: random.Random) -> Story:
    """Goes, and does not close the door."""
    home_s = chance.uniform(20 * MINUTE, HOUR)
    steps = (
        Step(0, Act.ARMS_AWAY),
        Step(15, Act.OPENS, "front-door"),
        Step(home_s, Act.CLOSES, "front-door"),
        Step(home_s + 20, Act.DISARMS),
    )
    alarm = must_alarm("burglary", "front-door", 15, 3 * MINUTE, is_nuisance=True)
    return told(_("leaves the door open behind them"), steps, (alarm,), needs_peace=True)


def ordinary_hours(chance: random.Random) -> Story:
    """Somebody is at home and nothing is armed."""
    steps: list[Step] = []
    for _number in range(chance.randint(3, 12)):
        at_s = chance.uniform(0, 2 * HOUR)
        steps.append(Step(at_s, Act.MOVES, chance.choice(("front-door", "window", "hall"))))
    return told(_("is at home, opens doors and windows"), tuple(steps), must_not_alarm())


def dog_at_night(chance: random.Random) -> Story:
    """Armed while people sleep, and the dog does not."""
    steps = tuple(Step(chance.uniform(MINUTE, 3 * HOUR), Act.MOVES, "hall") for _number in range(20))
    steps = (Step(0, Act.ARMS_HOME), *steps, Step(3 * HOUR + MINUTE, Act.DISARMS))
    return told(_("a dog walks about while people sleep, armed home"), steps, must_not_alarm())


def opens_a_window_while_armed(chance: random.Random) -> Story:
    """At home, and remembers at once that it is armed."""
    at_s = chance.uniform(10 * MINUTE, HOUR)
    steps = (
        Step(0, Act.ARMS_HOME),
        *opens_and_closes("window", at_s),
        Step(at_s + chance.uniform(5, 24), Act.DISARMS),
    )
    return told(_("opens a window while armed home, and calls it off"), steps, must_not_alarm())


def draught(chance: random.Random) -> Story:
    """A door or a window that was not quite shut rattles all afternoon."""
    zone = chance.choice(("front-door", "window"))
    first_s = chance.uniform(10 * MINUTE, 30 * MINUTE)
    steps, at_s = list(leaves()), first_s
    while at_s < first_s + 3 * HOUR:
        steps += opens_and_closes(zone, at_s, chance.uniform(1, 8))
        at_s += chance.choice((chance.uniform(10, 25), chance.uniform(60, 600)))
    alarm = must_alarm("burglary", zone, first_s, 2 * MINUTE, is_nuisance=True)
    return told(_("a draught rattles a door or a window all afternoon"), tuple(steps), (alarm,))


def draught_that_is_known(chance: random.Random) -> Story:
    """It has rattled before, and is taken out for the day."""
    steps = [Step(-20, Act.BYPASSES, "window"), *leaves()]
    for _number in range(20):
        steps += opens_and_closes("window", chance.uniform(5 * MINUTE, 2 * HOUR))
    return told(_("a window that rattles is bypassed"), tuple(steps), must_not_alarm())


def burglar_at_the_door(chance: random.Random) -> Story:
    """Comes in as residents do, but does not disarm."""
    at_s = chance.uniform(10 * MINUTE, 2 * HOUR)
    steps = (*leaves(), *comes_home(at_s), Step(at_s + 100, Act.MOVES, "hall"), Step(at_s + 300, Act.MOVES, "hall"))
    door = must_alarm("burglary", "front-door", at_s, 2 * MINUTE)
    return told(_("a burglar comes through the door"), steps, (door, _beside(at_s)))


def burglar_at_the_window(chance: random.Random) -> Story:
    """And walks through the hall at once."""
    at_s = chance.uniform(10 * MINUTE, 2 * HOUR)
    steps = (*leaves(), Step(at_s, Act.OPENS, "window"), Step(at_s + 12, Act.MOVES, "hall"))
    steps += (Step(at_s + 600, Act.CLOSES, "window"),)
    window, hall = (must_alarm("burglary", zone, at_s) for zone in ("window", "hall"))
    return told(_("a burglar comes through the window"), steps, (window, hall))


def burglar_while_people_sleep(chance: random.Random) -> Story:
    """Through the window, with people at home."""
    at_s = chance.uniform(10 * MINUTE, 2 * HOUR)
    steps = (Step(0, Act.ARMS_HOME), Step(at_s, Act.OPENS, "window"), Step(at_s + 600, Act.CLOSES, "window"))
    return told(
        _("a burglar comes through the window while people sleep"), steps, (must_alarm("burglary", "window", at_s),)
    )


def burglar_opens_the_case(chance: random.Random) -> Story:
    """To silence a sensor, whether anything is armed or not."""
    at_s, node = chance.uniform(10 * MINUTE, HOUR), chance.choice(("hall", "window", "button"))
    steps = leaves() if chance.random() < 0.5 else ()
    steps += (Step(at_s, Act.OPENS, f"{node}-case"), Step(at_s + 600, Act.CLOSES, f"{node}-case"))
    return told(_("a burglar opens a sensor's case"), steps, (must_alarm("tamper", f"{node}-case", at_s),))


def under_duress(chance: random.Random) -> Story:
    """Somebody stands behind the resident who disarms."""
    at_s = chance.uniform(10 * MINUTE, HOUR)
    steps = (*leaves(), *comes_home(at_s), Step(at_s + 15, Act.IS_FORCED))
    return told(_("is forced to disarm"), steps, (must_alarm("duress", "", at_s + 15),))


def falls(chance: random.Random) -> Story:
    """And reaches the button, once or more often."""
    times = chance.choice((1, 3))
    steps = tuple(Step(60 + 2 * number, Act.PRESSES, "bedside") for number in range(times))
    return told(_("falls, and presses the button"), steps, (must_alarm("hold-up", "bedside", 60, times=times),))


def presses_while_armed(chance: random.Random) -> Story:
    """A guest who was asleep while everybody left."""
    at_s = chance.uniform(5 * MINUTE, HOUR)
    steps = (*leaves(), Step(at_s, Act.PRESSES, "bedside"))
    return told(_("presses the button while armed away"), steps, (must_alarm("hold-up", "bedside", at_s),))


def presses_on_test(chance: random.Random) -> Story:
    """By accident, which is tried; and then holds it, which is meant."""
    at_s = chance.uniform(2 * MINUTE, 10 * MINUTE)
    steps = (
        Step(0, Act.BEGINS_TEST, amount=1800),
        Step(at_s, Act.PRESSES, "bedside"),
        Step(at_s + MINUTE, Act.HOLDS, "bedside"),
        Step(25 * MINUTE, Act.ENDS_TEST),
    )
    return told(
        _("presses on TEST by accident, then holds for real"),
        steps,
        (must_alarm("hold-up", "bedside", at_s + MINUTE),),
        needs_peace=True,
    )


def child_plays(chance: random.Random) -> Story:
    """With the button."""
    times = chance.randint(2, 6)
    steps = tuple(Step(60 + 5 * number, Act.PRESSES, "bedside") for number in range(times))
    alarms = must_alarm("hold-up", "bedside", 60, 2 * MINUTE, times=times, is_nuisance=True)
    return told(_("a child plays with the button"), steps, (alarms,))


def smoke(chance: random.Random) -> Story:
    """Whether anybody is at home or not."""
    steps = leaves() if chance.random() < 0.5 else ()
    at_s = chance.uniform(5 * MINUTE, HOUR)
    steps += (Step(at_s, Act.DETECTS, "smoke"), Step(at_s + 600, Act.RESTS, "smoke"))
    return told(_("something burns"), steps, (must_alarm("fire", "smoke", at_s),))


def leak(chance: random.Random) -> Story:
    """Likewise."""
    steps = leaves() if chance.random() < 0.5 else ()
    at_s = chance.uniform(5 * MINUTE, HOUR)
    steps += (Step(at_s, Act.DETECTS, "leak"), Step(at_s + 600, Act.RESTS, "leak"))
    return told(_("a pipe leaks"), steps, (must_alarm("technical", "leak", at_s),))


def _beside(at_s: float) -> Promise:
    return may_alarm("burglary", "hall", at_s, 10 * MINUTE)


STORIES: tuple[Teller, ...] = (
    comes_home_in_time,
    fumbles,
    forgets_to_disarm,
    fetches_the_keys,
    leaves_the_door_open,
    ordinary_hours,
    dog_at_night,
    opens_a_window_while_armed,
    draught,
    draught_that_is_known,
    burglar_at_the_door,
    burglar_at_the_window,
    burglar_while_people_sleep,
    burglar_opens_the_case,
    under_duress,
    falls,
    presses_while_armed,
    presses_on_test,
    child_plays,
    smoke,
    leak,
    *STORIES_OF_TROUBLE,
)
