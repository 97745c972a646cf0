"""Passphrases, typed unseen or as the first line of standard input; never an argument, which all users of a machine can read."""

from __future__ import annotations

import sys
from getpass import getpass

import typer

from anju.cli import screen
from anju.service.errors import ServiceError
from anju.service.i18n import _

_MOST_BYTES = 8192


def typed(prompt: str) -> str:
    """A passphrase from the terminal."""
    try:
        return getpass(prompt)
    except EOFError:
        raise typer.Abort from None
    except UnicodeError:
        raise _not_text() from None


def typed_twice(prompt: str, unchanged: str, differs: str = "") -> str:
    """A new one from the terminal; ServiceError, with what was not done for it, unless it is the same twice: `differs` says so of
    what is no passphrase."""
    passphrase = typed(prompt)
    if not passphrase or typed(_("The same once more: ")) != passphrase:
        raise ServiceError(
            differs or _("The passphrase is empty, or not the same twice."),
            unchanged,
            _("Type the command again."),
        )
    return passphrase


def of_a_new_file(rule: str, unchanged: str) -> str:
    """That under which a file is sealed: typed twice, or piped. `rule`: what it has to be; `unchanged`: what was not done."""
    if not is_terminal():
        return piped()
    screen.hint(_("The file opens with its passphrase alone: %(rule)s.") % {"rule": rule})
    return typed_twice(_("Passphrase for the file: "), unchanged)


def of_a_file() -> str:
    """That of a sealed file: typed, or piped."""
    return typed(_("Passphrase of the file: ")) if is_terminal() else piped()


def piped() -> str:
    """The first line of standard input, without its end; ServiceError if there is none."""
    line = sys.stdin.buffer.readline(_MOST_BYTES + 1)
    try:
        text = line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeError:
        raise _not_text() from None
    if not text or len(line) > _MOST_BYTES:
        raise ServiceError(
            _("There is no passphrase in the first line of standard input."),
            _("Nothing was changed."),
            _("Type the command in a terminal, or give it the passphrase as that line."),
        )
    return text


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _not_text() -> ServiceError:
    return ServiceError(
        _("The passphrase is not UTF-8 text."),
        _("Nothing was changed."),
        _("Type it again, in a terminal that writes UTF-8."),
    )
