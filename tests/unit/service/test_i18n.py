"""Languages: who chooses, and what a catalogue that lacks a text does."""

import pytest

from anju.service import i18n


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-CN", "zh_CN"),
        ("zh_CN.UTF-8", "zh_CN"),
        ("zh", "zh_CN"),
        (" ZH-Hans", "zh_CN"),
        ("C", "en"),
        ("de", "en"),
        ("", "en"),
    ],
)
def test_the_language_that_serves_a_tag(tag: str, language: str) -> None:
    assert i18n.language_of(tag) == language


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LC_MESSAGES": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN", "LC_MESSAGES": "en_GB"}, "zh_CN"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh_CN"),
        ({"ANJU_LANG": "en", "LC_ALL": "zh_CN"}, "en"),
    ],
)
def test_who_chooses_the_language(variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANJU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert i18n.process_language() == language


def test_the_same_text_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_LANG", "en")
    assert i18n._("Nothing was changed.") == "Nothing was changed."
    i18n.use_language("zh-CN")
    assert i18n._("Nothing was changed.") == "未作任何更改。"
    assert i18n.translation("zh_CN").gettext("Nothing was changed.") == "未作任何更改。"


def test_a_text_without_a_translation_stays_english() -> None:
    assert i18n.translation("zh_CN").gettext("Never seen by any catalogue.") == "Never seen by any catalogue."
