"""Which language a reader reads: what they chose, else what their browser asks for, else Chinese."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from anju.service.i18n import translation

Translate = Callable[[str], str]

COOKIE = "anju_lang"
TAGS = ("zh-CN", "en")


def of_request(request: Request) -> str:
    """`zh-CN` or `en`: ?lang=, the cookie, Accept-Language, in this order."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in TAGS:
            return chosen
    for part in request.headers.get("accept-language", "").split(","):
        language = part.split(";")[0].strip().lower()
        if language.startswith("zh"):
            return "zh-CN"
        if language.startswith("en"):
            return "en"
    return "zh-CN"


def translate(tag: str) -> Translate:
    """The translation into a language."""
    return translation(tag).gettext
