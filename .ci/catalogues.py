"""Keeps translations and code together: `update` extracts, merges and compiles; `check` fails if anything is missing.

English texts in the code are the keys, so only Chinese has a catalogue. A text is marked by `_("…")` or
`ngettext("…", "…", n)` in Python, and by the same or `{% trans %}` in a page's template.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [("host", "python"), ("tools", "python"), ("host/anju/dutyroom/web/templates", "jinja2")]
PATTERN = {"python": "**.py", "jinja2": "**.html"}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}  # gettext is what {% trans %} becomes
PO = ROOT / "host/anju/service/locale/zh_CN/LC_MESSAGES/anju.po"
MO = PO.with_suffix(".mo")
HEADER = "# Anju in simplified Chinese. The keys come from the code (make catalogues); only msgstr is edited here."
REMEDY = "make catalogues, translate what is empty in anju.po, make catalogues"


def extracted() -> Catalog:
    """Every marked text of the code, with the files it stands in (no line numbers: they would change at each edit)."""
    template = Catalog(project="anju", charset="utf-8")
    for folder, method in SOURCES:
        root = ROOT / folder
        if not root.exists():
            continue
        options = {PATTERN[method]: {"silent": "false"}} if method == "jinja2" else {}  # a broken template is an error
        found = extract_from_dir(root, [(PATTERN[method], method)], options, keywords=KEYWORDS, comment_tags=("i18n:",))
        for file, _line, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
            template.add(message, locations=[(f"{folder}/{file}", 0)], auto_comments=comments, context=context)
    return template


def load() -> Catalog:
    """The committed catalogue, or an empty one."""
    if not PO.exists():
        return Catalog(
            locale="zh_CN",
            header_comment=HEADER,
            project="anju",
            version="0",
            msgid_bugs_address="see CONTRIBUTING.md",
            last_translator="Anju",
            language_team="Anju",
            revision_date=datetime.now(UTC),
            charset="utf-8",
            fuzzy=False,
        )
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN")


def compiled(catalog: Catalog) -> bytes:
    """The .mo of a catalogue."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def written(catalog: Catalog) -> bytes:
    """The .po of a catalogue, in the order of the files."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=120, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    return buffer.getvalue()


def name(message: Message) -> str:
    """A message as a person would look it up."""
    return message.id if isinstance(message.id, str) else message.id[0]


def translated(message: Message) -> bool:
    """Every form of a message has a text."""
    texts = [message.string] if isinstance(message.string, str) else message.string
    return bool(texts) and all(texts or ())


def faults() -> Iterator[str]:
    """What is missing, superfluous, doubtful or badly formed."""
    template, catalog = extracted(), load()
    wanted, held = {name(one) for one in template if one.id}, {name(one) for one in catalog if one.id}
    if not wanted and not PO.exists():
        return
    for text in sorted(wanted - held):
        yield f"not in anju.po: {text}"
    for text in sorted(held - wanted):
        yield f"in anju.po, but no longer in the code: {text}"
    for message in catalog:
        if not message.id:
            continue
        if not translated(message):
            yield f"not translated: {name(message)}"
        if message.fuzzy:
            yield f"marked fuzzy: {name(message)}"
    for message, errors in catalog.check():
        yield from (f"{name(message)}: {error}" for error in errors)
    if not MO.exists() or MO.read_bytes() != compiled(catalog):
        yield "anju.mo is not what anju.po compiles to"


def check() -> int:
    """Prints every fault; 1 if there is one."""
    found = list(faults())
    for fault in found:
        print(fault)
    print(f"Remedy: {REMEDY}" if found else f"{len(load())} texts, all translated")
    return bool(found)


def update() -> int:
    """Merges the code's texts into the catalogue and compiles it; says how many wait for a translation."""
    catalog = load()
    template = extracted()
    template.creation_date = catalog.creation_date  # a date that changes by itself would be a change to commit
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(written(catalog))
    MO.write_bytes(compiled(load()))
    waiting = sum(1 for one in catalog if one.id and not translated(one))
    print(f"{len(catalog)} texts, {waiting} without a translation")
    return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]:
            sys.exit(check())
        case ["update"]:
            sys.exit(update())
        case _:
            sys.exit("usage: .ci/catalogues.py check|update")
