"""Plans as people and their spreadsheets write them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.plan.model import Plan, PlannedHousehold, PlannedZone
from anju.planning import reading, table, toml
from anju.planning.reading import PlanError, parse, read
from anju.service.errors import ServiceError
from anju.uplink.reports import ZoneKind
from unit.planning.plans import PLANS

CSV, TOML = Path("plan.csv"), Path("plan.toml")
KINDS = (
    "emergency button, door or window, case, window without entry time, inner door, guarded at all hours, silent button, "
    "emergency button (any press), silent button (any press), "
    "smoke detector, gas detector, water detector, siren, keypad or key fob"
)
FLAT = PlannedHousehold(
    household="3-2-0501",
    zones=(PlannedZone(name="入户门", kind=ZoneKind.ENTRY), PlannedZone(name="床头", kind=ZoneKind.HOLD_UP)),
)
PLAN = Plan(households=(FLAT,))
TABLE = "住户,防区,类型\r\n3-2-0501,入户门,门窗\r\n3-2-0501,床头,紧急按钮\r\n"


def mistakes(text: str | bytes, path: Path = CSV) -> list[tuple[int, int, str]]:
    """Line, column and words of everything that is wrong with a text."""
    with pytest.raises(PlanError) as caught:
        parse(text.encode() if isinstance(text, str) else text, path)
    return [(one.line, one.column, one.text) for one in caught.value.mistakes]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")


@given(PLANS)
def test_what_was_written_is_read_back(plan: Plan) -> None:
    assert parse(table.dump(plan).encode(), CSV) == plan
    assert parse(toml.dump(plan).encode(), TOML) == plan


@given(PLANS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]), st.sampled_from(",;\t"))
def test_as_a_spreadsheet_saves_it(plan: Plan, encoding: str, separator: str) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator).writerows(csv.reader(io.StringIO(table.dump(plan), newline="")))
    raw = buffer.getvalue().encode(encoding)
    if encoding == "gb18030":
        try:
            raw.decode()
        except UnicodeDecodeError:
            pass
        else:
            return  # such bytes are UTF-8 as well: by chance, or because they are plain letters
    assert parse(raw, CSV) == plan


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_chinese_table_is_read_in_any_language(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("ANJU_LANG", language)
    for text in (TABLE, TABLE.replace("\r\n", "\n"), TABLE.replace(",", ";"), "sep=;\r\n" + TABLE.replace(",", ";")):
        for encoding in ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"):
            assert parse(text.encode(encoding), CSV) == PLAN


def test_columns_may_stand_in_any_order_and_lines_may_be_empty() -> None:
    text = "\n kind ,Zone,HOUSEHOLD,\n\nentry,入户门,３－２－０５０１,\n,,\nHold-Up,床头,3–2–0501\n"
    assert parse(text.encode(), CSV) == PLAN


def test_a_household_without_zones_is_a_line_without_them() -> None:
    plan = Plan(households=(PlannedHousehold(household="3-2-0501", zones=()),))
    assert parse(b"household,zone,kind\n3-2-0501,,\n", CSV) == plan
    assert parse(b"household,zone,kind\n3-2-0501\n", CSV) == plan
    assert parse(b"[3-2-0501]\n", TOML) == plan


def test_everything_that_is_wrong_is_told_at_once_with_its_place() -> None:
    text = (
        "household,zone,kind\n"
        "3-2-501a,Door,entry\n"
        "3-2-05,Door,entry\n"
        "3-2-0501,Door,window\n"
        ',"a\nb",tamper\n'
        "3-2-0501,,entry\n"
        "3-2-0501,Bed,\n"
        "3-2-0502,Door,entry,x\n"
        "3-2-0502,Door,hold_up\n"
        "3-2-0502,=1+1,entry\n"
    )
    found = mistakes(text)
    kinds = "choose one of: " + KINDS
    household = "write building-unit-floor and door, such as 3-2-0501"
    assert found == [
        (3, 1, f"“3-2-05” is not a household; {household}"),
        (4, 3, f"“window” is not a kind of zone; {kinds}"),
        (5, 1, f"there is no household here; {household}"),
        (5, 2, "“a·b” is not a name; write 1 to 64 printable characters"),
        (7, 2, "the name of this zone is missing"),
        (8, 3, f"the kind of this zone is missing; {kinds}"),
        (9, 4, "“x” stands beside the table; is there a separator too many?"),
        (10, 2, "3-2-0502 has “Door” already, in line 9"),
        (11, 2, "“=1+1” begins like a formula; begin a zone's name with a letter or digit"),
    ]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "the table is empty"),
        ("\r\n\r\n", (1, 1), "the table is empty"),
        ("household,zone\n", (1, 3), "“kind” is missing"),
        ("household,zone,kind,zone\n", (1, 4), "there twice"),
        ("household,zone,colour\n", (1, 3), "“colour” is not a column"),
        ("3-2-0501,Door,entry\n", (1, 1), "“3-2-0501” is not a column"),
        (b"household,zone,kind\n3-2-0501,\xff\xff,entry\n", (2, 10), "no encoding that is known"),
        (b"\xff\xfea", (1, 3), "no encoding that is known"),
    ],
)
def test_what_is_no_table(text: str | bytes, place: tuple[int, int], words: str) -> None:
    (line, column, said) = mistakes(text)[0]
    assert (line, column) == place
    assert words in said


def test_toml_tells_line_and_column_too() -> None:
    text = (
        'x = 1\n# plan\n["3-2-0501"]\n"Front door" = "entry"\n\'Bed\' = 5\n'
        '  Case = "what"\n[ 3-2-5 ]\nDoor = "entry"\n[3-2-0502]\n"-" = { a = 1 }\n'
    )
    assert [(line, column) for line, column, _said in mistakes(text, TOML)] == [
        (1, 1),
        (5, 9),
        (6, 10),
        (7, 1),
        (10, 7),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[3-2-0501]\nDoor = "entry\n', (2, 14)),
        ("[3-2-0501]\n[3-2-0501]\n", (2, 10)),
        ("[3-2-0501", (1, 10)),
        (b'[3-2-0501]\nDoor = "\xff"\n', (2, 9)),
        ("a = " + "[" * 100_000, (1, 1)),
    ],
)
def test_what_is_no_toml(text: str | bytes, place: tuple[int, int]) -> None:
    ((line, column, _said),) = mistakes(text, TOML)
    assert (line, column) == place


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_whatever_the_file_holds_the_answer_is_a_plan_or_mistakes_with_a_place(raw: bytes) -> None:
    for path in (CSV, TOML):
        found = None
        try:
            parse(raw, path)
        except PlanError as error:
            found = error.mistakes
        assert found is None or found
        assert all(one.line >= 1 and one.column >= 1 for one in found or ())


def test_too_much_is_a_mistake() -> None:
    text = "household,zone,kind\n" + "".join(f"3-2-0501,{number},entry\n" for number in range(70))
    assert [(line, said) for line, _column, said in mistakes(text)] == [(66, "a household has at most 64 zones")]
    text = "household,zone,kind\n" + "".join(f"1-1-{number:05}\n" for number in range(10_003))
    assert [(line, said) for line, _column, said in mistakes(text)] == [(10_002, "a plan has at most 10000 households")]


def test_many_mistakes_are_counted_and_the_first_ones_shown() -> None:
    with pytest.raises(PlanError) as caught:
        parse(b"household,zone,kind\n" + b"x,y,z\n" * 50, CSV)
    lines = caught.value.what.splitlines()
    assert lines[0] == "plan.csv has 100 mistakes:"
    assert len(lines) == 42
    assert lines[-1] == "  and 60 more"


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(ServiceError, match="cannot be read"):
            read(path)
    monkeypatch.setattr(reading, "_MOST_BYTES", 10)
    (tmp_path / "big.csv").write_text(TABLE)
    with pytest.raises(PlanError, match="larger than 10 bytes"):
        read(tmp_path / "big.csv")
