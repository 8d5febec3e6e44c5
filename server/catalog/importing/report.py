"""An import told to people (text) and to programs (JSON)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from server.catalog.importing.facts import FIELDS, REFUSALS
from server.catalog.importing.results import OUTCOMES, Report, Result

SHOWN = 8
NOTES = {
    "free-exercise-db": "Instructions and pictures of free-exercise-db are not taken: where they come from is unclear.",
    "wger": "Share-alike text of wger stays with the import; it is never merged into a text of ours.",
    "warmup-generator": "French names are put together from known terms; descriptions stay French, with the import.",
}


def as_json(report: Report) -> dict[str, Any]:
    """The whole report: counts, then every record with its fields, licence and what it is like."""
    return {
        "format": report.format,
        "files": report.files,
        "dry_run": report.dry,
        "batch": str(report.batch) if report.batch else None,
        **report.counts,
        "results": [_result(each) for each in report.results],
    }


def _result(each: Result) -> dict[str, Any]:
    like = each.match or each.closest
    return {
        "id": each.source_id,
        "where": each.where,
        "name": each.name,
        "source_name": (each.record and each.record.source_name) or each.name,
        "outcome": each.outcome,
        "reason": each.reason,
        "why": each.why,
        "document": each.document,
        "draft": str(each.draft) if each.draft else None,
        "like": asdict(like) if like else None,
        "licence": asdict(each.record.licence) if each.record else None,
        "share_alike": bool(each.record and each.record.licence.share_alike),
        "fields": [asdict(field) for field in each.fields],
    }


def as_text(report: Report, *, all_records: bool = False) -> str:
    """The report for a terminal: figures, then records; at most SHOWN of each kind unless `all_records`."""
    return "\n".join(_lines(report, all_records))


def _lines(report: Report, all_records: bool) -> Iterator[str]:
    counts = report.counts
    yield f"{report.format}: {counts['records']} records" + (
        " (dry run: nothing was written)" if report.dry else ""
    )
    if report.batch:
        yield f"import {report.batch}"
    elif not report.dry:
        yield "nothing new: nothing was written"
    for outcome, words in OUTCOMES.items():
        if number := counts["outcomes"].get(outcome):
            yield f"  {number:5}  {outcome}: {words}"
    for code, number in sorted(counts["refused"].items(), key=lambda pair: -pair[1]):
        yield f"         {number:5}  refused, {code}: {REFUSALS.get(code, '')}"
    if counts["duplicates"]:
        seen = ", ".join(f"{number} by {by}" for by, number in sorted(counts["duplicates"].items()))
        of = ", ".join(f"{number} of the {where}" for where, number in sorted(counts["duplicate_of"].items()))
        yield f"         duplicates: {seen}; {of}"
    if counts["compare"]:
        yield f"         {counts['compare']:5}  of the drafts are close to another exercise: compare before going on"
    if counts["share_alike"]:
        yield f"         {counts['share_alike']:5}  of the drafts are of share-alike records"
    if counts["fields"]:
        yield "fields of the drafts:                  mapped  guessed  refused"
        for name in FIELDS:
            if how := counts["fields"].get(name):
                yield f"  {name:35} {how.get('mapped', 0):7} {how.get('guessed', 0):8} {how.get('refused', 0):8}"
    if report.format in NOTES:
        yield NOTES[report.format]
    shown: Counter[str] = Counter()
    for each in report.results:
        kind = f"{each.outcome} {each.reason or ''}".strip()
        shown[kind] += 1
        if all_records or shown[kind] <= SHOWN:
            yield from _record(each, all_records)
    more = sum(number - SHOWN for number in shown.values() if number > SHOWN)
    if more and not all_records:
        yield f"… and {more} more; --all shows them"


def _record(each: Result, fields: bool) -> Iterator[str]:
    yield f"{each.outcome:10} {each.source_id[:36]:36} {each.name[:48]:48} {each.why}"
    if fields and each.outcome in ("draft", "change"):
        for field in each.fields:
            value = "-" if field.value is None else field.value
            why = " ".join(part for part in (f"“{field.said[:60]}”" if field.said else "", field.why) if part)
            yield f"             {field.how:8} {field.name:18} {value!s:40.40} {why}"
