"""Self-tests: when a difference is a deficit and when it is noise (L03).

Knee-to-wall: distance of the big toe from the wall, in centimetres, with the knee just touching it, each side. Less
than 1.5 to 2 cm of change or of asymmetry is what the tape measure makes (Powden 2015, Man Ther 20:524-532).
"""

from __future__ import annotations

DEFICIT_CM = 2.0
GREATEST_CM = 30.0
"""No foot stands further away: a reading beyond is a slip of the pen."""
KNEE_TO_WALL = "ankle.dorsiflexion"
"""The movement that the test measures, as `profile.deficits` names it."""


def asymmetric(left_cm: float, right_cm: float) -> bool:
    """Whether the sides differ by more than noise. Raises ValueError for a distance that cannot be."""
    for side, distance in (("left", left_cm), ("right", right_cm)):
        if not 0 <= distance <= GREATEST_CM:
            raise ValueError(f"{side}: {distance} cm is no knee-to-wall distance (0 to {GREATEST_CM:g})")
    # Tape measures are read to the millimetre; float dust must not decide.
    return round(abs(left_cm - right_cm), 3) >= DEFICIT_CM


def deficits(left_cm: float, right_cm: float) -> list[str]:
    """What the test adds to `profile.deficits`: the movement, or nothing."""
    return [KNEE_TO_WALL] if asymmetric(left_cm, right_cm) else []


def changed(before_cm: float, after_cm: float) -> int:
    """-1, 0 or 1: worse, within noise, better, of one side between two days."""
    if not asymmetric(before_cm, after_cm):
        return 0
    return 1 if after_cm > before_cm else -1
