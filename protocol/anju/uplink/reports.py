"""Reports: journalled events on their way up, in batches; the estate answers each batch with a receipt."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from anju.uplink.fields import (
    Ascii,
    CommandId,
    Contract,
    DeviceId,
    Household,
    JournalId,
    Milliseconds,
    Name,
    PublicKey,
    Sequence,
    Sha256,
    Signature,
    Version,
)

MOST_ROWS = 500
"""Rows in one batch, and in the receipt for it: about 200 KB of JSON, and one transaction of the duty room."""
MOST_BYTES = 2 * 1024 * 1024
"""Length of a body, either way; a receipt for a full batch has about 60 KB."""
MOST_WALKED, MOST_SURVEYED = 128, 64
"""Zones in the record of a walk-test, nodes in that of a survey: of one household."""


MOST_WITNESSED = 9
"""Events of one EVIDENCE, as many as fit into its frame."""


class ReportKind(StrEnum):
    """What happened. `*_ALARM` opens an incident; everything else is history or trouble."""

    HOLD_UP_ALARM = "hold_up_alarm"
    HOLD_UP_HELD = "hold_up_held"
    DURESS_ALARM = "duress_alarm"
    FIRE_ALARM = "fire_alarm"
    INTRUSION_ALARM = "intrusion_alarm"
    TAMPER_ALARM = "tamper_alarm"
    TECHNICAL_ALARM = "technical_alarm"
    UNKNOWN_ALARM = "unknown_alarm"
    ALARM_PENDING = "alarm_pending"
    """It sounds in the household, and becomes an alarm unless a person disarms in time."""
    ALARM_ABORTED = "alarm_aborted"
    """A person disarmed in time: it never became an alarm."""
    ALARM_CANCELLED = "alarm_cancelled"
    """A person disarmed after the alarm was raised."""
    OPENED = "opened"
    CLOSED = "closed"
    RESTORED = "restored"
    """A detector of fire, gas or water is at rest again."""
    TAMPER_RESTORED = "tamper_restored"
    ARMED = "armed"
    ARM_REFUSED = "arm_refused"
    ARM_MISSED = "arm_missed"
    """It should have been armed by the clock, and nothing here ran at that time."""
    DISARMED = "disarmed"
    SCHEDULE_ADDED = "schedule_added"
    SCHEDULE_REMOVED = "schedule_removed"
    CODE_SET = "code_set"
    CODE_REMOVED = "code_removed"
    EXIT_RESTARTED = "exit_restarted"
    EXIT_ENDED = "exit_ended"
    ENTRY_STARTED = "entry_started"
    BYPASSED = "bypassed"
    BYPASS_ENDED = "bypass_ended"
    LATCH_RESET = "latch_reset"
    SIREN_ENDED = "siren_ended"
    TEST_STARTED = "test_started"
    TEST_ENDED = "test_ended"
    WALK_TESTED = "walk_tested"
    SURVEYED = "surveyed"
    NODE_STARTED = "node_started"
    NODE_PAIRED = "node_paired"
    NODE_REPLACED = "node_replaced"
    NODE_UNPAIRED = "node_unpaired"
    PAIRING_ORDERED = "pairing_ordered"
    PAIRING_FAILED = "pairing_failed"
    IDENTITY_EXPORTED = "identity_exported"
    IDENTITY_IMPORTED = "identity_imported"
    BACKUP_MADE = "backup_made"
    BACKUP_RESTORED = "backup_restored"
    DESTINATION_ON = "destination_on"
    """From now on reports go to a third party as well, which `subject` names."""
    DESTINATION_OFF = "destination_off"
    PANEL_EVENT = "panel_event"
    """Whatever else an alarm panel of another maker says: its own tests, what was programmed; `rule` is its code."""
    TROUBLE = "trouble"
    TROUBLE_RESTORED = "trouble_restored"
    COMMAND_OUTCOME = "command_outcome"
    EVIDENCE = "evidence"


ALARMS = frozenset(kind for kind in ReportKind if kind.value.endswith("_alarm"))


class Lane(StrEnum):
    """Which household goes first when the uplink is behind; never reorders the events within one household."""

    PANIC = "panic"
    ALARM = "alarm"
    ROUTINE = "routine"


class ZoneKind(StrEnum):
    """What an input means to the panel."""

    HOLD_UP = "hold_up"
    SILENT_HOLD_UP = "silent_hold_up"
    ANY_PRESS = "any_press"
    """A hold-up button of somebody who can neither hold it for a second nor press it three times: any press will do."""
    SILENT_ANY_PRESS = "silent_any_press"
    ENTRY = "entry"
    INSTANT = "instant"
    FOLLOWER = "follower"
    ALL_HOURS = "24_hour"
    FIRE = "fire"
    GAS = "gas"
    WATER = "water"
    TAMPER = "tamper"
    SIREN = "siren"
    KEYPAD = "keypad"


class PanelMode(StrEnum):
    """Arm state of a household."""

    OFF = "off"
    HOME = "home"
    AWAY = "away"


class PanelPhase(StrEnum):
    """What runs beside the arm state: somebody is leaving, somebody has come in, an alarm is about to be raised."""

    EXIT = "exit"
    ENTRY = "entry"
    ABORT = "abort"


class ArmWarning(StrEnum):
    """What there is to say of a zone when a household is armed."""

    OPEN = "open"
    SILENT = "silent"
    TROUBLED = "troubled"


class TroubleKind(StrEnum):
    """Trouble is not an alarm and never becomes one by itself (invariant I5)."""

    CLONE = "clone"
    FORGERY = "forgery"
    NOT_UNDERSTOOD = "not_understood"
    NODE_CLOCK = "node_clock"
    EVIDENCE = "evidence"
    """A node's statement that its key has not signed."""
    TWO_CONCENTRATORS = "two_concentrators"
    COUNTERS_SPENT = "counters_spent"
    NODE_SILENT = "node_silent"
    NODE_LOST = "node_lost"
    """Silent for longer than any device may be."""
    BATTERY_LOW = "battery_low"
    JAMMED = "jammed"
    LINK_DOWN = "link_down"
    DESTINATION_DOWN = "destination_down"
    MAINS_DOWN = "mains_down"
    """The concentrator runs on its battery."""
    UPS_LOW = "ups_low"
    CLOCK_STEPPED = "clock_stepped"
    FILE_DAMAGED = "file_damaged"
    """A file of the concentrator was damaged and is set aside; what could be read of it goes on."""
    DISK_LOW = "disk_low"
    """The concentrator's disk is nearly full; what it can't store it does not acknowledge."""
    WRONG_CODES = "wrong_codes"
    """Somebody tries codes at a keypad."""
    CERTIFICATE_ENDS = "certificate_ends"
    """The concentrator's certificate for the uplink, within 30 days."""
    CERTIFICATE_ENDS_SOON = "certificate_ends_soon"
    """Within 7 days."""
    CERTIFICATE_REFUSED = "certificate_refused"
    """The duty room does not take the concentrator's certificate, or the concentrator that of the duty room."""
    PANEL_FAULT = "panel_fault"
    """What an alarm panel of another maker says is wrong with it, by the code in `rule`."""
    PANEL_SILENT = "panel_silent"
    """An alarm panel of another maker was not heard for longer than it may be silent."""


LASTING = frozenset(
    {
        TroubleKind.NODE_SILENT,
        TroubleKind.NODE_LOST,
        TroubleKind.BATTERY_LOW,
        TroubleKind.JAMMED,
        TroubleKind.LINK_DOWN,
        TroubleKind.DESTINATION_DOWN,
        TroubleKind.MAINS_DOWN,
        TroubleKind.UPS_LOW,
        TroubleKind.DISK_LOW,
        TroubleKind.CERTIFICATE_ENDS,
        TroubleKind.CERTIFICATE_ENDS_SOON,
        TroubleKind.CERTIFICATE_REFUSED,
        TroubleKind.PANEL_FAULT,
        TroubleKind.PANEL_SILENT,
    }
)
"""Stands from its `trouble` to its `trouble_restored`; any other is an event of its own."""


class PairingFailure(StrEnum):
    """Why a pairing has changed nothing."""

    SILENT = "silent"
    NO_ANSWER = "no_answer"
    NO_PROOF = "no_proof"
    IMPOSTOR = "impostor"
    TOO_FEW_INPUTS = "too_few_inputs"
    TOO_OLD = "too_old"
    WITHDRAWN = "withdrawn"


class OutcomeKind(StrEnum):
    """What became of a command."""

    SHOWN = "shown"
    DONE = "done"
    EXPIRED = "expired"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why what a person asked of a panel changed nothing."""

    NOT_READY = "not_ready"
    PENDING = "pending"
    NOT_BYPASSABLE = "not_bypassable"
    NO_SUCH_ZONE = "no_such_zone"
    NOT_BYPASSED = "not_bypassed"
    NOT_ON_TEST = "not_on_test"
    NOT_UNDERSTOOD = "not_understood"
    """A command from the estate lacks what its kind needs."""


class Zone(Contract):
    """An input in a household, as the site names it."""

    kind: ZoneKind
    name: Name
    number: Annotated[int, Field(ge=0, le=15)]


class NodeAddress(Contract):
    """Where an event came from, on the wire."""

    network: Annotated[int, Field(ge=0, le=0xFFFF)]
    node: Annotated[int, Field(ge=0, le=0xFFFF)]


class ZoneWarning(Contract):
    """Why a household is not ready to be armed, or was armed in spite of it."""

    node: NodeAddress
    what: ArmWarning
    zone: Zone


class PanelView(Contract):
    """The household's panel as of this report; the concentrator owns the truth."""

    bypassed: Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)] | None = None
    latched: Annotated[tuple[ZoneKind, ...], Field(max_length=16)]
    mode: PanelMode
    phase: PanelPhase | None = None
    test_until_ms: Milliseconds | None = None
    """When its TEST ends, if the household is on TEST."""


_Byte = Annotated[int, Field(ge=0, le=0xFF)]
Weekday = Annotated[int, Field(ge=1, le=7)]
"""1 is Monday (ISO 8601)."""
_Number = Annotated[int, Field(ge=0, le=0xFFFF_FFFF)]


class Witnessed(Contract):
    """What a node says of one of its events, in its own numbers: what it will have signed in an EVIDENCE, and nobody judged."""

    code: _Byte
    epoch: _Byte
    first_counter: _Number
    time_s: _Number
    zone: _Byte


class Evidence(Contract):
    """An EVIDENCE as it was signed: with the report's device and node, all that it takes to verify it by the public key."""

    before: Sha256
    digest: Sha256
    epoch: _Byte
    events: Annotated[tuple[Witnessed, ...], Field(min_length=1, max_length=MOST_WITNESSED)]
    public_key: PublicKey
    signature: Signature
    time_age_s: Annotated[int, Field(ge=0, le=0xFFFF)]
    time_s: _Number


class Outcome(Contract):
    """The end of a command that came down."""

    command_id: CommandId
    outcome: OutcomeKind
    refusal: Refusal | None = None
    """Of a panel; None: of a node, or because the command was none for this concentrator."""


class ScheduleEntry(Contract):
    """Arm a household on some days of the week at a minute of the day, by the estate's local time. There is none that disarms."""

    anyway: bool
    """In spite of what there is to warn of."""
    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]
    minute: Annotated[int, Field(ge=0, le=24 * 60 - 1)]
    mode: Literal[PanelMode.HOME, PanelMode.AWAY]
    number: Annotated[int, Field(ge=1, le=0xFFFF)]


_DONE_AT_ONCE = frozenset(
    {
        ZoneKind.HOLD_UP,
        ZoneKind.SILENT_HOLD_UP,
        ZoneKind.ANY_PRESS,
        ZoneKind.SILENT_ANY_PRESS,
        ZoneKind.SIREN,
        ZoneKind.KEYPAD,
    }
)


class WalkedZone(Contract):
    """A zone in a walk-test: what is missing in it was not reached. `node` is None where the plan has a zone that no node has."""

    delay_ms: Milliseconds | None = None
    """From the node's event to its commit, at most: a node's clock counts whole seconds."""
    kind: ZoneKind
    name: Name
    node: NodeAddress | None = None
    number: Annotated[int, Field(ge=0, le=15)] | None = None
    restored_at_ms: Milliseconds | None = None
    round_trip_ms: Milliseconds | None = None
    triggered_at_ms: Milliseconds | None = None

    @property
    def is_ticked(self) -> bool:
        """Whether it was triggered, and restored if it is of a kind that is."""
        is_over = self.restored_at_ms is not None or self.kind in _DONE_AT_ONCE
        return self.triggered_at_ms is not None and is_over


class WalkTest(Contract):
    """The record of a walk-test: whoever did it and when it ended stand in the report."""

    begun_at_ms: Milliseconds
    zones: Annotated[tuple[WalkedZone, ...], Field(max_length=MOST_WALKED)]

    @property
    def missing(self) -> tuple[WalkedZone, ...]:
        """What was not ticked."""
        return tuple(zone for zone in self.zones if not zone.is_ticked)


Count = Annotated[int, Field(ge=0, le=0xFFFF_FFFF)]
Quality = Annotated[int, Field(ge=1, le=255)]


class SurveyedNode(Contract):
    """A node in a survey. `asked` probes were sent to it, and so many were `answered`; the rest was counted since `since_ms`."""

    answered: Count
    asked: Count
    device: DeviceId | None = None
    firmware: Ascii | None = None
    heard: Count
    """Frames."""
    last_heard_ms: Milliseconds | None = None
    lost: Count
    """Numbers of frames that never came."""
    node: NodeAddress
    quality_down: Quality | None = None
    """How well the node hears the concentrator; None: its link does not tell."""
    quality_up: Quality | None = None
    repeated: Count
    """Frames that came more than once."""
    round_trip_ms: Milliseconds | None = None
    """The median of the answered probes."""
    since_ms: Milliseconds | None = None
    slowest_ms: Milliseconds | None = None
    tries: Count
    """The most transmissions in a row that the node got no answer to."""


class Survey(Contract):
    """The record of a survey of one household."""

    nodes: Annotated[tuple[SurveyedNode, ...], Field(max_length=MOST_SURVEYED)]


class Report(Contract):
    """One journalled event. `event_id` and `counter` are the node's; `event_at_ms` is None where its clock was unknown."""

    counter: Annotated[int, Field(ge=0, le=0xFFFF_FFFF)] | None = None
    delayed: bool = False
    device: DeviceId | None = None
    epoch: _Byte | None = None
    """Of an event that its node will not sign for: with what else is here it names the event."""
    event_at_ms: Milliseconds | None = None
    event_id: Annotated[int, Field(ge=0, le=0xFFFF)] | None = None
    evidence: Evidence | None = None
    failure: PairingFailure | None = None
    firmware: Ascii | None = None
    forecast_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    """For how long a battery may last."""
    former_device: DeviceId | None = None
    holder: Name | None = None
    """Whose code it is."""
    household: Household | None = None
    kind: ReportKind
    lane: Lane
    node: NodeAddress | None = None
    outcome: Outcome | None = None
    panel: PanelView | None = None
    person: Name | None = None
    reason: Name | None = None
    recorded_at_ms: Milliseconds
    rule: Ascii | None = None
    """Name of the row that decided so, in the panel's tables."""
    schedule: ScheduleEntry | None = None
    """By the clock, as the person has set it; or what the person has set."""
    seq: Sequence
    subject: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """What a trouble is of, if not a node's: a link or a destination."""
    survey: Survey | None = None
    test: bool = False
    time_doubtful: bool = False
    trouble: TroubleKind | None = None
    until_ms: Milliseconds | None = None
    version: Version = 1
    walk_test: WalkTest | None = None
    warnings: Annotated[tuple[ZoneWarning, ...], Field(min_length=1, max_length=64)] | None = None
    witnessed: Witnessed | None = None
    zone: Zone | None = None
    zones: Annotated[tuple[Zone, ...], Field(min_length=1, max_length=16)] | None = None

    @property
    def is_test(self) -> bool:
        """Whether it tells only that something works. What is in another lane than the routine's is meant, whatever it says."""
        return self.test and self.lane is Lane.ROUTINE

    @property
    def is_alarm(self) -> bool:
        """Whether it opens an incident, or joins one."""
        return self.kind in ALARMS and not self.is_test


class Row(Contract):
    """A report with the SHA-256 of its canonical JSON, as the concentrator journalled it."""

    report: Report
    sha256: Sha256


class ChainHead(Contract):
    """The end of a journal's hash chain at a row, as its concentrator has signed it."""

    chain: Sha256
    seq: Sequence
    signature: Signature


class Batch(Contract):
    """Rows of one journal, on their way up; `head` is that of the chain over all rows up to one of them, or before."""

    concentrator: Name
    head: ChainHead | None = None
    journal_id: JournalId
    rows: Annotated[tuple[Row, ...], Field(min_length=1, max_length=MOST_ROWS)]
    version: Version = 1
