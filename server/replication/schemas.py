"""What the catalogue reads take and answer."""

from __future__ import annotations

import marshmallow as ma

from sync.cursor import Cursor, CursorInvalid, decode

STREAM = "catalog"
MOST_PER_PAGE = 10_000


class CursorField(ma.fields.String):
    """A cursor of the catalogue stream, decoded."""

    def _deserialize(self, value: object, attr: str | None, data: object, **kwargs: object) -> Cursor:  # type: ignore[override]
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            cursor = decode(text)
        except CursorInvalid as error:
            raise ma.ValidationError(f"Not a cursor: {error}.") from None
        if cursor.stream != STREAM:
            raise ma.ValidationError("This cursor belongs to another stream.")
        return cursor


class ChangesQuery(ma.Schema):
    since = CursorField(
        metadata={"description": "The cursor of the last answer; without it the answer says how to begin"},
    )
    limit = ma.fields.Integer(
        validate=ma.validate.Range(min=1, max=MOST_PER_PAGE),
        metadata={"description": "Most changes wanted; the server may send fewer"},
    )


class NoQuery(ma.Schema):
    """For an operation without parameters: whatever comes in the query string is refused."""


class Change(ma.Schema):
    collection = ma.fields.String(required=True)
    id = ma.fields.String(required=True)
    seq = ma.fields.Integer(required=True)
    deleted = ma.fields.Boolean(required=True)
    data = ma.fields.Dict(
        required=True, allow_none=True, metadata={"description": "The whole document; null when deleted"}
    )


class Envelope(ma.Schema):
    manifest = ma.fields.Dict(required=True, metadata={"description": "What is signed, as RFC 8785 JSON"})
    key_id = ma.fields.String(required=True, metadata={"description": "Which key of `GET /v1/keys` signed"})
    signature = ma.fields.String(required=True, metadata={"description": "Ed25519, base64url"})


class SnapshotHint(ma.Schema):
    url = ma.fields.String(required=True, metadata={"description": "Absolute, or relative to this server"})
    sha256 = ma.fields.String(required=True, metadata={"description": "Of the uncompressed body"})
    bytes = ma.fields.Integer(required=True)
    cursor = ma.fields.String(required=True, metadata={"description": "Continue from here after loading it"})
    release = ma.fields.Integer(required=True)


class Changes(ma.Schema):
    changes = ma.fields.List(ma.fields.Nested(Change), required=True)
    cursor = ma.fields.String(required=True, metadata={"description": "Opaque; send it as `since` next time"})
    more = ma.fields.Boolean(
        required=True, metadata={"description": "False: with this page you hold a complete release"}
    )
    release = ma.fields.Nested(
        Envelope,
        metadata={"description": "Signed manifest of the release you now hold; only when `more` is false"},
    )
    snapshot = ma.fields.Nested(SnapshotHint, metadata={"description": "A shortcut, when beginning anew"})
    resync = ma.fields.String(
        validate=ma.validate.OneOf(["epoch", "pruned", "ahead"]),
        metadata={"description": "The cursor cannot be continued: replace the copy, starting at `cursor`"},
    )


class Snapshot(ma.Schema):
    release = ma.fields.Integer(required=True)
    cursor = ma.fields.String(required=True)
    changes = ma.fields.List(ma.fields.Nested(Change), required=True)


class Key(ma.Schema):
    key_id = ma.fields.String(required=True)
    public_key = ma.fields.String(required=True, metadata={"description": "Ed25519, base64url"})


class Keys(ma.Schema):
    keys = ma.fields.List(
        ma.fields.Nested(Key), required=True, metadata={"description": "The first one signs now"}
    )
    statements = ma.fields.List(
        ma.fields.Nested(Envelope),
        required=True,
        metadata={
            "description": "What changed of the keys, oldest first, each signed by a key that was trusted before: how "
            "a device that pinned an older key comes to the present one"
        },
    )
