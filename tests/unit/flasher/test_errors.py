"""The table of errors that a technician looks a number up in."""

import re
from pathlib import Path

from anju.flasher.errors import Trouble

TABLE = Path(__file__).parents[3] / "tools" / "README.md"


def test_the_table_has_every_error_with_its_exit_code() -> None:
    rows = re.findall(r"(?m)^\| (E\d\d) \| (\d) \|", TABLE.read_text("utf-8"))
    assert rows == [(trouble.code, str(trouble.status)) for trouble in Trouble]
