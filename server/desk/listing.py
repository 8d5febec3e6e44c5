"""Lists of documents: found, filtered, sorted and cut into pages by PostgreSQL, at any size of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

SORTS: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("Name", "lower(name), id"),
    "id": ("Id", "id"),
    "changed": ("Last changed", "changed DESC, id"),
    "type": ("Type", "kind, lower(name), id"),
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "approved": ("In the catalogue", "state = 'approved'"),
    "new": ("Not in the catalogue yet", "state IS NULL OR state = 'draft'"),
    "retired": ("Taken back", "state = 'retired'"),
    "open": ("With an open change", "draft IS NOT NULL"),
    "in_review": ("In review", "draft_state = 'in_review'"),
    "sent_back": ("Sent back", "draft_state = 'sent_back'"),
}
LACKS: Final[Mapping[str, tuple[str, str]]] = {
    "guide": ("Words", "NOT guide"),
    "language": ("A language", "guide AND NOT languages"),
    "clip": ("A motion clip", "NOT clip"),
    "media": ("Pictures and films", "NOT media"),
    "video": ("A video", "NOT video"),
}
"""What an exercise may lack."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list. `state` None: it is new, there is only a draft. The rest is of exercises."""

    id: str
    name: str
    kind: str | None
    state: str | None
    changed: datetime
    draft: UUID | None
    draft_state: str | None
    guide: bool
    languages: bool
    clip: bool
    media: bool
    video: bool


@dataclass(frozen=True, slots=True)
class Found:
    """Some rows of `total`."""

    rows: Sequence[Row]
    total: int


# Documents and, for what is new, open drafts. The data is the draft's where there is one: editors look for what they
# wrote. Which languages are complete is asked of the guide alone: English name and cue are the exercise's own.
_FROM: Final = """
    SELECT coalesce(d.id, o.document) AS id, coalesce(o.data, d.data) AS data, d.state,
           greatest(d.updated_at, o.updated_at) AS changed, o.id AS draft, o.state AS draft_state
    FROM (SELECT * FROM catalog_document WHERE collection = :collection) d
    FULL JOIN (SELECT * FROM catalog_draft WHERE collection = :collection
               AND state IN ('draft', 'in_review', 'sent_back')) o ON o.document = d.id
"""
_NAME: Final = """
    coalesce(b.data ->> 'name', b.data ->> 'label', b.data #>> '{text,en,name}', b.data #>> '{text,en,label}', b.id)
"""
# As uncorrelated lists, which PostgreSQL hashes whatever it believes of their lengths.
_OF: Final = "b.id IN (SELECT id FROM catalog_document WHERE state = 'approved' AND collection = "
_BESIDE: Final = f"""
    {_OF} 'guide') AS guide,
    {_OF} 'guide' AND jsonb_exists_all(data -> 'text', ARRAY['en', 'de'])) AS languages,
    {_OF} 'motion') AS clip, {_OF} 'media') AS media,
    {_OF} 'media' AND (data @> '{{"items": [{{"kind": "youtube"}}]}}' OR data @> '{{"items": [{{"kind": "video"}}]}}'))
        AS video
"""
_NOTHING: Final = "false AS guide, false AS languages, false AS clip, false AS media, false AS video"


def find(
    conn: Connection,
    collection: str,
    *,
    words: str = "",
    state: str = "",
    kind: str = "",
    hazard: str = "",
    muscles: Sequence[str] = (),
    lacks: str = "",
    sort: str = "name",
    offset: int = 0,
    limit: int = 50,
) -> Found:
    """The documents of a collection that fit. `words`: all must occur in id, name or cue; unknown filters are ignored.

    `muscles`: codes, one of which must be among the exercise's primary ones.
    """
    wanted = ["true"]
    more: dict[str, Any] = {"collection": collection, "offset": offset, "limit": limit}
    for number, word in enumerate(words.casefold().split()[:6]):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        more[f"word{number}"] = f"%{escaped}%"
        wanted.append(f"lower(concat_ws(' ', id, name, data ->> 'cue')) LIKE :word{number}")
    if state in STATES:
        wanted.append(f"({STATES[state][1]})")
    if kind:
        wanted.append("kind = :kind")
        more["kind"] = kind
    if hazard:
        wanted.append("jsonb_exists(data -> 'hazards', :hazard)")
        more["hazard"] = hazard
    if muscles:
        wanted.append("jsonb_exists_any(data -> 'primary_muscles', :muscles)")
        more["muscles"] = list(muscles)
    if lacks in LACKS:
        wanted.append(f"({LACKS[lacks][1]})")
    beside = _BESIDE if collection == "exercise" else _NOTHING
    kinds = "type" if collection == "exercise" else "kind"
    order = SORTS.get(sort, SORTS["name"])[1]
    rows = conn.execute(
        text(
            # Only constants of this module are put into the text; what was asked for is bound.
            f"WITH b AS ({_FROM}), n AS (SELECT b.*, {_NAME} AS name, b.data ->> '{kinds}' AS kind, {beside}"  # noqa: S608
            " FROM b)"
            " SELECT id, name, kind, state, changed, draft, draft_state, guide, languages, clip, media, video,"
            f" count(*) OVER () AS total FROM n WHERE {' AND '.join(wanted)} ORDER BY {order}"
            " OFFSET :offset LIMIT :limit"
        ),
        more,
    ).all()
    return Found([Row(*row[:-1]) for row in rows], rows[0].total if rows else 0)


def totals(conn: Connection) -> dict[str, int]:
    """How many documents of each collection the catalogue holds."""
    rows = conn.execute(
        text(
            "SELECT collection, count(*) AS number FROM catalog_document WHERE state = 'approved' GROUP BY collection"
        )
    )
    return {row.collection: row.number for row in rows}
