"""Typer's own words in the user's language: usage, headings, and what is wrong with a command line.

Typer writes these texts in English; whatever of them a user of ours can see stands here, with what takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from anju.service.i18n import _

Words = Iterable[tuple[str, str | Callable[[re.Match[str]], str]]]
"""Patterns, and what takes their place."""


def _help_words() -> Words:
    """What is replaced in a help page."""
    return (
        (r"(?m)^Usage: ", _("Usage: ")),
        (r"(?m)^Arguments:$", _("Arguments:")),
        (r"(?m)^Options:$", _("Options:")),
        (r"(?m)^Commands:$", _("Commands:")),
        (r"\[OPTIONS\]", _("[OPTIONS]")),
        (r"COMMAND \[ARGS\]\.\.\.", _("COMMAND …")),
        (r"\{([A-Z]+)\}", r"\1"),
        (r"\[([A-Z]+)\]\.\.\.", r"[\1 …]"),
        (r"<(?:str|path|list\[str\])>", lambda found: " " * len(found[0])),  # the columns stay where they are
        (r"Show this message and exit\.", _("Show this page.")),
        (r"\[required\]", _("[required]")),
        (r"(\d+)<=x<=(\d+)", _(r"\1 to \2")),
        (r"\[default:\s+([^\]]*)\]", _(r"[default: \1]")),
    )


def _complaints() -> Words:
    """What is replaced in an error."""
    return (
        (r"Value error, ", ""),
        (r"Missing argument '([^']*)'\.", _(r"\1 is missing.")),
        (r"Missing option '([^']*)'\.", _(r"\1 is missing.")),
        (r"No such command '(.*)'\.", _(r"There is no command \1.")),
        (
            r" Did you mean (.*?)\?",
            lambda found: _(r" Did you mean \1?").replace(r"\1", found[1].replace("'", "")),
        ),
        (r"No such option: (\S+)", _(r"There is no option \1.")),
        (r" \(Possible options: (.*)\)", _(r" Did you mean \1?")),
        (r"Option '(.*)' requires an argument\.", _(r"\1 needs a value.")),
        (r"Option '(.*)' does not take a value\.", _(r"\1 takes no value.")),
        (r"Got unexpected extra argument\S* \((.*)\)", _(r"This is too much: \1.")),
        (r"Invalid value for '([^']*)': ", r"\1: "),
        (r"Invalid value: ", ""),
        (r"'(.*?)' is not one of (.*)\.", _(r"“\1” is not one of \2.")),
        (r"Input should be greater than or equal to (\d+).*", _(r"a number from \1 upwards belongs here")),
        (r"Input should be less than or equal to (\d+).*", _(r"a number up to \1 belongs here")),
        (r"Input should be a valid integer.*", _("a whole number belongs here")),
        (r"Input should be a valid number.*", _("a number belongs here")),
    )


def _replaced(text: str, words: Words) -> str:
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
    """A group of commands with its help in the user's language; without a command it shows that help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does."""
        if not args:
            typer.echo(self.get_help(ctx), err=True)
            raise typer.Exit(2)
        return super().parse_args(ctx, args)
