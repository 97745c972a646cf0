"""Settings: what is right is read, and each mistake gets its own words."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from anju.service import site_template
from anju.service.panels import Panel
from anju.service.section import split_address
from anju.service.settings import SettingsError, Site, load, parse
from anju.service.third_parties import Dc09, Mqtt

PLACE = Path("/estates/north/site.toml")
ESTATE = '[estate]\nname = "桂花苑"\n'
CONCENTRATOR = '[concentrator]\nbuilding = "3"\n'
LEAST = ESTATE + CONCENTRATOR


def site_in(folder: Path, text: str) -> Site:
    """The site that a text makes."""
    (folder / "site.toml").write_text(text)
    return load(folder)


def complaint(text: str | bytes) -> str:
    """What is said about a wrong text."""
    with pytest.raises(SettingsError) as refused:
        parse(text.encode() if isinstance(text, str) else text, PLACE)
    assert refused.value.what.startswith(str(PLACE))
    assert refused.value.unchanged == "Nothing was started and nothing was changed."
    assert refused.value.next_step == "Correct the file, then type the command again."
    return refused.value.what.removeprefix(str(PLACE))


def test_the_least_that_a_site_says(tmp_path: Path) -> None:
    site = site_in(tmp_path, LEAST)
    assert (site.estate.name, site.concentrator.building, site.concentrator.network) == ("桂花苑", "3", 1)
    assert (site.concentrator.udp, site.concentrator.udp_address, site.concentrator.serial) == (None, None, [])
    assert (site.concentrator.baud, site.dutyroom.port) == (115200, 8380)
    assert (site.folder, site.keyring, site.journal) == (tmp_path, tmp_path / "keyring.db", tmp_path / "journal.db")
    assert (site.dutyroom_db, site.run) == (tmp_path / "dutyroom.db", tmp_path / "run")
    assert site.dutyroom_socket == tmp_path / "run" / "dutyroom.sock"
    assert site.control_socket == tmp_path / "run" / "control.sock"


def test_everything_that_a_site_can_say(tmp_path: Path) -> None:
    more = 'network = 9\nudp = "[::1]:7010"\nserial = ["/dev/ttyUSB0", "socket://10.0.0.9:4001"]\nbaud = 9600\n'
    site = site_in(tmp_path, LEAST + more + "[dutyroom]\nport = 8381\n")
    assert site.concentrator.network == 9
    assert site.concentrator.udp_address == ("::1", 7010)
    assert site.concentrator.serial == ["/dev/ttyUSB0", "socket://10.0.0.9:4001"]
    assert (site.concentrator.baud, site.dutyroom.port) == (9600, 8381)


def test_a_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.toml").write_text(LEAST)
    monkeypatch.chdir(tmp_path)
    assert load(Path()).journal == tmp_path / "journal.db"


def test_an_editor_that_writes_a_byte_order_mark() -> None:
    assert parse(b"\xef\xbb\xbf" + LEAST.encode(), PLACE).concentrator.building == "3"


SEVENTEEN = ", ".join(f'"{number}"' for number in range(17))
MISTAKES: list[tuple[str | bytes, str]] = [
    (LEAST + "netwrok = 2", "line 5: [concentrator] netwrok is unknown; did you mean network?"),
    (LEAST + "zzz = 2", "line 5: [concentrator] zzz is unknown; known here: building, network, udp, serial, baud"),
    (LEAST + "[dutyrom]\nport = 1", "line 5: [dutyrom] is unknown; did you mean dutyroom?"),
    (
        "colour = 1\n" + LEAST,
        (
            "line 1: [colour] is unknown; known here:"
            " estate, concentrator, dutyroom, panel, panels, retention, metrics, destinations"
        ),
    ),
    (
        LEAST + '[dutyroom]\nhost = "0.0.0.0"',
        (
            "line 6: [dutyroom] host is not a setting: the duty room's page answers on "
            "127.0.0.1 only, until people and rights exist"
        ),
    ),
    (
        LEAST + 'network = "2"',
        'line 5: [concentrator] network = "2" is the wrong kind of value: a whole number belongs here',
    ),
    (
        LEAST + "network = true",
        "line 5: [concentrator] network = true is the wrong kind of value: a whole number belongs here",
    ),
    (
        LEAST + "network = 2026-01-01",
        ('line 5: [concentrator] network = "2026-01-01" is the wrong kind of value: a whole number belongs here'),
    ),
    (
        LEAST + "udp = 7010",
        ("line 5: [concentrator] udp = 7010 is the wrong kind of value: a text in quotation marks belongs here"),
    ),
    (
        LEAST + 'serial = "/dev/ttyS0"',
        (
            'line 5: [concentrator] serial = "/dev/ttyS0" is the wrong kind of value: a list '
            'such as ["/dev/ttyUSB0"] belongs here'
        ),
    ),
    (
        LEAST + 'serial = ["/dev/ttyS0", 7]',
        ("line 5: [concentrator] serial[1] = 7 is the wrong kind of value: a text in quotation marks belongs here"),
    ),
    (
        '[estate]\nname = "a"\ntimezone = "Peking"\n' + CONCENTRATOR,
        'line 3: [estate] timezone = "Peking" cannot be used: the name of a time zone, such as "Asia/Shanghai", belongs here',
    ),
    (
        "estate = 5\n" + CONCENTRATOR,
        "line 1: [estate] = 5 is the wrong kind of value: a section such as [estate] belongs here",
    ),
    (LEAST + "[dutyroom]\nport = 99999", "line 6: [dutyroom] port = 99999 is out of range: 1 to 65535"),
    (LEAST + "[dutyroom]\nport = 0", "line 6: [dutyroom] port = 0 is out of range: 1 to 65535"),
    (LEAST + "network = 65536", "line 5: [concentrator] network = 65536 is out of range: 0 to 65535"),
    (
        LEAST + 'udp = "localhost:7010"',
        (
            'line 5: [concentrator] udp = "localhost:7010" cannot be used: an IP address and '
            'a port, such as "127.0.0.1:7010", belongs here'
        ),
    ),
    (
        LEAST.replace('"3"', '"三"'),
        (
            'line 4: [concentrator] building = "三" cannot be used: one to four digits or '
            'capital letters, such as "3", belongs here'
        ),
    ),
    (
        LEAST.replace("桂花苑", ""),
        'line 2: [estate] name = "" cannot be used: a printable text that is not empty belongs here',
    ),
    (
        LEAST.replace("桂花苑", "a\\u001b[2J"),
        ('line 2: [estate] name = "a\\u001b[2J" cannot be used: a printable text that is not empty belongs here'),
    ),
    (
        LEAST + f"serial = [{SEVENTEEN}]",
        (
            'line 5: [concentrator] serial = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "1… '
            "cannot be used: a list of at most 16 belongs here"
        ),
    ),
    (
        LEAST.replace("桂花苑", "x" * 65),
        (f'line 2: [estate] name = "{"x" * 58}… cannot be used: a text of at most 64 characters belongs here'),
    ),
    (ESTATE + "[concentrator]", "line 3: [concentrator] building is missing"),
    (ESTATE, "[concentrator] is missing"),
    ("[estate\nname = 1", "this is not TOML: Expected ']' at the end of a table declaration (at line 1, column 8)"),
    (LEAST + LEAST, "this is not TOML: Cannot declare ('estate',) twice (at line 5, column 8)"),
    (b'[estate]\nname = "\xff"', "line 2 is not UTF-8 text"),
    ("#" * 70_000, "the file is larger than 65536 bytes"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[expected for _, expected in MISTAKES])
def test_each_mistake_in_its_own_words(text: str | bytes, expected: str) -> None:
    assert complaint(text) == ": " + expected


def test_a_text_that_exhausts_the_parser() -> None:
    assert "this is not TOML" in complaint("x = " + "[" * 5000)


def test_all_mistakes_at_once_in_the_order_of_the_file() -> None:
    said = complaint(LEAST + "network = -1\nbaut = 5\n[dutyroom]\nport = 1.5\n")
    assert said.splitlines()[0] == " has 3 mistakes:"
    assert [line.split(":")[0] for line in said.splitlines()[1:]] == ["  line 5", "  line 6", "  line 8"]


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path)
    assert str(refused.value) == (
        f"There is no site in {tmp_path}: site.toml is missing.\n"
        "Nothing was started and nothing was changed.\n"
        f"Make one: anju init {tmp_path}"
    )


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "site.toml").mkdir()
    with pytest.raises(SettingsError, match="Is a directory"):
        load(tmp_path)


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    site = site_in(deep, LEAST)
    with pytest.raises(SettingsError, match=r"too long for a socket: \d+ bytes, at most 100"):
        _ = site.control_socket


@given(raw=st.binary(max_size=300) | st.text(alphabet="[]\"'=.\n#ab1{},\\u", max_size=200).map(str.encode))
@settings(max_examples=300)
def test_whatever_is_in_the_file_it_ends_as_a_site_or_a_message(raw: bytes) -> None:
    try:
        parse(raw, PLACE)
    except SettingsError as error:
        said = error.what
    else:
        said = str(PLACE)
    assert said.startswith(str(PLACE))


@given(text=st.text(max_size=30))
def test_whatever_an_address_looks_like_it_is_one_or_a_value_error(text: str) -> None:
    try:
        host, port = split_address(text)
    except ValueError:
        return
    assert host
    assert 1 <= port <= 65535


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40)


@given(name=NAMES.filter(lambda name: name.isprintable() and name.strip()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_of_an_estate_survives_the_template(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("site") / "new"
    site = site_template.create(folder, estate=name, building="12", network=3, udp="127.0.0.1:7010", port=8000)
    assert site.estate.name == name.strip()
    assert (site.concentrator.udp_address, site.concentrator.network, site.dutyroom.port) == (
        ("127.0.0.1", 7010),
        3,
        8000,
    )


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_new_site_is_explained_in_the_language_of_its_maker(
    tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANJU_LANG", language)
    site_template.create(tmp_path / "new", estate="A", building="3", network=1, udp=None, port=8380)
    text = (tmp_path / "new" / "site.toml").read_text()
    assert ("只" in text) == (language == "zh_CN")
    assert ("only" in text) == (language == "en")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "site.toml").stat().st_mode) == 0o600


def test_settings_that_are_there_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("mine")
    with pytest.raises(SettingsError, match="There is a site"):
        site_template.create(tmp_path, estate="A", building="3", network=1, udp=None, port=8380)
    assert (tmp_path / "site.toml").read_text() == "mine"


def test_a_new_site_with_a_wrong_value_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="building"):
        site_template.create(tmp_path / "new", estate="A", building="three", network=1, udp=None, port=8380)
    assert not (tmp_path / "new").exists()


def test_a_new_site_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be written"):
        site_template.create(tmp_path / "file" / "new", estate="A", building="3", network=1, udp=None, port=8380)


DUTY_ROOM = '[estate]\nname = "A"\n[concentrator]\nbuilding = "3"\n[dutyroom]\n'


def test_a_duty_room_is_here_or_on_another_pc(tmp_path: Path) -> None:
    here = parse((DUTY_ROOM + 'uplink = "0.0.0.0:8443"').encode(), tmp_path).dutyroom
    assert (here.uplink_address, here.url_address) == (("0.0.0.0", 8443), None)
    for url, address in (
        ("https://10.0.0.5:8443", ("10.0.0.5", 8443)),
        ("https://[fd00::5]:8443/", ("fd00::5", 8443)),
        ("https://duty-room.example:1", ("duty-room.example", 1)),
    ):
        assert parse((DUTY_ROOM + f'url = "{url}"').encode(), tmp_path).dutyroom.url_address == address


@pytest.mark.parametrize(
    "lines",
    [
        'url = "http://10.0.0.5:8443"',
        'url = "https://10.0.0.5"',
        'url = "https://10.0.0.5:0"',
        'url = "https://user:secret@10.0.0.5:8443"',
        'url = "https://10.0.0.5:8443/elsewhere"',
        'uplink = "8443"',
        'uplink = "duty-room:8443"',
    ],
)
def test_where_a_duty_room_cannot_be(tmp_path: Path, lines: str) -> None:
    with pytest.raises(SettingsError, match=lines.partition(" ")[0]):
        parse((DUTY_ROOM + lines).encode(), tmp_path)


def test_a_duty_room_is_not_at_both_places(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="uplink or url, not both"):
        parse((DUTY_ROOM + 'uplink = "0.0.0.0:8443"\nurl = "https://10.0.0.5:8443"').encode(), tmp_path)


@pytest.mark.parametrize("line", ["keep_days = 29", "keep_events = 9999", "keep_days = 3651", "keep_events = '10000'"])
def test_what_stays_of_a_journal_has_its_least(line: str) -> None:
    text = '[estate]\nname = "A"\n[concentrator]\nbuilding = "3"\n[retention]\n'
    assert line.split(maxsplit=1)[0] in complaint(text + line)
    assert parse((text + "keep_days = 365\n").encode(), PLACE).retention.keep_days == 365


def test_a_new_sites_file_names_every_setting_there_is(tmp_path: Path) -> None:
    site_template.create(tmp_path / "site", estate="Test", building="3", network=1, udp=None, port=8380)
    text = (tmp_path / "site" / "site.toml").read_text()
    sections = {name: field.annotation for name, field in Site.model_fields.items() if name != "destinations"}
    named: dict[str, Any] = {"destinations.arc": Dc09, "destinations.home": Mqtt, "panels.accounts.1A01": Panel}
    for section, model in (sections | named).items():
        assert f"[{section}]" in text
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        part = text.partition(f"[{section}]")[2].partition("\n[")[0]
        for key in set(model.model_fields) - {"accounts"}:
            assert re.search(rf"^(# )?{key} = ", part, re.MULTILINE), (section, key)
