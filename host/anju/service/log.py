"""Log lines for machines and people: one event a line on stderr, key=value or JSON, secrets and control characters taken out.

Event names are English identifiers, in every language, so that they can be searched for.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRET_WORDS = frozenset(("key", "keys", "up", "down", "secret", "token", "password", "code"))
_HIDDEN = "[hidden]"
_MOST_CHARACTERS = 2000
_PLAIN = (int, float, bool, type(None))


def configure(name: str) -> None:
    """Send this process's structlog events, and what libraries log from WARNING up, to stderr under a service's name."""

    def sign(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {"service": name, **event}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        sign,
        # The plain traceback shows source lines, never the values of local variables.
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("anju").setLevel(logging.INFO)


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hide values under names that look secret and all bytes; make every text one printable line."""
    return {name: _HIDDEN if _is_secret(name) else _clean(value) for name, value in event.items()}


def _is_secret(name: str) -> bool:
    return not _SECRET_WORDS.isdisjoint(name.lower().replace("-", "_").split("_"))


def _clean(value: object) -> object:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        return {str(name): _HIDDEN if _is_secret(str(name)) else _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    text = str(value)
    if len(text) > _MOST_CHARACTERS:
        half = _MOST_CHARACTERS // 2
        text = f"{text[:half]} … {text[-half:]}"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _renderer() -> Processor:
    first = ("timestamp", "level", "service", "event")
    if os.environ.get("ANJU_LOG") == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.LogfmtRenderer(key_order=first, drop_missing=True, bool_as_flag=False)
