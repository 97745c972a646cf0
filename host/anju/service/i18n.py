"""Languages: English in the code, Simplified Chinese in the catalogue beside this file.

A process speaks one language, chosen by ANJU_LANG, else LC_ALL, LC_MESSAGES, LANG (the first that is not empty; zh* is
Chinese, anything else English). A web page speaks each reader's own: it asks for a `translation(language)`.
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path

DOMAIN = "anju"
LANGUAGES = ("en", "zh_CN")
_CATALOGUES = Path(__file__).parent / "locale"
_CHOOSERS = ("ANJU_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def language_of(tag: str) -> str:
    """The language of ours that serves a tag such as zh-CN, zh_CN.UTF-8 or C."""
    return "zh_CN" if tag.strip().lower().startswith("zh") else "en"


@cache
def translation(language: str) -> gettext.NullTranslations:
    """The catalogue of a language; English for one that we do not have."""
    return gettext.translation(DOMAIN, _CATALOGUES, [language_of(language)], fallback=True)


def process_language() -> str:
    """The language in which this process speaks to the person who started it."""
    return language_of(next(filter(None, map(os.environ.get, _CHOOSERS)), "en"))


def use_language(language: str) -> None:
    """Make this process and those that it starts speak a language, whatever the terminal says."""
    os.environ["ANJU_LANG"] = language_of(language)


def _(message: str) -> str:
    """The message in this process's language."""
    return translation(process_language()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The message for `count` things in this process's language."""
    return translation(process_language()).ngettext(singular, plural, count)


def title(service: str) -> str:
    """What people call a service that its module's name stands for."""
    titles = {"concentrator": _("concentrator"), "dutyroom": _("duty room"), "page": _("duty room's page")}
    return titles.get(service, service)
