"""The generator's contract: names, shapes and meaning of every tensor, and the versions a device checks.

N >= 5 items of the catalogue in ascending slug order (ties in a score go to the lower index), M muscles, V movements,
H hazards, R regions, C conditions, F features of the scorer. Everything is int32. A vocabulary is closed at export: it
travels in the model's metadata, and an exercise with a code the model does not know is blocked by the encoder rather
than guessed at.
"""

from __future__ import annotations

from typing import Any, Final

CONTRACT: Final = 2
OPSET: Final = 17
ML_OPSET: Final = 1
IR: Final = 8
MAX_STEPS: Final = 48
STRAINED_AFTER: Final = 2
STRAINED_PERCENT: Final = 85
"""L02: after so many sessions in a row that were too hard, the next routine is planned for this part of its time."""
BUDGET_MIN_S: Final = 120
BUDGET_MAX_S: Final = 3600

VOCABULARIES: Final = (
    "muscles", "regions", "moves", "types", "phases", "kinds", "positions", "equipment", "hazards",
    "constraints", "red_flags", "warnings", "conditions", "activities",
)  # fmt: skip

# One row per tensor made from catalogue documents. Encoders: `weighted` sums a weight per field that lists the code,
# `multihot` marks listed codes, `index` is the place of one code, `numbers` scales numeric fields (absent: 0).
FEATURE_SPEC: Final[list[dict[str, Any]]] = [
    {"tensor": "item_muscle", "collection": "exercise", "encoder": "weighted", "vocabulary": "muscles",
     "fields": [["primary_muscles", 3], ["secondary_muscles", 1]]},
    {"tensor": "item_move", "collection": "exercise", "encoder": "multihot", "vocabulary": "moves", "field": "moves"},
    {"tensor": "item_type", "collection": "exercise", "encoder": "index", "vocabulary": "types", "field": "type"},
    {"tensor": "item_phase", "collection": "exercise", "encoder": "multihot", "vocabulary": "phases",
     "field": "phases"},
    {"tensor": "item_position", "collection": "exercise", "encoder": "multihot", "vocabulary": "positions",
     "field": "positions"},
    {"tensor": "item_default_position", "collection": "exercise", "encoder": "index", "vocabulary": "positions",
     "field": "positions.0"},
    {"tensor": "item_equipment", "collection": "exercise", "encoder": "multihot", "vocabulary": "equipment",
     "field": "equipment"},
    {"tensor": "item_hazard", "collection": "exercise", "encoder": "multihot", "vocabulary": "hazards",
     "field": "hazards"},
    {"tensor": "item_activity", "collection": "exercise", "encoder": "multihot", "vocabulary": "activities",
     "field": "activities"},
    {"tensor": "item_number", "collection": "exercise", "encoder": "numbers",
     "columns": [["difficulty", 1], ["met", 10], ["dose.work_s_per_side", 1], ["dose.sides", 1], ["dose.reps", 1],
                 ["dose.sec_per_rep", 10]]},
    {"tensor": "condition_exclude", "collection": "condition", "encoder": "multihot", "vocabulary": "hazards",
     "field": "exclude", "rows": "conditions"},
    {"tensor": "condition_limit", "collection": "condition", "encoder": "multihot", "vocabulary": "hazards",
     "field": "limit", "rows": "conditions"},
]  # fmt: skip
ITEM_NUMBER: Final = ("difficulty", "met10", "work_s", "sides", "reps", "sec10_per_rep")

REQUEST: Final = (
    "kind",       # index into kinds
    "budget_s",   # whole routine, seconds
    "gap_s",      # seconds between the end and the activity; -1 unknown
    "minute",     # local time, minutes since midnight; -1 unknown
    "age",        # years
    "level",      # 0 beginner, 1 recreational, 2 trained
    "explosive",  # 0..3 of the activity
    "met10",      # MET of the activity x 10
    "activity",   # index into activities; -1 for a custom demand vector
    "systolic",   # mmHg, 0 unknown
    "diastolic",  # mmHg, 0 unknown
    "strain",     # L02: how many of the latest sessions in a row were two or more above their target effort, 0..9
    "explore_step",  # the step whose item is drawn among the best; -1 none
    "explore_pick",  # 0..59, which of them: k x candidates / 60, uniform for one to five candidates
)  # fmt: skip

# Request tensors besides `request`: name -> vocabulary that gives its length; values are 0/1 unless said.
REQUEST_VECTORS: Final = {
    "demand_muscle": "muscles",        # 0..3
    "demand_move": "moves",            # 0..3
    "constraint": "constraints",
    "has_equipment": "equipment",
    "condition": "conditions",
    "red_flag": "red_flags",
    "sore_region": "regions",
    "acute_region": "regions",         # injured within the last 3 days
    "pain_region": "regions",          # L02: pain reported within the last 7 days
    "deficit_muscle": "muscles",
    "deficit_move": "moves",
}  # fmt: skip

HISTORY: Final = ("days_since", "done", "skipped", "swapped", "rating", "pain")
"""Columns of `history` [N, 6]; never done: days_since 60. rating is -1, 0 or 1; pain 0..10."""

# Further inputs: history [N, 6], blocked [N] 0/1 (the device's own guard), personal [N] (on-device learning),
# noise [N] 0..255 (from the seed), muscle_region [M, R] and hazard_region [H, R] 0/1: the regions a hazard strains.

PLAN: Final = (
    "item", "phase", "sets", "work_s", "reps", "rest_s", "transition_s", "sides", "position", "score",
    "demand", "deficits", "history", "learned", "personal", "variety", "flow", "drawn_from",
)  # fmt: skip
"""Columns of the output `plan` [s, 18]; score is the exact sum of the seven parts after it. `drawn_from`: among how
many candidates the item was drawn with equal chances; 1 where the best was taken."""
PARTS: Final = PLAN[PLAN.index("demand") : PLAN.index("drawn_from")]

CANDIDATES: Final = 5

BLOCKED_BY: Final = {"condition": 1, "constraint": 2, "equipment": 4, "level": 8, "device": 16, "rule": 32}
"""Bits of the output `blocked_by` [N]. Further outputs: warnings [W], refer [1], relevance [N], candidates [s, 5] (the
best items of each step, best first, -1 where there are fewer) and features [N, F] (what the scorer saw)."""

OPERATORS: Final = frozenset(
    {
        "Abs", "Add", "And", "ArgMax", "Cast", "Concat", "Constant", "CumSum", "Div", "Equal", "Expand", "Gather",
        "Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Loop", "MatMul", "Max", "Min", "Mul",
        "Not", "Or", "ReduceMax", "ReduceSum", "Reshape", "Shape", "Sub", "TopK", "TreeEnsembleRegressor", "Unsqueeze",
        "Where",
    }
)  # fmt: skip
"""The closed list: a phone may run the file in an interpreter of its own."""
