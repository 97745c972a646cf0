"""Draws the page and its parts in one reader's language."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from anju.dutyroom.core.change import Change, Story, What
from anju.dutyroom.core.incident import NOTE_NEEDED, Act, Cause, Incident, IncidentKind, Source, State, allowed
from anju.dutyroom.core.link import LinkState
from anju.dutyroom.core.ports import Console
from anju.dutyroom.core.queue import PRIORITY
from anju.dutyroom.core.request import Person
from anju.dutyroom.web import clock, timeline, words
from anju.dutyroom.web.language import Translate, translate
from anju.dutyroom.web.troubles import gathered

_TEMPLATES = Path(__file__).parent / "templates"


class Reader(NamedTuple):
    """Who looks at the page, in which language, and what they look at (None: the most urgent)."""

    tag: str
    person: Person | None = None
    selected: int | None = None


class Item(NamedTuple):
    """An incident in the queue."""

    incident: Incident
    rank: str
    zones: str
    owner: str
    since: str


class Closed(NamedTuple):
    """An incident in today's list."""

    incident: Incident
    at: str


@cache
def environment() -> Environment:
    """The templates; what they are given is escaped, and a name that they are not given is an error."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"words": words, "Act": Act, "Cause": Cause, "State": State, "NOTE_NEEDED": NOTE_NEEDED}
    return made


def draw(name: str, tag: str, **given: object) -> str:
    """One template in one language."""
    return environment().get_template(name).render(_=translate(tag), tag=tag, **given)


def page(console: Console, reader: Reader, estate: str) -> str:
    """The whole page."""
    queue = console.queue()
    selected = reader.selected if reader.selected is not None else next((one.id for one in queue), None)
    return draw(
        "page.html",
        reader.tag,
        estate=estate,
        person=reader.person,
        newest=console.newest(),
        now_ms=console.now_ms(),
        items=[item(console, reader.tag, one) for one in queue],
        **_centre(console, reader._replace(selected=selected)),
        **_side(console, reader.tag),
        **_strip(console, reader.tag),
    )


def centre(console: Console, reader: Reader) -> str:
    """The middle of the page: the incident that is looked at, or that all is quiet."""
    return draw("centre.html", reader.tag, person=reader.person, **_centre(console, reader))


def side(console: Console, tag: str) -> str:
    """The right of the page: troubles and what was closed today."""
    return draw("side.html", tag, **_side(console, tag))


def strip(console: Console, tag: str) -> str:
    """The links in the top strip."""
    return draw("links.html", tag, **_strip(console, tag))


def queue_items(console: Console, tag: str) -> str:
    """The whole queue, for a page that missed too much."""
    return "".join(queue_item(console, tag, incident) for incident in console.queue())


def queue_item(console: Console, tag: str, incident: Incident) -> str:
    """One incident of the queue; empty once it is closed."""
    if incident.state is State.CLOSED:
        return ""
    return draw("item.html", tag, item=item(console, tag, incident), selected=None)


def item(console: Console, tag: str, incident: Incident) -> Item:
    """What the queue shows of an incident."""
    _ = translate(tag)
    return Item(
        incident,
        f"{PRIORITY[incident.kind]} {incident.opened_at_ms} {incident.id}",
        _(", ").join(dict.fromkeys(_source(_, incident, source) for source in incident.sources)),
        console.name_of(incident.owner),
        clock.age(incident.opened_at_ms, console.now_ms()),
    )


def _source(_: Translate, incident: Incident, source: Source) -> str:
    return _("at the panel") if incident.kind is IncidentKind.DURESS else words.zone(_, source.zone)


def public(console: Console, incident: Incident, change: Change | None = None) -> dict[str, object]:
    """An incident as JSON tells it; `report` is the alarm that a change brought, if it brought one."""
    report = change.report if change is not None and change.what.value == Act.ALARM.value else None
    return {
        "id": incident.id,
        "household": incident.household,
        "building": incident.building,
        "kind": incident.kind.value,
        "state": incident.state.value,
        "presses": incident.presses,
        "unseen": incident.unseen,
        "opened_at_ms": incident.opened_at_ms,
        "cancelled_at_ms": incident.cancelled_at_ms,
        "owner": console.name_of(incident.owner) or None,
        "cause": incident.cause.value if incident.cause else None,
        "report": report
        and {
            "journal_id": change and change.journal_id,
            "seq": report.seq,
            "network": report.node and report.node.network,
            "node": report.node and report.node.node,
            "event_id": report.event_id,
        },
    }


def _centre(console: Console, reader: Reader) -> dict[str, object]:
    story = None if reader.selected is None else console.story(reader.selected)
    if story is None:
        links = console.links()
        unheard = [link.concentrator for link in links if link.state is LinkState.LOST]
        return {"story": None, "unheard": unheard, "is_called": bool(links)}
    _, now_ms = translate(reader.tag), console.now_ms()
    as_of = None if story.panel_as_of_ms is None else clock.time_of_day(story.panel_as_of_ms, now_ms)
    until_ms = story.panel.test_until_ms if story.panel else None
    test_until = clock.time_of_day(until_ms, now_ms) if until_ms is not None and until_ms > now_ms else None
    return {
        "story": story,
        "shown": item(console, reader.tag, story.incident),
        "opened_at": clock.time_of_day(story.incident.opened_at_ms, now_ms),
        "as_of": as_of,
        "test_until": test_until,
        "cancelled": _cancelled(_, story, now_ms),
        "passed": _passed(story),
        "acts": allowed(story.incident),
        "lines": timeline.lines(_, story, console.name_of, now_ms),
    }


def _cancelled(_: Translate, story: Story, now_ms: int) -> str | None:
    """That somebody has called it off at the panel since its newest alarm, in a sentence."""
    at_ms = story.incident.cancelled_at_ms
    if at_ms is None:
        return None
    calls = (change.report for change in reversed(story.changes) if change.what is What.CANCEL)
    report = next((report for report in calls if report), None)
    person = (report.person if report else None) or _("somebody")
    told = {"person": person, "time": clock.time_of_day(at_ms, now_ms)}
    return (
        _("Called off by %(person)s at the panel, at %(time)s. It stays open until a guard has looked into it.") % told
    )


def _passed(story: Story) -> set[State]:
    """The states that an incident has been in: one may be closed without anybody being sent."""
    passed = {change.incident.state for change in story.changes if change.incident}
    return passed | ({State.NEW, State.ACKNOWLEDGED} if story.incident.state is not State.NEW else set())


def _side(console: Console, tag: str) -> dict[str, object]:
    _, now_ms = translate(tag), console.now_ms()
    closings = console.closings(clock.start_of_day_ms(now_ms))
    closed = [Closed(one.incident, clock.time_of_day(one.at_ms, now_ms)) for one in closings if one.incident]
    names = {link.journal_id: link.concentrator for link in console.links()}
    return {"troubles": gathered(_, console.troubles(), now_ms, names), "closed": closed}


def _strip(console: Console, tag: str) -> dict[str, object]:
    _, now_ms = translate(tag), console.now_ms()
    on_test = [words.on_test(_, one.household, clock.time_of_day(one.until_ms, now_ms)) for one in console.on_test()]
    return {"links": console.links(), "is_faulty": console.is_faulty(), "on_test": on_test}
