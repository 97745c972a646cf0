"""How long a board works on a pairing, how long its contacts must wait meanwhile, and how much memory it takes.

In the board's own time, 8 ns an instruction: the same on every run, and a model, not a measured chip.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from anju.bundle import stage
from anju.emulator.board import Pace
from anju.emulator.image import flash_image
from emulated.rig import powered
from vectors.golden import FOLDER

pytestmark = pytest.mark.anyio

PROGRAM = """
import gc, json, time
with open("/pairing.json") as file:
    case = json.load(file)["cases"][0]
case = {name: bytes.fromhex(told) if name not in ("name", "device") and isinstance(told, str) else told
        for name, told in case.items()}
from anju.pair.end import PairingEnd
from anju.pair.provision import Label
from anju.update.sign import Signer
signer = Signer(case["seed"])
for _ in signer.prepare():
    pass
label = Label(case["seed"] + signer.public + case["code"] + bytes((1,)))
gc.collect()
before = gc.mem_alloc()
total = longest = slices = live = 0
def timed(call, *arguments):
    global total, longest, slices
    began = time.ticks_us()
    told = call(*arguments)
    took = time.ticks_diff(time.ticks_us(), began)
    total += took
    longest = max(longest, took)
    slices += 1
    return told
def random_bytes(size):
    return case["attempt"] if size == 16 else case["ephemeral"] if size == 32 else bytes(size)
adopted = []
def pair(weighs):
    global live
    end = PairingEnd(label, case["about"], random_bytes, len, lambda *told: [adopted.append(told)])
    end.open(0)
    assert end.poll(0) == case["offer"]
    for heard, answer in (("key", "answer"), ("grant", "proof")):
        timed(end.receive, case[heard], 0)
        steps = 0
        while timed(end.work, 0):
            steps += 1
            if weighs and steps % 20 == 0:
                gc.collect()
                live = max(live, gc.mem_alloc() - before)
        assert end.poll(0) == case[answer]
    timed(end.receive, case["paired"], 0)
    while timed(end.work, 0):
        pass
pair(False)
print(total // 1000, longest // 1000, slices)
pair(True)
print(live, len(adopted))
"""


async def test_it_is_short_in_short_slices_and_small(image: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    stage("qemu_ast1030", tree)
    (tree / "main.py").unlink()
    shutil.copy(FOLDER / "pairing.json", tree)
    (tmp_path / "flash.bin").write_bytes(flash_image(tree))
    async with powered(image, tmp_path, Pace.LEAPING, seed=1) as rig:
        told = await rig.run(PROGRAM)
    print(told)
    total_ms, longest_ms, slices, live_bytes, pairings = map(int, told.split())
    assert pairings == 2
    assert slices > 1000
    assert total_ms <= 4000
    assert longest_ms <= 20
    assert live_bytes <= 96 * 1024
