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
    "pecs": "chest", "peroneals": "outer shins", "quadratus_lumborum": "sides of the lower back",
    "quads": "front of the thighs", "rotator_cuff": "rotator cuff", "serratus": "sides of the ribs", "soleus": "calves",
    "tfl_itb": "outer thighs", "thoracic_extensors": "upper back", "tib_ant": "shins", "tib_post": "inner ankles",
    "triceps": "triceps", "upper_traps": "tops of the shoulders",
}  # fmt: skip

MOVE_WORDS: Final = {
    "ankle.dorsiflexion": "bending the ankles", "ankle.plantarflexion": "pushing off the toes",
    "ankle.inversion": "tilting the ankles in", "ankle.eversion": "tilting the ankles out",
    "cervical.flexion": "nodding", "cervical.extension": "looking up", "cervical.lateral_flexion": "tilting the head",
    "cervical.rotation": "turning the head", "elbow.flexion": "bending the elbows",
    "elbow.extension": "straightening the elbows", "finger.flexion": "gripping",
    "finger.extension": "opening the hands",
    "forearm.pronation": "turning the palms down", "forearm.supination": "turning the palms up",
    "global.balance": "balance", "global.locomotion": "moving along", "hip.flexion": "lifting the knees",
    "hip.extension": "driving the hips forward", "hip.abduction": "moving the legs apart",
    "hip.adduction": "bringing the legs together", "hip.internal_rotation": "turning the hips in",
    "hip.external_rotation": "turning the hips out", "knee.flexion": "bending the knees",
    "knee.extension": "straightening the knees", "lumbar.flexion": "rounding the lower back",
    "lumbar.extension": "arching the lower back", "lumbar.lateral_flexion": "bending sideways",
    "lumbar.rotation": "turning the trunk", "rib.expansion": "breathing deeply",
    "scapula.depression": "drawing the shoulder blades down", "scapula.elevation": "shrugging",
    "scapula.protraction": "reaching forward", "scapula.retraction": "drawing the shoulder blades together",
    "scapula.upward_rotation": "turning the shoulder blades up", "shoulder.flexion": "raising the arms in front",
    "shoulder.extension": "swinging the arms back", "shoulder.abduction": "raising the arms sideways",
    "shoulder.internal_rotation": "turning the arms in", "shoulder.external_rotation": "turning the arms out",
    "shoulder.horizontal_abduction": "opening the arms", "shoulder.horizontal_adduction": "crossing the arms",
    "thoracic.extension": "straightening the upper back", "thoracic.flexion": "rounding the upper back",
    "thoracic.lateral_flexion": "bending the upper back sideways", "thoracic.rotation": "turning the upper back",
    "toe.extension": "bending the toes up", "toe.flexion": "curling the toes", "trunk.stability": "a steady trunk",
    "wrist.extension": "bending the wrists back", "wrist.flexion": "bending the wrists forward",
    "wrist.deviation": "tilting the wrists",
}  # fmt: skip

# {muscles} is at most two of the item's primary muscles, the most demanded first.
BY_TYPE: Final = {
    "pulse_raiser": "Gets you warm and breathing a little faster, using the {muscles}",
    "dynamic_stretch": "Moves the {muscles} through a growing range",
    "mobility": "Loosens the joints around the {muscles}",
    "activation": "Wakes up the {muscles}",
    "balance": "Trains steady footing with the {muscles}",
    "skill_drill": "Rehearses {activity} itself with the {muscles}",
    "potentiation": "A short, quick effort for the {muscles}",
    "static_stretch": "Stretches the {muscles}",
    "pnf_stretch": "Stretches the {muscles} after a gentle push",
    "foam_roll": "Rolls out the {muscles}",
    "breathing": "Slows your breathing down",
}
# Easy movement instead: to come down, and where another pulse raiser stands before it.
EASY: Final = "Easy movement to come down gently, using the {muscles}"
STEP_UP: Final = "Takes the intensity up a step, using the {muscles}"

# How the sentence goes on; the first that is true. {moves} is one movement, in MOVE_WORDS.
BECAUSE: Final = {
    "deficits": "; you asked for more here",
    "history": "; you liked it before",
    "worked": "; they worked hard in {activity}",
    "demand": "; {activity} asks much of them",
    "move": "; {activity} needs {moves}",
    "again": ", in another way than before",
    "listed": "; it suits {activity}",
    "none": "",
}
YOURS: Final = "what you chose"
"""The activity's words for a custom demand vector."""

RULES_BY_TYPE: Final = {
    "pulse_raiser": ["W02"], "dynamic_stretch": ["S05"], "mobility": ["W01"], "activation": ["W01"],
    "balance": ["N03"], "skill_drill": ["W10"], "potentiation": ["P02", "P03"], "static_stretch": ["F01", "F03"],
    "pnf_stretch": ["F06"], "foam_roll": ["C06"], "breathing": ["C08"],
}  # fmt: skip
RULES_OF_OPENING: Final = {"warmup": ["W02"], "cooldown": ["C04"], "mobility": ["F05"], "desk_break": ["C09"]}

WORDING: Final[dict[str, Any]] = {
    "muscles": MUSCLE_WORDS, "moves": MOVE_WORDS, "by_type": BY_TYPE, "easy": EASY, "step_up": STEP_UP,
    "because": BECAUSE, "yours": YOURS, "rules_by_type": RULES_BY_TYPE, "rules_of_opening": RULES_OF_OPENING,
}  # fmt: skip
