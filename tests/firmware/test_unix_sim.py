"""A node as a process: from a pin's edge to the wire, and from a guard's click back to the lamp."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import psutil
import pytest

from anju.bundle import stage
from anju.simulator.interpreter import micropython
from anju.wire import table
from anju.wire.messages import Hello, Status
from firmware.ends import End, PtyEnd, TcpEnd, UdpEnd
from firmware.node_process import Concentrator, Enrolment, NodeProcess

LINKS = [UdpEnd, PtyEnd, TcpEnd]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the process runs."""
    return stage("unix_sim", tmp_path_factory.mktemp("node") / "bundle")


@pytest.fixture
def enrolment(tmp_path: Path) -> Enrolment:
    """A node with a button, a door and a case contact."""
    return Enrolment(tmp_path / "store")


@pytest.mark.parametrize("link", LINKS)
def test_a_press_goes_up_and_its_answers_come_down(link: Callable[[], End], bundle: Path, enrolment: Enrolment) -> None:
    with link() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        concentrator = Concentrator(end, enrolment)
        assert node.expect("ready").endswith(" unix_sim network 1 node 7")
        node.drive("pin input0 1")
        told = node.expect("event").split()
        node.expect("@pin led_amber 1")
        panic = concentrator.event()

        assert told == ["event", str(panic.event_id), "code", "3", "zone", "0"]
        assert (panic.code, panic.zone, panic.levels) == (table.Code.PANIC, 0, 1)
        assert panic.flags == table.Flag.ACK_REQUESTED | table.Flag.URGENT
        node.expect(f"acked {panic.event_id}", "@pin led_green 1", "@pwm buzzer 2000")

        for order, note in ((table.Order.SEEN, 660), (table.Order.COMING, 880)):
            concentrator.command(order, panic.event_id, 0x70000 + order)
            answer = concentrator.verdict()
            assert (answer.verdict, answer.event_id) == (table.Verdict.ACCEPTED, order)
            node.expect(f"@pwm buzzer {note}")


@pytest.mark.parametrize("link", LINKS)
def test_doors_and_lids_open_and_close(link: Callable[[], End], bundle: Path, enrolment: Enrolment) -> None:
    with link() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        concentrator = Concentrator(end, enrolment)
        codes, known = [], set[int]()
        for line in ("pin input1 1", "pin input2 1", "pin input1 0", "pin input2 0"):
            node.drive(line)
            while (event := concentrator.event()).event_id in known:
                pass  # sent again before its acknowledgement came, on a busy machine
            known.add(event.event_id)
            codes.append((event.code, event.zone, event.levels))
        assert codes == [
            (table.Code.OPENED, 1, 0b010),
            (table.Code.TAMPERED, 2, 0b110),
            (table.Code.CLOSED, 1, 0b100),
            (table.Code.TAMPER_RESTORED, 2, 0b000),
        ]


def test_the_first_frame_says_what_the_node_is(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        message = Concentrator(end, enrolment).hear()
        firmware, python, board = node.expect("ready").split()[1:4]
    assert isinstance(message.body, Hello)
    assert message.body.inputs == 3
    assert message.body.reset_cause == table.ResetCause.POWER_ON
    build = message.extra(table.Extra.BUILD)
    assert build is not None
    assert build.decode() == f"{firmware.removeprefix('anju/')} {python.replace('/', '-')} {board}"


def test_a_concentrator_that_comes_late_gets_everything(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as nobody:
        port = nobody.port
    with NodeProcess(bundle, enrolment.folder, f"udp:127.0.0.1:{port}") as node:
        node.expect("ready")
        node.drive("pin input0 1")
        panic = int(node.expect("event").split()[1])
        node.expect("@pin led_amber 1", "@pin led_amber 0", "@pin led_amber 1")  # refused sends did not end it
        with UdpEnd(port) as end:
            concentrator = Concentrator(end, enrolment)
            assert concentrator.event().event_id == panic
            node.expect(f"acked {panic}")


def test_a_press_that_nobody_answered_is_sent_again_after_a_kill(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as deaf, NodeProcess(bundle, enrolment.folder, deaf.address) as node:
        node.drive("pin input0 1")
        panic = int(node.expect("event").split()[1])
        node.kill()
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        node.expect(f"kept {panic}", "ready", "@pin led_amber 1")
        concentrator = Concentrator(end, enrolment)
        while concentrator.event().event_id != panic:
            pass
        node.expect(f"acked {panic}")


def test_a_line_that_is_gone_is_opened_again(bundle: Path, enrolment: Enrolment) -> None:
    with TcpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        concentrator = Concentrator(end, enrolment)
        concentrator.acknowledge(concentrator.hear())
        end.hang_up()
        node.expect("no link")
        node.drive("pin input0 1")
        assert concentrator.event().code == table.Code.PANIC


def test_a_line_that_is_not_there_yet_is_waited_for(bundle: Path, enrolment: Enrolment, tmp_path: Path) -> None:
    place = tmp_path / "line"
    with NodeProcess(bundle, enrolment.folder, f"uart:{place}") as node, PtyEnd() as end:
        node.expect("ready", "no link")
        node.drive("pin input0 1")
        node.expect("event")
        place.symlink_to(end.address.removeprefix("uart:"))
        assert Concentrator(end, enrolment).event().code == table.Code.PANIC


def test_heartbeats_go_on(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address, "--heartbeat", "1"):
        concentrator = Concentrator(end, enrolment)
        beats: list[Status] = []
        while len(beats) < 3:
            message = concentrator.hear()
            concentrator.acknowledge(message)
            if isinstance(message.body, Status):
                beats.append(message.body)
        assert {beat.type for beat in beats} == {table.Type.HEARTBEAT}
        assert beats[-1].time_s > 0


def test_no_counter_is_used_twice_over_kills(bundle: Path, enrolment: Enrolment) -> None:
    dice = Random(1)
    with UdpEnd() as end:
        concentrator = Concentrator(end, enrolment)
        for _ in range(12):
            with NodeProcess(bundle, enrolment.folder, end.address) as node:
                for press in range(dice.randrange(4)):
                    node.drive(f"pin input0 {1 - press % 2}")
                    concentrator.hear()  # asserts that a counter it has heard before brings the same frame
                concentrator.hear()
                node.kill()
        assert len(concentrator.heard) >= 12


def test_a_kill_at_any_moment_of_the_first_boot_leaves_an_enrolled_node(bundle: Path, tmp_path: Path) -> None:
    dice = Random(2)
    for number in range(12):
        enrolment = Enrolment(tmp_path / f"store{number}")
        with UdpEnd() as end:
            concentrator = Concentrator(end, enrolment)
            with NodeProcess(bundle, enrolment.folder, end.address):
                time.sleep(dice.random() * 0.1)
            with NodeProcess(bundle, enrolment.folder, end.address) as node:
                node.expect("ready")
                node.drive("pin input0 1")
                assert concentrator.event().code == table.Code.PANIC
        assert not (enrolment.folder / "enrolment.json").exists()


def test_an_enrolment_is_deleted_and_its_keys_are_never_shown(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        concentrator = Concentrator(end, enrolment)
        node.drive("pin input0 1")
        concentrator.event()
        assert not (enrolment.folder / "enrolment.json").exists()
        node.drive("no such order")
        node.expect("not understood")
        status, errors = node.end()
    assert status == 0
    shown = "\n".join([*node.lines, errors])
    for key in (enrolment.up, enrolment.down):
        assert key.hex() not in shown
        assert repr(key)[2:-1] not in shown


def test_an_unenrolled_node_says_so_at_every_press_and_sends_nothing(bundle: Path, tmp_path: Path) -> None:
    with UdpEnd() as end, NodeProcess(bundle, tmp_path / "empty", end.address) as node:
        node.expect("unenrolled")
        for terminal in (0, 7):
            node.drive(f"pin input{terminal} 1")
            node.expect("@pwm buzzer 400", "@pwm buzzer 0")
        status, _ = node.end()
        assert status == 0
        assert "@pin led_red 1" in node.lines
        assert not [line for line in node.lines if line.startswith(("ready", "event"))]
        assert not end.has_frame()


def test_a_store_that_cannot_be_written_sends_nothing(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as end:
        with NodeProcess(bundle, enrolment.folder, end.address) as node:
            node.expect("ready")
            Concentrator(end, enrolment).hear()
        while end.has_frame():
            end.receive()
        ceiling = min(enrolment.folder.glob("ceiling.*"), key=Path.read_bytes)
        ceiling.unlink()
        ceiling.mkdir()
        with NodeProcess(bundle, enrolment.folder, end.address) as node:
            assert "not written" in node.expect("store:")
            node.expect("unenrolled")
            node.drive("pin input0 1")
            node.expect("@pwm buzzer 400")
        assert not end.has_frame()


def test_a_node_with_more_inputs_than_its_board_is_unenrolled(bundle: Path, tmp_path: Path) -> None:
    enrolment = Enrolment(tmp_path / "store", ("entry",) * 9)
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        assert "9 inputs" in node.expect("store:")
        node.expect("unenrolled")


def test_a_silent_node_shows_nothing(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address, "--silent") as node:
        concentrator = Concentrator(end, enrolment)
        node.drive("pin input0 1")
        panic = concentrator.event()
        node.expect("acked")
        concentrator.command(table.Order.SEEN, panic.event_id, 5)
        assert concentrator.verdict().verdict == table.Verdict.ACCEPTED
        node.end()
    assert not [line for line in node.lines if line.startswith("@")]


def test_half_an_order_holds_nothing_up(bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        concentrator = Concentrator(end, enrolment)
        node.drive("pin input0 1\npin inp", end="")
        assert concentrator.event().code == table.Code.PANIC
        node.expect("acked")
        node.drive("ut1 1")
        assert concentrator.event().code == table.Code.OPENED


@pytest.mark.parametrize("last", ["quit\n", ""])
def test_it_ends_with_its_orders(last: str, bundle: Path, enrolment: Enrolment) -> None:
    with UdpEnd() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        node.expect("ready")
        node.drive(last, end="")
        assert node.end() == (0, "")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "--store is missing"),
        (["--store", "x"], "--link is missing"),
        (["--store", "x", "--link"], "--link is missing"),
        (["--store", "x", "--link", "udp:nowhere"], "not udp:nowhere"),
        (["--store", "x", "--link", "smoke:1:2"], "not smoke:1:2"),
        (["--store", "x", "--link", "udp:127.0.0.1:1", "--heartbeat", "soon"], "--heartbeat"),
        (["--store", "x", "--link", "udp:127.0.0.1:1", "--heartbeat", "0"], "--heartbeat"),
        (["--store", "x", "--colour", "red"], "no argument --colour"),
    ],
)
def test_wrong_arguments_start_nothing(arguments: list[str], fault: str, bundle: Path) -> None:
    command = [str(micropython()), "main.py", *arguments]
    run = subprocess.run(command, cwd=bundle, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 2
    assert fault in run.stderr
    assert "usage:" in run.stderr


@pytest.mark.parametrize("link", LINKS)
def test_an_idle_node_sleeps(link: Callable[[], End], bundle: Path, enrolment: Enrolment) -> None:
    with link() as end, NodeProcess(bundle, enrolment.folder, end.address) as node:
        concentrator = Concentrator(end, enrolment)
        concentrator.acknowledge(concentrator.hear())
        node.drive("pin input1 1")
        concentrator.event()
        node.expect("acked")
        process = psutil.Process(node.process.pid)
        before = process.num_ctx_switches().voluntary
        time.sleep(1)
        # Asking its inputs or its line every millisecond would make a thousand.
        assert process.num_ctx_switches().voluntary - before < 20
