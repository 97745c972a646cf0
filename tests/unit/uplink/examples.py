"""Valid objects of the uplink for tests, and plain JSON with something wrong in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from anju.uplink.commands import CommandKind, CommandPage, EstateCommand, ReportRef
from anju.uplink.receipts import Receipt, ReceiptRow, RowVerdict
from anju.uplink.reports import (
    Batch,
    Lane,
    NodeAddress,
    Outcome,
    OutcomeKind,
    PanelMode,
    PanelView,
    Report,
    ReportKind,
    Row,
    TroubleKind,
    Zone,
    ZoneKind,
)

MOST_EXACT = 2**53 - 1
"""The largest integer that every JSON reader keeps."""

shorts = st.integers(0, 0xFFFF)
sequences = st.integers(1, MOST_EXACT)
moments = st.integers(0, MOST_EXACT)
households = st.from_regex(r"[0-9A-Z]{1,4}-[0-9A-Z]{1,3}-[0-9A-Z]{3,5}", fullmatch=True)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
journals = st.text("0123456789abcdef", min_size=32, max_size=32)
names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=64)
ascii_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=64)
zones = st.builds(Zone, number=st.integers(0, 15), name=names, kind=st.sampled_from(ZoneKind))
nodes = st.builds(NodeAddress, network=shorts, node=shorts)
panels = st.builds(
    PanelView,
    mode=st.sampled_from(PanelMode),
    latched=st.lists(st.sampled_from(ZoneKind), max_size=3).map(tuple),
)
outcomes = st.builds(Outcome, command_id=st.integers(1, 0xFFFF_FFFF), outcome=st.sampled_from(OutcomeKind))
reports = st.builds(
    Report,
    seq=sequences,
    kind=st.sampled_from(ReportKind),
    lane=st.sampled_from(Lane),
    recorded_at_ms=moments,
    event_at_ms=st.none() | moments,
    household=st.none() | households,
    zone=st.none() | zones,
    node=st.none() | nodes,
    event_id=st.none() | shorts,
    counter=st.none() | st.integers(0, 0xFFFF_FFFF),
    delayed=st.booleans(),
    time_doubtful=st.booleans(),
    test=st.booleans(),
    panel=st.none() | panels,
    trouble=st.none() | st.sampled_from(TroubleKind),
    outcome=st.none() | outcomes,
    person=st.none() | names,
    firmware=st.none() | ascii_texts,
)
batches = st.builds(
    Batch,
    journal_id=journals,
    concentrator=names,
    rows=st.lists(st.builds(Row, report=reports, sha256=hashes), min_size=1, max_size=3).map(tuple),
)
receipts = st.builds(
    Receipt,
    journal_id=journals,
    rows=st.lists(
        st.builds(ReceiptRow, seq=sequences, sha256=hashes, verdict=st.sampled_from(RowVerdict)), max_size=3
    ).map(tuple),
)
command_pages = st.builds(
    CommandPage,
    commands=st.lists(
        st.builds(
            EstateCommand,
            number=st.integers(1, 0xFFFF_FFFF),
            kind=st.sampled_from(CommandKind),
            report=st.builds(ReportRef, journal_id=journals, seq=sequences, sha256=hashes),
            household=households,
            person=names,
            at_ms=moments,
            valid_s=st.integers(1, 3600),
        ),
        max_size=3,
    ).map(tuple),
)

JUNK: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    16,
    2**16,
    2**32,
    2**53,
    10**30,
    0.5,
    "",
    " ",
    "a\n",
    "a\x07",
    " a",
    "a" * 65,
    "armed",
    "ARMED",
    "3-2-0501",
    "3-2-0501\n",
    "g" * 64,
    "A" * 64,
    [],
    [None],
    {},
    {"x": 1},
)


def places(plain: Any) -> Iterator[tuple[str | int, ...]]:
    """The way to every value inside plain JSON."""
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for step, value in inside:
        yield (step,)
        yield from ((step, *rest) for rest in places(value))


@st.composite
def spoiled(draw: st.DrawFn, models: st.SearchStrategy[Any]) -> Any:
    """Plain JSON of a valid object, with one value replaced, removed or added."""
    plain = draw(models).model_dump(mode="json", exclude_none=True)
    *way, last = draw(st.sampled_from(list(places(plain))))
    changed = copy.deepcopy(plain)
    parent = changed
    for step in way:
        parent = parent[step]
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "remove":
            del parent[last]
        case "add" if isinstance(parent, dict):
            parent["unheard_of"] = draw(st.sampled_from(JUNK))
        case _:
            parent[last] = draw(st.sampled_from(JUNK))
    return changed
