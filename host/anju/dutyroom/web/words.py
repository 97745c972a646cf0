"""What the page calls things, in one reader's language: `_` is its translation, and the catalogue finds the texts here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from anju.dutyroom.core.incident import Cause, IncidentKind, Reason, State
from anju.dutyroom.core.own_trouble import OwnTrouble, Seen
from anju.dutyroom.web.language import Translate
from anju.service import zone_words
from anju.uplink.commands import CommandKind
from anju.uplink.reports import (
    ArmWarning,
    OutcomeKind,
    PanelMode,
    PanelPhase,
    Refusal,
    ReportKind,
    TroubleKind,
    Zone,
    ZoneKind,
    ZoneWarning,
)


def kind(_: Translate, value: IncidentKind) -> str:
    """What an incident is about."""
    return {
        IncidentKind.HOLD_UP: _("Hold-up"),
        IncidentKind.DURESS: _("Duress"),
        IncidentKind.FIRE: _("Fire"),
        IncidentKind.TECHNICAL: _("Gas or water"),
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
        Reason.NO_ORDERS: _("Nothing was changed: that alarm panel is of another maker and takes no orders from here."),
        Reason.PERSON_IN_NEED: _(
            "Nothing was changed: somebody there may be in need; close that incident before anything is tried."
        ),
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
        ZoneKind.SILENT_HOLD_UP: _("silent hold-up"),
        ZoneKind.ENTRY: _("intrusion"),
        ZoneKind.INSTANT: _("intrusion, no way in"),
        ZoneKind.FOLLOWER: _("intrusion, inside"),
        ZoneKind.ALL_HOURS: _("intrusion, guarded at all hours"),
        ZoneKind.FIRE: _("fire"),
        ZoneKind.GAS: _("gas"),
        ZoneKind.WATER: _("water"),
        ZoneKind.TAMPER: _("tamper"),
    }.get(value) or zone_words.kind_names(_)[value]


def phase(_: Translate, value: PanelPhase) -> str:
    """What runs at a household beside its arm state."""
    return {
        PanelPhase.EXIT: _("people are leaving"),
        PanelPhase.ENTRY: _("somebody has come in and is not known yet"),
        PanelPhase.ABORT: _("it sounds, and is about to be an alarm"),
    }[value]


def warning(_: Translate, value: ArmWarning) -> str:
    """What there is to say of a zone when a household is armed."""
    return {ArmWarning.OPEN: _("open"), ArmWarning.SILENT: _("silent"), ArmWarning.TROUBLED: _("in trouble")}[value]


def warnings(_: Translate, found: Iterable[ZoneWarning]) -> str:
    """All of them, zone by zone."""
    return _(", ").join(
        _("%(zone)s (%(what)s)") % {"zone": one.zone.name, "what": warning(_, one.what)} for one in found
    )


def refused(_: Translate, value: Refusal) -> str:
    """Why a panel has done nothing."""
    return {
        Refusal.NOT_READY: _("refused: it is not ready to be armed"),
        Refusal.PENDING: _("refused: an alarm is about to be raised"),
        Refusal.NOT_BYPASSABLE: _("refused: such a zone is never left out"),
        Refusal.NO_SUCH_ZONE: _("refused: there is no such zone"),
        Refusal.NOT_BYPASSED: _("refused: the zone is not left out"),
        Refusal.NOT_ON_TEST: _("refused: it is not on TEST"),
        Refusal.NOT_UNDERSTOOD: _("refused: the command lacks something"),
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


def alarm(_: Translate, value: ReportKind, zone_name: str, person: str = "", kind: ZoneKind | None = None) -> str:
    """What happened at a household; `kind` is the zone's."""
    texts = {
        ReportKind.HOLD_UP_ALARM: _("Button pressed: %(zone)s"),
        ReportKind.DURESS_ALARM: _("Disarmed under duress, by %(person)s: be silent towards the household"),
        ReportKind.FIRE_ALARM: _("Smoke or fire: %(zone)s"),
        ReportKind.INTRUSION_ALARM: _("Opened while armed: %(zone)s"),
        ReportKind.TAMPER_ALARM: _("Device opened or moved: %(zone)s"),
        ReportKind.TECHNICAL_ALARM: _("Gas or water: %(zone)s"),
        ReportKind.UNKNOWN_ALARM: _("Urgent, but not understood by this release: %(zone)s"),
    }
    of_zones = {
        (ReportKind.INTRUSION_ALARM, ZoneKind.ALL_HOURS): _("Opened, though guarded at all hours: %(zone)s"),
        (ReportKind.TECHNICAL_ALARM, ZoneKind.GAS): _("Gas: %(zone)s"),
        (ReportKind.TECHNICAL_ALARM, ZoneKind.WATER): _("Water: %(zone)s"),
    }
    text = of_zones[value, kind] if kind and (value, kind) in of_zones else texts[value]
    return text % {"zone": zone_name, "person": person or _("somebody")}


def context(_: Translate, value: ReportKind, zone_name: str, person: str) -> str:
    """What else happened at a household while an incident was open."""
    texts = {
        ReportKind.ALARM_PENDING: _("It sounds at the household, and is an alarm unless it is disarmed: %(zone)s"),
        ReportKind.ALARM_ABORTED: _("Disarmed in time, so it was no alarm: %(zone)s"),
        ReportKind.ALARM_CANCELLED: _("Called off at the panel by %(person)s"),
        ReportKind.OPENED: _("Opened: %(zone)s"),
        ReportKind.CLOSED: _("Shut: %(zone)s"),
        ReportKind.RESTORED: _("At rest again: %(zone)s"),
        ReportKind.TAMPER_RESTORED: _("Device closed again: %(zone)s"),
        ReportKind.ARMED: _("Armed by %(person)s"),
        ReportKind.ARM_REFUSED: _("%(person)s tried to arm; it was not ready"),
        ReportKind.ARM_MISSED: _("Not armed by the clock: nothing ran at that time"),
        ReportKind.DISARMED: _("Disarmed by %(person)s"),
        ReportKind.EXIT_RESTARTED: _("Somebody came back; the exit time began anew"),
        ReportKind.EXIT_ENDED: _("Everybody has left: it is guarded now"),
        ReportKind.ENTRY_STARTED: _("Somebody came in, and has time to disarm: %(zone)s"),
        ReportKind.BYPASSED: _("Left out by %(person)s: %(zone)s"),
        ReportKind.BYPASS_ENDED: _("Not left out any more: %(zone)s"),
        ReportKind.SIREN_ENDED: _("The siren has fallen silent"),
        ReportKind.SCHEDULE_ADDED: _("%(person)s has set when it is armed by the clock"),
        ReportKind.SCHEDULE_REMOVED: _("%(person)s has removed when it is armed by the clock"),
        ReportKind.CODE_SET: _("%(person)s has set a code of the household's keypads"),
        ReportKind.CODE_REMOVED: _("%(person)s has removed a code of the household's keypads"),
        ReportKind.PANEL_EVENT: _("The alarm panel tells of something that is no alarm"),
        ReportKind.TROUBLE: _("Something is wrong"),
        ReportKind.TROUBLE_RESTORED: _("What was wrong is over"),
        ReportKind.COMMAND_OUTCOME: _("A command has ended"),
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
        ReportKind.BACKUP_MADE: _("A backup of the concentrator was made, by %(person)s"),
        ReportKind.BACKUP_RESTORED: _("The concentrator was restored from a backup, by %(person)s"),
        ReportKind.DESTINATION_ON: _("Reports go to a third party, switched on by %(person)s"),
        ReportKind.DESTINATION_OFF: _("Reports go to a third party no more, switched off by %(person)s"),
        ReportKind.IDENTITY_IMPORTED: _("Another PC became the concentrator, by %(person)s"),
    }
    return texts[value] % {"zone": zone_name, "person": person or _("somebody")}


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
        TroubleKind.FILE_DAMAGED: _(
            "A file of the concentrator is damaged and was set aside; what could be read of it goes on"
        ),
        TroubleKind.COUNTERS_SPENT: _("A device is heard but can't be answered any more: pair it anew"),
        TroubleKind.NODE_SILENT: _("A device is silent"),
        TroubleKind.NODE_LOST: _("A device has not been heard for hours"),
        TroubleKind.BATTERY_LOW: _("A battery is low"),
        TroubleKind.WRONG_CODES: _("Wrong codes were typed at a keypad, one after the other"),
        TroubleKind.JAMMED: _("A link is jammed: devices on it may not be heard"),
        TroubleKind.LINK_DOWN: _("A link is down: no device on it is heard"),
        TroubleKind.DESTINATION_DOWN: _("Reports do not arrive where they should"),
        TroubleKind.MAINS_DOWN: _("No mains: the concentrator runs on its battery"),
        TroubleKind.UPS_LOW: _("The concentrator's battery is nearly empty"),
        TroubleKind.DISK_LOW: _("The concentrator's disk is nearly full: soon it takes no alarm any more. Make room"),
        TroubleKind.CLOCK_STEPPED: _("The concentrator's clock was set"),
        TroubleKind.CERTIFICATE_ENDS: _("Its certificate for the uplink ends within 30 days: anju certs renew"),
        TroubleKind.CERTIFICATE_ENDS_SOON: _(
            "Its certificate for the uplink ends within days, or has ended: anju certs renew"
        ),
        TroubleKind.CERTIFICATE_REFUSED: _("Duty room and concentrator did not take each other's certificate"),
        TroubleKind.PANEL_FAULT: _("The alarm panel says that something is wrong with it"),
        TroubleKind.PANEL_SILENT: _("The alarm panel is silent: no alarm of the household arrives"),
        None: _("Trouble of an unknown kind"),
    }[value]


def own_trouble(_: Translate, seen: Seen, now_ms: int) -> str:
    """What the duty room itself has seen to be wrong."""
    if seen.trouble in {OwnTrouble.CERTIFICATE_ENDED, OwnTrouble.CERTIFICATE_NOT_YET}:
        return _out_of_time(_, seen, now_ms)
    if seen.trouble is OwnTrouble.PANEL_REFUSED:
        return _panel_refused(_, seen.why)
    if seen.trouble is not OwnTrouble.REFUSED:
        return {
            OwnTrouble.CERTIFICATE_ENDS: _(
                "The duty room's certificate ends within 30 days: anju certs renew duty-room"
            ),
            OwnTrouble.CERTIFICATE_ENDS_SOON: _(
                "The duty room's certificate ends within days: renew it now, with anju certs renew duty-room"
            ),
            OwnTrouble.UPLINK_DOWN: _(
                "No other PC is heard: the uplink's certificate or address cannot be used; see the log"
            ),
            OwnTrouble.TWO_CONCENTRATORS: _(
                "Two machines speak as this concentrator: one of them may be a stolen copy"
            ),
            OwnTrouble.PANELS_DOWN: _(
                "No alarm panel of another maker is heard: the address under [panels] cannot be used; see the log"
            ),
            OwnTrouble.SOUNDER_DOWN: _("The sounder cannot be started: alarms are not heard"),
            OwnTrouble.FILE_DAMAGED: _(
                "The duty room's file is damaged and was set aside; what could be read of it goes on"
            ),
        }[seen.trouble]
    return {
        "missing": _("Somebody without a certificate was refused at the uplink"),
        "foreign": _("A certificate that is not this estate's was refused at the uplink"),
        "revoked": _("Refused, for its certificate was revoked: alarms from there do not arrive"),
        "other_name": _("Refused, for it spoke in the name of another building"),
        "unsigned": _("Refused, for what came in its name was not signed by it"),
        "old_tls": _("Somebody who speaks no TLS 1.3 was refused at the uplink"),
    }.get(seen.why, _("Refused at the uplink"))


def _panel_refused(_: Translate, why: str) -> str:
    """Why what came as an alarm panel's message was not believed."""
    return {
        "unknown": _("An alarm panel calls whose account nobody has entered: its alarms do not arrive"),
        "in_clear": _("Messages that are not encrypted as was agreed were refused: another panel, or a forger"),
        "not_opened": _("Messages of an alarm panel were refused: its key here is another one, or cannot be used"),
        "not_allowed": _("Messages of an alarm panel were refused: it may not use this way or this format"),
    }.get(why, _("Messages of an alarm panel were refused"))


def panel_trouble(_: Translate, value: TroubleKind | None) -> str:
    """What is wrong with an alarm panel of another maker."""
    texts = {
        TroubleKind.MAINS_DOWN: _("No mains: the alarm panel runs on its battery"),
        TroubleKind.UPS_LOW: _("The alarm panel's battery is nearly empty"),
        TroubleKind.NOT_UNDERSTOOD: _("The alarm panel says something that this release does not know"),
    }
    return texts.get(value) or trouble(_, value) if value else trouble(_, value)


def _out_of_time(_: Translate, seen: Seen, now_ms: int) -> str:
    """A certificate that is taken although its time is over, or has not begun by this PC's clock, which may be wrong."""
    days, hours = divmod(abs(now_ms - seen.at_ms) // 3_600_000, 24)
    long = _("%(days)d days") % {"days": days} if days else _("%(hours)d hours") % {"hours": hours}
    if seen.trouble is OwnTrouble.CERTIFICATE_ENDED:
        text = _(
            "Certificate for the uplink ended %(long)s ago; it is taken all the same. Renew it, or set this PC's clock"
        )
    else:
        text = _("Certificate for the uplink begins in %(long)s; it is taken all the same. Set this PC's clock")
    return text % {"long": long}


def given(_: Translate, value: CommandKind) -> str:
    """A command on its way down."""
    return {
        CommandKind.SEEN: _("Light “someone has seen it”"),
        CommandKind.COMING: _("Light “someone is coming”"),
        CommandKind.RESET: _("Reset of the latch"),
        CommandKind.ARM_AWAY: _("Arming, nobody home"),
        CommandKind.ARM_HOME: _("Arming, somebody home"),
        CommandKind.DISARM: _("Disarming"),
        CommandKind.DURESS: _("Disarming under duress"),
        CommandKind.BYPASS: _("Leaving a zone out"),
        CommandKind.UNBYPASS: _("Taking a zone in again"),
        CommandKind.TEST: _("TEST"),
        CommandKind.TEST_END: _("End of TEST"),
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
