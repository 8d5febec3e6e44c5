"""What is learned about a person: thirty taste features of an exercise, and the constants of the fixed point.

A feature is 0 or 1 and comes from catalogue tensors that the generator already has. The learned state lives in this
feature space and not in the space of exercises, so a new catalogue release keeps it: an exercise that was never seen
is liked for what it is made of.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from model_export.contract import FEATURE_SPEC
from model_export.policy_tables import TYPES

CONTRACT: Final = 1
"""Version of the state's meaning. Its own and not the generator's: a new generator must not wipe what was learned."""

FEEDBACK_ROWS: Final = 64
"""Rows of one batch; a routine has at most 48 slots."""
FEEDBACK: Final = ("item", "reward")
"""Columns of `feedback` [64, 2]: index of the exercise (-1 ends the batch) and reward -2..2."""
MAX_REWARD: Final = 2

# One row per feature. `codes`: the item has one of them (for item_muscle: a primary muscle in one of the regions);
# `except`: it has a code that is not listed; `at_least`: bound on a column of item_number. `says` is for people.
TASTE: Final[list[dict[str, Any]]] = [
    {"name": "everything", "says": "exercise altogether"},
    *(
        {"name": f"type:{code}", "tensor": "item_type", "codes": [code], "says": says}
        for code, says in zip(
            TYPES,
            ("pulse raisers", "dynamic stretches", "mobility work", "activation work", "balance work", "skill drills",
             "potentiation", "static stretches", "PNF stretches", "foam rolling", "breathing exercises"),
            strict=True,
        )
    ),
    {"name": "posture:standing", "tensor": "item_default_position", "codes": ["squat", "standing"],
     "says": "standing work"},
    {"name": "posture:one_leg", "tensor": "item_default_position", "codes": ["standing_single_leg"],
     "says": "standing on one leg"},
    {"name": "posture:walking", "tensor": "item_default_position", "codes": ["walking"],
     "says": "work that moves about"},
    {"name": "posture:seated", "tensor": "item_default_position", "codes": ["seated_chair"],
     "says": "work on a chair"},
    {"name": "posture:kneeling", "tensor": "item_default_position",
     "codes": ["half_kneeling", "inverted", "plank", "quadruped", "tall_kneeling"],
     "says": "kneeling and work on all fours"},
    {"name": "posture:floor", "tensor": "item_default_position",
     "codes": ["prone", "seated_floor", "side_lying", "supine"], "says": "work lying or sitting on the floor"},
    {"name": "region:neck", "tensor": "item_muscle", "codes": ["neck"], "says": "neck work"},
    {"name": "region:shoulders", "tensor": "item_muscle", "codes": ["shoulder"], "says": "chest and shoulder work"},
    {"name": "region:arms", "tensor": "item_muscle", "codes": ["elbow", "wrist_hand"], "says": "arm and hand work"},
    {"name": "region:trunk", "tensor": "item_muscle", "codes": ["lumbar_spine", "thoracic_spine"],
     "says": "back and trunk work"},
    {"name": "region:hips", "tensor": "item_muscle", "codes": ["hip"], "says": "hip work"},
    {"name": "region:thighs", "tensor": "item_muscle", "codes": ["knee"], "says": "thigh work"},
    {"name": "region:lower_legs", "tensor": "item_muscle", "codes": ["ankle", "foot"],
     "says": "calf, ankle and foot work"},
    {"name": "demanding", "tensor": "item_number", "column": "difficulty", "at_least": 3,
     "says": "demanding technique"},
    {"name": "vigorous", "tensor": "item_number", "column": "met10", "at_least": 50, "says": "vigorous work"},
    {"name": "one_sided", "tensor": "item_number", "column": "sides", "at_least": 2, "says": "one side at a time"},
    {"name": "jumping", "tensor": "item_hazard", "codes": ["impact", "impact_high"], "says": "jumps"},
    {"name": "kit", "tensor": "item_equipment", "except": ["chair", "doorway", "mat", "step", "strap", "wall"],
     "says": "work with equipment"},
]  # fmt: skip

VOCABULARIES: Final = ("muscles", "regions", "types", "positions", "equipment", "hazards")
"""The closed vocabularies that the features are read with; a code they lack gives no feature."""

ITEM_SPEC: Final = [e for e in FEATURE_SPEC if e["tensor"] in {row.get("tensor") for row in TASTE}]
"""The generator's own rows of feature specification for the tensors needed here."""

K: Final = len(TASTE)
MOST_ACTIVE: Final = 3 + sum(
    row["name"].split(":")[0] not in {"everything", "type", "posture"} for row in TASTE
)
"""How many features an item can have at once: `everything`, one type, one posture, and all of the rest."""

PRIOR: Final = 1 << 13
"""Prior variance of one feature's taste, and the unit of the covariance."""
NOISE: Final = 8 * PRIOR
"""Variance of one reward about its expectation: prior tastes of a third of a reward, rewards scattered by one."""
FORGET: Final = 256
"""Every row of feedback takes the covariance 1/256 of the way back to the prior, and a taste 1/512 back to none."""
UNIT: Final = 1 << 12
"""A reward of 1, in units of a taste."""
BOUND: Final = 1 << 13
"""Greatest absolute value of any entry of the state's matrix: the prior variance, or a taste of two rewards."""
GAIN: Final = 45_000
"""No entry of P x is larger for a state that learning made (learn.py); a made-up one is cut here, and so is the
distance of a reward from what was expected: beyond eleven rewards."""
POINTS: Final = 100
"""Score points per expected reward of 1: being listed for the activity gives 200, a favourite 120."""
MOST_POINTS: Final = 200
"""Bound of `personal`: a taste may outweigh one other part of the score, never a quota nor a mask."""

MOST_SEEN: Final = 1_000_000
"""Where the count of rows stops."""

STATE: Final = 1 + K * (K + 1)
"""Length of a state: rows seen, then the matrix [K, K + 1] row by row: covariance less its prior, and tastes."""


def tag(taste: list[dict[str, Any]]) -> int:
    """A number that changes whenever a state would mean something else: features and constants, not the wording."""
    meaning = [{k: v for k, v in row.items() if k != "says"} for row in taste]
    constants = [CONTRACT, PRIOR, NOISE, FORGET, UNIT, BOUND]
    text = json.dumps([constants, meaning], separators=(",", ":"), sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
