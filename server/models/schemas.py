"""What `GET /v1/models/current` takes and answers."""

from __future__ import annotations

import marshmallow as ma

from server.replication.schemas import Envelope
from server.web import Text

# `$` alone would let a newline follow; `\Z` is not known to the clients that read the OpenAPI document.
CHANNELS = ("stable", "canary")


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
    installed = Text(
        validate=ma.validate.Regexp(
            r"^[0-9a-f]{64}$(?!\n)", error="Must be a SHA-256 as 64 lower-case hex digits."
        ),
        metadata={"description": "SHA-256 of the installed model; if it is current, `manifest` is null"},
    )
    channel = ma.fields.String(
        validate=ma.validate.OneOf(CHANNELS),
        load_default="stable",
        metadata={"description": "Release channel"},
    )


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
