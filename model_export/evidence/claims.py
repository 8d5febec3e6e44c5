"""The claim lint: finds what copy says and evidence does not (rules C01, C02, C03, W08, N02).

`lint(text)` for one text, as an editors' desk would call it; `copies.py` walks all the copy there is. A negation in
the same clause makes a claim harmless ("does not prevent injury"), and so does asking whether it is so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from model_export.evidence import claim_patterns as patterns

NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|cannot|nothing|none|nobody|hardly|without|unlikely|myth|false|untrue|unproven|"
    r"unsupported|unclear|unknown|whether|wrong|forbidden|rather than|instead of|\w+n't|little evidence|block(?:s|ed)?|"
    r"fails? to|far from)\b"
)
FALSE_NEGATION = re.compile(
    r"\b(?:not only|not just|not merely|no doubt|no wonder|no matter|not least|not to mention|never fails? to|"
    r"does not fail to|cannot fail to|without (?:a )?doubt|no (?:equipment|excuse|kit|app|gym)s?\b|"
    r"can't wait|don't wait)"
)
AUXILIARY = re.compile(
    r"\b(?:do|does|did|will|would|can|could|should|may|might)(?: not|n't)\b|\bwon't\b|\bcannot\b"
)
REPORTING = re.compile(
    r"\b(?:claim|claims|say|says|mean|means|show|shows|shown|prove|proves|proof|imply|implies|suggest|promise|"
    r"evidence|pretend|think|believe|called)\b"
)
CLAUSE_END = re.compile(
    r"[;:]|--|\bbut\b|\bbecause\b|\bso\b|\byet\b|\bwhereas\b|\bhowever\b|\band (?:it|this|that|they|you|we)\b"
)
SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\d)[^.!?\n]+|\n(?!\s*(?:\n|[-*#|>]|\d+\.))[^.!?\n]+)*[.!?]*")
ASKED = re.compile(
    r"^\W*(?:do|does|did|can|could|will|is|are|should|has|have|why|how|whether)\b.*\?\s*$", re.DOTALL
)
# One character for one: offsets into the normalised text are offsets into the text.
PLAIN = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": ";", "\u2011": "-",
     "\u2010": "-", "\u00a0": " ", "\u202f": " ", "\u00ad": " ", "*": " ", "_": " ", "`": " ", "\t": " "}
)  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A claim at text[start:end]: the rule it breaks, the words, and why they may not stand."""

    rule: str
    start: int
    end: int
    words: str
    why: str


def lint(text: str) -> list[Claim]:
    """Every claim of a text in order, at most one for any stretch of it; empty when it may be shown."""
    plain = text.lower().translate(PLAIN)
    if len(plain) != len(text):  # a letter whose small form is two
        plain = "".join(c.lower() if len(c.lower()) == 1 else c for c in text).translate(PLAIN)
    found: list[Claim] = []
    for sentence in SENTENCE.finditer(plain):
        for start, end, pattern in sorted(_claims(sentence.group()), key=lambda c: (c[0], -c[1])):
            begin, stop = sentence.start() + start, sentence.start() + end
            if not found or begin >= found[-1].end:
                found.append(Claim(pattern.rule, begin, stop, text[begin:stop], pattern.why))
    return found


def _claims(sentence: str) -> Iterator[tuple[int, int, patterns.Pattern]]:
    if ASKED.match(sentence):
        return
    stretching = re.search(r"\b(?:stretch|flexib|yoga|hold)", sentence)
    for pattern in patterns.INJURY:
        for hit in pattern.match.finditer(sentence):
            if not negated(sentence, hit.start(), hit.group()) and not _allowed(sentence):
                yield hit.start(), hit.end(), _injury(sentence, pattern)
    for pattern in (*patterns.SORENESS, *patterns.RECOVERY):
        for hit in pattern.match.finditer(sentence):
            if not negated(sentence, hit.start(), hit.group()):
                rule = "C02" if stretching else "C01"
                yield hit.start(), hit.end(), patterns.Pattern(rule, pattern.match, pattern.why)
    for pattern in (
        *patterns.FLUSH, *patterns.POSTURE, *patterns.LENGTH, *patterns.HEALING, *patterns.PROMISE,
    ):  # fmt: skip
        for hit in pattern.match.finditer(sentence):
            if not negated(sentence, hit.start(), hit.group()):
                yield hit.start(), hit.end(), pattern


def _allowed(sentence: str) -> bool:
    """N02, N03: fewer injuries may be said of the programme, done regularly."""
    plain = " ".join(sentence.split())
    return bool(patterns.PROGRAMME.search(plain) and patterns.REGULAR.search(plain))


def _injury(sentence: str, pattern: patterns.Pattern) -> patterns.Pattern:
    """Which rule an injury claim breaks: the programme's (N02), the cool-down's (C01), or that of all the rest."""
    if patterns.PROGRAMME.search(sentence):
        return patterns.Pattern("N02", pattern.match, patterns.ONLY_PROGRAMME)
    cool = re.search(r"\bcool(?:ing)?[ -]?down", sentence)
    return patterns.Pattern("C01" if cool else "C03", pattern.match, pattern.why)


def negated(sentence: str, at: int, words: str) -> bool:
    """Whether the clause denies what starts at `at`. A finite verb after `and` is a claim of its own."""
    before = FALSE_NEGATION.sub(" ", " ".join(sentence[:at].split()) + " ")
    ends = [m.end() for m in CLAUSE_END.finditer(before)]
    clause = re.sub(r",[^,]{1,24},", " ", before[ends[-1] if ends else 0 :])
    pieces = clause.split(",")
    clause = ",".join(pieces[-2:]) if len(pieces[-1].split()) <= 1 else pieces[-1]
    hits = list(NEGATION.finditer(clause))
    if not hits:
        return False
    between = clause[hits[-1].end() :]
    if len(between.split()) > 12:
        return False
    finite = re.match(r"\w+(?:[^s]s|es)\b", words) is not None
    joined = re.search(r"\band\b", between) is not None
    return not (joined and finite and AUXILIARY.search(clause) and not REPORTING.search(between))
