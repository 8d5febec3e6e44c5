"""What the endpoints of shipping take and answer: uploads, releases, promotion, halt, rollback, status."""

from __future__ import annotations

import marshmallow as ma

from server.models.schemas import MOST, AppVersion, channel, sha256
from server.web import Text

_RELEASE = ma.validate.Range(min=1, max=2**31 - 1)


def reason(*, required: bool) -> Text:
    return Text(
        required=required,
        max_length=500,
        validate=ma.validate.Length(min=3, max=500),
        metadata={"description": "For the audit trail"},
    )


def expected() -> ma.fields.Integer:
    return ma.fields.Integer(
        strict=True,
        validate=ma.validate.Range(min=0, max=2**31 - 1),
        metadata={
            "description": "The channel's newest release when this was decided, 0 for none; if it is another now, "
            "nothing is done and the answer is 409"
        },
    )


def percent() -> ma.fields.Float:
    return ma.fields.Float(
        load_default=100.0,
        allow_nan=False,
        validate=ma.validate.Range(min=0.01, max=100),
        metadata={"description": "Share of devices, to a hundredth of a percent; it only grows"},
    )


class File(ma.Schema):
    name = ma.fields.String(required=True)
    received = ma.fields.Integer(required=True, metadata={"description": "Continue from this byte"})
    bytes = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null: nothing came yet"}
    )
    complete = ma.fields.Boolean(required=True, metadata={"description": "It is in object storage"})


class Publication(ma.Schema):
    model = sha256("The ONNX file, uploaded before", required=True)
    golden = sha256("Its golden cases, uploaded before", required=True)
    channel = channel(load_default="canary")
    percent = percent()
    min_app = AppVersion(metadata={"description": "Least version of the app"})
    catalog_min = ma.fields.Integer(
        required=True, strict=True, validate=ma.validate.Range(min=0, max=MOST),
        metadata={"description": "First catalogue release that the model is for"},
    )  # fmt: skip
    catalog_max = ma.fields.Integer(
        strict=True, allow_none=True, load_default=None, validate=ma.validate.Range(min=0, max=MOST),
        metadata={"description": "Last one; null: any later one too"},
    )  # fmt: skip
    evaluation = ma.fields.Dict(
        allow_none=True, load_default=None,
        metadata={"description": "evaluation.json of the run; null marks the model as not evaluated"},
    )  # fmt: skip
    expected = expected()
    force = ma.fields.Boolean(
        load_default=False, metadata={"description": "In spite of doubts; needs a reason"}
    )
    reason = reason(required=False)


class Promotion(ma.Schema):
    channel = channel(load_default="stable")
    percent = percent()
    release = ma.fields.Integer(
        strict=True, validate=_RELEASE, metadata={"description": "Default: the newest of channel canary"}
    )
    min_app = AppVersion(metadata={"description": "Least version of the app; default: as it was published"})
    expected = expected()
    force = ma.fields.Boolean(
        load_default=False, metadata={"description": "In spite of doubts; needs a reason"}
    )
    reason = reason(required=False)


class Halt(ma.Schema):
    release = ma.fields.Integer(required=True, strict=True, validate=_RELEASE)
    reason = reason(required=True)


class Rollback(ma.Schema):
    channel = channel(load_default="stable")
    to = ma.fields.Integer(
        strict=True,
        validate=_RELEASE,
        metadata={"description": "Release whose file comes back; default: the last"},
    )
    expected = expected()
    force = ma.fields.Boolean(load_default=False, metadata={"description": "Even to a halted release"})
    reason = reason(required=True)


class Outcome(ma.Schema):
    release = ma.fields.Integer(
        required=True, allow_none=True, metadata={"description": "The release that stands now; null: none"}
    )
    channel = ma.fields.String(required=True, allow_none=True)
    sha256 = ma.fields.String(required=True, allow_none=True)
    changed = ma.fields.Boolean(required=True, metadata={"description": "False: it stood so before"})
    notes = ma.fields.List(ma.fields.String(), required=True, metadata={"description": "What to know"})


class ChannelStatus(ma.Schema):
    channel = ma.fields.String(required=True)
    newest = ma.fields.Integer(required=True, metadata={"description": "What `expected` is compared with"})
    serving = ma.fields.List(ma.fields.Integer(), required=True)


class ReleaseStatus(ma.Schema):
    release = ma.fields.Integer(required=True)
    channel = ma.fields.String(required=True)
    sha256 = ma.fields.String(required=True)
    bytes = ma.fields.Integer(required=True)
    contract = ma.fields.Integer(required=True)
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(["serving", "superseded", "halted"]))
    percent = ma.fields.Float(required=True)
    min_app = ma.fields.String(required=True)
    evaluated = ma.fields.Boolean(required=True)
    key_id = ma.fields.String(required=True)
    published_at = ma.fields.String(required=True)
    expires_at = ma.fields.String(required=True)
    expired = ma.fields.Boolean(required=True)
    halted_at = ma.fields.String(required=True, allow_none=True)


class Status(ma.Schema):
    channels = ma.fields.List(ma.fields.Nested(ChannelStatus), required=True)
    releases = ma.fields.List(
        ma.fields.Nested(ReleaseStatus), required=True, metadata={"description": "Newest first"}
    )
    health = ma.fields.List(
        ma.fields.Dict(),
        required=True,
        metadata={"description": "Counters and rates by model and channel, of the last 28 days"},
    )
    audit = ma.fields.List(
        ma.fields.Dict(), required=True, metadata={"description": "The newest 50 entries, newest first"}
    )
