"""Typer's own words in the user's language: usage, headings, and what is wrong with a command line.

Typer writes these texts in English; whatever of them a user of ours can see stands here, with what takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from anju.service.i18n import _


def _help_words() -> Iterable[tuple[str, str]]:
    """Patterns of a help page, and what they become."""
    return (
        (r"(?m)^Usage: ", _("Usage: ")),
        (r"(?m)^Arguments:$", _("Arguments:")),
        (r"(?m)^Options:$", _("Options:")),
        (r"(?m)^Commands:$", _("Commands:")),
        (r"\[OPTIONS\]", _("[OPTIONS]")),
        (r"COMMAND \[ARGS\]\.\.\.", _("COMMAND …")),
        (r"Show this message and exit\.", _("Show this page.")),
        (r"\[required\]", _("[required]")),
        (r"\[default: ([^\]]*)\]", _(r"[default: \1]")),
        (r"; default: ", _("; default: ")),
        (r"\[env var: (\w+)", _(r"[or the variable \1]")[:-1]),
    )


def _complaints() -> Iterable[tuple[str, str]]:
    """Patterns of an error, and what they become."""
    return (
        (r"Missing argument '([^']*)'\.", _(r"\1 is missing.")),
        (r"Missing option '([^']*)'\.", _(r"\1 is missing.")),
        (r"Missing command\.", _("No command was given.")),
        (r"No such command '(.*)'\.", _(r"There is no command \1.")),
        (r" Did you mean (.*)\?", _(r" Did you mean \1?")),
        (r"No such option: (\S+)", _(r"There is no option \1.")),
        (r" \(Possible options: (.*)\)", _(r" Did you mean \1?")),
        (r"Option '(.*)' requires an argument\.", _(r"\1 needs a value.")),
        (r"Option '(.*)' does not take a value\.", _(r"\1 takes no value.")),
        (r"Got unexpected extra arguments? \((.*)\)", _(r"This is too much: \1.")),
        (r"Invalid value for '?([^':]*)'?: (.*)", _(r"\1: \2")),
        (r"'(.*)' is not one of (.*)\.", _(r"“\1” is not one of \2.")),
        (r"'(.*)' is not a valid int(?:eger)?\.?", _(r"“\1” is not a whole number.")),
        (r"'(.*)' is not a valid (?:float|number)\.?", _(r"“\1” is not a number.")),
        (r"(\S+) is not in the range (.*)\.", _(r"\1 is not in the range \2.")),
    )


def _replaced(text: str, words: Iterable[tuple[str, str]]) -> str:
    for pattern, replacement in words:
        text = re.sub(pattern, replacement, text)
    return text


def complaint(error: typer.TyperException) -> tuple[str, str]:
    """What is wrong with a command line, and the usage with the way to more help."""
    context: typer.Context | None = getattr(error, "ctx", None)
    text = _replaced(error.format_message(), _complaints())
    if context is None:
        return text, ""
    more = _("More: %(command)s --help") % {"command": context.command_path}
    return text, f"{_replaced(context.get_usage(), _help_words())}\n{more}"


class _Speaking:
    """Help pages in the user's language."""

    def get_help(self, ctx: Any) -> str:
        """The help page."""
        page: str = super().get_help(ctx)  # type: ignore[misc]
        return _replaced(page, _help_words())


class Command(_Speaking, TyperCommand):
    """A command with its help in the user's language."""


class Group(_Speaking, TyperGroup):
    """A group of commands with its help in the user's language."""
