"""The form of a motion clip: its time and its picture. The moments and the props stay JSON (docs/motion.md)."""

from __future__ import annotations

from typing import Final

from server.catalog.motion import VIEWS
from server.catalog.shapes import Document
from server.desk.fields import Field, Group

_EASES: Final = (
    ("", "slows at each moment"), ("flow", "runs through the moments"), ("linear", "at one speed"),
)  # fmt: skip


def groups(data: Document) -> list[Group]:
    """The fields of a clip."""
    eases = [*_EASES, ("smooth", "slows at each moment (smooth)")] if data.get("ease") == "smooth" else _EASES
    return [
        Group("Time", [
            Field("seconds", "Seconds", "number", hint="Once through all moments."),
            Field("ease", "Between moments", "choice", eases, optional=True),
            Field("travel", "Floor runs back, cm a second", "few", optional=True,
                  hint="Of who walks or runs on the spot. Two numbers go sideways as well."),
            Field("breath", "Seconds in, pause, out", "numbers", optional=True, hint="As in: 4, 0, 6."),
            Field("alternate", "The other side follows, mirrored", "flag"),
            Field("hold", "Stays in the last moment", "flag"),
        ], columns=3),
        Group("Picture", [
            Field("view", "Seen from", "few", [(each, each) for each in VIEWS],
                  hint=f"{', '.join(VIEWS)}; or two angles: round and up, as in 45, 8."),
            Field("base", "Pose that each moment begins from", hint="As in stand, quadruped or supine."),
            Field("close", "Close to", "numbers", optional=True,
                  hint="A part of the body and the centimetres round it: feet, 25."),
            Field("barefoot", "Without shoes", "flag"),
        ], columns=3),
        Group("Moments and props", [
            Field("keys", "Moments, as JSON", "json",
                  hint="One a line: the joints that are not as in the pose, in degrees; hands and feet in cm."),
            Field("props", "Props, as JSON", "json", hint="One a line, its name first. Empty for none."),
        ]),
        Group("Note", [Field("note", "For the next author", optional=True)]),
    ]  # fmt: skip
