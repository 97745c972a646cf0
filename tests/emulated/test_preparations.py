"""What `make test` does before pytest: the packages it installs or names, and the firmware it builds once."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"
NEEDED = (
    *("qemu-system-arm", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "dpkg-dev", "xz-utils", "gcc", "libc6-dev"),
    "chromium",
)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of programs, for a PATH of its own: what every Debian has, and none of what tests need."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "env", "mktemp", "rm", "tail"):
        place = shutil.which(name)
        assert place is not None
        (folder / name).symlink_to(place)
    return folder


@pytest.fixture
def built() -> Path:
    """The image in the cache, whatever image other tests may have been told to use."""
    return Path(_run([CI / "firmware", "--path"]).stdout.strip())


def _script(place: Path, text: str) -> None:
    place.write_text(f"#!/usr/bin/env bash\n{text}\n")
    place.chmod(0o755)


def _run(command: list[Path | str], **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, env=own | environment, capture_output=True, text=True, check=False)


# ---- Packages


def test_elsewhere_than_on_debian_missing_packages_are_named(bare: Path) -> None:
    run = _run([CI / "packages"], PATH=str(bare))
    assert run.returncode == 1
    assert "not a Debian" in run.stderr
    assert "Nothing was changed." in run.stderr
    assert f"apt-get install {' '.join(NEEDED)}" in run.stderr


def test_on_debian_missing_packages_are_installed(bare: Path) -> None:
    """As root, or by a sudo that does not ask."""
    _script(bare / "sudo", 'shift; exec "$@"')
    _script(bare / "apt-get", f'echo "$@" >> {bare}/asked')
    run = _run([CI / "packages"], PATH=str(bare))
    assert (run.returncode, run.stdout) == (0, "")
    assert f"Installing for make test: {' '.join(NEEDED)}" in run.stderr
    asked = (bare / "asked").read_text().splitlines()
    assert asked[0] == "-q -y update"
    assert asked[1].startswith(f"-q -y install --no-install-recommends {' '.join(NEEDED)}")


def test_what_apt_cannot_install_is_named_with_its_reason(bare: Path) -> None:
    _script(bare / "sudo", 'shift; exec "$@"')
    _script(bare / "apt-get", 'echo "E: no such package" >&2; exit 100')
    run = _run([CI / "packages", "firmware"], PATH=str(bare))
    assert run.returncode == 1
    assert "E: no such package" in run.stderr
    assert f"apt-get install {' '.join(NEEDED[:-1])}" in run.stderr
    assert "chromium" not in run.stderr


def test_where_nothing_is_missing_nothing_is_said() -> None:
    run = _run([CI / "packages", "firmware"])
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


# ---- Firmware


def test_a_built_image_is_found_while_somebody_builds_another(built: Path, tmp_path: Path) -> None:
    kept = tmp_path / "anju" / "firmware" / built.parent.name / built.name
    kept.parent.mkdir(parents=True)
    kept.write_bytes(built.read_bytes())
    with (tmp_path / "anju" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = _run([CI / "firmware", "--path"], XDG_CACHE_HOME=str(tmp_path))
    assert (run.returncode, run.stdout, run.stderr) == (0, f"{kept}\n", "")


def test_a_build_that_fails_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for folder in ("py", "extmod", "shared", "lib", "tools", "mpy-cross"):
        (source / folder).mkdir(parents=True)
    (source / "py" / "mkrules.mk").write_text("")
    (source / "mpy-cross" / "Makefile").write_text("all:\n\t@echo this one is broken; exit 1\n")
    run = _run([CI / "firmware"], XDG_CACHE_HOME=str(tmp_path), MICROPYTHON_SRC=str(source))
    assert run.returncode == 1
    assert "this one is broken" in run.stderr
    assert "No image was built" in run.stderr
    assert [path.name for path in (tmp_path / "anju").iterdir()] == ["lock"]


@pytest.mark.long
def test_two_makes_at_once_build_once_and_the_same_bytes_as_ever(built: Path, tmp_path: Path) -> None:
    source = os.environ.get("MICROPYTHON_SRC") or next(built.parents[2].glob("micropython-*"))
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "MICROPYTHON_SRC": str(source)}
    makes = [
        subprocess.Popen(
            [CI / "firmware", "--path"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [make.communicate() for make in makes]
    assert [make.returncode for make in makes] == [0, 0], said
    assert sorted(errors.count("Building MicroPython") for _, errors in said) == [0, 1]
    [made] = {Path(path.strip()) for path, _ in said}
    assert made.read_bytes() == built.read_bytes()
    assert {path.name for path in (tmp_path / "anju").iterdir()} == {"firmware", "lock"}
