"""Every error the server answers, in one form: RFC 9457 problem+json with the id of the request."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g
from sqlalchemy import exc as sql
from werkzeug.exceptions import HTTPException

from server.telemetry import log
from sync.objects import StoreUnavailable

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
# What PostgreSQL says when it is not there, full, shutting down, or has no tables yet.
_OUTAGE_SQLSTATES = ("08", "53", "57P", "42P01", "3D000", "28")

Errors = Mapping[str, list[str]]


class Fault(Exception):
    """Raised by views: answered as a problem with this status, sentence, and reason per field."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Errors | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra


def problem(
    status: int,
    detail: str,
    *,
    errors: Errors | None = None,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> Response:
    """A problem+json response; `extra` become further members of the object."""
    phrase = HTTPStatus(status).phrase
    body: dict[str, Any] = {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    body.update(extra)
    body["request_id"] = g.get("request_id", "")
    response = Response(orjson.dumps(body, default=str), status, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages as {"profile.age": ["…"]}; the body as a whole is "body"."""
    if isinstance(messages, Mapping):
        flat: dict[str, list[str]] = {}
        for name, inner in messages.items():
            step = path if name == "_schema" else f"{path}.{name}" if path else str(name)
            for key, found in flatten(inner, step).items():
                flat.setdefault(key, []).extend(found)
        return flat
    return {path or "body": [str(each) for each in (messages if isinstance(messages, list) else [messages])]}


def install(app: Flask) -> None:
    """Make every error of `app` a problem. Call after flask-smorest, whose handler drops headers."""
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(Fault, _from_fault)
    app.register_error_handler(sql.SQLAlchemyError, _from_database)
    app.register_error_handler(StoreUnavailable, _from_store)
    app.register_error_handler(Exception, _from_bug)


def _from_fault(fault: Fault) -> Response:
    return problem(fault.status, fault.detail, errors=fault.errors, headers=fault.headers, **fault.extra)


def from_http(error: HTTPException) -> Any:
    """werkzeug's own errors, of routing and of reading a request, as a problem."""
    if error.response is not None:
        return error.response
    if error.code is None or error.code < 400:
        return error
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    messages = (getattr(error, "data", None) or {}).get("messages")
    if messages is None:
        return problem(error.code, error.description or "", headers=headers)
    # webargs puts the place ("query", "json") around the fields; people want the fields.
    errors: dict[str, list[str]] = {}
    for inner in messages.values():
        errors.update(flatten(inner))
    named = ", ".join(sorted(errors))
    return problem(error.code, f"The request is not valid: see {named}.", errors=errors, headers=headers)


def _from_database(error: sql.SQLAlchemyError) -> Response:
    if not is_outage(error):
        return _from_bug(error)
    log.error("database_unavailable", error=str(getattr(error, "orig", error)).strip())
    return problem(
        503,
        "The database cannot be used right now. Please try again.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _from_store(error: StoreUnavailable) -> Response:
    log.error("store_unavailable", error=str(error))
    return problem(
        503,
        "Object storage cannot be used right now. Please try again.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def is_outage(error: sql.SQLAlchemyError) -> bool:
    """Whether the database is away or not prepared, as opposed to our own mistake in a statement."""
    if isinstance(error, sql.TimeoutError | sql.OperationalError | sql.InterfaceError):
        return True
    if not isinstance(error, sql.DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or state.startswith(_OUTAGE_SQLSTATES)


def _from_bug(error: Exception) -> Response:
    log.error("unhandled_error", exc_info=error)
    return problem(500, "The server made a mistake. It was logged under this request id.")
