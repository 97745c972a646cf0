"""Log lines for machines and people: one event a line on stderr, secrets and control characters taken out.

For a person at a terminal key=value, for whatever else reads along JSON; $ANJU_LOG (`text` or `json`) says so otherwise. What is
secret is known by its name or, wherever it stands, by its looks: keys and tokens, setup codes, private keys as PEM.

Event names are English identifiers, in every language, so that they can be searched for.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRET_WORDS = frozenset(("key", "keys", "up", "down", "secret", "token", "password", "code"))
_HIDDEN = "[hidden]"
_PUBLIC = frozenset(("journal_id", "sha256", "device", "serial"))
"""Their values look like keys and are none: of journals, of rows, of nodes, of certificates."""
_VARIABLE = "ANJU_LOG"
AS_TEXT = {_VARIABLE: "text"}
"""For the environment of a service whose log somebody reads for its words."""
_LOOKS_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"  # PEM
    r"|(?<![0-9A-Fa-f])[0-9A-Fa-f]{32,}(?![0-9A-Fa-f])"  # 16 bytes and more, as of a link key
    r"|(?<![A-Za-z0-9])(?:[0-9A-Za-z]{4}-){4}[0-9A-Za-z*~$=](?![A-Za-z0-9-])"  # a setup code as it is printed
    r"|ANJU1:[0-9A-Za-z*~$=-]+"  # and in a QR code
    r"|(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{43,}=?",  # a token
    re.DOTALL,
)
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


def configure_command() -> None:
    """For a command that somebody types: its output is its own, what goes wrong beside it is said on stderr."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, redact, _renderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
    )


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hide values under names that look secret and all bytes; make every text one printable line."""
    return {name: _HIDDEN if _is_secret(name) else _clean(value, _is_public(name)) for name, value in event.items()}


def _is_secret(name: str) -> bool:
    return not _SECRET_WORDS.isdisjoint(name.lower().replace("-", "_").split("_"))


def _is_public(name: str) -> bool:
    return name in _PUBLIC


def _clean(value: object, is_public: bool = False) -> object:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        return {
            str(name): _HIDDEN if _is_secret(str(name)) else _clean(item, _is_public(str(name)))
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, is_public) for item in value]
    text = str(value) if is_public else _LOOKS_SECRET.sub(_HIDDEN, str(value))
    if len(text) > _MOST_CHARACTERS:
        half = _MOST_CHARACTERS // 2
        text = f"{text[:half]} … {text[-half:]}"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _renderer() -> Processor:
    first = ("timestamp", "level", "service", "event")
    chosen = os.environ.get(_VARIABLE, "")
    if chosen == "json" or (chosen != "text" and not sys.stderr.isatty()):
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.LogfmtRenderer(key_order=first, drop_missing=True, bool_as_flag=False)
