"""`anju`: argument parsing and display, nothing else. What a command does is in the room that it names.

Exit codes: 0 ok, 1 failed, 2 used wrongly, 3 done in part, 5 timed out, 78 a service cannot work as it is set up.
"""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """The command that was typed."""
    from anju.cli.entry import run

    sys.exit(run(sys.argv[1:]))
