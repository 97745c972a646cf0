"""A label for a node that is a process: made by its own firmware, as at the bench, before it runs. By hand:

python -m anju.simulator.provision BUNDLE FOLDER      # short name, and what the QR code says; FOLDER is the node's flash
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from anju.simulator.interpreter import micropython
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


def _main(bundle: str, folder: str) -> None:
    store = Path(folder).absolute()
    store.mkdir(parents=True, mode=0o700, exist_ok=True)
    place = Place(micropython(), Path(bundle), {**os.environ, "MICROPYPATH": ".frozen"})
    label = provision(place, store)
    sys.stdout.write(f"{label.short_name} {label.qr_text}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
