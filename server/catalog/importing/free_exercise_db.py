"""free-exercise-db (`dist/exercises.json`): facts only. Instructions are read for words like "seated", never kept."""

import re

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
from server.catalog.importing.reading import FieldInvalid, Files, ImportInvalid, Row, json_of, the_list

LICENCE = Licence(
    "Unlicense",
    "Unlicense (names and facts only; where its instructions and pictures come from is unclear)",
    "https://unlicense.org",
    "",
    "https://github.com/yuhonas/free-exercise-db",
)
CATEGORIES = (
    "stretching",
    "plyometrics",
    "cardio",
    "strength",
    "powerlifting",
    "olympic weightlifting",
    "strongman",
)
LEVELS = {"beginner": 2, "intermediate": 3, "expert": 4}
MUSCLES = {
    "abdominals": ["abs"],
    "abductors": ["glute_med"],
    "adductors": ["adductors"],
    "biceps": ["biceps"],
    "chest": ["pecs"],
    "glutes": ["glute_max"],
    "hamstrings": ["hamstrings"],
    "lats": ["lats"],
    "lower back": ["lumbar_extensors"],
    "middle back": ["mid_back"],
    "quadriceps": ["quads"],
    "traps": ["upper_traps"],
    "triceps": ["triceps"],
}
# One word of theirs for several muscles of ours: what the name says decides, else the code in the last place.
SPLIT: dict[str, tuple[tuple[str, list[str]], ...]] = {
    "calves": (
        (r"soleus|seated|bent", ["soleus"]),
        (r"tibialis", ["tib_ant"]),
        (r"peroneal", ["peroneals"]),
        (r"foot|plantar", ["foot_intrinsics"]),
        (r"", ["gastroc"]),
    ),
    "shoulders": (
        (r"\bfront\b|anterior", ["delts_front"]),
        (r"\brear\b|posterior|lateral|\bside\b", ["delts_rear"]),
        (r"", ["delts_front", "delts_rear"]),
    ),
    "forearms": ((r"extensor", ["forearm_extensors"]), (r"", ["forearm_flexors"])),
    "neck": ((r"chin|back|extens", ["neck_extensors"]), (r"side", ["upper_traps"]), (r"", ["neck_extensors"])),
}  # fmt: skip
OVERRIDES = (
    (r"hip flexor", "quadriceps", ["hip_flexors"]),
    (r"posterior tibialis", "calves", ["tib_post"]),
    (r"piriformis", "glutes", ["deep_hip_rotators"]),
    (r"iliotibial|\bit band", "abductors", ["tfl_itb"]),
)
EQUIPMENT = {
    "body only": [],
    "bands": ["band"],
    "foam roll": ["foam_roller"],
    "exercise ball": ["swiss_ball"],
    "dumbbell": ["dumbbell"],
    "kettlebells": ["kettlebell"],
    "barbell": ["barbell"],
}
NO_WORD = ("cable", "machine", "medicine ball", "e-z curl bar")
LIGHT = ("body only", "bands", None)


def read(files: Files) -> Read:
    """Records of the one JSON file given."""
    if len(files) != 1:
        raise ImportInvalid(
            f"free-exercise-db is one file, exercises.json; given: {', '.join(sorted(files))}"
        )
    name, body = next(iter(files.items()))
    for number, entry in enumerate(the_list(name, json_of(name, body)), start=1):
        where = f"{name}, record {number}"
        try:
            yield _record(Row(where, entry))
        except FieldInvalid as error:
            said = entry.get("id") if isinstance(entry, dict) else None
            yield Refusal(str(said or number)[:80], where, "", "malformed", str(error))


def _record(row: Row) -> Record | Refusal:
    ident, name = row.text("id"), row.text("name")
    category = row.one_of("category", CATEGORIES)
    level = row.one_of("level", tuple(LEVELS))
    equipment = row.one_of("equipment", (None, "other", *EQUIPMENT, *NO_WORD))
    primary, secondary = row.words("primaryMuscles"), row.words("secondaryMuscles")
    steps = row.words("instructions")
    machine = words.equipment_in(name) if category == "cardio" else []
    if category in ("powerlifting", "olympic weightlifting", "strongman") or (
        category == "strength" and (level != "beginner" or equipment not in LIGHT or words.GYM.search(name))
    ):
        return Refusal(
            ident, row.where, name, "scope", f"{category}, {level}, {equipment or 'no equipment named'}"
        )
    if equipment in NO_WORD and not machine:
        return Refusal(ident, row.where, name, "equipment", f"needs “{equipment}”")
    fields = [
        mapped("name", name, name),
        _type(name, category),
        words.laterality(name, steps),
        *_muscles("primary_muscles", primary, name),
        *_muscles("secondary_muscles", secondary, name),
        *words.position(name, steps),
        *_equipment(equipment, machine, name, steps),
        guessed("difficulty", LEVELS[str(level)], str(level), "three levels of theirs for five of ours"),
        refused("cue", begins(steps), "where these instructions come from is unclear; a person writes ours"),
    ]
    said = {key: row.data.get(key) for key in sorted(row.data) if key not in ("instructions", "images")}
    return Record(ident, row.where, name, LICENCE, tuple(fields), digest=digest(said))


def _type(name: str, category: str | None) -> Field:
    if category == "plyometrics":
        return mapped("type", "potentiation", category, "plyometrics prepare for explosive effort")
    if category == "cardio":
        return mapped("type", "pulse_raiser", category)
    if category == "strength":
        return guessed("type", "activation", category, "strength with the body or a band, for beginners")
    found = words.type_by_name(
        name, "static_stretch", "the category is stretching and the name names no movement"
    )
    # Their stretching category is right about what it is for; only how it moves is told by the name.
    return found if found.value != "potentiation" else guessed("type", "dynamic_stretch", name, found.why)


def _muscles(field: str, said: list[str], name: str) -> list[Field]:
    codes: list[str] = []
    sure = True
    for word in said:
        special = next(
            (c for pattern, own, c in OVERRIDES if own == word and re.search(pattern, name, re.I)), None
        )
        if special:
            codes, sure = codes + special, False
        elif word in MUSCLES:
            codes += MUSCLES[word]
        elif word in SPLIT:
            codes += next(c for pattern, c in SPLIT[word] if re.search(pattern, name, re.I))
            sure = False
        else:
            raise FieldInvalid(
                f"{field.replace('_m', 'M')}: {word[:40]!r} is not a muscle of free-exercise-db"
            )
    if not codes and field == "primary_muscles":
        return words.muscles_by_name(name)
    make = mapped if sure else guessed
    why = "" if sure else "one word of theirs for several muscles of ours, told apart by the name"
    return [make(field, first_of(codes), ", ".join(said), why)]


def _equipment(said: str | None, machine: list[str], name: str, steps: list[str]) -> list[Field]:
    if said in EQUIPMENT:
        return [mapped("equipment", EQUIPMENT[said], said)]
    if machine:
        return [guessed("equipment", machine[:1], said or "", "told by the name")]
    found = words.equipment_in(name) or words.equipment_in(" ".join(steps[:3]))
    if found:
        return [guessed("equipment", found, said or "", "named in the name or the instructions")]
    if said is None:
        return [guessed("equipment", [], "", "the set leaves it open and nothing is named")]
    return [refused("equipment", said, "“other” does not say what")]
