"""`anju bench flash` in short: one round, two boards at once. How fast it must be is no test's business: machines are noisy."""

import pytest

from anju.bench.flashing import measure


@pytest.mark.long
def test_all_three_tools_bring_the_files_there() -> None:
    told = measure(lambda _line: None, rounds=1, ports=2).as_json()
    assert told["bundle_bytes"] > 0
    assert all(seconds > 0 for seconds in told["seconds"].values())
    assert told["seconds"]["ours_first"] > told["seconds"]["ours_unchanged"]
