"""What a change would break, found without reading the whole catalogue.

`content.validate` judges a whole catalogue; here it is given the part that the change can touch: the vocabularies,
activities, conditions, programs and texts about them, and of the exercises those that share a slug, a link, a name
or a cue with what is changed. A test compares the two on thousands of changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, func, or_, select, tuple_

from server.catalog.content import BESIDE, CHECKS, Problem, validate
from server.catalog.shapes import Document
from server.catalog.tables import EASIER, HARDER, IS_GUIDE, catalog_document
from sync.canonical import Key, check_document

MAX_BYTES: Final = 262_144
WITH_EXERCISE: Final = (*BESIDE, "media")
"""Collections whose document goes where its exercise goes: it is of no use without."""
_FAMILY: Final = ("exercise", *WITH_EXERCISE)
_COMMON: Final = ("vocabulary", "activity", "condition", "program")
_SLUGS_IN: Final = 500

Proposed = Mapping[Key, Document | None]


@dataclass(frozen=True, slots=True)
class Part:
    """Approved documents, and the exercises that exist but are not approved."""

    documents: dict[Key, Document]
    away: frozenset[str]


def family(key: Key) -> list[Key]:
    """The documents that are written together with this one: those of one exercise, or a thing and its text."""
    collection, record_id = key
    if collection in _FAMILY:
        return [*((each, record_id) for each in _FAMILY), ("about", f"source.{record_id}")]
    if collection == "about" and "." in record_id:
        kind, code = record_id.split(".", 1)
        return [key, ("exercise" if kind == "source" else kind, code)]
    return [key, ("about", f"{collection}.{record_id}")]


def storable(key: Key, data: Document | None) -> list[Problem]:
    """What keeps the data from being kept at all, as a NUL character or its size; drafts need no more than this."""
    where = f"{key[0]}/{key[1]}"
    if key[0] not in CHECKS:
        return [Problem(where, f"is in an unknown collection, not one of {', '.join(CHECKS)}")]
    try:
        check_document(key, {} if data is None else data)
    except ValueError as error:
        return [Problem(where, str(error).removeprefix(f"document {where}: "))]
    if data is not None and len(orjson.dumps(data)) > MAX_BYTES:
        return [Problem(where, f"is larger than {MAX_BYTES // 1024} KiB")]
    return []


def problems(conn: Connection, proposed: Proposed) -> list[Problem]:
    """What is wrong with the proposed documents (None: taken back), and with others only because of them."""
    unstorable = [problem for key, data in proposed.items() for problem in storable(key, data)]
    if unstorable:
        return unstorable
    part = _everything(conn) if _reaches_far(proposed) else _near(conn, proposed)
    found = validate(_released(part, proposed))
    if not found:
        return []
    standing = set(validate(_released(part, {})))
    own = tuple(f"{collection}/{record_id}" for collection, record_id in proposed)
    return [
        problem
        for problem in found
        if problem not in standing or any(_is_of(problem.where, place) for place in own)
    ]


def _is_of(where: str, place: str) -> bool:
    return where == place or where.startswith(f"{place}.")


def _released(part: Part, proposed: Proposed) -> dict[Key, Document]:
    """What a release would hold: without what belongs to an exercise that is not approved."""
    away = {slug for slug in part.away if proposed.get(("exercise", slug)) is None}
    away |= {
        slug for (collection, slug), data in proposed.items() if collection == "exercise" and data is None
    }
    documents = {**part.documents, **proposed}
    return {
        key: data
        for key, data in documents.items()
        if data is not None and not (key[0] in WITH_EXERCISE and key[1] in away)
    }


def approved(conn: Connection) -> dict[Key, Document]:
    """All approved documents that a release would hold."""
    return _released(_everything(conn), {})


def with_changes(
    conn: Connection, proposed: Proposed, slugs: Collection[str] | None = None
) -> dict[Key, Document]:
    """What a release would hold if these changes were approved; with `slugs`, words, clips and media of these only."""
    return _released(_everything(conn, slugs=slugs), proposed)


def before_and_after(
    conn: Connection, proposed: Proposed, collections: Collection[str]
) -> tuple[dict[Key, Document], dict[Key, Document]]:
    """What a release would hold of some collections, without and with these changes."""
    part = _everything(conn, collections)
    return _released(part, {}), _released(part, {k: v for k, v in proposed.items() if k[0] in collections})


def _everything(
    conn: Connection, collections: Collection[str] | None = None, slugs: Collection[str] | None = None
) -> Part:
    c = catalog_document.c
    wanted = [c.state == "approved"]
    if collections is not None:
        wanted.append(c.collection.in_(collections))
    if slugs is not None:
        wanted.append(or_(c.collection.not_in(WITH_EXERCISE), c.id.in_(slugs)))
    rows = conn.execute(select(c.collection, c.id, c.data).where(*wanted))
    away = conn.scalars(select(c.id).where(c.collection == "exercise", c.state != "approved"))
    return Part({(collection, record_id): data for collection, record_id, data in rows}, frozenset(away))


def _reaches_far(proposed: Proposed) -> bool:
    """Whether codes change that any document may name."""
    return any(
        collection == "vocabulary" or (collection == "activity" and data is None)
        for (collection, _), data in proposed.items()
    )


def _near(conn: Connection, proposed: Proposed) -> Part:
    c = catalog_document.c
    is_exercise = c.collection == "exercise"
    slugs = {record_id for collection, record_id in proposed if collection in _FAMILY}
    for (collection, _), data in proposed.items():
        if collection == "exercise" and data is not None:
            texts = [data[field].casefold() for field in ("name", "cue") if isinstance(data.get(field), str)]
            alike = select(c.id).where(
                is_exercise,
                or_(
                    func.lower(c.data["name"].astext).in_(texts),
                    func.lower(c.data["cue"].astext).in_(texts),
                ),
            )
            slugs.update(conn.scalars(alike))
    linking = select(c.id).where(IS_GUIDE, or_(EASIER.in_(slugs), HARDER.in_(slugs)))
    slugs.update(conn.scalars(linking))
    abouts = {record_id for collection, record_id in proposed if collection == "about"}
    wide = any(collection not in (*_FAMILY, "about", "program") for collection, _ in proposed)
    common = (*_COMMON, "about") if wide else _COMMON
    guides = select(c.data).where(c.collection == "guide", c.id.in_(slugs), c.state == "approved")
    linked = {text for data in [*conn.scalars(guides), *proposed.values()] if data for text in _strings(data)}
    keys = [(collection, slug) for slug in slugs for collection in _FAMILY]
    keys += [("exercise", text) for text in sorted(linked)[:_SLUGS_IN]] + [("about", each) for each in abouts]
    rows = conn.execute(
        select(c.collection, c.id, c.state, c.data).where(
            or_(c.collection.in_(common), tuple_(c.collection, c.id).in_(keys))
        )
    ).all()
    return Part(
        {(row.collection, row.id): row.data for row in rows if row.state == "approved"},
        frozenset(row.id for row in rows if row.collection == "exercise" and row.state != "approved"),
    )


def _strings(value: Any) -> Iterator[str]:
    """The texts of a document that could be an exercise's slug."""
    if isinstance(value, str):
        if len(value) <= 48 and " " not in value:
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
