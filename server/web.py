"""HTTP mechanics shared by all views: request ids, headers, JSON, ETag, compression, field types."""

from __future__ import annotations

import re
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

import flask
import flask_smorest  # type: ignore[import-untyped]
import marshmallow as ma
import orjson
import structlog
from flask import Flask, Request, Response, g, request
from flask.json.provider import JSONProvider
from webargs.flaskparser import FlaskParser, is_json_request

from server.inflate import Malformed, TooLarge, inflate
from server.problems import Fault
from server.telemetry import log
from sync.compress import ENCODINGS

COMPRESS_FROM_BYTES = 860  # below this a packet is a packet: nothing to win
MAX_TEXT = 200
MOST_INFLATED = 2**20  # bytes, for an app without a limit of its own
QUERIES_KEPT = 1024
MAX_QUERY_KEPT = 512  # bytes; with the number above half a megabyte a process

# For the document only: the views read the header themselves.
IF_NONE_MATCH = {"in": "header", "name": "If-None-Match", "schema": {"type": "string"}}

View = TypeVar("View", bound=Callable[..., Any])

_WEIGHT = re.compile(r"0(\.\d*)?|1(\.0*)?", re.ASCII)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
API_CSP = "default-src 'none'; frame-ancestors 'none'"
PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


# --- every request, every answer -------------------------------------------------------------------------


def install(app: Flask, *, https: bool) -> None:
    """Request id, access log, early refusals and security headers on every request of `app`."""
    app.json = Json(app)
    app.before_request(_begin)
    always = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if https:
        always["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def finish(response: Response) -> Response:
        headers = response.headers
        for name, value in always.items():
            headers.setdefault(name, value)
        headers.add("X-Request-ID", g.get("request_id", ""))
        headers.setdefault("Content-Security-Policy", API_CSP)
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 2),
        )
        return response


def _begin() -> None:
    g.began = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    limit, length = request.max_content_length, request.content_length
    if limit is not None and length is not None and length > limit:
        raise Fault(413, f"The body has {length} bytes; at most {limit} are accepted.")
    if (coded := request.headers.get("Content-Encoding")) is not None:
        _check_coding(coded.strip().lower())


def _check_coding(coded: str) -> None:
    """A JSON body may come compressed, once: `json_body` inflates it. All else is read as it comes."""
    accepted = ENCODINGS if is_json_request(request) else ()
    if coded not in accepted and coded not in ("identity", ""):
        named = ", ".join((*accepted, "identity"))
        said = f"The content coding {coded[:40]!r} is not accepted here: {named}."
        raise Fault(415, said, headers={"Accept-Encoding": named})


# --- JSON in and out -------------------------------------------------------------------------------------


class Json(JSONProvider):
    """Flask's JSON through orjson: fast, and strict about UTF-8, NaN and lone surrogates."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


class Parser(FlaskParser):
    """Query strings and JSON bodies that refuse what they don't know."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  (webargs' own class attribute)
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
    }

    def __init__(self) -> None:
        super().__init__()
        self._queries: OrderedDict[tuple[Any, bytes], dict[str, Any]] = OrderedDict()

    def parse(self, argmap: Any, req: Any = None, *, location: str | None = None, **options: Any) -> Any:
        """Devices of one release ask with one query string, so what was accepted once is not checked again."""
        if location != "query":
            return super().parse(argmap, req, location=location, **options)
        key = (argmap, request.query_string)
        known = self._queries.get(key)
        if known is None:
            known = super().parse(argmap, req, location=location, **options)
            if len(request.query_string) <= MAX_QUERY_KEPT:
                self._queries[key] = known
                if len(self._queries) > QUERIES_KEPT:
                    with suppress(KeyError):  # another thread was quicker
                        self._queries.popitem(last=False)
        return dict(known)

    def _raw_load_json(self, req: Any) -> Any:
        return json_body(req)


def json_body(req: Request) -> Any:
    """The request's JSON, inflated if it came compressed. Raises Fault 400, 413 or 415.

    The limit of a body holds for what comes and for what becomes of it, so that a few bytes cannot claim much memory.
    """
    if not is_json_request(req):
        raise Fault(415, "Send the body as application/json.")
    body, most = req.get_data(cache=False), req.max_content_length
    if req.content_length is None and len(body) >= (most or inf):
        # werkzeug stops reading a chunked body at the limit without a word.
        raise Fault(413, f"The body has more than the {most} bytes that are accepted.")
    coded = req.headers.get("Content-Encoding", "").strip().lower()
    if coded not in ("", "identity"):
        try:
            body = inflate(body, coded, most or MOST_INFLATED)
        except TooLarge:
            raise Fault(
                413, f"Inflated, the body has more than the {most} bytes that are accepted."
            ) from None
        except Malformed as error:
            raise Fault(
                400, "The body is not in its Content-Encoding.", errors={"body": [str(error)]}
            ) from None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Fault(400, "The body is not valid JSON.", errors={"body": [str(error)]}) from None


if TYPE_CHECKING:

    class Blueprint(flask.Blueprint):
        """The types that flask-smorest lacks."""

        def __init__(self, name: str, import_name: str, *, description: str) -> None: ...
        def route(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def doc(self, **words: Any) -> Callable[[View], View]: ...
        def arguments(self, schema: ma.Schema, **options: Any) -> Callable[[View], View]: ...
        def response(self, status: int, schema: Any = None, **options: Any) -> Callable[[View], View]: ...
        def alt_response(
            self, status: int, ref: str | None = None, **words: Any
        ) -> Callable[[View], View]: ...

else:

    class Blueprint(flask_smorest.Blueprint):
        """A flask-smorest blueprint that uses our parser."""

        ARGUMENTS_PARSER = Parser()


def problems_of(blp: Blueprint, *statuses: int) -> Callable[[View], View]:
    """Document that a view may answer these error statuses."""

    def decorate(view: View) -> View:
        for status in statuses:
            view = blp.alt_response(status, HTTPStatus(status).name)(view)
        return view

    return decorate


class Text(ma.fields.String):
    """A string that PostgreSQL and every client can hold: no NUL, no lone surrogate, bounded length."""

    def __init__(self, *, max_length: int = MAX_TEXT, **kwargs: Any) -> None:
        given = kwargs.pop("validate", ())
        checks = list(given) if isinstance(given, list | tuple) else [given]
        super().__init__(validate=[ma.validate.Length(max=max_length), *checks], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
            raise ma.ValidationError("Must not contain NUL or lone surrogate characters.")
        return text


class Problem(ma.Schema):
    """The form of every error, RFC 9457; some carry further members."""

    class Meta:
        unknown = ma.INCLUDE

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    errors = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.List(ma.fields.String()),
        metadata={"description": "Reasons by field, `profile.age` for a nested one, `body` for the whole"},
    )
    request_id = ma.fields.String(required=True)


# --- compression and validators --------------------------------------------------------------------------


@lru_cache(maxsize=256)
def choose_coding(accept: str, offered: tuple[str, ...] = ENCODINGS) -> str:
    """The content coding for an Accept-Encoding header: one of `offered`, best first, or "identity".

    The highest q wins, our order among equals. Raises Fault 406 if nothing is acceptable (RFC 9110 §12.5.3).
    """
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name:
            weights[name] = _weight(parameters)
    rest = weights.get("*", 0.0)
    best = max(offered, key=lambda coding: weights.get(coding, rest), default="identity")
    weight = weights.get(best, rest) if offered else 0.0
    # Unless named, identity is acceptable but never preferred to a coding that was asked for.
    identity = weights.get("identity", 0.0)
    if weight > 0 and weight >= identity:
        return best
    if identity == 0 and ("identity" in weights or ("*" in weights and rest == 0)):
        raise Fault(406, f"No acceptable content coding: {', '.join((*offered, 'identity'))} are available.")
    return "identity"


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            return float(parameter[2:]) if _WEIGHT.fullmatch(parameter[2:]) else 0.0
    return 1.0


def coding() -> str:
    """The content coding negotiated for the current request."""
    return choose_coding(request.headers.get("Accept-Encoding", ""))


def not_modified(etag: str, headers: Mapping[str, str]) -> Response | None:
    """A 304 when the client already holds `etag` (unquoted), else None."""
    if not request.if_none_match.contains_weak(etag):
        return None
    response = Response(status=304, headers=dict(headers))
    response.set_etag(etag)
    del response.headers["Content-Type"]
    return response


def body_response(body: bytes, etag: str, how: str, headers: Mapping[str, str]) -> Response:
    """A 200 with `body`, already in coding `how`, under the strong validator `etag` (unquoted)."""
    response = Response(body, mimetype="application/json", headers=dict(headers))
    response.set_etag(etag)
    if how != "identity":
        response.headers["Content-Encoding"] = how
    return response


def json_response(value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A 200 with `value` as JSON."""
    return Response(orjson.dumps(value), mimetype="application/json", headers=dict(headers or {}))
