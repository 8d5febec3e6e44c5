"""The rules of `sync.records` as JSON, for devices that check a change at once. `python -m sync.record_rules > FILE`.

A field is {"kind", …what it demands…, "none": true where null is accepted, "required": true}; `wrong` is the sentence
that completes "<field> …". Kinds are those of `sync.fields`. What cannot be said as data has a name under `together`.
"""

import json
import sys
from typing import Any

from sync import fields
from sync.records import RULES, Slots

_SAME: dict[type[Any], str] = {fields.Code: "code", fields.Slug: "slug", fields.Uuid: "uuid"}


def described(field: fields.Exact) -> dict[str, Any]:
    """One field as JSON."""
    shared = _SAME.get(type(field))
    made: dict[str, Any] = {"kind": shared or type(field).__name__.lower()}
    if shared is None:
        made |= _demands(field)
    if field.none:
        made["none"] = True
    if field.required:
        made["required"] = True
    return made


def _demands(field: fields.Exact) -> dict[str, Any]:
    match field:
        case fields.Whole(low=low, high=high):
            return {"low": low, "high": high, "wrong": field.wrong}
        case fields.Number(low=low, high=high, above=above):
            return {"low": low, "high": high, "wrong": field.wrong} | ({"above": True} if above else {})
        case fields.Words(least=least, most=most):
            return {"least": least, "most": most, "wrong": field.wrong}
        case fields.Shaped(pattern=pattern):
            return {"pattern": pattern, "wrong": field.wrong}
        case fields.OneOf(words=words):
            return {"words": sorted(words), "wrong": field.wrong}
        case Slots() | fields.ListOf():
            return {
                "least": field.least, "most": field.most, "item": described(field.item), "wrong": field.wrong,
            }  # fmt: skip
        case fields.MapOf(most=most, item=item):
            return {"most": most, "item": described(item), "wrong": field.wrong}
        case fields.Part(members=members, together=together):
            made: dict[str, Any] = {"members": {name: described(member) for name, member in members.items()}}
            return made | ({"together": together.__name__.strip("_")} if together else {})
    return {}


def rules() -> dict[str, Any]:
    """All collections, and the patterns of the kinds that many fields share."""
    return {
        "shared": {
            kind: {"pattern": shared.pattern, "wrong": shared.wrong}
            for kind, shared in ((name, made()) for made, name in _SAME.items())
        },
        "collections": {
            rule.name: {
                "id": rule.id_pattern.pattern,
                "most_bytes": rule.max_bytes,
                "append_only": rule.append_only,
                "read_only": rule.read_only,
                "fields": {name: described(field) for name, field in rule.fields.items()},
            }
            for rule in RULES.values()
        },
    }


def text() -> str:
    """The file's text."""
    return json.dumps(rules(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
