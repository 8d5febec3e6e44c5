"""Words for reasons, in the model's metadata so that every platform writes the same sentence.

Copy obeys the claim rules C01-C03: nothing prevents injury or soreness, flushes anything or fixes posture.
"""

from __future__ import annotations

from typing import Any, Final

MUSCLE_WORDS: Final = {
    "abs": "abs", "adductors": "inner thighs", "biceps": "biceps", "deep_core": "deep core",
    "deep_hip_rotators": "deep hip muscles", "delts_front": "front of the shoulders",
    "delts_rear": "back of the shoulders", "diaphragm": "breathing muscles", "foot_intrinsics": "feet",
    "forearm_extensors": "top of the forearms", "forearm_flexors": "forearms", "gastroc": "calves",
    "glute_max": "glutes", "glute_med": "side of the hips", "hamstrings": "hamstrings", "hand_intrinsics": "hands",
    "hip_flexors": "front of the hips", "lats": "lats", "lumbar_extensors": "lower back", "mid_back": "mid back",
    "neck_extensors": "back of the neck", "neck_flexors": "front of the neck", "obliques": "waist",
    "pecs": "chest", "peroneals": "outer shins", "quadratus_lumborum": "sides of the lower back", "quads": "thighs",
    "rotator_cuff": "rotator cuff", "serratus": "sides of the ribs", "soleus": "lower calves",
    "tfl_itb": "outer thighs", "thoracic_extensors": "upper back", "tib_ant": "shins", "tib_post": "inner ankles",
    "triceps": "triceps", "upper_traps": "neck and shoulder tops",
}  # fmt: skip

# {muscles} is at most two of the item's primary muscles, the most demanded first.
BY_TYPE: Final = {
    "pulse_raiser": "Gets you warm and breathing a little faster, using the {muscles}",
    "dynamic_stretch": "Moves the {muscles} through a growing range",
    "mobility": "Loosens the joints around the {muscles}",
    "activation": "Wakes up the {muscles}",
    "balance": "Trains steady footing with the {muscles}",
    "skill_drill": "Rehearses the movement with the {muscles}",
    "potentiation": "A short, quick effort for the {muscles}",
    "static_stretch": "Stretches the {muscles}",
    "pnf_stretch": "Stretches the {muscles} after a gentle push",
    "foam_roll": "Rolls out the {muscles}",
    "breathing": "Slows your breathing down",
}
EASY: Final = "Easy movement to come down gently, using the {muscles}"

# The greatest of the additive parts closes the sentence.
BECAUSE: Final = {
    "demand": "; {activity} asks much of them",
    "deficits": "; you asked for more range here",
    "history": "; you liked it before",
    "listed": "; it suits {activity}",
    "none": "",
}

RULES_BY_TYPE: Final = {
    "pulse_raiser": ["W02"], "dynamic_stretch": ["S05"], "mobility": ["W01"], "activation": ["W01"],
    "balance": ["N03"], "skill_drill": ["W10"], "potentiation": ["P02", "P03"], "static_stretch": ["F01", "F03"],
    "pnf_stretch": ["F06"], "foam_roll": ["C06"], "breathing": ["C08"],
}  # fmt: skip
RULES_OF_OPENING: Final = {"warmup": ["W02"], "cooldown": ["C04"], "mobility": ["F05"], "desk_break": ["C09"]}

WORDING: Final[dict[str, Any]] = {
    "muscles": MUSCLE_WORDS, "by_type": BY_TYPE, "easy": EASY, "because": BECAUSE, "rules_by_type": RULES_BY_TYPE,
    "rules_of_opening": RULES_OF_OPENING,
}  # fmt: skip
