"""Times as a guard reads them: this machine's time zone, the date only where it is not today."""

from __future__ import annotations

import time


def time_of_day(at_ms: int, now_ms: int) -> str:
    """10:02:03, or 11-21 10:02:03 on another day."""
    at, now = _local(at_ms), _local(now_ms)
    same_day = at[:3] == now[:3]
    return time.strftime("%H:%M:%S" if same_day else "%m-%d %H:%M:%S", at)


def start_of_day_ms(now_ms: int) -> int:
    """Midnight today."""
    now = _local(now_ms)
    return int(time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, -1, -1, -1))) * 1000


def age(since_ms: int, now_ms: int) -> str:
    """0:07, 12:05, 1:02:05; the page goes on counting in the same form."""
    seconds = max(0, now_ms - since_ms) // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _local(at_ms: int) -> time.struct_time:
    try:
        return time.localtime(at_ms / 1000)
    except (OverflowError, OSError, ValueError):
        return time.localtime(0)  # a concentrator may say any number
