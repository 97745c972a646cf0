"""`anju pair`, `unpair` and `nodes` as they are typed, with a real concentrator and a node's real end."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from anju.cli.code_entry import type_code
from anju.wire.label import SetupCode
from anju.wire.table import Code, Step
from stateful.pairing import hasten
from unit.cli.conftest import Anju
from unit.concentrator.harness import PATIENCE_S
from unit.concentrator.pairing_kit import HOUSEHOLD, AirNode, Estate, estate

CODE = SetupCode(bytes(range(10)))
PLACE = ("--household", HOUSEHOLD, "--zone", "front-door:entry", "--zone", "bed:hold_up")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
def site() -> Iterator[Estate]:
    with estate() as running:
        yield running


@pytest.fixture
def node(site: Estate) -> Iterator[AirNode]:
    one = AirNode(site)
    yield one
    one.close()


class Typed:
    """A command as a process of its own; what it has written so far."""

    def __init__(self, site: Estate, *arguments: str, code: str | None = None, language: str = "en") -> None:
        # As a terminal starts it: a shell that runs these tests in the background lets them ignore Ctrl-C.
        start = ["env", "--default-signal=INT", sys.executable, "-P", "-m", "anju.cli"]
        command = [*start, *arguments, "--site", str(site.site.folder)]
        environment = {**os.environ, "ANJU_LANG": language, "TERM": "dumb", "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdin
        if code is not None:
            self.process.stdin.write(code + "\n")
            self.process.stdin.flush()

    def wait(self) -> tuple[int, str, str]:
        try:
            out, err = self.process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, out, err


def try_it(node: AirNode) -> None:
    """Talk until paired, say hello, and open the door."""
    node.open()
    node.pair()
    node.greet()
    assert node.far is not None
    node.ack_of(node.far, node.far.event(Code.OPENED, 0))


def test_from_the_code_to_the_opened_door(site: Estate, node: AirNode, anju: Anju) -> None:
    label = node.node.label
    typed = Typed(site, "pair", *PLACE, code=label.code.typed)
    try_it(node)
    code, out, err = typed.wait()
    assert (code, out) == (0, f"Paired and proved: {label.short_name}, front-door. Undo: anju pair --undo\n")
    first, *rest = err.splitlines()
    assert first.startswith("Waiting for the node: open its case and press its button. A typed code names no device:")
    assert rest == [
        f"{label.short_name} offers itself; asking whether it knows the code…",
        f"✓ {label.short_name} found, secure link; giving it its place…",
        "✓ It has its keys. Open the door now…",
        "✓ First word under the new keys.",
        "✓ front-door: open",
    ]
    shown = anju("nodes", "--site", site.site.folder).out
    assert shown.splitlines()[0].split() == [
        "Node",
        "Label",
        "Household",
        "Zones",
        "Paired",
        "Last",
        "heard",
        "Link",
        "State",
    ]
    for part in ("1/1", label.short_name, HOUSEHOLD, "front-door, bed", "udp", "in use"):
        assert part in shown
    told = json.loads(anju("nodes", "--site", site.site.folder, "--json").out)
    assert told["nodes"][0]["device"] == label.device


def test_a_node_that_is_in_use_is_told_to_offer_itself(site: Estate, node: AirNode) -> None:
    label = node.node.label
    typed = Typed(site, "pair", *PLACE, code=label.qr_text)
    try_it(node)
    typed.wait()
    typed = Typed(site, "pair", *PLACE, code=label.qr_text)
    message = node.command()
    assert node.far is not None
    node.raw(node.far.answer(message))
    assert typed.process.stderr
    lines = [typed.process.stderr.readline().strip() for _ in range(2)]
    try_it(node)
    assert typed.wait()[0] == 0
    assert lines[0].startswith(f"{label.short_name} is in use, and works as before until it is paired anew: it is told")
    assert lines[1] == f"✓ {label.short_name} has heard it and offers itself."
    code, _out, err = Typed(site, "pair", *PLACE, "--timeout", "5", code=label.qr_text).wait()
    assert code == 5
    assert f"✗ {label.short_name} is in use, and did not answer when it was told to offer itself." in err


def test_as_json_and_in_chinese(site: Estate, node: AirNode) -> None:
    typed = Typed(site, "pair", *PLACE, "--json", code=node.node.label.qr_text, language="zh_CN")
    try_it(node)
    code, out, err = typed.wait()
    assert (code, err) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    assert [one.get("step") for one in told[:-1]] == ["searching", "heard", "known", "paired", "proved", "triggered"]
    assert told[-1] == {"result": "proved"}


def test_nothing_changed_and_why(site: Estate, anju: Anju) -> None:
    code, out, err = Typed(site, "pair", *PLACE, "--timeout", "5", code=CODE.typed).wait()
    assert (code, out) == (5, "")
    assert err.splitlines()[1:3] == ["✗ Nothing was heard of the node.", "  Nothing was changed."]
    assert json.loads(anju("nodes", "--site", site.site.folder, "--json").out) == {"nodes": []} | {"ok": True}


def test_a_wrong_check_symbol_is_told_and_nothing_is_sent(site: Estate) -> None:
    swapped = CODE.typed[:-3] + CODE.typed[-4:-6:-1] + CODE.typed[-1]
    for wrong in ("000G-40R4-0M30-E209-K", "000G-40R4", "", "what?", swapped):
        code, out, err = Typed(site, "pair", *PLACE, code=wrong).wait()
        assert (code, out) == (1, "")
        assert "Nothing was sent." in err


def test_a_code_in_the_command_line_is_refused(site: Estate, anju: Anju) -> None:
    said = anju("pair", CODE.typed, *PLACE, "--site", site.site.folder)
    assert said.code == 2
    assert "every user of this machine can read it" in said.err
    assert CODE.typed not in said.out + said.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--household", HOUSEHOLD],
        ["--zone", "a:entry"],
        ["--replace", "1/1", *PLACE],
        ["--undo", *PLACE],
        [*PLACE, "--timeout", "1"],
        ["--household", HOUSEHOLD, "--zone", "a"],
    ],
)
def test_what_does_not_go_together_is_used_wrongly(arguments: list[str], site: Estate, anju: Anju) -> None:
    said = anju("pair", *arguments, "--site", site.site.folder)
    assert said.code == 2
    assert "Nothing was done." in said.err


def test_without_a_concentrator_nobody_is_asked_for_a_code(site: Estate, anju: Anju) -> None:
    site.kill()
    said = anju("pair", *PLACE, "--site", site.site.folder)
    assert said.code == 1
    assert "Start it with: anju run" in said.err


def test_ctrl_c_takes_it_back(site: Estate, node: AirNode) -> None:
    typed = Typed(site, "pair", *PLACE, code=node.node.label.qr_text)
    node.open()
    node.talk_until_heard(Step.GRANT)
    typed.process.send_signal(signal.SIGINT)
    code, out, err = typed.wait()
    node.talk_until(lambda: not node.node.end.is_pending and node.node.end.poll(node.now) is None)
    if node.node.identity is None:
        assert (code, out) == (130, "")
        assert err.endswith("✗ Broken off.\n  Nothing was changed.\n")
        assert site.nodes() == []
    else:  # it was faster than the signal
        assert "anju pair --undo" in err


def test_unpair_and_undo_ask_whether_it_is_meant(site: Estate, node: AirNode, anju: Anju) -> None:
    folder = site.site.folder
    typed = Typed(site, "pair", *PLACE, code=node.node.label.qr_text)
    try_it(node)
    typed.wait()
    for arguments in (("unpair", HOUSEHOLD), ("pair", "--undo")):
        code, _out, err = Typed(site, *arguments, code="").wait()
        assert code == 1
        assert "type the command again with --yes" in err
    assert len(site.nodes()) == 1
    done = anju("pair", "--undo", "--yes", "--site", folder)
    assert (done.code, done.out) == (0, f"Unpaired: {node.node.label.short_name}  {HOUSEHOLD}  front-door, bed\n")
    said = anju("unpair", HOUSEHOLD, "--yes", "--site", folder)
    assert said.code == 1
    assert f"There is no node or household {HOUSEHOLD} here." in said.err


def test_the_concentrator_ends_in_the_midst(site: Estate) -> None:
    typed = Typed(site, "pair", *PLACE, code=CODE.typed)
    deadline = time.monotonic() + PATIENCE_S
    assert typed.process.stderr
    assert typed.process.stderr.readline().startswith("Waiting")
    assert time.monotonic() < deadline
    site.kill()
    code, out, err = typed.wait()
    assert (code, out) == (1, "")
    assert "Within a minute of its next start the node is paired on both ends, or on neither." in err


class Line:
    """What `type_code` shows."""

    def __init__(self) -> None:
        self.shown = ""

    def __call__(self, text: str) -> None:
        self.shown = text.rsplit("\x1b[2K", 1)[-1]


def after(keys: str) -> str:
    """What is shown when these were typed."""
    line = Line()
    with pytest.raises(KeyboardInterrupt):
        type_code(iter(keys), line)
    return line.shown


def test_as_it_is_typed_it_is_told_what_is_wrong() -> None:
    prompt = "Scan the label or type its code:"
    assert after("") == f"{prompt} "
    assert after("000G-40") == f"{prompt} 000G-40   11 to come."
    assert after("000G-4U") == f"{prompt} 000G-4U   ✗ There is no such symbol: number 7."
    assert (
        after("000G-40R4-0M30-E209-Z")
        == f"{prompt} 000G-40R4-0M30-E209-Z   ✗ Check symbol wrong: one symbol at least is another."
    )
    assert "two may be swapped, at 3" in after("00G0-40R4-0M30-E209-J")
    assert after(CODE.typed).endswith("   ✓")
    assert after("000G\r").endswith("✗ 13 to come. Nothing was sent.")


def test_a_wrong_key_is_taken_back_and_enter_takes_only_a_right_code() -> None:
    assert type_code(iter("000G-40R4-0M30-E209-K\r\x7fJ\r"), Line()) == "000G-40R4-0M30-E209-J"
    assert type_code(iter(f"nonsense\x15{CODE.typed}\n"), Line()) == CODE.typed


def test_in_a_terminal_keys_are_taken_one_by_one_and_the_terminal_is_as_before(site: Estate) -> None:
    ours, theirs = pty.openpty()
    try:
        command = [
            sys.executable,
            "-P",
            "-m",
            "anju.cli",
            "pair",
            *PLACE,
            "--timeout",
            "5",
            "--site",
            str(site.site.folder),
        ]
        environment = {**os.environ, "ANJU_LANG": "en", "TERM": "dumb"}
        with subprocess.Popen(command, env=environment, stdin=theirs, stderr=subprocess.PIPE) as process:
            assert process.stderr
            shown = b""
            while b"Scan the label" not in shown:
                shown += os.read(process.stderr.fileno(), 1024)
            os.write(ours, CODE.typed[:-1].encode())
            while b"1 to come" not in shown:
                shown += os.read(process.stderr.fileno(), 1024)
            os.write(ours, (CODE.typed[-1] + "\n").encode())
            shown += process.stderr.read()
        assert process.returncode == 5
        assert "✓".encode() in shown
        import termios

        assert termios.tcgetattr(theirs)[3] & termios.ICANON
    finally:
        os.close(ours)
        os.close(theirs)
