"""A whole import: read, join, compare, complete, start drafts, remember. Twice the same file adds nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from server.catalog import drafts
from server.catalog.history import Actor
from server.catalog.history import record as remember
from server.catalog.importing import (
    crediting,
    free_exercise_db,
    ground,
    longhaul,
    table,
    warmup_generator,
    wger,
)
from server.catalog.importing.facts import REFUSALS, Licence, Read, Record, Refusal
from server.catalog.importing.guessing import Like
from server.catalog.importing.matching import (
    REPEATED,
    SAME,
    Likeness,
    join_twins,
    known_of,
    known_record,
)
from server.catalog.importing.reading import Files, ImportInvalid, check_size
from server.catalog.importing.results import OUTCOMES as OUTCOMES
from server.catalog.importing.results import Report, Result, duplicate, new_slug
from server.catalog.importing.tables import import_batch, import_record
from sync.canonical import sha256_hex

FORMATS: Mapping[str, Callable[[Files], Read]] = {
    "free-exercise-db": free_exercise_db.read,
    "longhaul": longhaul.read,
    "wger": wger.read,
    "warmup-generator": warmup_generator.read,
    "csv": table.read,
}
Progress = Callable[[int, int], None]
NONE = Licence("none", "no record was read")


def run(
    conn: Connection,
    actor: Actor,
    form: str,
    files: Files,
    *,
    now: datetime,
    dry: bool = False,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Import `files` of the format `form` in the caller's transaction; `limit`: at most so many new drafts.

    Raises ImportInvalid for files that cannot be read as that format. Records that are wrong are refused one by one.
    """
    check_form(form)
    if limit is not None and limit < 0:
        raise ImportInvalid("the limit must be 0 or more")
    check_size(len(body) for body in files.values())
    # One import at a time: two of the same set would both find nothing there.
    conn.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('limber.import'))")
    digests = {name: sha256_hex(body) for name, body in files.items()}
    batch = uuid.uuid4()
    there = ground.of(conn, form)
    results = decide(there, list(FORMATS[form](files)), limit, progress)
    fresh = [each for each in results if each.outcome not in ("known", "same")]
    if dry or not fresh:
        return Report(form, digests, dry, None, tuple(results))
    begun = insert(import_batch).values(
        id=batch, format=form, files=digests, started_by=actor.id, started_at=now, counts={}
    )
    conn.execute(begun)
    done = [_begun(conn, actor, form, batch, each, now) for each in results]
    _keep(conn, form, batch, done, there.seen, now)
    report = Report(form, digests, dry, batch, tuple(done))
    conn.execute(update(import_batch).where(import_batch.c.id == batch).values(counts=report.counts))
    remember(conn, actor, "import.done", now, after=report.counts["outcomes"], reason=f"{form} {batch}")
    return report


def check_form(form: str) -> None:
    """Raise ImportInvalid for a format that is none."""
    if form not in FORMATS:
        raise ImportInvalid(f"the format must be one of {', '.join(FORMATS)}")


def look(form: str, files: Files, documents: ground.Documents) -> Report:
    """What an import would do to a catalogue of these documents that has no drafts; needs no database."""
    check_form(form)
    results = decide(ground.Ground(documents), list(FORMATS[form](files)))
    return Report(form, {name: sha256_hex(body) for name, body in files.items()}, True, None, tuple(results))


def decide(
    there: ground.Ground,
    read: list[Record | Refusal],
    limit: int | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """The outcome of every record, in the order of the files; nothing is written."""
    documents, seen, taken = there.documents, there.seen, there.taken
    exercises = {key[1]: data for key, data in documents.items() if key[0] == "exercise"}
    taken |= set(exercises)
    read = list(_each_once(read))
    records, joined = join_twins([each for each in read if isinstance(each, Record)])
    by_id = {each.source_id: each for each in records}
    vocabulary = {
        key[1]: data["entries"]
        for key, data in documents.items()
        if key[0] == "vocabulary" and "entries" in data
    } | {"activities": {key[1]: None for key in documents if key[0] == "activity"}}
    work_s = {code: entry.get("work_s", (1, 600)) for code, entry in vocabulary.get("types", {}).items()}
    like = Like(exercises.values(), vocabulary, work_s)
    names = [each.name for each in records]
    own = Likeness([known_of(slug, data) for slug, data in exercises.items()], names)
    begun = Likeness([known_of(slug, data) for slug, data in there.begun.items()], names)
    within = Likeness([], names)
    results: list[Result] = []
    started = 0
    for number, each in enumerate(read):
        if progress:
            progress(number, len(read))
        if isinstance(each, Refusal):
            results.append(_settled(_refused(each), seen))
        elif each.source_id in joined:
            why = f"joined with {joined[each.source_id]}"
            result = Result(each.source_id, each.where, each.source_name, "joined", why, "twin", each)
            results.append(_settled(result, seen))
        else:
            result = _one(by_id[each.source_id], like, (own, begun, within), exercises, taken)
            result = _settled(result, seen)
            if result.outcome in ("draft", "change"):
                if limit is not None and started >= limit:
                    continue
                started += 1
                taken.add(str(result.document))
            results.append(result)
    if progress:
        progress(len(read), len(read))
    return results


def _each_once(read: list[Record | Refusal]) -> Iterator[Record | Refusal]:
    """A second record of one id is refused: nobody could tell which of the two a later import means."""
    ids: set[str] = set()
    for number, each in enumerate(read, start=1):
        if each.source_id in ids:
            why = f"the id {each.source_id[:60]!r} is there twice"
            yield Refusal(f"{each.source_id} ({number})", each.where, each.name, "malformed", why)
        else:
            ids.add(each.source_id)
            yield each


def _one(
    each: Record,
    like: Like,
    places: tuple[Likeness, Likeness, Likeness],
    exercises: Mapping[str, Any],
    taken: set[str],
) -> Result:
    if "exercise" in each.documents:
        return table.decide(each, exercises, taken, like, places)
    record = like.complete(each)
    matches = [place.best(record) for place in places]
    for match, reason in zip(matches, ("in_catalogue", "in_draft", "in_set"), strict=True):
        if match and match.score >= (REPEATED if reason == "in_set" else SAME):
            return duplicate(record, match, reason)
    if record.get("primary_muscles") is None:
        return Result(
            each.source_id, each.where, each.name, "refused", REFUSALS["muscles"], "muscles", record
        )
    places[2].add(known_record(record))
    close = max((match for match in matches if match), key=lambda match: match.score, default=None)
    slug = new_slug(record.name, taken)
    why = "new" if close is None else f"new; compare with {close.name} ({close.score:.0%} alike)"
    return Result(
        each.source_id, each.where, record.name, "draft", why, None, record, None, slug, None, close
    )


def _refused(each: Refusal) -> Result:
    return Result(
        each.source_id, each.where, each.name, "refused", f"{REFUSALS[each.code]} ({each.why})", each.code
    )


def _settled(result: Result, seen: Mapping[str, ground.Seen]) -> Result:
    """A record that came before is not decided again: a person may have thrown its draft away for good reason."""
    before = seen.get(result.source_id)
    if before is None or result.outcome == "same":
        return result
    if before.digest == result.digest:
        return replace(result, outcome="known", why="imported before, nothing new")
    if before.outcome in ("draft", "change") and result.outcome != "change":
        return replace(
            result, outcome="changed", why="its set has changed it since; the draft is left to its editor"
        )
    return result


def _begun(
    conn: Connection, actor: Actor, form: str, batch: uuid.UUID, result: Result, now: datetime
) -> Result:
    return begin(conn, actor, form, batch, result, now) if result.outcome in ("draft", "change") else result


def _keep(
    conn: Connection,
    form: str,
    batch: uuid.UUID,
    results: Sequence[Result],
    seen: Mapping[str, ground.Seen],
    now: datetime,
) -> None:
    """Write the records down: new ones all at once, those of earlier imports in their rows."""
    c = import_record.c
    new = []
    for each in results:
        if each.outcome in ("known", "same"):
            continue
        row = {"batch": batch, "format": form, **_row(each), "at": now}
        if each.source_id not in seen:
            new.append({"id": uuid.uuid4(), **row})
            continue
        told = {name: row[name] for name in ("digest", "why", "at")} if each.outcome == "changed" else row
        conn.execute(
            update(import_record).where(c.format == form, c.source_id == each.source_id).values(told)
        )
    if new:
        conn.execute(insert(import_record), new)


def _row(result: Result) -> dict[str, Any]:
    record, match = result.record, result.match or result.closest
    licence = record.licence if record else NONE
    return {
        "source_id": result.source_id, "place": result.where,
        "name": result.name, "source_name": (record and record.source_name) or result.name,
        "outcome": result.outcome, "reason": result.reason, "why": result.why, "document": result.document,
        "like_id": match and match.ident, "like_name": match and match.name, "score": match and match.score,
        "draft": result.draft, "fields": [asdict(each) for each in result.fields],
        "proposal": record.data() if record else None, "language": record.language if record else "en",
        "steps": list(record.steps) if record else [], "notes": list(record.notes) if record else [],
        "licence": asdict(licence), "share_alike": licence.share_alike, "digest": result.digest,
    }  # fmt: skip


def begin(
    conn: Connection, actor: Actor, form: str, batch: uuid.UUID, result: Result, now: datetime
) -> Result:
    """The drafts of one record: the exercise, its guide where the text may be used, its source where it wants one."""
    record, slug = result.record, str(result.document)
    assert record is not None
    note = crediting.note(form, record, result.why)
    origin = f"import:{batch}"
    try:
        data = {"slug": slug, **record.data()}
        draft = drafts.start(conn, actor, ("exercise", slug), data=data, origin=origin, note=note, now=now)
    except drafts.AlreadyOpen as error:
        return replace(result, outcome="busy", why=str(error), draft=error.draft.id)
    for key, other in crediting.companions(slug, record).items():
        # An exercise that is there has words of its own, which nobody wants to see replaced.
        if result.outcome == "draft" or key[0] == "about":
            with suppress(drafts.AlreadyOpen):
                drafts.start(conn, actor, key, data=other, origin=origin, note=note, now=now)
    return replace(result, draft=draft.id)
