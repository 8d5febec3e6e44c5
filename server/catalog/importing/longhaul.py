"""longhaul-fitness/exercises: flexibility.json, strength.json, cardio.json; MIT, so its sentences may begin a guide."""

from server.catalog.importing import words
from server.catalog.importing.facts import (
    Field,
    Licence,
    Read,
    Record,
    Refusal,
    begins,
    digest,
    first_of,
    guessed,
    mapped,
    refused,
)
from server.catalog.importing.reading import FieldInvalid, Files, Row, json_of, sentences, the_list

LICENCE = Licence(
    "MIT",
    "MIT",
    "https://opensource.org/license/mit",
    "longhaul-fitness/exercises",
    "https://github.com/longhaul-fitness/exercises",
)
MUSCLES: dict[str, tuple[list[str], bool]] = {  # our codes, and whether their word means just these
    "abdominal": (["abs"], True),
    "bicep": (["biceps"], True),
    "calf": (["gastroc", "soleus"], False),
    "chest": (["pecs"], True),
    "forearm - inner": (["forearm_flexors"], True),
    "forearm - outer": (["forearm_extensors"], True),
    "glute": (["glute_max"], True),
    "hamstring": (["hamstrings"], True),
    "lat": (["lats"], True),
    "lower back": (["lumbar_extensors"], True),
    "oblique": (["obliques"], True),
    "quad": (["quads"], True),
    "rotator cuff - back": (["rotator_cuff"], True),
    "rotator cuff - front": (["rotator_cuff"], True),
    "shoulder - back": (["delts_rear"], True),
    "shoulder - front": (["delts_front"], True),
    "shoulder - side": (["delts_rear"], True),
    "thigh - inner": (["adductors"], True),
    "thigh - outer": (["tfl_itb", "glute_med"], True),
    "trap": (["upper_traps"], False),
    "tricep": (["triceps"], True),
}
TOOLS: dict[str, list[str] | None] = {  # what stands after the dash of a name; None: we have no word for it
    "foam roller": ["foam_roller"],
    "lacrosse ball": ["ball"],
    "dowel": ["dowel"],
    "bench": ["bench"],
    "band": ["band"],
    "bodyweight": [],
    "dumbbell": ["dumbbell"],
    "kettlebell": ["kettlebell"],
    "double kettlebell": ["kettlebell"],
    "barbell": ["barbell"],
    "stability ball": ["swiss_ball"],
    "yoga block": None,
    "pillow": None,
}
LIGHT = {(), ("band",), ("mini_band",)}
ONE_ACTIVITY = ("Aerobics Class", "High-Intensity Interval Training (HIIT)", "Swim")


def read(files: Files) -> Read:
    """Records of the files given; a file without primaryMuscles in its records is the one of endurance."""
    for name, body in files.items():
        if name.endswith("schema.json"):
            continue
        for number, entry in enumerate(the_list(name, json_of(name, body)), start=1):
            where = f"{name}, record {number}"
            try:
                yield _record(Row(where, entry), name)
            except FieldInvalid as error:
                said = entry.get("slug") if isinstance(entry, dict) else None
                yield Refusal(str(said or f"{name}:{number}")[:80], where, "", "malformed", str(error))


def _record(row: Row, file: str) -> Record | Refusal:
    # Their pk is a number in one file and a UUID in the others; the slug is the name that lasts.
    full, ident = row.text("name"), row.text("slug")
    endurance = "primaryMuscles" not in row.data and "instructions" in row.data
    if endurance:
        return _endurance(row, ident, full)
    primary, secondary = row.words("primaryMuscles"), row.words("secondaryMuscles", needed=False)
    steps = [each for step in row.words("steps") for each in sentences(step)]
    notes = row.text("notes", needed=False, most=5000)
    name, _, tool = (part.strip() for part in full.partition("–"))
    if not tool and " - " in full:
        name, _, tool = (part.strip() for part in full.partition(" - "))
    said_tool = TOOLS.get(tool.lower(), None if tool else [])
    stretching = "flexibility" in file or words.first_fit(words.TYPES[:1] + words.TYPES[-1:], full)
    if not stretching and (words.GYM.search(full) or said_tool is None or tuple(said_tool) not in LIGHT):
        return Refusal(ident, row.where, full, "scope", "strength with weights, machines or bars")
    if tool and said_tool is None:
        return Refusal(ident, row.where, full, "equipment", f"needs “{tool}”")
    called = f"{name} with {tool.lower()}" if said_tool else name
    fields = [
        mapped("name", called, full, "the equipment stands after the dash" if tool else ""),
        words.type_by_name(full, "static_stretch", "the file is flexibility and the name names no movement")
        if stretching
        else guessed("type", "activation", file, "strength with the body or a band"),
        words.laterality(full, steps),
        *(_muscles("primary_muscles", primary) if primary else words.muscles_by_name(full)),
        *_muscles("secondary_muscles", secondary),
        *words.position(full, steps),
        _equipment(tool, said_tool or [], full, steps),
        refused(
            "cue",
            begins(steps),
            "one short sentence of ours says it; their steps begin the guide",
        ),
    ]
    return Record(
        ident, row.where, called, LICENCE, tuple(fields), source_name=full, steps=tuple(steps),
        notes=(notes,) if notes else (), digest=digest(row.data),
    )  # fmt: skip


def _endurance(row: Row, ident: str, name: str) -> Record | Refusal:
    steps = [each for step in row.words("instructions") for each in sentences(step)]
    if name in ONE_ACTIVITY:
        return Refusal(
            ident, row.where, name, "not_an_exercise", "a sport or a class, which is an activity here"
        )
    tool = words.equipment_in(name)
    fields = [
        mapped("name", name, name),
        mapped("type", "pulse_raiser", "cardio"),
        guessed("laterality", "alternating", name, "walking, running and riding take turns"),
        *words.muscles_by_name(name),
        guessed("equipment", tool, name, "told by the name"),
        refused(
            "cue",
            begins(steps),
            "describes the sport and what it does for people, no instruction",
        ),
    ]
    return Record(ident, row.where, name, LICENCE, tuple(fields), digest=digest(row.data))


def _muscles(field: str, said: list[str]) -> list[Field]:
    for word in said:
        if word not in MUSCLES:
            raise FieldInvalid(
                f"{field.replace('_m', 'M')}: {word[:40]!r} is not a muscle of longhaul-exercises"
            )
    if not said:
        return [mapped(field, [], "", "the record names none")]
    codes = first_of([code for word in said for code in MUSCLES[word][0]])
    if all(MUSCLES[word][1] for word in said):
        return [mapped(field, codes, ", ".join(said))]
    return [guessed(field, codes, ", ".join(said), "one word of theirs for several muscles of ours")]


def _equipment(tool: str, said: list[str], full: str, steps: list[str]) -> Field:
    if tool:
        return mapped("equipment", said, tool)
    found = words.equipment_in(full) or words.equipment_in(" ".join(steps))
    if found:
        return guessed("equipment", found, "", "named in the name or the steps")
    return mapped("equipment", [], "", "nothing stands after a dash, nothing is named in the steps")
