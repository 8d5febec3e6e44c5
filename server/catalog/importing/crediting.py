"""Whom to name for an imported exercise, and the drafts that go with it: its guide's beginning and its source."""

from typing import Any

from server.catalog.importing.facts import Licence, Record
from sync.canonical import Key

SETS = {
    "free-exercise-db": "free-exercise-db",
    "longhaul": "longhaul exercises",
    "wger": "wger",
    "warmup-generator": "Warmup Generator",
    "csv": "a table",
}
LEAST_STEPS = 2


def line(licence: Licence) -> str:
    """Author, place and licence in one line, as licences ask to be named."""
    parts = (
        licence.by,
        licence.source if licence.source not in licence.by else "",
        licence.name,
        licence.url,
    )
    return ". ".join(part.strip(" .") for part in parts if part)


def note(form: str, record: Record, why: str) -> str:
    """What the draft's editor and reviewer should know of where it came from."""
    said = f"Imported from {SETS.get(form, form)}, {record.where}, there called “{record.source_name or record.name}”. "
    said += f"Licence: {line(record.licence)}. "
    if record.licence.share_alike:
        said += "Share-alike: its sentences stay with the import and must not go into our own text. "
    left = [each.name for each in record.fields if each.value is None]
    if left:
        said += f"Left for a person: {', '.join(left)}. "
    return (said + f"Found to be {why}.")[:2000]


def companions(slug: str, record: Record) -> dict[Key, dict[str, Any]]:
    """Further documents to draft with the exercise.

    A guide that begins with the set's sentences, in English and under a licence that lets them become ours; the
    source, for people to see, where the licence wants its authors named.
    """
    found: dict[Key, dict[str, Any]] = {}
    if record.language == "en" and record.licence.text_may_be_used and len(record.steps) >= LEAST_STEPS:
        words = {"en": {"steps": list(record.steps)}}
        found["guide", slug] = {"slug": slug, "easier": None, "harder": None, "text": words}
    if record.licence.wants_credit:
        found["about", f"source.{slug}"] = source(slug, record.licence)
    return found


def source(slug: str, licence: Licence) -> dict[str, Any]:
    """The document that lets people see whose work an exercise began with,
    and that it was changed, as CC BY asks."""
    name = licence.by.split(" — ")[0].split("(")[0].strip() or licence.source
    terms = licence.code.replace("CC-BY-SA-", "CC BY-SA ").replace("CC-BY-", "CC BY ")
    return {
        "kind": "source",
        "code": slug,
        "citations": [line(licence)],
        "text": {
            "en": {
                "label": f"Source: {name}"[:160],
                "about": f"The first facts of this exercise come from others ({terms}). "
                "We checked and changed them.",
                "why": "They let us use their work, and they ask us to say whose it is.",
            },
            "de": {
                "label": f"Quelle: {name}"[:160],
                "about": f"Die ersten Angaben zu dieser Übung sind von anderen ({terms}). "
                "Wir haben sie geprüft und geändert.",
                "why": "Wir dürfen ihre Arbeit nutzen. Dafür sagen wir, von wem sie ist.",
            },
        },
    }
