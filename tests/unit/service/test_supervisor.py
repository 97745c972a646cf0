"""The supervisor with real processes: starts, restarts, and leaves nobody behind."""

import os
import signal
import stat
from pathlib import Path

import psutil
import pytest

from anju.service.supervisor import SERVICES
from unit.service.scene import Scene, eventually


def test_both_are_up_and_their_pids_are_written(scene: Scene) -> None:
    supervisor = scene.supervisor()
    pids = scene.until_ready()
    for name, pid in zip(("dutyroom", "concentrator"), pids, strict=True):
        assert psutil.Process(pid).ppid() == supervisor.pid
        assert stat.S_IMODE((scene.site / "run" / f"{name}.pid").stat().st_mode) == 0o600
        assert f"event=started name={name} pid={pid}" in scene.log()
    assert stat.S_IMODE((scene.site / "run").stat().st_mode) == 0o700


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_it_ends_all_in_order(scene: Scene, number: signal.Signals) -> None:
    supervisor = scene.supervisor()
    scene.until_ready()
    supervisor.send_signal(number)
    assert supervisor.wait() == 0
    assert scene.alive() == []
    for name in ("dutyroom", "concentrator"):
        assert (scene.site / f"{name}.left").exists()
        assert scene.pid(name) is None


def test_asked_to_end_while_it_starts(scene: Scene) -> None:
    supervisor = scene.supervisor()
    eventually(lambda: "event=started" in scene.log())
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait() == 0
    assert scene.alive() == []


def test_killed_it_leaves_nobody(scene: Scene) -> None:
    supervisor = scene.supervisor()
    pids = scene.until_ready()
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not scene.alive())
    assert (scene.site / "concentrator.left").exists()
    # What it left in the run folder does not disturb the next one.
    (scene.site / "log").write_text("")
    scene.supervisor()
    assert not set(scene.until_ready()) & set(pids)


def test_killed_it_ends_even_a_service_that_hangs(scene: Scene) -> None:
    scene.does("concentrator", "hang")
    supervisor = scene.supervisor()
    eventually(lambda: scene.starts("concentrator") == 1)
    supervisor.kill()
    supervisor.wait()
    eventually(lambda: not scene.alive())


def test_a_service_that_dies_is_started_again(scene: Scene) -> None:
    scene.supervisor()
    dutyroom, concentrator = scene.until_ready()
    os.kill(concentrator, signal.SIGKILL)
    eventually(lambda: scene.pid("concentrator") not in {None, concentrator})
    eventually(lambda: scene.starts("concentrator") == 2)
    assert f"event=ended name=concentrator pid={concentrator} status=-9" in scene.log()
    assert scene.pid("dutyroom") == dutyroom
    assert scene.starts("dutyroom") == 1


def test_a_crash_at_the_first_start_is_tried_again(scene: Scene) -> None:
    scene.does("dutyroom", "crash once")
    scene.supervisor()
    scene.until_ready()
    assert scene.starts("dutyroom") == 2
    assert "event=crashed" in scene.log()


def test_a_service_that_always_crashes_is_given_up(scene: Scene) -> None:
    scene.does("dutyroom", "crash")
    assert scene.supervisor().wait() == 1
    assert "The duty room ended 5 times before it was ready" in scene.log()
    assert scene.alive() == []


def test_a_service_that_cannot_work_so_stops_everything(scene: Scene) -> None:
    scene.does("concentrator", "refuse")
    assert scene.supervisor().wait() == 78
    assert scene.starts("concentrator") == 1
    assert scene.log().count("The port is taken.") == 1
    assert scene.log().rstrip().endswith("what they had stored is kept.")
    assert scene.alive() == []


def test_what_a_service_started_itself_ends_with_it(scene: Scene) -> None:
    scene.does("dutyroom", "have a child")
    supervisor = scene.supervisor()
    scene.until_ready()
    grandchild = psutil.Process(int((scene.site / "grandchild.pid").read_text()))
    supervisor.terminate()
    supervisor.wait()
    eventually(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_a_second_supervisor_of_a_site_is_refused(scene: Scene) -> None:
    first = scene.supervisor()
    pids = scene.until_ready()
    assert scene.supervisor().wait() == 1
    assert f"running already, started by process {first.pid}" in scene.log()
    assert (scene.pid("dutyroom"), scene.pid("concentrator")) == pids
    assert first.poll() is None


def test_a_run_folder_that_is_a_file(scene: Scene) -> None:
    (scene.site / "run").write_text("not a folder")
    assert scene.supervisor().wait() == 1
    assert f"{scene.site}/run cannot be used" in scene.log()


def test_a_pid_file_that_cannot_be_written_silences_nothing(scene: Scene) -> None:
    (scene.site / "run" / "dutyroom.pid.new").mkdir(parents=True)
    scene.supervisor()
    eventually(lambda: "service=supervisor event=ready" in scene.log())
    assert 'event="pid file not written" name=dutyroom' in scene.log()
    assert scene.pid("dutyroom") is None
    assert scene.pid("concentrator") is not None


def test_two_services_that_cannot_work_are_one_message(scene: Scene) -> None:
    scene.does("concentrator", "refuse")
    scene.does("dutyroom", "refuse")
    assert scene.supervisor().wait() == 78
    assert "never retrieved" not in scene.log()
    assert scene.alive() == []


def test_modules_of_the_folder_it_was_started_in_are_not_imported(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "contextlib.py").write_text("raise SystemExit('a module of the current folder was imported')")
    monkeypatch.chdir(trap)
    process = scene.supervisor()
    scene.until_ready()
    assert process.poll() is None


def test_where_the_duty_room_is_on_another_pc_none_is_started(scene: Scene) -> None:
    file = scene.site / "site.toml"
    file.write_text(file.read_text() + 'url = "https://10.0.0.5:8443"\n')
    scene.supervisor()
    eventually(lambda: "service=supervisor event=ready" in scene.log())
    assert [scene.starts(name) for name in SERVICES] == [0, 0, 1]


def test_a_page_that_was_up_and_cannot_come_back_takes_nobody_with_it(scene: Scene) -> None:
    scene.supervisor()
    pids = scene.until_ready()
    scene.does("page", "refuse")
    page = scene.pid("page")
    assert page is not None
    os.kill(page, signal.SIGKILL)
    eventually(lambda: "cannot run; trying again" in scene.log())
    eventually(lambda: scene.starts("page") >= 3)
    assert (scene.pid("dutyroom"), scene.pid("concentrator")) == pids


def test_a_full_disk_gives_up_nobody(scene: Scene) -> None:
    """However long it lasts: more starts than those after which a service that crashes is given up."""
    scene.does("concentrator", "refuse for now")
    process = scene.supervisor()
    eventually(lambda: scene.log().count("cannot run; trying again") > 5)
    assert "The disk is full." in scene.log()
    assert process.poll() is None
    scene.does("concentrator", "")
    scene.until_ready()


def test_a_page_that_dies_before_it_was_up_takes_nobody_with_it(scene: Scene) -> None:
    """It waits for the core, and is killed for that, for as long as the core cannot start."""
    scene.does("page", "crash")
    process = scene.supervisor()
    eventually(lambda: scene.starts("page") > 5)
    assert process.poll() is None
    assert scene.pid("concentrator") is not None
    scene.does("page", "")
    scene.until_ready()


def test_a_service_that_repairs_its_file_is_given_the_time_for_it(scene: Scene) -> None:
    scene.does("concentrator", "repair")
    scene.supervisor(patience_s=5)
    scene.until_ready()
    assert scene.starts("concentrator") == 1


def test_a_service_that_hangs_while_it_starts_is_started_again(scene: Scene) -> None:
    scene.does("concentrator", "hang")
    scene.supervisor(patience_s=5)
    eventually(lambda: 'event="not ready" name=concentrator' in scene.log())
    scene.does("concentrator", "")
    scene.until_ready()
