"""The policy's constants, by code. Sources are rules of evidence.json (named) or reviewed judgement (said)."""

from __future__ import annotations

from typing import Any, Final

TYPES: Final = (
    "pulse_raiser", "dynamic_stretch", "mobility", "activation", "balance", "skill_drill", "potentiation",
    "static_stretch", "pnf_stretch", "foam_roll", "breathing",
)  # fmt: skip

# Per type: least and greatest work per side and set (generator.md), the most that filling time prefers, the greatest
# number of sets, rest between sets in seconds (judgement; F03 2-4 repetitions, F06 1-4 rounds, C06 one set).
DOSE: Final[dict[str, tuple[int, int, int, int, int]]] = {
    "pulse_raiser": (20, 300, 180, 1, 0),
    "dynamic_stretch": (8, 60, 40, 3, 10),
    "mobility": (8, 60, 45, 3, 10),
    "activation": (8, 60, 40, 3, 15),
    "balance": (10, 60, 40, 3, 10),
    "skill_drill": (8, 120, 60, 3, 15),
    "potentiation": (3, 30, 0, 2, 30),
    "static_stretch": (10, 60, 30, 4, 5),
    "pnf_stretch": (15, 60, 45, 1, 10),
    "foam_roll": (30, 60, 45, 1, 5),
    "breathing": (20, 300, 120, 1, 0),
}

# Segments of a routine in order, per kind: share of the budget in thousandths, types and phases let in.
# Warm-up and cool-down splits: evidence.md "What this means for the generator" 2 and 3.
SEGMENTS: Final[dict[str, list[dict[str, Any]]]] = {
    "warmup": [
        {"share": 250, "types": ["pulse_raiser"], "phases": ["raise"]},
        {"share": 290, "types": ["dynamic_stretch", "mobility", "activation"], "phases": ["mobilise"]},
        {"share": 180, "types": ["activation", "balance", "dynamic_stretch"], "phases": ["activate"]},
        {"share": 180, "types": ["skill_drill", "activation", "balance"], "phases": ["activate"]},
        {"share": 100, "types": ["potentiation", "skill_drill"], "phases": ["potentiate"]},
    ],
    "cooldown": [
        {"share": 200, "types": ["pulse_raiser"], "phases": ["cooldown", "raise"]},
        {"share": 80, "types": ["mobility", "foam_roll"], "phases": ["cooldown"]},
        {"share": 600, "types": ["static_stretch", "pnf_stretch"], "phases": ["cooldown"]},
        {"share": 0, "types": ["static_stretch", "mobility"], "phases": ["cooldown"]},
        {"share": 120, "types": ["breathing"], "phases": ["cooldown"]},
    ],
    "mobility": [
        {"share": 150, "types": ["pulse_raiser", "dynamic_stretch", "mobility"],
         "phases": ["raise", "mobilise", "cooldown"]},
        {"share": 350, "types": ["dynamic_stretch", "mobility"], "phases": ["mobilise", "cooldown"]},
        {"share": 120, "types": ["activation", "balance", "mobility"], "phases": ["activate", "mobilise", "cooldown"]},
        {"share": 330, "types": ["static_stretch", "pnf_stretch", "foam_roll"], "phases": ["cooldown"]},
        {"share": 50, "types": ["breathing", "static_stretch"], "phases": ["cooldown"]},
    ],
    "desk_break": [
        {"share": 220, "types": ["pulse_raiser"], "phases": ["raise", "cooldown"]},
        {"share": 300, "types": ["dynamic_stretch", "mobility"], "phases": ["mobilise", "cooldown"]},
        {"share": 200, "types": ["activation", "balance", "mobility"], "phases": ["activate", "mobilise"]},
        {"share": 200, "types": ["static_stretch"], "phases": ["cooldown"]},
        {"share": 50, "types": ["static_stretch", "breathing"], "phases": ["cooldown"]},
    ],
}  # fmt: skip

POSTURE: Final[dict[str, int]] = {
    "standing": 0, "standing_single_leg": 0, "walking": 0, "squat": 0, "seated_chair": 1, "half_kneeling": 2,
    "tall_kneeling": 2, "quadruped": 2, "plank": 2, "inverted": 2, "prone": 3, "supine": 3, "side_lying": 3,
    "seated_floor": 3, "hanging": 4,
}  # fmt: skip

HANGING: Final = 4


def on_floor(posture: Any) -> Any:
    """Whether a posture (a number, or an array of them) is down on the floor."""
    return (posture >= 2) & (posture <= 3)


# How far up from the floor a position is, 0..7, so that neighbours in a routine are neighbours in space.
HEIGHT: Final[dict[str, int]] = {
    "supine": 0, "prone": 1, "side_lying": 2, "seated_floor": 3, "plank": 4, "inverted": 4, "quadruped": 5,
    "tall_kneeling": 6, "half_kneeling": 7, "squat": 7, "seated_chair": 7, "standing": 7, "standing_single_leg": 7,
    "walking": 7, "hanging": 7,
}  # fmt: skip

# Items of different groups are never near-twins: types, and for drills bands of intensity (MET x 10), so that a stride
# may follow a slower one. The weight is what being of one group adds to what two items share: breathing is breathing.
TWIN_GROUPS: Final[tuple[tuple[tuple[str, ...], int], ...]] = (
    (("dynamic_stretch", "mobility"), 7), (("activation",), 7), (("balance",), 7),
    (("static_stretch", "pnf_stretch", "foam_roll"), 7), (("breathing",), 60),
)  # fmt: skip
DRILL_WEIGHT: Final = 7
DRILL_BANDS: Final = (50, 80)
TWIN_COLUMNS: Final = len(TWIN_GROUPS) + len(DRILL_BANDS) + 1

LEGS: Final = ("hip", "knee", "ankle", "foot")
"""A fresh injury of one of these is not jumped or stood on either (K01, K06)."""

# Muscles that a fresh strain keeps out of anything at 4.5 MET or more (K03, K16: no sprinting or cutting early).
STRAINS: Final[dict[str, tuple[str, ...]]] = {
    "groin_strain": ("adductors",), "hamstring_strain_acute": ("hamstrings",), "calf_strain": ("gastroc", "soleus"),
}  # fmt: skip

# Seconds to get from one posture to the next (U02: 5-8 s same posture, 8-15 s change); row 5 is the start.
TRANSITION: Final = (
    (5, 8, 12, 12, 8),
    (8, 5, 12, 12, 10),
    (12, 12, 6, 8, 12),
    (12, 12, 8, 6, 12),
    (8, 10, 12, 12, 5),
    (3, 3, 3, 3, 3),
)
START: Final = 5

# Groups of conditions that a rule or a warning speaks of.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "no_potentiation": (
        "hypertension", "cardiac", "pregnancy_t1", "pregnancy_t23", "postpartum_early", "ankle_sprain_acute",
        "calf_strain", "hamstring_strain_acute", "groin_strain", "knee_ligament_meniscus", "concussion_recent",
        "osteoporosis", "fall_risk", "abdominal_hernia", "hip_replacement",
    ),
    "longer_raise": ("hypertension", "cardiac", "exercise_asthma"),  # W02, O10
    "gradual_cooldown": ("hypertension", "cardiac"),  # C04
    "reduced_dose": (
        "cardiac", "hypertension", "pregnancy_t1", "pregnancy_t23", "postpartum_early", "fall_risk",
        "concussion_recent", "abdominal_hernia",
    ),
    "tendinopathy": (
        "achilles_tendinopathy", "patellar_tendinopathy", "hamstring_tendinopathy", "gluteal_tendinopathy",
        "elbow_tendinopathy",
    ),
    "pregnancy": ("pregnancy_t1", "pregnancy_t23"),
    "seek_clearance": (
        "cardiac", "hypertension", "ankle_sprain_acute", "calf_strain", "hamstring_strain_acute", "groin_strain",
        "osteoporosis", "hip_replacement", "concussion_recent", "pregnancy_t1", "pregnancy_t23", "postpartum_early",
    ),
    "breathe": ("hypertension", "cardiac", "pregnancy_t1", "pregnancy_t23"),
    "support": ("fall_risk", "vertigo", "neuropathy"),
    "hypermobility": ("hypermobility",),
    "pelvic_girdle_pain": ("pelvic_girdle_pain",),
    "ankle_instability": ("ankle_instability",),
    "cardiac": ("cardiac",),
    "asthma": ("exercise_asthma",),  # O11
    "lumbar_disc": ("lumbar_disc",),
}  # fmt: skip

COVERAGE_STEPS: Final = 24
# A muscle covered k thirds of an item's primary work still has this much of its demand left, of 256.
# What nothing has covered yet counts more, the greatest demand most of all, so that W10's demands are answered before
# any twice. The first part is for the greatest demand, the second for all others; the second column is for deficits,
# which one item does not settle.
NEED_LEFT: Final = tuple(
    (first[k] if k < 3 else round(256 * 0.78**k), 384 if k == 0 else round(300 * 0.95**k))
    for first in ((1200, 800, 450), (384, 300, 230))
    for k in range(COVERAGE_STEPS)
)
WARMUP_GAP_LONG_S: Final = 900  # W07
