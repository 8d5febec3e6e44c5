"""Changes as people read them: each field before and after, with the words that differ marked."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from server.catalog.merging import MISSING, FieldChange

_PART = re.compile(r"\s+|[^\s]+")
_DEL, _INS, _ITEM = Markup("<del>{}</del>"), Markup("<ins>{}</ins>"), Markup("<li>{}</li>")
_MOST_WORDS = 400  # of a field; longer ones are shown whole
_LEAST_LIKE = 0.35  # texts that share less are clearer side by side than in pieces


@dataclass(frozen=True, slots=True)
class Line:
    """One changed field. `before` and `after` are HTML."""

    path: str
    before: Markup
    after: Markup
    safety: bool


def lines(changed: Iterable[FieldChange], safety: Sequence[str] = ()) -> list[Line]:
    """The changed fields as a table shows them; those of `safety` are for a physio to look at."""
    marked = set(safety)
    return [Line(each.path, *_both(each.before, each.after), each.path in marked) for each in changed]


def shown(value: Any) -> Markup:
    """One value as HTML."""
    if value is MISSING:
        return Markup('<span class="quiet">not there</span>')
    if value is None:
        return Markup('<span class="quiet">nothing</span>')
    if isinstance(value, bool):
        return escape("yes" if value else "no")
    if isinstance(value, str):
        return escape(value) if value else Markup('<span class="quiet">empty</span>')
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        if not value:
            return Markup('<span class="quiet">none</span>')
        if all(" " not in each for each in value):
            return escape(", ".join(value))
        return Markup("<ol>{}</ol>").format(Markup("").join(_ITEM.format(each) for each in value))
    if isinstance(value, int | float):
        return escape(value)
    return Markup('<code class="json">{}</code>').format(json.dumps(value, ensure_ascii=False))


def _both(before: Any, after: Any) -> tuple[Markup, Markup]:
    if isinstance(before, str) and isinstance(after, str) and before and after:
        return _words(before, after)
    texts = isinstance(before, list) and isinstance(after, list)
    if texts and before and after and all(isinstance(each, str) for each in [*before, *after]):
        if any(" " in each for each in [*before, *after]):
            return _sentences(before, after)
        return _codes(before, after, _DEL), _codes(after, before, _INS)
    return shown(before), shown(after)


def _words(before: str, after: str) -> tuple[Markup, Markup]:
    old, new = _PART.findall(before), _PART.findall(after)
    if len(old) + len(new) > _MOST_WORDS:
        return escape(before), escape(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _LEAST_LIKE:
        return escape(before), escape(after)
    was, now = Markup(""), Markup("")
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            was += escape("".join(old[a:b]))
            now += escape("".join(new[c:d]))
            continue
        if b > a:
            was += _DEL.format("".join(old[a:b]))
        if d > c:
            now += _INS.format("".join(new[c:d]))
    return was, now


def _codes(these: Sequence[str], others: Sequence[str], mark: Markup) -> Markup:
    gone = set(these) - set(others)
    return Markup(", ").join(mark.format(each) if each in gone else escape(each) for each in these)


def _sentences(before: Sequence[str], after: Sequence[str]) -> tuple[Markup, Markup]:
    """Lists of sentences, each beside the one that it most likely was."""
    was, now = [escape(each) for each in before], [escape(each) for each in after]
    for what, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        for place in range(max(b - a, d - c)):
            old = before[a + place] if a + place < b else None
            new = after[c + place] if c + place < d else None
            if old is not None and new is not None:
                was[a + place], now[c + place] = _words(old, new)
            elif old is not None:
                was[a + place] = _DEL.format(old)
            elif new is not None:
                now[c + place] = _INS.format(new)

    def listed(rows: Sequence[Markup]) -> Markup:
        return Markup("<ol>{}</ol>").format(Markup("").join(_ITEM.format(row) for row in rows))

    return listed(was), listed(now)
