"""`anju bench pairing`: three nodes are paired twice. How fast that must be is no test's business: machines are noisy."""

import json
import subprocess
import sys


def test_three_nodes_are_paired_twice_and_the_limit_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "anju.cli", "bench", "pairing", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert told["nodes"] == 3
    for key in ("screen_s_per_node", "screen_s_per_node_lossy"):
        assert told[key] > 0
        assert told["limits"][key] == {"limit": 45.0, "met": told[key] <= 45.0}
    assert done.returncode == (0 if told["ratio"] >= 1 else 1)
