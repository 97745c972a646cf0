"""From the typed arguments to an exit code; whatever goes wrong ends as one message."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from anju.service.errors import ServiceError
from anju.service.i18n import _, use_language

FAILED, USED_WRONGLY, INTERRUPTED = 1, 2, 130


def run(arguments: Sequence[str]) -> int:
    """Carry out a command; its exit code."""
    language = _told_language(arguments)
    if language:
        use_language(language)
    # Help texts are translated when the commands are defined, so these come after the language.
    import typer

    from anju.cli import grammar, screen
    from anju.cli.app import make

    try:
        code = make()(list(arguments), prog_name="anju", standalone_mode=False)
        sys.stdout.flush()
    except ServiceError as error:
        screen.fail(error.what, error.unchanged, error.next_step)
        return getattr(error, "status", FAILED)
    except typer.TyperException as error:
        screen.misused(*grammar.complaint(error))
        return USED_WRONGLY
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("ANJU_DEBUG"):
            raise
        screen.fail(
            _("Anju itself failed: %(kind)s: %(reason)s.") % {"kind": type(error).__name__, "reason": error},
            _("What had been stored is kept."),
            _("Type the command again with ANJU_DEBUG=1 before it, and report what it prints."),
        )
        return FAILED
    return code if isinstance(code, int) else 0


def _told_language(arguments: Sequence[str]) -> str | None:
    """The value of --lang, needed before the arguments can be parsed."""
    for place, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
    return None
