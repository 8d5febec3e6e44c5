"""A static expert's routines: lists written once by hand, the same for everybody, as a poster on a gym's wall is.

A baseline, not advice: what a person must not do drops out, and the rules fill what is left of the time.
"""

from __future__ import annotations

from typing import Final

SPORTS: Final[dict[str, tuple[str, ...]]] = {
    "run": ("run_distance", "run_sprint", "run_trail", "hike", "ski_xc"),
    "field": ("football", "rugby_contact", "basketball", "volleyball", "skate_hockey", "badminton", "tennis"),
    "lower": ("lift_squat", "lift_deadlift", "lift_olympic", "hiit", "cycle", "ski_alpine", "row"),
    "upper": (
        "lift_bench", "lift_overhead", "lift_pull", "climb", "calisthenics", "swim", "paddle", "boxing", "golf",
        "throw_sport",
    ),
}  # fmt: skip
"""Activities that share a list; the others have `whole`."""

LISTS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("warmup", "run"): (
        "march-in-place", "brisk-walk", "easy-jog", "leg-swing-sagittal", "leg-swing-frontal", "ankle-circle",
        "knee-hug-walk", "walking-lunge", "straight-leg-march", "calf-raise", "standing-hip-abduction", "a-march",
        "a-skip", "stride-60", "pogo-hop",
    ),
    ("warmup", "field"): (
        "jog-in-place", "side-shuffle", "easy-jog", "open-gate", "reverse-lunge-reach", "lateral-lunge",
        "standing-torso-twist", "arm-circle-big", "single-leg-stance", "split-squat", "front-plank", "carioca",
        "defensive-slide", "stride-60", "countermovement-jump",
    ),
    ("warmup", "lower"): (
        "step-jack", "bike-easy", "hip-hinge-drill", "half-kneeling-ankle-rock", "knee-to-wall", "hip-switch-9090",
        "worlds-greatest", "squat-to-stand", "glute-bridge", "air-squat", "dead-bug", "bar-squat-empty",
        "bar-hinge-empty", "countermovement-jump",
    ),
    ("warmup", "upper"): (
        "march-arm-swing", "shadow-box-easy", "shoulder-roll", "arm-circle-big", "arm-hug-swing", "shoulder-car",
        "quadruped-thoracic-rotation", "wrist-circle", "band-pull-apart", "scap-push-up", "wall-slide",
        "band-external-rotation", "pallof-press", "bar-press-empty", "incline-push-up",
    ),
    ("warmup", "whole"): (
        "march-in-place", "step-touch", "arm-circle-big", "cat-cow", "hip-hinge-drill", "leg-swing-sagittal",
        "standing-torso-twist", "reverse-lunge-reach", "glute-bridge", "mini-squat", "bird-dog", "calf-raise",
        "single-leg-stance",
    ),
    ("cooldown", "run"): (
        "slow-walk", "calf-stretch-wall", "soleus-stretch-wall", "quad-stretch-standing", "hamstring-stretch-strap",
        "hip-flexor-stretch-kneeling", "figure-four-supine", "breath-long-exhale",
    ),
    ("cooldown", "field"): (
        "slow-walk", "quad-stretch-standing", "adductor-stretch-standing", "hamstring-stretch-step",
        "hip-flexor-stretch-standing", "figure-four-supine", "calf-stretch-wall", "breath-long-exhale",
    ),
    ("cooldown", "lower"): (
        "slow-walk", "couch-stretch", "hip-flexor-stretch-kneeling", "pigeon", "hamstring-stretch-strap",
        "butterfly", "supine-twist", "breath-9090",
    ),
    ("cooldown", "upper"): (
        "slow-walk", "pec-stretch-doorway-low", "lat-stretch-wall", "cross-body-shoulder", "overhead-triceps",
        "upper-back-hug", "wrist-flexor-stretch", "breath-long-exhale",
    ),
    ("cooldown", "whole"): (
        "slow-walk", "hamstring-stretch-strap", "hip-flexor-stretch-standing", "figure-four-chair",
        "pec-stretch-wall", "childs-pose", "supine-twist", "breath-long-exhale",
    ),
    ("mobility", "whole"): (
        "march-in-place", "cat-cow", "thread-needle", "open-book", "hip-switch-9090", "half-kneeling-ankle-rock",
        "shoulder-car", "worlds-greatest", "deep-squat-pry", "childs-pose", "hip-flexor-stretch-kneeling",
        "supine-twist",
    ),
    ("desk_break", "whole"): (
        "march-in-place", "shoulder-roll", "neck-rotation-easy", "standing-torso-twist", "standing-w-raise",
        "wrist-circle", "hip-hinge-drill", "pec-stretch-doorway-low", "hip-flexor-stretch-standing",
    ),
}  # fmt: skip


def routine_of(kind: str, activity: str | None) -> tuple[str, ...]:
    """Slugs in order for a kind and an activity (None: a demand vector of one's own)."""
    group = next((name for name, activities in SPORTS.items() if activity in activities), "whole")
    return LISTS.get((kind, group), LISTS[(kind, "whole")])
