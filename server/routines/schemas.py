"""What `POST /v1/routines` takes and answers; the words are the generator's."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from server.web import Text


def _codes(what: str) -> ma.fields.List[Any]:
    return ma.fields.List(
        Text(max_length=64),
        allow_none=True,
        validate=ma.validate.Length(max=500),
        metadata={"description": what},
    )


def _whole(what: str, **options: Any) -> ma.fields.Integer:
    return ma.fields.Integer(strict=True, metadata={"description": what}, **options)


def _object(what: str) -> ma.fields.Dict:
    return ma.fields.Dict(
        keys=Text(), values=ma.fields.Raw(), allow_none=True, metadata={"description": what}
    )


# The generator itself knows which codes and ranges are right and refuses the others, naming the field; these
# schemas say what there is, and keep out what is not even of the right type.


class RoutineRequest(ma.Schema):
    class Meta:
        unknown = ma.INCLUDE

    kind = Text(required=True, metadata={"description": "warmup, cooldown, mobility or desk_break"})
    activity = ma.fields.Raw(
        required=True,
        metadata={"description": "An activity code such as run_distance, or a demand of your own"},
    )
    budget_s = _whole("Time there is, seconds", required=True)
    local_time = Text(allow_none=True, metadata={"description": "Local time of day, e.g. 07:30"})
    gap_s = _whole("Seconds until the activity starts", allow_none=True)


class Profile(ma.Schema):
    class Meta:
        unknown = ma.INCLUDE

    age = _whole("Years", allow_none=True)
    sex = Text(allow_none=True, metadata={"description": "female, male or other"})
    level = Text(allow_none=True, metadata={"description": "beginner, recreational or trained"})
    conditions = _codes("Condition codes, e.g. achilles_tendinopathy")
    constraints = _codes("Constraint codes, e.g. no_floor")
    equipment = _codes("Equipment at hand")
    red_flags = _codes("Red flags; any of them answers `refer`")
    deficits = _codes("Movements, muscles or regions found weak by self-tests")
    soreness = _codes("Sore regions")
    acute_regions = _codes("Regions hurt in the last days")
    blood_pressure = _object("`systolic` and `diastolic`, mmHg")


class RoutineInput(ma.Schema):
    request = ma.fields.Nested(RoutineRequest, required=True)
    profile = ma.fields.Nested(Profile, allow_none=True)
    history = _object("`exercises`: what was done, by slug")
    seed = _whole(
        "Another seed, another routine", validate=ma.validate.Range(min=0, max=2**32 - 1), load_default=0
    )


class Item(ma.Schema):
    class Meta:
        unknown = ma.INCLUDE  # the generator may say more

    slug = ma.fields.String(required=True)
    phase = ma.fields.String(required=True)
    position = ma.fields.String(metadata={"description": "Standing, seated, on the floor, …"})
    sets = ma.fields.Integer(required=True)
    work_s_per_side = ma.fields.Integer(required=True)
    sides = ma.fields.Integer(required=True)
    reps = ma.fields.Integer(required=True, allow_none=True)
    rest_s = ma.fields.Integer(required=True)
    transition_s = ma.fields.Integer(required=True)
    reason = ma.fields.String(required=True)
    rules = ma.fields.List(ma.fields.String(), required=True)
    parts = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer(), required=True)
    score = ma.fields.Integer(metadata={"description": "Sum of `parts`"})


class LeftOut(ma.Schema):
    slug = ma.fields.String(required=True)
    because = ma.fields.String(required=True)


class Routine(ma.Schema):
    class Meta:
        unknown = ma.INCLUDE

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["ok", "refer"]))
    warnings = ma.fields.List(ma.fields.String(), required=True)
    total_s = ma.fields.Integer(required=True)
    model = ma.fields.String(
        required=True, metadata={"description": "The ONNX file, `sha256:` and its digest"}
    )
    catalog = ma.fields.Integer(required=True, metadata={"description": "Catalogue release"})
    seed = ma.fields.Integer(required=True)
    items = ma.fields.List(ma.fields.Nested(Item), required=True)
    left_out = ma.fields.List(ma.fields.Nested(LeftOut), required=True)
