"""A label for a node that is a process: made by its own firmware, as at the bench, before it runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from anju.simulator.node import Place
from anju.wire.label import Label, SetupCode, device_id

_SHOW = "from anju.pair import provision; provision.show()"
_NO_LINK = "udp:127.0.0.1:9"
"""Its board wants one, and nothing is sent."""
_PATIENCE_S = 60.0


def provision(place: Place, store: Path) -> Label:
    """The label of the node whose flash is the folder `store`; made, and kept there, if it has none.

    Its setup code is told as often as one asks: nobody has noted it. CalledProcessError: the folder can't be written.
    """
    done = subprocess.run(
        [place.interpreter, "-c", _SHOW, "--store", store, "--link", _NO_LINK],
        cwd=place.bundle,
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=True,
    )
    told = json.loads(done.stdout)
    return Label(device_id(bytes.fromhex(told["key"])), SetupCode(bytes.fromhex(told["code"])))
