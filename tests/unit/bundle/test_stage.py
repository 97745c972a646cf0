"""The bundle that a node runs: everything it needs, nothing twice, and a clear word where it cannot be made."""

from pathlib import Path

import pytest

from anju.bundle import BundleError, Source, stage


def a_source(root: Path) -> Path:
    """A repository with the least that a bundle needs; the path of its finder module."""
    for name in ("firmware/boot.py", "firmware/main.py", "firmware/anju/node/outbox.py", "boards/toy/board.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    return root / "tools" / "anju" / "bundle" / "source.py"


def test_a_bundle_is_firmware_table_and_board(tmp_path: Path) -> None:
    bundle = stage("unix_sim", tmp_path / "bundle")

    source = Source.find()
    wanted = {file.relative_to(source.firmware) for file in source.firmware.rglob("*.py")}
    wanted.remove(Path("anju/role/needs.py"))  # types alone
    wanted |= {Path(file.name) for file in (source.boards / "unix_sim").glob("*.py")} | {Path("anju/wire/table.py")}
    assert {file.relative_to(bundle) for file in bundle.rglob("*") if file.is_file()} == wanted
    assert (bundle / "anju/wire/table.py").read_bytes() == source.table.read_bytes()


def test_an_unknown_board_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no_such_board") as refused:
        stage("no_such_board", tmp_path / "bundle")

    assert "unix_sim" in refused.value.next_step
    assert not (tmp_path / "bundle").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")

    with pytest.raises(BundleError, match="not an empty folder"):
        stage("unix_sim", tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_two_parts_with_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finder = a_source(tmp_path / "repository")
    (tmp_path / "repository/boards/toy/main.py").write_text("# also main.py\n")
    source = Source.find(finder)
    monkeypatch.setattr(Source, "find", lambda: source)

    with pytest.raises(BundleError, match=r"main\.py"):
        stage("toy", tmp_path / "bundle")

    assert not (tmp_path / "bundle").exists()


def test_the_source_is_found_in_a_repository_and_in_a_wheel(tmp_path: Path) -> None:
    repository = a_source(tmp_path / "repository")
    installed = tmp_path / "site-packages" / "anju" / "bundle"
    a_source(installed / "source")

    assert Source.find(repository).firmware == tmp_path / "repository" / "firmware"
    assert Source.find(installed / "source.py").boards == installed / "source" / "boards"


def test_a_missing_source_says_where_it_was_looked_for(tmp_path: Path) -> None:
    nowhere = tmp_path / "a" / "b" / "c" / "source.py"

    with pytest.raises(BundleError) as refused:
        Source.find(nowhere)

    assert str(nowhere.with_name("source")) in refused.value.what
