"""The envelope of `POST /v1/sync`, checked by hand: a device sends one every quarter of an hour, all its life.

What is wrong with the request itself is a 422 that names the field. What is wrong with a patch is told in that patch's
own result (`sync.push`), so that one poisoned record never stops a queue. `sync_schemas.py` documents the same form; a
test keeps the two equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import marshmallow as ma

from server.models import Ask, opset_of_ort, version
from server.models.schemas import CHANNELS, SHA256_PATTERN, VERSION_PATTERN, HealthReport
from server.problems import Fault, flatten
from sync.clock import SERVER, is_device
from sync.cursor import Cursor, CursorInvalid, decode

PROTOCOL: Final = 1
"""The newest form of the round trip that this server speaks; it answers a newer client in this one."""
OLDEST: Final = 1
MOST_PROTOCOL: Final = 1_000_000
MOST_PATCHES: Final = 500
MOST_LIMIT: Final = 10_000
MOST_CONTRACT: Final = 10_000
MOST_OPSET: Final = 1000
REQUEST_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$(?!\n)"
ORT_PATTERN: Final = r"^[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?$(?!\n)"
UPDATE: Final = (
    "This version of the app is too old to sync. Update it: what you did is kept on this device until then."
)

_SHA256, _VERSION, _ORT = re.compile(SHA256_PATTERN), re.compile(VERSION_PATTERN), re.compile(ORT_PATTERN)
_REQUEST = re.compile(REQUEST_PATTERN)
_MEMBERS: Final = frozenset(
    {"device", "protocol", "request", "cursors", "patches", "model", "health", "limit"}
)
_MODEL: Final = frozenset({"installed", "contract", "channel", "app", "runtime"})
_HEALTH: Final = HealthReport()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, checked. `cursors` holds the streams that are asked for, None for a reader that holds nothing.

    `patches` are as they came: `push` judges each. `request` is said again in the answer.
    """

    device: str
    request: str | None
    protocol: int
    cursors: Mapping[str, Cursor | None]
    patches: list[Any]
    limit: int | None
    model: Ask | None
    installed: str | None
    health: dict[str, Any] | None


class _Wrong(ValueError):
    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


def read_envelope(body: Any, account_stream: str) -> Asked:
    """The request that `body` is, by the device of the account whose stream is named.

    Raises Fault 422 naming the first field that is wrong, and 426 for a protocol that is spoken no more.
    """
    try:
        return _envelope(body, account_stream)
    except _Wrong as wrong:
        said = f"The request is not valid: see {wrong.field}."
        raise Fault(422, said, errors={wrong.field: [wrong.detail]}) from None


def _envelope(body: Any, account_stream: str) -> Asked:
    if not isinstance(body, dict):
        raise _Wrong("body", "Must be an object.")
    # Before all else: what an old client says otherwise may have meant something else.
    protocol = _whole(body, "protocol", 0, MOST_PROTOCOL)
    if protocol < OLDEST:
        spoken = {"oldest": OLDEST, "newest": PROTOCOL}
        # RFC 9110 §15.5.22: the answer names what to speak instead.
        raise Fault(
            426, UPDATE, headers={"Upgrade": f"limber-sync/{PROTOCOL}"}, action="update", protocol=spoken
        )
    if protocol <= PROTOCOL:  # a newer client may say more than is understood here
        _only(body, _MEMBERS, "")
    device = body.get("device")
    if not isinstance(device, str) or not is_device(device) or device == SERVER:
        raise _Wrong("device", "Must be the install's id: 16 lower-case hex digits, not all zero.")
    request = _text(body, "request", "", _REQUEST.match, "Must be 1 to 64 of A-Z a-z 0-9 . _ -.")
    patches = body.get("patches", [])
    if not isinstance(patches, list):
        raise _Wrong("patches", "Must be a list.")
    if len(patches) > MOST_PATCHES:
        raise _Wrong("patches", f"At most {MOST_PATCHES} patches go into one request, not {len(patches)}.")
    model, installed = (
        _model(body["model"], device, protocol) if body.get("model") is not None else (None, None)
    )
    return Asked(
        device, request, protocol, _cursors(body.get("cursors", {}), account_stream, protocol), patches,
        _whole(body, "limit", 1, MOST_LIMIT) if "limit" in body else None, model, installed,
        _health(body["health"]) if body.get("health") is not None else None,
    )  # fmt: skip


def _cursors(given: Any, account_stream: str, protocol: int) -> dict[str, Cursor | None]:
    if not isinstance(given, dict):
        raise _Wrong("cursors", "Must be an object.")
    if protocol <= PROTOCOL:
        _only(given, {"account", "catalog"}, "cursors.")
    streams = {"account": account_stream, "catalog": "catalog"}
    return {part: _cursor(part, given[part], name) for part, name in streams.items() if part in given}


def _cursor(part: str, text: Any, stream: str) -> Cursor | None:
    if text is None:
        return None
    field = f"cursors.{part}"
    if not isinstance(text, str):
        raise _Wrong(field, "Must be the cursor of the last answer, or null.")
    try:
        cursor = decode(text)
    except CursorInvalid as error:
        raise _Wrong(field, f"Not a cursor: {error}.") from None
    if cursor.stream != stream:
        raise _Wrong(field, "This cursor belongs to another stream.")
    return cursor


def _model(given: Any, device: str, protocol: int) -> tuple[Ask, str | None]:
    """What model the device asks for, and the one that it has."""
    if not isinstance(given, dict):
        raise _Wrong("model", "Must be an object.")
    runtime = given.get("runtime")
    runtime = {} if runtime is None else runtime
    if not isinstance(runtime, dict):
        raise _Wrong("model.runtime", "Must be an object.")
    if protocol <= PROTOCOL:
        _only(given, _MODEL, "model.")
        _only(runtime, {"ort", "opset"}, "model.runtime.")
    installed = _text(
        given, "installed", "model.", _SHA256.match, "Must be a SHA-256 as 64 lower-case hex digits."
    )
    channel = given.get("channel", "stable")
    if channel not in CHANNELS:
        raise _Wrong("model.channel", f"Must be one of: {', '.join(CHANNELS)}.")
    app = _text(given, "app", "model.", _VERSION.match, "Must be a version such as 1.2.0.")
    ort = _text(runtime, "ort", "model.runtime.", _ORT.match, "Must be a version such as 1.24.")
    opset = (
        _whole(runtime, "opset", 1, MOST_OPSET, "model.runtime.")
        if runtime.get("opset") is not None
        else None
    )
    if opset is None and ort is not None:
        opset = opset_of_ort(ort)
    contract = None
    if given.get("contract") is not None:
        contract = _whole(given, "contract", 1, MOST_CONTRACT, "model.")
    return Ask(channel, contract, opset, version(app or "0"), device), installed


def _health(given: Any) -> dict[str, Any]:
    try:
        report: dict[str, Any] = _HEALTH.load(given)
    except ma.ValidationError as error:
        field, reasons = next(iter(flatten(error.messages).items()))
        raise _Wrong("health" if field == "body" else f"health.{field}", reasons[0]) from None
    return report


def _only(given: Mapping[str, Any], known: frozenset[str] | set[str], path: str) -> None:
    for name in given:
        if name not in known:
            raise _Wrong(f"{path}{name[:80]}", "Unknown field.")


def _whole(given: Mapping[str, Any], name: str, least: int, most: int, path: str = "") -> int:
    number = given.get(name)
    if type(number) is not int or not least <= number <= most:
        raise _Wrong(f"{path}{name}", f"Must be a whole number from {least} to {most}.")
    return number


def _text(
    given: Mapping[str, Any], name: str, path: str, fits: Callable[[str], Any], rule: str
) -> str | None:
    text = given.get(name)
    if text is None:
        return None
    if not isinstance(text, str) or not fits(text):
        raise _Wrong(f"{path}{name}", rule)
    return text
