"""What the models' endpoints for devices take and answer."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from server.models import Version, version
from server.replication.schemas import Envelope
from server.web import Text
from sync.health import BOUNDS_MS, BUCKETS, COUNTS

# `$` alone would let a newline follow; `\Z` is not known to the clients that read the OpenAPI document.
CHANNELS = ("stable", "canary")
SHA256_PATTERN = r"^[0-9a-f]{64}$(?!\n)"
DEVICE_PATTERN = r"^[A-Za-z0-9_-]{8,64}$(?!\n)"
VERSION_PATTERN = r"^[0-9]{1,6}(\.[0-9]{1,6}){0,2}$(?!\n)"
MOST = 1_000_000
MOST_MODELS = 8


def sha256(description: str, *, required: bool = False) -> Text:
    check = ma.validate.Regexp(SHA256_PATTERN, error="Must be a SHA-256 as 64 lower-case hex digits.")
    return Text(required=required, validate=check, metadata={"description": description})


class AppVersion(Text):
    """A version such as 1.2.0, as three numbers."""

    def __init__(self, **kwargs: Any) -> None:
        check = ma.validate.Regexp(VERSION_PATTERN, error="Must be a version such as 1.2.0.")
        super().__init__(validate=check, **kwargs)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Version:  # type: ignore[override]
        found = super().deserialize(value, attr, data, **kwargs)
        return version(found) if isinstance(found, str) else found


def channel(**options: Any) -> ma.fields.String:
    return ma.fields.String(
        validate=ma.validate.OneOf(CHANNELS), metadata={"description": "Release channel"}, **options
    )


class CurrentQuery(ma.Schema):
    contract = ma.fields.Integer(
        validate=ma.validate.Range(min=1, max=10_000),
        metadata={
            "description": "Version of the tensor contract that the device speaks; only such models are sent"
        },
    )
    ort = Text(
        validate=ma.validate.Regexp(
            r"^[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?$(?!\n)", error="Must be a version such as 1.24."
        ),
        metadata={"description": "ONNX Runtime on the device; bounds the opset where `opset` is not given"},
    )
    opset = ma.fields.Integer(
        validate=ma.validate.Range(min=1, max=1000),
        metadata={"description": "Greatest opset the device can run"},
    )
    app = AppVersion(
        metadata={"description": "Version of the app; without it only releases for every app are sent"}
    )
    device = Text(
        validate=ma.validate.Regexp(DEVICE_PATTERN, error="Must be 8 to 64 letters, digits, - or _."),
        metadata={
            "description": "Random id that the install made for itself, and that nothing else is known of. It "
            "decides which releases on their way out reach this device; without it only those that are for all"
        },
    )
    installed = sha256("SHA-256 of the installed model; if it is current, `manifest` is null")
    channel = channel(load_default="stable")


class Current(ma.Schema):
    manifest = ma.fields.Nested(
        Envelope,
        required=True,
        allow_none=True,
        metadata={"description": "Null: the installed model is current"},
    )
    url = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The ONNX file; absolute, or relative to this server"},
    )
    golden_url = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "The golden cases to run before it is used"}
    )


def _count(description: str, most: int = MOST) -> ma.fields.Integer:
    return ma.fields.Integer(
        required=True,
        strict=True,
        validate=ma.validate.Range(min=0, max=most),
        metadata={"description": description},
    )


class ModelHealth(ma.Schema):
    """How one model did on one device since the last report."""

    sha256 = sha256("The model's file", required=True)
    channel = channel(required=True)
    runs = _count("Times it was asked for a routine")
    failures = _count("Of these: it raised")
    rejections = _count("Of these: the checker refused its plan")
    completed = _count("Items done")
    skipped = _count("Items skipped")
    swapped = _count("Items swapped for another")
    pain = _count("Items with reported pain above 3 of 10")
    latency = ma.fields.List(
        ma.fields.Integer(strict=True, validate=ma.validate.Range(min=0, max=MOST)),
        required=True,
        validate=ma.validate.Length(equal=BUCKETS),
        metadata={
            "description": f"Runs by their length: at most {', '.join(map(str, BOUNDS_MS))} ms, and longer"
        },
    )

    @ma.validates_schema
    def _add_up(self, data: dict[str, Any], **_: Any) -> None:
        if data["failures"] + data["rejections"] > data["runs"]:
            raise ma.ValidationError("There cannot be more failures and rejections than runs.", "runs")
        if sum(data["latency"]) > data["runs"]:
            raise ma.ValidationError("There cannot be more times than runs.", "latency")


assert set(COUNTS) < set(ModelHealth().fields)


class HealthReport(ma.Schema):
    id = ma.fields.UUID(
        required=True,
        metadata={"description": "Made by the device; a report that is sent again counts once"},
    )
    models = ma.fields.List(
        ma.fields.Nested(ModelHealth), required=True, validate=ma.validate.Length(min=1, max=MOST_MODELS)
    )


class HealthTaken(ma.Schema):
    counted = ma.fields.Integer(
        required=True,
        metadata={"description": "Models that were counted; 0 for a report that was here before"},
    )
