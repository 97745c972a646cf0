"""What the page calls things, in one reader's language: `_` is its translation, and the catalogue finds the texts here."""

from __future__ import annotations

from collections.abc import Sequence

from anju.dutyroom.core.incident import Cause, IncidentKind, Reason, State
from anju.dutyroom.web.language import Translate
from anju.uplink.commands import CommandKind
from anju.uplink.reports import OutcomeKind, PanelMode, ReportKind, TroubleKind, Zone, ZoneKind


def kind(_: Translate, value: IncidentKind) -> str:
    """What an incident is about."""
    return {
        IncidentKind.HOLD_UP: _("Hold-up"),
        IncidentKind.UNKNOWN: _("Unknown alarm"),
        IncidentKind.INTRUSION: _("Intrusion"),
        IncidentKind.TAMPER: _("Tamper"),
    }[value]


def state(_: Translate, value: State) -> str:
    """How far an incident is."""
    return {
        State.NEW: _("New"),
        State.ACKNOWLEDGED: _("Acknowledged"),
        State.DISPATCHED: _("Dispatched"),
        State.CLOSED: _("Closed"),
    }[value]


def cause(_: Translate, value: Cause) -> str:
    """Why there was an alarm."""
    return {
        Cause.REAL: _("Real"),
        Cause.FALSE_USER: _("False: resident's mistake"),
        Cause.FALSE_DEVICE: _("False: device fault"),
        Cause.FALSE_ENVIRONMENT: _("False: surroundings"),
        Cause.TEST: _("Test"),
        Cause.DURESS: _("Duress"),
    }[value]


def refusal(_: Translate, value: Reason) -> str:
    """Why an act was refused, what was not changed, what to do."""
    return {
        Reason.NOT_SEEN: _("Nothing was changed: acknowledge the incident first."),
        Reason.PRESSED_AGAIN: _("Nothing was changed: there was another alarm since; acknowledge that first."),
        Reason.NOTHING_NEW: _("Nothing was changed: this has been done already and nothing new has come."),
        Reason.ALREADY_CLOSED: _("Nothing was changed: the incident is closed."),
        Reason.NO_CAUSE: _("The incident stays open: choose a cause."),
        Reason.NO_NOTE: _("The incident stays open: this cause needs a note that says what happened."),
        Reason.NO_HOUSEHOLD: _("Nothing was changed: it is not known which household this belongs to."),
    }[value]


def mode(_: Translate, value: PanelMode) -> str:
    """The arm state of a household."""
    return {
        PanelMode.OFF: _("Disarmed"),
        PanelMode.HOME: _("Armed, at home"),
        PanelMode.AWAY: _("Armed, away"),
    }[value]


def zone_kind(_: Translate, value: ZoneKind) -> str:
    """What a latch belongs to."""
    return {
        ZoneKind.HOLD_UP: _("hold-up"),
        ZoneKind.ENTRY: _("intrusion"),
        ZoneKind.TAMPER: _("tamper"),
    }[value]


def zone(_: Translate, value: Zone | None) -> str:
    """A zone by the name that the site gave it."""
    return _("unknown zone") if value is None else value.name


def household(_: Translate, value: str | None) -> str:
    """A flat spelled out: building, unit, door."""
    if value is None:
        return _("household unknown")
    building, unit, door = value.split("-")
    return _("building %(building)s, unit %(unit)s, door %(door)s") % {"building": building, "unit": unit, "door": door}


def alarm(_: Translate, value: ReportKind, zone_name: str) -> str:
    """What happened at a household."""
    texts = {
        ReportKind.HOLD_UP_ALARM: _("Button pressed: %(zone)s"),
        ReportKind.INTRUSION_ALARM: _("Opened while armed: %(zone)s"),
        ReportKind.TAMPER_ALARM: _("Device opened or moved: %(zone)s"),
        ReportKind.UNKNOWN_ALARM: _("Urgent, but not understood by this release: %(zone)s"),
    }
    return texts[value] % {"zone": zone_name}


def context(_: Translate, value: ReportKind, zone_name: str, person: str) -> str:
    """What else happened at a household while an incident was open."""
    texts = {
        ReportKind.OPENED: _("Opened: %(zone)s"),
        ReportKind.CLOSED: _("Shut: %(zone)s"),
        ReportKind.TAMPER_RESTORED: _("Device closed again: %(zone)s"),
        ReportKind.ARMED: _("Armed by %(person)s"),
        ReportKind.DISARMED: _("Disarmed by %(person)s"),
        ReportKind.LATCH_RESET: _("Latch reset by %(person)s"),
        ReportKind.HOLD_UP_HELD: _("Button still pressed after 3 s: %(zone)s"),
        ReportKind.TEST_STARTED: _("Put on TEST by %(person)s"),
        ReportKind.TEST_ENDED: _("Taken off TEST by %(person)s") if person else _("TEST has ended by itself"),
        ReportKind.WALK_TESTED: _("Walk-test by %(person)s"),
        ReportKind.SURVEYED: _("Links measured by %(person)s"),
        ReportKind.NODE_STARTED: _("A device restarted"),
        ReportKind.NODE_PAIRED: _("A device paired by %(person)s"),
        ReportKind.NODE_REPLACED: _("A device replaced by %(person)s"),
        ReportKind.NODE_UNPAIRED: _("A device unpaired by %(person)s"),
        ReportKind.PAIRING_ORDERED: _("%(person)s told a device to offer itself for pairing"),
        ReportKind.PAIRING_FAILED: _("%(person)s tried to pair a device; nothing changed"),
        ReportKind.EVIDENCE: _("The device has signed for its alarm"),
        ReportKind.IDENTITY_EXPORTED: _("The concentrator's keys were exported by %(person)s"),
        ReportKind.IDENTITY_IMPORTED: _("Another PC became the concentrator, by %(person)s"),
    }
    text = texts.get(value, value.value)
    return text % {"zone": zone_name, "person": person or _("somebody")}


def tried(_: Translate, text: str) -> str:
    """What happened on TEST: no alarm, whatever it says."""
    return _("TEST: %(text)s") % {"text": text}


def on_test(_: Translate, household: str, until: str) -> str:
    """One of the households that are on TEST."""
    return _("%(household)s until %(time)s") % {"household": household, "time": until}


def walked(_: Translate, missing: Sequence[str], count: int) -> str:
    """What a walk-test has found of so many zones."""
    if not missing:
        return _("every zone works: %(count)d") % {"count": count}
    return _("of %(count)d zones these are missing: %(zones)s") % {"count": count, "zones": _(", ").join(missing)}


def trouble(_: Translate, value: TroubleKind | None) -> str:
    """What is wrong with a device or a link."""
    return {
        TroubleKind.CLONE: _("Two devices use one identity"),
        TroubleKind.FORGERY: _("Forged messages were refused"),
        TroubleKind.NOT_UNDERSTOOD: _("A device says something that this release does not know"),
        TroubleKind.NODE_CLOCK: _("A device's clock is wrong"),
        TroubleKind.EVIDENCE: _("A device's signature does not fit what it says"),
        TroubleKind.TWO_CONCENTRATORS: _("Another concentrator has this one's keys"),
        TroubleKind.COUNTERS_SPENT: _("A device is heard but can't be answered any more: pair it anew"),
        None: _("Trouble of an unknown kind"),
    }[value]


def given(_: Translate, value: CommandKind) -> str:
    """A command on its way down."""
    return {
        CommandKind.SEEN: _("Light “someone has seen it”"),
        CommandKind.COMING: _("Light “someone is coming”"),
        CommandKind.RESET: _("Reset of the latch"),
    }[value]


def outcome(_: Translate, value: OutcomeKind, seconds: float) -> str:
    """What became of a command."""
    texts = {
        OutcomeKind.SHOWN: _("lit at the button after %(seconds).1f s"),
        OutcomeKind.DONE: _("done after %(seconds).1f s"),
        OutcomeKind.EXPIRED: _("not carried out: it came too late"),
        OutcomeKind.REFUSED: _("refused by the concentrator"),
    }
    return texts[value] % {"seconds": seconds}
