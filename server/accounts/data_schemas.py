"""What the endpoints of an account's data take and answer."""

from __future__ import annotations

import marshmallow as ma

from server.accounts.adherence import WEEKS_MOST
from server.accounts.people import MAX_NAME
from server.web import Text

_LOCALE = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}$"


def _moment(**options: object) -> ma.fields.AwareDateTime:
    return ma.fields.AwareDateTime(format="iso", **options)  # type: ignore[arg-type]


class WritingDevice(ma.Schema):
    device = ma.fields.String(required=True)
    first_wrote = _moment(required=True, metadata={"description": "By its own clock"})
    last_wrote = _moment(required=True)
    records = ma.fields.Integer(required=True, metadata={"description": "Of which it wrote the newest field"})


class AccountProfile(ma.Schema):
    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True, allow_none=True)
    email_verified = ma.fields.Boolean(required=True)
    name = ma.fields.String(required=True)
    locale = ma.fields.String(required=True, allow_none=True)
    roles = ma.fields.List(ma.fields.String(), required=True)
    created_at = _moment(required=True)
    devices = ma.fields.List(ma.fields.Nested(WritingDevice), required=True)


class AccountEdit(ma.Schema):
    name = Text(max_length=MAX_NAME, metadata={"description": "What to call the person; may be empty"})
    locale = ma.fields.String(
        allow_none=True,
        validate=ma.validate.Regexp(_LOCALE, error="Must be a language tag such as en-GB."),
        metadata={"description": "A language tag (BCP 47) such as en-GB"},
    )


class Erasure(ma.Schema):
    password = Text(
        max_length=1024,
        metadata={"description": "Instead of a sign-in that is at most five minutes old"},
    )


class ReceiptManifest(ma.Schema):
    kind = ma.fields.String(required=True, validate=ma.validate.Equal("erasure"))
    id = ma.fields.UUID(required=True)
    erased_at = ma.fields.String(required=True)
    erased = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Integer(), required=True,
        metadata={"description": "How many, by table or kind"},
    )  # fmt: skip


class Receipt(ma.Schema):
    manifest = ma.fields.Nested(ReceiptManifest, required=True)
    key_id = ma.fields.String(required=True, metadata={"description": "Which key of `GET /v1/keys` signed"})
    signature = ma.fields.String(required=True, metadata={"description": "Ed25519, base64url"})


class NotImported(ma.Schema):
    file = ma.fields.String(required=True)
    reason = ma.fields.String(required=True)


class Imported(ma.Schema):
    records = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer()),
        required=True,
        metadata={"description": "Changes by collection and by what became of them: applied, merged, stale"},
    )
    moved = ma.fields.Integer(
        required=True, metadata={"description": "Versions that were written; 0: all was here"}
    )
    left_out = ma.fields.List(ma.fields.Nested(NotImported), required=True)


class ConsentGiven(ma.Schema):
    version = ma.fields.Integer(required=True)
    at = ma.fields.String(required=True)


class ConsentText(ma.Schema):
    version = ma.fields.Integer(required=True)
    text = ma.fields.String(required=True)


class TrainingConsent(ma.Schema):
    asked = ma.fields.Nested(ConsentText, required=True, metadata={"description": "What is asked for today"})
    given = ma.fields.Nested(
        ConsentGiven,
        required=True,
        allow_none=True,
        metadata={"description": "Null: not given, or withdrawn"},
    )
    counts = ma.fields.Boolean(
        required=True, metadata={"description": "Whether the account's sessions may be in the next dataset"}
    )


class TrainingAgreement(ma.Schema):
    version = ma.fields.Integer(
        required=True, strict=True, metadata={"description": "Of the text that the person agreed to"}
    )


class Invitation(ma.Schema):
    id = ma.fields.UUID(required=True)
    code = ma.fields.String(required=True, metadata={"description": "For the physio; told this once"})
    lapses_at = _moment(required=True)


class Act(ma.Schema):
    at = _moment(required=True)
    actor = ma.fields.String(required=True)
    action = ma.fields.String(required=True)
    details = ma.fields.Dict(required=True)


class MemberLink(ma.Schema):
    id = ma.fields.UUID(required=True)
    state = ma.fields.String(
        required=True, validate=ma.validate.OneOf(["invited", "lapsed", "linked", "ended"])
    )
    physio = ma.fields.String(required=True, allow_none=True, metadata={"description": "The physio's name"})
    invited_at = _moment(required=True)
    lapses_at = _moment(required=True)
    accepted_at = _moment(required=True, allow_none=True)
    ended_at = _moment(required=True, allow_none=True)
    acts = ma.fields.List(ma.fields.Nested(Act), required=True, metadata={"description": "The newest first"})


class MemberLinks(ma.Schema):
    links = ma.fields.List(ma.fields.Nested(MemberLink), required=True)


class Ended(ma.Schema):
    id = ma.fields.UUID(required=True)
    constraints = ma.fields.Integer(required=True, metadata={"description": "How many were lifted"})


class InvitationCode(ma.Schema):
    code = Text(max_length=64, required=True, metadata={"description": "As the member told it"})


class PhysioLink(ma.Schema):
    id = ma.fields.UUID(required=True)
    member = ma.fields.String(required=True, metadata={"description": "The name that the member goes by"})
    accepted_at = _moment(required=True)


class PhysioLinks(ma.Schema):
    links = ma.fields.List(ma.fields.Nested(PhysioLink), required=True)


class AdherenceQuery(ma.Schema):
    weeks = ma.fields.Integer(
        validate=ma.validate.Range(min=1, max=WEEKS_MOST),
        load_default=12,
        metadata={"description": "How many, up to this one"},
    )


class Week(ma.Schema):
    week = ma.fields.String(required=True, metadata={"description": "ISO 8601, e.g. 2026-W47"})
    from_ = ma.fields.String(required=True, data_key="from", metadata={"description": "Its Monday"})
    days = ma.fields.Integer(required=True, metadata={"description": "On which there was a session"})
    sessions = ma.fields.Integer(required=True)
    minutes = ma.fields.Integer(required=True)
    completed_share = ma.fields.Float(
        required=True, allow_none=True, metadata={"description": "Of the items, 0 to 1"}
    )


class Adherence(ma.Schema):
    weeks = ma.fields.List(ma.fields.Nested(Week), required=True, metadata={"description": "Oldest first"})


class ConstraintChange(ma.Schema):
    """Fields of the collection `constraint`; sync.records says what each may hold."""

    class Meta:
        unknown = ma.INCLUDE

    hazards = ma.fields.Raw(metadata={"description": "Codes of hazards to keep out, such as calf_end"})
    exercises = ma.fields.Raw(metadata={"description": "Slugs of exercises to keep out"})
    conditions = ma.fields.Raw(metadata={"description": "Codes of conditions to treat the member as having"})
    constraints = ma.fields.Raw(metadata={"description": "Codes such as no_floor"})
    regions = ma.fields.Raw(metadata={"description": "Codes of regions to spare"})
    max_level = ma.fields.Raw(metadata={"description": "beginner, recreational or trained"})
    max_budget_s = ma.fields.Raw(metadata={"description": "Longest routine, seconds"})
    until = ma.fields.Raw(metadata={"description": "Last day that it holds, 2026-12-31; null: for good"})
    notes = ma.fields.Raw(metadata={"description": "For the member to read"})


class Constraint(ConstraintChange):
    id = ma.fields.UUID(required=True)
    by = ma.fields.UUID(required=True, metadata={"description": "The link that it belongs to"})
    by_name = ma.fields.String(allow_none=True)
    at = ma.fields.String(required=True)


class Constraints(ma.Schema):
    constraints = ma.fields.List(ma.fields.Nested(Constraint), required=True)
