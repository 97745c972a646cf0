"""What a demo found out, as one JSON object."""

from __future__ import annotations

from typing import Any

from anju.simulator.estate import Estate
from anju.simulator.tally import Account


def report(estate: Estate, status: dict[str, Any], account: Account, host_rss_mb: float) -> dict[str, Any]:
    """The figures of a finished run; latencies in milliseconds, memory in MiB."""
    record = estate.record
    timings = record.timings
    return {
        "flats": len(estate.flats),
        "nodes": estate.nodes,
        "firmware": ", ".join(sorted({str(node["firmware"]) for node in status["nodes"]})),
        "presses": record.presses,
        "events_sent": record.tally.events,
        "events_committed": status["events"],
        "reports_received": account.held,
        "lost": len(account.lost),
        "duplicated": len(account.doubled),
        "latency_ms": {
            "press_to_ack": timings.press_to_ack.summary(),
            "press_to_console": timings.press_to_console.summary(),
            "acknowledge_to_light": timings.acknowledge_to_light.summary(),
        },
        "frames": {
            "refused": sum(status["frames"]["refused"].values()),
            "retransmitted": estate.air.traffic.retransmitted,
        },
        "host_rss_mb": round(host_rss_mb, 1),
    }
