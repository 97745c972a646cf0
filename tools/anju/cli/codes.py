"""`anju panel HOUSEHOLD code`: whose code opens a household. The digits are typed unseen, or are standard input's first line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from anju.cli import passphrases, screen
from anju.cli.asking import ask
from anju.service.i18n import _

WORDS = ("add", "remove", "list")


def run(household: str, words: Sequence[str], duress: bool, folder: Path, json: bool) -> None:
    """Do it, and say who has a code then."""
    words = words or ("list",)
    what, person = (*words, "")[:2]
    if what not in WORDS or len(words) != (1 if what == "list" else 2):
        raise typer.BadParameter(_("type: code add PERSON, code remove PERSON or code list"))
    request: dict[str, Any] = {"do": f"code_{what}", "household": household}
    if what != "list":
        request["person"] = person
    if what == "add":
        request |= {
            "code": _typed(person, duress) if passphrases.is_terminal() else passphrases.piped(),
            "duress": duress,
        }
    answer = ask(folder, **request)
    if json:
        screen.as_json(answer)
        return
    if not answer["people"]:
        screen.say(_("Nobody has a code in %(household)s.") % {"household": household})
        return
    marks = {True: _("yes"), False: "–"}
    rows = [(screen.printable(one["person"]), marks[one["code"]], marks[one["duress"]]) for one in answer["people"]]
    screen.table((_("Person"), _("Code"), _("Duress code")), rows)


def _typed(person: str, duress: bool) -> str:
    whose = {"person": person}
    prompt = _("Duress code of %(person)s: ") % whose if duress else _("Code of %(person)s: ") % whose
    return passphrases.typed_twice(prompt, _("No code was changed."), _("The code is empty, or not the same twice."))
