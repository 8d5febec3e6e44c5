"""Which hazards the rules ask a condition to exclude: what the catalogue's matrix must hold, whoever edits it.

Graph, device and checker all read `exclude` from the catalogue, so a hazard that an editor takes out of a condition
passes all three. This table is the rules' own machine form, and `missing` holds the matrix to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

REQUIRED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "C07": {"clot_risk": ("direct_pressure",), "osteoporosis": ("direct_pressure",)},
    "C08": dict.fromkeys(("hypertension", "cardiac", "pregnancy_t1", "pregnancy_t23"), ("breath_hold",)),
    "O02": {"fall_risk": ("single_leg", "impact", "impact_high", "rapid_position_change")},
    "O03": {"pregnancy_t1": ("impact_high",), "pregnancy_t23": ("supine", "impact_high", "head_below_heart")},
    "O05": {"pelvic_girdle_pain": ("hip_abd_end", "single_leg")},
    "O06": {"postpartum_early": ("impact", "impact_high", "core_high", "isometric_hold")},
    "O07": {
        "osteoporosis": (
            "spine_flex_*", "spine_rot_end", "ballistic", "rapid_position_change", "impact_high", "direct_pressure",
        )
    },
    "O08": {"hypertension": ("isometric_hold", "breath_hold", "head_below_heart")},
    "O09": {"glaucoma": ("head_below_heart",)},
    "O10": {"cardiac": ("isometric_hold",)},
    "O12": {"hypermobility": ("*_end", "ballistic")},
    "K02": {"achilles_tendinopathy": ("calf_end", "impact_high")},
    "K03": {"hamstring_strain_acute": ("hamstring_end", "ballistic", "impact_high")},
    "K04": {"hamstring_tendinopathy": ("hamstring_end", "hip_flex_end")},
    "K05": {"gluteal_tendinopathy": ("hip_add_ir_end",)},
    "K06": {"ankle_sprain_acute": ("ankle_inv_end", "impact", "single_leg"), "ankle_instability": ("ankle_inv_end",)},
    "K07": {"patellofemoral_pain": ("knee_deep_flex", "kneeling", "impact_high")},
    "K08": {"knee_oa": ("impact", "knee_deep_flex", "knee_pivot", "kneeling")},
    "K09": {"lumbar_disc": ("spine_flex_*", "spine_rot_end", "hamstring_end")},
    "K10": {"lumbar_extension_intolerant": ("spine_ext_end", "impact_high")},
    "K11": {"shoulder_impingement": ("overhead_load", "shoulder_ir_end")},
    "K12": {"shoulder_instability": ("shoulder_abd_er", "shoulder_ext_end", "overhead_load")},
    "K13": {"hip_replacement": ("hip_flex_end", "hip_add_ir_end", "impact")},
    "K14": {"hip_fai": ("hip_flex_end", "hip_add_ir_end")},
    "K15": {"neck_pain": ("neck_end_range", "overhead_load", "head_below_heart")},
    "K16": {"groin_strain": ("adductor_end", "hip_abd_end", "ballistic", "impact_high")},
    "X05": {"concussion_recent": ("impact", "impact_high", "head_below_heart", "rapid_position_change")},
}  # fmt: skip
"""Rule -> condition -> hazards; `*` stands for any letters. O02, K08 and X05 leave the hazards open: reviewed here."""


def required(hazards: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """(rule, condition, hazard) that must be excluded, the patterns resolved against the vocabulary's hazards."""
    for rule, conditions in REQUIRED.items():
        for condition, patterns in conditions.items():
            for hazard in sorted(hazards):
                if any(fnmatchcase(hazard, pattern) for pattern in patterns):
                    yield rule, condition, hazard


def missing(conditions: Mapping[str, Mapping[str, Any]], hazards: Collection[str]) -> list[str]:
    """What the matrix lacks, one sentence each; `conditions` are condition documents by code. Empty when it holds."""
    return [
        f"{condition}.exclude lacks {hazard}, which {rule} asks for"
        for rule, condition, hazard in required(hazards)
        if hazard not in conditions.get(condition, {}).get("exclude", ())
    ]
