"""French words of the warm-up generator in our words: names, muscles, joints, positions, free-text repetitions."""

import re
from dataclasses import dataclass

# Whole names first, then heads, complements and endings that make up the others.
_HEADS = {
    "étirement": "stretch", "étirements": "stretch", "rotations": "rotations", "rotation": "rotation",
    "cercles": "circles", "grands cercles": "circles", "flexions-extensions": "bends and stretches",
    "inclinaisons latérales": "side bends", "essuie-glaces": "windscreen wipers", "pompes": "push-ups",
    "squat": "squat", "squats": "squats", "fentes": "lunges", "fente": "lunge", "pont": "bridge", "planche": "plank",
    "extension": "extension", "extensions": "extensions", "mobilité": "mobility", "ouverture": "opening",
    "ouvertures": "openings", "relevé": "raise", "montées": "rises", "balanciers": "swings", "curl": "curl",
    "pushdown": "pushdown", "kickback": "kickback", "rowing": "row", "face pull": "face pull", "superman": "superman",
    "rétraction": "retraction", "pronation-supination": "palm turns", "dead bug": "dead bug", "y-raise": "Y raise",
    "step-up": "step-up", "leg curl": "leg curl", "mise en charge progressive": "gradual loading",
    "genoux": "knees", "dos rond": "rounded back", "dos creux": "hollow back", "y-t": "Y and T raise",
}  # fmt: skip
_PARTS = {
    "cervicales": "neck", "d'épaules": "shoulder", "de poignets": "wrist", "des poignets": "wrist",
    "du poignet": "wrist",
    "de coudes": "elbow", "du buste": "trunk", "du tronc": "trunk", "de hanches": "hip", "hanches": "hip",
    "de hanche": "hip", "de genoux": "knee", "du genou": "knee", "cheville": "ankle", "de chevilles": "ankle",
    "genou": "knee", "lombaires": "lower back", "fessier": "glute", "triceps": "triceps", "biceps": "biceps",
    "externe coiffe des rotateurs": "rotator cuff outward", "de la capsule postérieure": "back of the shoulder",
    "des extenseurs": "extensor", "des fléchisseurs": "flexor", "du triceps brachial": "triceps", "du mollet": "calf",
    "de jambe tendue": "straight leg", "de jambe": "leg", "de l'avant-bras": "forearm",
    "scapulaires": "shoulder blade",
    "scapulaire": "shoulder blade", "terminale": "end-range", "sur la pointe des pieds": "heel",
    "quadrupédie": "all-fours",
}  # fmt: skip
_ENDS = {
    "debout": "standing", "au sol": "on the floor", "au mur": "at the wall", "contre mur": "against a wall",
    "à quatre pattes": "on all fours", "(allongé)": "lying", "élastique": "with a band",
    "avec élastique": "with a band",
    "haltère": "with a dumbbell", "léger": "light", "lentes": "slow", "contrôlé": "controlled",
    "contrôlés": "controlled",
    "profond": "deep", "alternée": "alternating", "alternées": "alternating", "avant": "forward", "basse": "low",
    "au poids du corps": "without weight", "sur coudes": "on the elbows", "sur poitrine": "to the chest",
    "sur banc": "on a bench",
    "une jambe": "single-leg", "ou debout": "or standing", "(slr)": "", "avec": "with", "et": "and",
    "/": "and", "du": "",
}  # fmt: skip
_BEFORE = {
    "standing",
    "alternating",
    "controlled",
    "deep",
    "light",
    "slow",
    "low",
    "forward",
    "single-leg",
    "lying",
}
_TERMS = sorted(
    [(term, "head", said) for term, said in _HEADS.items()]
    + [(term, "part", said) for term, said in _PARTS.items()]
    + [(term, "end", said) for term, said in _ENDS.items()],
    key=lambda each: -len(each[0]),
)

TYPES = (
    (r"étirement|genoux sur poitrine", "static_stretch"),
    (r"balancier|fente|squat profond", "dynamic_stretch"),
    (
        r"rotation|cercles|flexions-extensions|ouverture|mobilité|essuie-glace|inclinaison|dos rond|pronation",
        "mobility",
    ),
)
POSITIONS = (
    (r"à quatre pattes|quadrupédie", "quadruped"),
    (r"allongé sur le dos", "supine"),
    (r"allongé face au sol|sur le ventre", "prone"),
    (r"genou arrière au sol|fente basse", "half_kneeling"),
    (r"assis au sol", "seated_floor"),
    (r"assis", "seated_chair"),
    (r"position (de )?(planche|pompe)|appui sur les coudes", "plank"),
    (
        r"debout|pieds (joints|à largeur|parallèles)|mains au mur|fente|squat|grand pas|position fente",
        "standing",
    ),
)
EQUIPMENT = (
    (r"\bmur\b", "wall"), (r"\bmarche\b|\bstep\b", "step"), (r"\bbanc\b", "bench"), (r"\bchaise\b", "chair"),
)  # fmt: skip
FOCUS = {
    "lumbar": ["lumbar_extensors"], "scapula": ["mid_back"], "hip": ["glute_med"], "glutes": ["glute_max"],
    "knee-control": ["quads"], "wrist-forearm": ["forearm_flexors", "forearm_extensors"], "core": ["deep_core"],
    "elbow-tendon": ["triceps"], "ankle": ["gastroc"], "rotator-cuff": ["rotator_cuff"],
    "thoracic": ["thoracic_extensors"],
}  # fmt: skip
ZONES = {
    "pecs": ["pecs"], "dos": ["mid_back"], "epaules": ["delts_front"], "jambes": ["quads"], "fessiers": ["glute_max"],
    "bras": ["biceps", "triceps"], "core": ["deep_core"],
}  # fmt: skip
NAMED = (  # muscles that a name says better than a zone can
    (r"cervical", ["neck_extensors"]), (r"triceps", ["triceps"]), (r"biceps", ["biceps"]),
    (r"mollet|pointe", ["gastroc"]),
    (r"extenseurs du poignet", ["forearm_extensors"]), (r"fléchisseurs du poignet", ["forearm_flexors"]),
    (r"leg curl", ["hamstrings"]), (r"fessier", ["glute_max"]), (r"coiffe", ["rotator_cuff"]),
    (r"cheville", ["gastroc"]),
    (r"lombaires", ["lumbar_extensors"]), (r"capsule", ["delts_rear"]), (r"squat|fente", ["quads", "glute_max"]),
    (r"pompes scapulaires", ["serratus"]),
)  # fmt: skip
JOINTS = {
    "rachis-cervical": "cervical", "rachis-thoracique": "thoracic", "rachis-lombaire": "lumbar", "hanche": "hip",
    "genou": "knee", "cheville": "ankle", "epaule": "shoulder", "coude-poignet": "elbow",
}  # fmt: skip
MOTIONS = (
    (r"rotation", "rotation"),
    (r"inclinaisons latérales", "lateral_flexion"),
    (r"flexions-extensions", "flexion"),
)


@dataclass(frozen=True, slots=True)
class Dose:
    """What a free-text dose asks for. `reps` or `seconds` is None; `each` is for each side."""

    reps: int | None
    seconds: int | None
    each: bool
    turns: bool


def english(name: str) -> tuple[str, list[str]]:
    """A name put together from known terms, and the words that have none."""
    rest = " " + name.lower().replace("’", "'") + " "
    found: list[tuple[int, str, str]] = []
    for term, kind, said in _TERMS:
        pattern = re.compile(rf"(?<![\w'-]){re.escape(term)}(?![\w-])")
        while hit := pattern.search(rest):
            found.append((hit.start(), kind, said))
            rest = rest[: hit.start()] + "\0" * (hit.end() - hit.start()) + rest[hit.end() :]
    unknown = re.findall(r"[^\W\d_][\w'-]*", rest.replace("\0", " "))
    words = {
        kind: [said for _, own, said in sorted(found) if own == kind and said]
        for kind in ("part", "head", "end")
    }
    joined = " ".join([*words["part"], *words["head"][:1]])
    if len(words["head"]) > 1:
        joined = " and ".join([joined, *words["head"][1:]])
    ends = [end for end in words["end"] if end not in ("and", "with")]
    before, after = [e for e in ends if e in _BEFORE], [e for e in ends if e not in _BEFORE]
    made = " ".join([*before, joined[:1].lower() + joined[1:] if before else joined, *after]).strip()
    return (made[:1].upper() + made[1:], unknown)


def dose(said: str) -> Dose | None:
    """The dose in a text like `8-10 de chaque côté` or `10 Y + 10 T`; None for one that says no number.

    Of a range the lower number counts; several parts (`8 avant/arrière + 8 latéraux`) are added up.
    """
    text = said.lower()
    parts = [int(hit.group(1)) for hit in re.finditer(r"(\d{1,3})(?:\s*[-–à]\s*\d{1,3})?", text)]
    if not parts or not 0 < sum(parts) <= 600:
        return None
    each = bool(re.search(r"chaque côté|par côté", text))
    turns = bool(re.search(r"chaque sens|vers l'avant", text))
    if re.search(r"second|\bsec\b|\ds\b", text):
        return Dose(None, parts[0], each, turns)
    return Dose(sum(parts), None, each, turns)
