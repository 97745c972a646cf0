"""`anju plan` as it is typed, and what a plan means to the concentrator."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from anju.planning import toml
from anju.service import site_plan
from anju.service.settings import load
from unit.cli.conftest import Anju

TABLE = "household,zone,kind\n3-2-0501,Front door,entry\n3-2-0501,Bedside,hold_up\n3-10-0101,Bedside,hold_up\n"
KINDS = (
    "emergency button, door or window, case, window without entry time, inner door, guarded at all hours, silent button, "
    "emergency button (any press), silent button (any press), "
    "smoke detector, gas detector, water detector, siren, keypad or key fob"
)
KEYS = ("root-key.pem", "root-key.pub")
"""What `anju init` puts into a site beside its settings."""


@pytest.fixture
def folder(anju: Anju, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site without a plan, and a table beside it."""
    path = tmp_path / "site"
    anju("init", path, "--building", "3")
    monkeypatch.setenv("ANJU_SITE", str(path))
    monkeypatch.chdir(tmp_path)
    Path("plan.csv").write_text(TABLE)
    return path


def test_a_table_becomes_the_plan(anju: Anju, folder: Path) -> None:
    said = anju("plan", "import", "plan.csv")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "3-2-0501 is new",
        "    + “Front door” (door or window)",
        "    + “Bedside” (emergency button)",
        "3-10-0101 is new",
        "    + “Bedside” (emergency button)",
        "The site plan has 2 households now; 2 changed.",
    ]
    assert stat.S_IMODE((folder / "plan.json").stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["plan.json", *KEYS, "site.toml"]
    assert anju("plan", "import", "plan.csv").out == "The plan of 2 households is the same as before.\n"


def test_the_plan_as_a_table_and_in_every_form_that_is_read(anju: Anju, folder: Path) -> None:
    anju("plan", "import", "plan.csv")
    assert [line.split("  ")[0] for line in anju("plan", "show").out.splitlines()] == [
        "Household", "3-2-0501", "", "3-10-0101",
    ]  # fmt: skip
    for form in ("csv", "toml"):
        Path(f"again.{form}").write_text(anju("plan", "show", "--format", form).out)
        assert anju("plan", "diff", f"again.{form}").out == "The plan of 2 households is the same as before.\n"
    told = json.loads(anju("plan", "show", "--format", "json").out)
    assert told == json.loads((folder / "plan.json").read_text())


def test_some_households_only(anju: Anju, folder: Path) -> None:
    anju("plan", "import", "plan.csv")
    assert anju("plan", "show", "3-2", "--format", "toml").out.splitlines()[0] == "[3-2-0501]"
    assert anju("plan", "show", "3-10-0101", "--format", "toml").out == '[3-10-0101]\n"Bedside" = "hold_up"\n'
    said = anju("plan", "show", "3-1")
    assert said.code == 1
    assert said.err.startswith("✗ 3-1 is not in the site plan.")


def test_one_mistake_changes_nothing(anju: Anju, folder: Path) -> None:
    anju("plan", "import", "plan.csv")
    before = (folder / "plan.json").read_bytes()
    Path("bad.csv").write_text("household,zone,kind\n3-2-0501,Door,entry\n3-2-0502,Door,window\n")
    said = anju("plan", "import", "bad.csv")
    assert said.code == 1
    assert said.err.splitlines() == [
        "✗ bad.csv has 1 mistake:",
        "  line 3, column 3: “window” is not a kind of zone; choose one of: " + KINDS,
        "  The site plan was not changed.",
        "  Correct the file, then type the command again.",
    ]
    assert (folder / "plan.json").read_bytes() == before


@pytest.mark.parametrize("command", [("diff",), ("import", "--dry-run")])
def test_what_would_change(anju: Anju, folder: Path, command: tuple[str, ...]) -> None:
    anju("plan", "import", "plan.csv")
    before = (folder / "plan.json").read_bytes()
    Path("new.toml").write_text('[3-2-0501]\nBedside = "hold_up"\n"Front door" = "tamper"\n[9-1-0101]\n')
    said = anju("plan", *command, "new.toml")
    assert said.out.splitlines() == [
        "3-2-0501:",
        "    “Front door” becomes case; it was door or window",
        "3-10-0101 is no longer planned",
        "    - “Bedside” (emergency button)",
        "9-1-0101 is new",
        "This would change 3; the plan would have 2 households. Nothing was changed.",
    ]
    assert (folder / "plan.json").read_bytes() == before
    told = json.loads(anju("plan", *command, "new.toml", "--json").out)
    assert told["changes"][0] == {
        "household": "3-2-0501",
        "change": "changed",
        "zones": [{"zone": "Front door", "change": "changed", "kind": "tamper", "before": "entry"}],
    }


def test_in_chinese(anju: Anju, folder: Path) -> None:
    Path("gb.csv").write_bytes("住户,防区,类型\r\n3-2-0501,床头,紧急按钮\r\n".encode("gb18030"))
    said = anju("--lang", "zh-CN", "plan", "import", "gb.csv")
    assert said.out.splitlines() == [
        "新增住户 3-2-0501",
        "    + “床头”（紧急按钮）",
        "设计方案现有 1 户，其中 1 户有变化。",
    ]
    assert anju("--lang", "zh-CN", "plan", "show", "--format", "csv").out.splitlines()[1] == "3-2-0501,床头,紧急按钮"


def test_a_plan_without_the_concentrators_building_is_taken_and_doubted(anju: Anju, folder: Path) -> None:
    Path("other.csv").write_text("household,zone,kind\n4-1-0101,,\n")
    said = anju("plan", "import", "other.csv")
    assert said.code == 0
    assert said.err.startswith("No household of building 3 is among them")


def test_where_there_is_no_plan_or_no_site(anju: Anju, folder: Path, tmp_path: Path) -> None:
    said = anju("plan", "show")
    assert (said.code, said.err.splitlines()[0]) == (1, "✗ This site has no plan yet.")
    for command in ("show", "import", "diff"):
        words = [] if command == "show" else ["plan.csv"]
        assert anju("plan", command, *words, "--site", tmp_path / "none").code == 1


@pytest.mark.parametrize("content", ["", "{", '{"households": [], "colour": 1}', '{"version": 2}'])
def test_a_broken_plan_is_told_and_can_be_replaced(anju: Anju, folder: Path, content: str) -> None:
    (folder / "plan.json").write_text(content)
    for said in (
        anju("plan", "show"),
        anju("plan", "diff", "plan.csv"),
        anju("enrol", "3-2-0501", "--zone", "Bedside:hold_up", "--out", "n"),
    ):
        assert said.code == 1
        assert "plan.json cannot be used" in said.err
    assert anju("plan", "import", "plan.csv").code == 0
    assert anju("plan", "show").code == 0


def test_a_full_disk_leaves_the_plan_from_before(anju: Anju, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anju("plan", "import", "plan.csv")
    before = (folder / "plan.json").read_bytes()

    def full(*_told: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    Path("new.csv").write_text("household,zone,kind\n3-2-0501,,\n")
    said = anju("plan", "import", "new.csv")
    assert said.code == 1
    assert "No space left on device" in said.err
    assert "The plan from before was left as it is." in said.err
    assert (folder / "plan.json").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["plan.json", *KEYS, "site.toml"]


@pytest.mark.parametrize(
    ("household", "zone", "code"),
    [
        ("3-2-0501", "Bedside:hold_up", 0),
        ("3-2-0501", "Bedside:tamper", 1),
        ("3-2-0501", "Kitchen:entry", 1),
        ("3-2-0502", "Bedside:hold_up", 1),
    ],
)
def test_only_what_is_planned_is_enrolled(anju: Anju, folder: Path, household: str, zone: str, code: int) -> None:
    anju("plan", "import", "plan.csv")
    said = anju("enrol", household, "--zone", zone, "--out", "n")
    assert said.code == code
    assert Path("n/enrolment.json").exists() == (code == 0)
    assert ("Nothing was changed." in said.err) == (code == 1)


def test_a_running_concentrator_follows_the_plan_too(anju: Anju, site: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('[3-2-0701]\nBedside = "hold_up"\n')
    assert anju("plan", "import", tmp_path / "plan.toml", "--site", site).code == 0
    enrolling = ("--zone", "Bedside:hold_up", "--site", site, "--out")
    assert anju("enrol", "3-2-0701", *enrolling, tmp_path / "one").code == 0
    assert anju("enrol", "3-2-0702", *enrolling, tmp_path / "two").code == 1
    plan = site_plan.load(load(site).folder)
    assert plan is not None
    assert toml.dump(plan) == (tmp_path / "plan.toml").read_text().replace("Bedside =", '"Bedside" =')
