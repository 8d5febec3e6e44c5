"""What the adapters take and answer, in their clients' own shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
import orjson

from server.web import Text
from sync import clock
from sync.cursor import Cursor, CursorInvalid, decode
from sync.records import RULES

MOST_ROWS = 500
"""Rows in one push of RxDB, as of patches in `POST /v1/sync`."""
MOST_DOCUMENTS = 10_000
RESYNCS: Final = ("epoch", "pruned", "ahead")


class DeviceField(ma.fields.String):
    """Names the installation that pushes; its id stands in the clocks of what it changed."""

    def __init__(self) -> None:
        words = "16 lower-case hex digits, random per installation; the server's own id without it"
        super().__init__(
            load_default=clock.SERVER, metadata={"description": words, "pattern": "^[0-9a-f]{16}$"}
        )

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not clock.is_device(text):
            raise ma.ValidationError("Must be 16 lower-case hex digits.")
        return text


# --- WatermelonDB ----------------------------------------------------------------------------------------


class LastPulled(ma.fields.Integer):
    """The timestamp of the last pull. Templates spell "never" as null, undefined, 0 or nothing."""

    def __init__(self, **options: Any) -> None:
        words = "The `timestamp` of the last pull; null, 0 or absent for a client that holds nothing"
        super().__init__(validate=ma.validate.Range(0, 2**53 - 1), metadata={"description": words}, **options)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value in ("", "0", "null", "undefined"):
            return 0
        return super().deserialize(value, attr, data, **kwargs)


class Names(ma.fields.String):
    """Table names, separated by commas."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> frozenset[str]:  # type: ignore[override]
        names = frozenset(super()._deserialize(value, attr, data, **kwargs).split(","))
        for name in sorted(names - RULES.keys()):
            raise ma.ValidationError(f"There is no table {name[:64]!r}; there are {', '.join(RULES)}.")
        return names


class MigrationField(ma.fields.String):
    """What the app's schema has gained since its last pull, as WatermelonDB sends it: JSON text."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> frozenset[str]:  # type: ignore[override]
        text = super()._deserialize(value, attr, data, **kwargs)
        if text in ("", "null", "undefined"):
            return frozenset()
        try:
            given = orjson.loads(text)
            columns = [each["table"] for each in given.get("columns", ())]
            return frozenset(str(table) for table in [*given.get("tables", ()), *columns])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ma.ValidationError("Must be null or a migration as WatermelonDB sends it.") from None


class WatermelonPull(ma.Schema):
    last_pulled_at = LastPulled(load_default=0)
    schema_version = ma.fields.Integer(
        validate=ma.validate.Range(0, 2**31 - 1),
        metadata={"description": "WatermelonDB sends it; fields here do not depend on it"},
    )
    migration = MigrationField(
        load_default=frozenset(),
        metadata={"description": "JSON, or null: tables and columns that are new to the client"},
    )
    tables = Names(
        load_default=None,
        metadata={"description": "The tables that the client has, separated by commas; all without it"},
    )


class Raw(ma.Schema):
    class Meta:
        unknown = ma.INCLUDE

    id = Text(required=True)


class TableChanges(ma.Schema):
    created = ma.fields.List(ma.fields.Nested(Raw), load_default=list)
    updated = ma.fields.List(ma.fields.Nested(Raw), load_default=list)
    deleted = ma.fields.List(Text(), load_default=list)

    @ma.validates_schema
    def once(self, data: Mapping[str, Any], **_: Any) -> None:
        seen: set[str] = set()
        for kind in ("created", "updated", "deleted"):
            for number, given in enumerate(data[kind]):
                record_id = given if kind == "deleted" else given["id"]
                if record_id in seen:
                    raise ma.ValidationError({kind: {str(number): ["This id occurs twice in the table."]}})
                seen.add(record_id)


class WatermelonChanges(ma.Schema):
    changes = ma.fields.Dict(keys=Text(), values=ma.fields.Nested(TableChanges), required=True)

    @ma.pre_load
    def wrapped(self, data: Any, **_: Any) -> Any:
        """WatermelonDB's documentation sends the tables themselves as the body."""
        return {"changes": data} if isinstance(data, dict) and "changes" not in data else data


class WatermelonPushQuery(ma.Schema):
    last_pulled_at = LastPulled(required=True)
    device = DeviceField()


class WatermelonPulled(ma.Schema):
    changes = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Nested(TableChanges),
        required=True,
        metadata={
            "description": "By table. What is there is in `updated`, new or not: set `sendCreatedAsUpdated`"
        },
    )
    timestamp = ma.fields.Integer(
        required=True, metadata={"description": "Send it as `last_pulled_at` next time"}
    )
    strategy = ma.fields.String(
        data_key="experimentalStrategy",
        validate=ma.validate.OneOf(["replacement"]),
        metadata={
            "description": "`last_pulled_at` cannot be continued: this is everything, what is not in it is gone"
        },
    )
    resync = ma.fields.String(
        validate=ma.validate.OneOf(RESYNCS), metadata={"description": "Why: only with `experimentalStrategy`"}
    )


class Rejected(ma.Schema):
    id = ma.fields.String(required=True)
    code = ma.fields.String(required=True, metadata={"description": "As in `POST /v1/sync`"})
    field = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)


class RejectedRow(Rejected):
    table = ma.fields.String(required=True)


class WatermelonPushed(ma.Schema):
    rejected = ma.fields.Dict(
        data_key="experimentalRejectedIds",
        keys=ma.fields.String(),
        values=ma.fields.List(ma.fields.String()),
        metadata={
            "description": "By table: what was not taken; the client offers it again. Absent when all was"
        },
    )
    errors = ma.fields.List(ma.fields.Nested(RejectedRow), metadata={"description": "Why, for each of those"})


# --- RxDB ------------------------------------------------------------------------------------------------


class CheckpointField(ma.fields.String):
    """The `id` of a checkpoint: a cursor."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> Cursor | None:  # type: ignore[override]
        text = super()._deserialize(value, attr, data, **kwargs)
        if text in ("", "null", "undefined"):
            return None
        try:
            return decode(text)
        except CursorInvalid as error:
            raise ma.ValidationError(f"Not the id of a checkpoint: {error}.") from None


class RxPull(ma.Schema):
    id = CheckpointField(
        load_default=None, metadata={"description": "The checkpoint's `id`; absent at first"}
    )
    rev = LastPulled(load_default=0)
    limit = ma.fields.Integer(
        load_default=100,
        validate=ma.validate.Range(1, MOST_DOCUMENTS),
        metadata={"description": "RxDB's batchSize: with fewer documents than that it knows that it has all"},
    )


class Checkpoint(ma.Schema):
    id = ma.fields.String(required=True, metadata={"description": "Opaque"})
    rev = ma.fields.Integer(required=True, metadata={"description": "The place in the stream, for people"})


class Document(ma.Schema):
    class Meta:
        unknown = ma.INCLUDE

    id = Text(required=True)
    _deleted = ma.fields.Boolean(load_default=False)


class RxPulled(ma.Schema):
    documents = ma.fields.List(ma.fields.Nested(Document), required=True)
    checkpoint = ma.fields.Nested(
        Checkpoint,
        required=True,
        allow_none=True,
        metadata={"description": "As it was sent when nothing is new"},
    )
    resync = ma.fields.String(
        validate=ma.validate.OneOf(RESYNCS),
        metadata={"description": "The checkpoint cannot be continued: this begins again from nothing"},
    )


class Row(ma.Schema):
    new = ma.fields.Nested(Document, required=True, data_key="newDocumentState")
    assumed = ma.fields.Nested(Document, load_default=None, allow_none=True, data_key="assumedMasterState")


class RxPushQuery(ma.Schema):
    device = DeviceField()
    rejected = ma.fields.String(
        load_default=None,
        validate=ma.validate.OneOf(["list"]),
        metadata={"description": "`list`: answer {conflicts, rejected} instead of the conflicts alone"},
    )


_DOCUMENTS: Final = {"type": "array", "items": {"$ref": "#/components/schemas/Document"}}
_REJECTED: Final = {
    "type": "object",
    "required": ["id", "code", "field", "detail"],
    "properties": {name: {"type": "string"} for name in ("id", "code", "field", "detail")},
}
RX_PUSHED: Final = {
    "oneOf": [
        _DOCUMENTS,
        {
            "type": "object",
            "required": ["conflicts", "rejected"],
            "properties": {"conflicts": _DOCUMENTS, "rejected": {"type": "array", "items": _REJECTED}},
        },
    ]
}
