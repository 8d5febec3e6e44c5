"""The form of motion clips: how the figure moves in an exercise (docs/motion.md).

Only the form is judged here, closed and generous, so that a device never meets a field it does not know. Whether the
joints can bend so and the hands reach is judged where the figure is drawn, by `scripts/figures check`.
"""

from collections.abc import Iterator
from typing import Any

from server.catalog.remembering import remembered
from server.catalog.shapes import (
    TEXT,
    Document,
    Finding,
    Kind,
    between,
    closed_shape,
    is_number,
    one_of,
    shape,
)
from sync.canonical import canonical

BYTES = 900
"""Most bytes of a clip as canonical JSON: hundreds of them come with every catalogue."""
KEYS = range(1, 13)
PROPS = range(1, 7)
CENTIMETRES_DEGREES = 1000

VIEWS = ("side", "front", "back", "quarter", "rear")
EASES = ("smooth", "flow", "linear")
MIDDLE = ("pelvis", "spine", "neck")
PAIRED = (
    *("girdle", "shoulder", "elbow", "forearm", "wrist", "fingers", "hip", "knee", "ankle"),
    *("hand", "foot", "heel", "toes", "loose", "bigtoe", "smalltoes"),
)
CLOSEST_CM = 10


def _is_size(value: Any) -> bool:
    return is_number(value) and abs(value) <= CENTIMETRES_DEGREES


def _is_word(value: Any) -> bool:
    return (
        isinstance(value, str) and value.isascii() and value.replace("_", "").isalnum() and len(value) <= 20
    )


def _is_sizes(value: Any, *lengths: int) -> bool:
    return isinstance(value, list) and len(value) in lengths and all(map(_is_size, value))


def _is_values(value: Any) -> bool:
    """What a joint, a hand or a foot may have: a number, a place on the body, null, or up to four of them."""
    some = value if isinstance(value, list) and 1 <= len(value) <= 4 else [value]
    return all(v is None or _is_size(v) or _is_word(v) for v in some)


def _is_prop(value: Any) -> bool:
    """A known form: the name, then places, numbers and anchors."""
    return (
        isinstance(value, list)
        and 1 <= len(value) <= 8
        and _is_word(value[0])
        and all(_is_size(v) or _is_word(v) or _is_sizes(v, 2, 3) for v in value[1:])
    )


def _is_close(value: Any) -> bool:
    """What fills the picture: a part of the body and the centimetres round it."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_word(value[0])
        and _is_size(value[1])
        and value[1] >= CLOSEST_CM
    )


WORD: Kind = ("a word of at most 20 of a-z, 0-9 and _", _is_word)
FLAG: Kind = ("true or false", lambda value: isinstance(value, bool))
VALUES: Kind = (f"a number within ±{CENTIMETRES_DEGREES}, a word, null, or up to four of these", _is_values)
NEEDED: dict[str, Kind] = {
    "slug": TEXT,
    "view": (
        f"one of {', '.join(VIEWS)} or two angles",
        lambda value: _is_sizes(value, 2) or (isinstance(value, str) and value in VIEWS),
    ),
    "base": WORD,
    "seconds": between(0.2, 120, is_number),
    "keys": (
        f"a list of {KEYS[0]} to {KEYS[-1]} moments",
        lambda value: isinstance(value, list) and len(value) in KEYS,
    ),
}
ALLOWED: dict[str, Kind] = {
    **dict.fromkeys(("alternate", "hold", "barefoot"), FLAG),
    "close": (f"a part of the body and a number of cm, at least {CLOSEST_CM}", _is_close),
    "breath": (
        "three or four numbers of seconds, none negative",
        lambda value: _is_sizes(value, 3, 4) and min(value) >= 0 < sum(value),
    ),
    "ease": one_of(*EASES),
    "travel": (
        "a number of cm/s, or two",
        lambda value: _is_size(value) or _is_sizes(value, 2),
    ),
    "props": (
        f"a list of {PROPS[0]} to {PROPS[-1]} props, each a list that begins with its name",
        lambda value: isinstance(value, list) and len(value) in PROPS and all(map(_is_prop, value)),
    ),
    "note": TEXT,
}
KEY: dict[str, Kind] = {
    "t": between(0, 1, is_number),
    "base": WORD,
    "lift": VALUES,
    "hips": VALUES,
    **dict.fromkeys(MIDDLE, VALUES),
    **{name + side: VALUES for name in PAIRED for side in ("", "R", "L")},
}


@remembered
def check_form(slug: str, data: Document) -> tuple[Finding, ...]:
    """What is wrong with the form of a clip; nothing for a good one."""
    return tuple(_check(slug, data))


def _check(slug: str, data: Document) -> Iterator[Finding]:
    given = {name: kind for name, kind in ALLOWED.items() if name in data}
    misshapen = list(closed_shape(data, NEEDED | given))
    yield from misshapen
    if misshapen:
        return
    if data["slug"] != slug:
        yield "slug", "must be the document's id"
    if data.get("alternate") and data.get("hold"):
        yield "hold", "cannot go with alternate: a hold stays in its last moment"
    misshapen = list(_check_keys(data["keys"]))
    yield from misshapen
    if not misshapen and (size := len(canonical(data))) > BYTES:
        yield "", f"has {size} bytes as JSON, at most {BYTES}"


def _check_keys(keys: list[Any]) -> Iterator[Finding]:
    last = -1.0
    for number, key in enumerate(keys):
        here = f"keys.{number}"
        if not isinstance(key, dict):
            yield here, "must be an object"
            continue
        misshapen = list(shape(key, {name: KEY[name] for name in KEY if name in key}, f"{here}."))
        yield from misshapen
        for name in sorted(key.keys() - KEY.keys()):
            yield f"{here}.{name}", "is no joint, hand, foot or other field of a moment"
        if "t" in key and not misshapen:
            # At the same moment is a jump, as from 360 degrees to 0.
            if key["t"] < last:
                yield f"{here}.t", "must not come before the moment before"
            last = key["t"]
