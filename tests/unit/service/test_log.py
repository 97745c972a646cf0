"""The log: one readable line an event, no secret in it, nothing that a terminal would obey."""

import base64
import io
import json
import logging
import random
from collections.abc import Iterator

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from anju.service import log
from anju.wire.label import Label, SetupCode, device_id


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the log writes."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    log.configure("fake")
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_says_when_who_and_what(lines: io.StringIO) -> None:
    structlog.get_logger("anju.fake").info("frame refused", reason="tag", count=3, urgent=True)
    (line,) = lines.getvalue().splitlines()
    assert line.startswith("timestamp=20")
    assert line.endswith('level=info service=fake event="frame refused" reason=tag count=3 urgent=true')


def test_json_for_machines(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LOG", "json")
    monkeypatch.setattr("sys.stderr", lines)
    log.configure("fake")
    structlog.get_logger("anju.fake").warning("link down", link="udp", 楼="三")
    event = json.loads(lines.getvalue())
    del event["timestamp"]
    assert event == {"level": "warning", "service": "fake", "event": "link down", "link": "udp", "楼": "三"}


def test_who_reads_along_and_is_no_person_gets_json(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANJU_LOG", raising=False)
    monkeypatch.setattr("sys.stderr", lines)
    log.configure("fake")
    structlog.get_logger("anju.fake").info("link up")
    assert json.loads(lines.getvalue())["event"] == "link up"
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    log.configure("fake")
    structlog.get_logger("anju.fake").info("link up")
    assert terminal.getvalue().endswith('event="link up"\n')


def test_a_library_speaks_from_warning_up(lines: io.StringIO) -> None:
    logging.getLogger("httpx").info("GET http://example.invalid/?token=abc")
    logging.getLogger("uvicorn").warning("bad request from %s", "nobody")
    (line,) = lines.getvalue().splitlines()
    assert 'event="bad request from nobody"' in line


def test_a_crash_is_one_line_without_the_values_of_variables(lines: io.StringIO) -> None:
    def crash() -> None:
        password = "hunter2" * 2  # noqa: F841 - must not be shown
        raise RuntimeError("broken")

    try:
        crash()
    except RuntimeError:
        structlog.get_logger("anju.fake").exception("crashed")
    (line,) = lines.getvalue().splitlines()
    assert "RuntimeError: broken" in line
    assert "hunter2hunter2" not in line


SECRET_NAMES = ["key", "up", "down", "secret", "token", "password", "code", "link_key", "Pairing-Code", "UP_KEY"]
SECRET = "s3cr3t-s3cr3t"
NEST = st.recursive(
    st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from(SECRET_NAMES), value=NEST, outside=st.text(max_size=8))
def test_nothing_under_a_secret_name_is_written(name: str, value: object, outside: str) -> None:
    assert SECRET not in str(log.redact(None, "", {name: value, "facts": {"inner": [{name: value}]}, "x": outside}))


@given(value=st.binary(min_size=4))
def test_bytes_are_counted_never_shown(value: bytes) -> None:
    clean = log.redact(None, "", {"frame": value, "many": [bytearray(value)]})
    assert clean == {"frame": f"[{len(value)} bytes]", "many": [f"[{len(value)} bytes]"]}


@given(value=st.text(max_size=40))
def test_no_text_breaks_the_line_or_moves_the_cursor(value: str) -> None:
    clean = log.redact(None, "", {"name": value})["name"]
    assert clean.isprintable()
    if value.isprintable():
        assert clean == value


def test_a_long_text_keeps_its_two_ends() -> None:
    clean = log.redact(None, "", {"text": "x" * 5000 + "z" * 5000})["text"]
    assert clean == "x" * 1000 + " … " + "z" * 1000


def _pem(raw: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(raw)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()


SECRETS = {
    "a link key": st.binary(min_size=16, max_size=32).map(bytes.hex),
    "one in capitals": st.binary(min_size=16, max_size=32).map(lambda raw: raw.hex().upper()),
    "a private key": st.binary(min_size=32, max_size=32).map(_pem),
    "a setup code": st.binary(min_size=10, max_size=10).map(lambda raw: SetupCode(raw).typed),
    "what a QR code says": st.binary(min_size=10, max_size=10).map(
        lambda raw: Label(device_id(bytes(range(32))), SetupCode(raw)).qr_text
    ),
    # Of bytes that a person made up, such as 33 zeros, nobody makes a token.
    "a session's token": st.integers().map(
        lambda seed: base64.urlsafe_b64encode(random.Random(seed).randbytes(33)).decode()
    ),
}


@pytest.mark.parametrize("what", SECRETS)
@given(data=st.data())
def test_a_secret_is_known_by_its_looks_wherever_it_stands(what: str, data: st.DataObject) -> None:
    secret = data.draw(SECRETS[what])
    around = {"error": f"refused: {secret} (of 3)", "facts": {"answer": [secret, f"x={secret}"]}, "text": secret}
    written = str(log.redact(None, "", around))
    assert secret not in written
    assert secret[8:24] not in written
    assert "refused: [hidden] (of 3)" in written


def test_it_hides_in_a_librarys_words_and_in_a_crash_too(lines: io.StringIO) -> None:
    secret = bytes(range(16)).hex()
    logging.getLogger("uvicorn").warning("odd request %s", f"/?key={secret}")
    try:
        raise RuntimeError(f"not a key: {secret}")
    except RuntimeError:
        structlog.get_logger("anju.fake").exception("crashed")
    assert secret not in lines.getvalue()
    assert "not a key: [hidden]" in lines.getvalue()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("journal_id", "ab" * 16),
        ("sha256", "0123456789abcdef" * 4),
        ("site", "/srv/anju/site-of-the-northern-gardens-and-their-offices-2026"),
        ("error", "No module named test_a_secret_is_known_by_its_looks_wherever_it_stands"),
        ("timestamp", "2026-11-28T12:00:00.000000Z"),
        ("household", "3-2-0501"),
    ],
)
def test_what_is_no_secret_can_be_read(name: str, text: str) -> None:
    assert log.redact(None, "", {name: text}) == {name: text}
