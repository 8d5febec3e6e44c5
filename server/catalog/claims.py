"""What no text for people may promise or threaten: rules C01, C02, C03 and the precaution wording, in each language."""

import re
from collections.abc import Collection, Iterator
from typing import Final

LANGUAGES: Final = ("en", "de")
"""The languages of the catalogue's texts; the first is the one that names and cues of exercises are in."""

_CLAIMS: Final = {
    "en": re.compile(
        r"prevent|injur|lact(ic|ate)|flush|toxin|detox|postur|\bsore|recover(y|s|ing)?\b|\bheal(s|ing|ed)?\b"
        r"|\bcures?\b|permanent|lengthen|burns? (fat|calories)|guarantee|dangerous|\bfix(es)? your (back|neck)",
        re.I,
    ),
    "de": re.compile(
        r"verhinder|vorbeugend|vorbeugung|\bverletz|milchsäure|la[kc]tat|entgift|giftstoff|fehlhaltung|haltungs"
        r"|muskelkater|regenerier|regeneration|\bheil(t|en|end|ung)\b|\bkurier|dauerhaft|verlänger(t|n|ung)\b|fettverbrenn"
        r"|verbrennt? (fett|kalorien)|garantier|gefährlich",
        re.I,
    ),
}


def missing_languages(text: Collection[str]) -> Iterator[tuple[str, str]]:
    """(field, message) for each language that a document's `text` lacks or has too many."""
    for code in sorted(set(text) ^ set(LANGUAGES)):
        yield f"text.{code}", "is no language of the catalogue" if code in text else "is missing"


def forbidden_claims(text: str, language: str = "en") -> list[str]:
    """The words in a text shown to people that promise what rules C01 to C03 say is not so."""
    return [found.group() for found in _CLAIMS[language].finditer(text)]
