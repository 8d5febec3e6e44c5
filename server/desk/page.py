"""What every page of the desk shares: its blueprint, frame and headers, the fields of forms, and where it leads on.

A page is `render("reviews.html", …)`: a template of `templates/desk/` that extends `desk/base.html`. What was done is
told on the next page: `to("/desk/reviews", notice="Approved.")`. Parts that htmx swaps in are `fragment(…)`.
"""

from __future__ import annotations

import base64
import hmac
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, g, redirect, render_template, request
from sqlalchemy.exc import SQLAlchemyError

from server.access import PERMISSIONS
from server.accounts.page import next_path
from server.accounts.page import now as now
from server.desk.words import LANGUAGE_NAMES, title
from server.problems import Fault, is_outage, problem
from server.state import state
from server.telemetry import log
from sync.objects import StoreUnavailable

blp = Blueprint("desk", __name__, url_prefix="/desk", template_folder="../templates")

HOME: Final = "/desk/"
MAX_FIELD: Final = 200_000
"""Characters of one field: a vocabulary as JSON is the longest that anybody sends."""
_NOTICE: Final = "limber_desk_notice"
_MAX_NOTICE: Final = 600
_SLUG = re.compile(r"[a-z0-9_]+")

SECTIONS: Final = (
    ("", "Overview", "catalog.edit"),
    ("exercises", "Exercises", "catalog.edit"),
    ("documents", "Other documents", "catalog.edit"),
    ("drafts", "Drafts", "catalog.edit"),
    ("reviews", "Reviews", "catalog.edit"),
    ("releases", "Releases", "catalog.edit"),
    ("media", "Media", "catalog.edit"),
    ("videos", "Videos", "catalog.edit"),
    ("imports", "Imports", "catalog.edit"),
    ("programs", "Programs", "catalog.edit"),
    ("jobs", "Jobs", "catalog.edit"),
    ("history", "History", "catalog.edit"),
)
"""The pages of the navigation: path below /desk/, name, the permission that it takes to see it."""


# --- what was sent ---------------------------------------------------------------------------------------


def field(name: str, most: int = MAX_FIELD) -> str:
    """A field of the form, trimmed, with plain line ends; empty when missing. Raises Fault 400 for what is no text."""
    return clean(name, request.form.get(name, ""), most)


def chosen(name: str) -> list[str]:
    """Every value of a field that may come several times, each once, empty ones left out."""
    return list(
        dict.fromkeys(value for each in request.form.getlist(name) if (value := clean(name, each, 500)))
    )


def asked(name: str, most: int = 200) -> str:
    """A part of the query, trimmed; empty when missing. Raises Fault 400 for what is no text."""
    return clean(name, request.args.get(name, ""), most)


def whole(name: str, text: str, least: int = 0, most: int = 2**31 - 1) -> int:
    """`text`, which came as `name`, as a whole number. Raises Fault 400."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or not least <= int(text) <= most:
        raise Fault(400, f"The field {name} must be a whole number.", errors={name: ["Not a whole number."]})
    return int(text)


def uuid_of(text: str) -> uuid.UUID:
    """The id in an address or a form. Raises Fault 404."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Fault(404, "There is no such page.") from None


def clean(name: str, text: str, most: int = MAX_FIELD) -> str:
    """`text`, which came as `name`, trimmed and with plain line ends. Raises Fault 400 for what is no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Fault(400, f"The field {name} cannot be read.", errors={name: ["Unreadable."]})
    if len(text) > most:
        raise Fault(400, f"The field {name} is too long.", errors={name: [f"More than {most} characters."]})
    return text


def check_csrf() -> None:
    """Raises Fault 400 when the form was not one of ours in this session."""
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    given = request.form.get("csrf", "") or request.headers.get("X-CSRF-Token", "")
    if foreign or not hmac.compare_digest(given.encode("utf-8", "replace"), form_token().encode()):
        raise Fault(
            400, "This page was open for too long, so nothing was done. Go back, reload it and try again."
        )


def form_token() -> str:
    """What forms of this session carry in the field `csrf`; empty without a session."""
    desk = g.get("desk")
    return desk.csrf if desk else ""


def may(permission: str) -> bool:
    """Whether whoever is at the desk has a role that the permission asks for."""
    desk = g.get("desk")
    return bool(desk and permission in PERMISSIONS and PERMISSIONS[permission].roles & desk.roles)


# --- answers ---------------------------------------------------------------------------------------------


def policy(connect: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page; `connect`: further origins that its script may ask."""
    asks = " ".join(("'self'", *connect))
    media = " ".join(("'self'", "blob:", *connect))
    return (
        f"default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src {media} data:; "
        f"media-src {media}; connect-src {asks}; frame-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


def render(
    template: str,
    status: int = 200,
    *,
    errors: Mapping[str, str] | None = None,
    notice: str | None = None,
    connect: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response:
    """The page `templates/desk/<template>`.

    `errors`: what is wrong by the id of a field, "" for the whole form. `notice`: what was done. `connect`: origins
    that scripts may talk to (object storage).
    """
    told = notice or _told()
    html = render_template(f"desk/{template}", errors=dict(errors or {}), notice=told, **_frame(), **context)
    response = Response(html, status, content_type="text/html; charset=utf-8", headers=dict(headers or {}))
    if request.cookies.get(_NOTICE):
        response.delete_cookie(_NOTICE, path="/desk", httponly=True, samesite="Lax")
    return _finish(response, policy(connect))


def fragment(template: str, status: int = 200, **context: Any) -> Response:
    """A part of a page, for htmx to put in its place."""
    html = render_template(f"desk/{template}", **({"errors": {}} | _frame() | context))
    return _finish(Response(html, status, content_type="text/html; charset=utf-8"), policy())


def to(path: str, *, notice: str | None = None, **query: str | None) -> Response:
    """A redirect (303) to one of our own paths; `notice` is shown on the page that it leads to, once."""
    response = redirect(link(path, **query), 303)
    assert isinstance(response, Response)
    if notice:
        packed = base64.urlsafe_b64encode(notice[:_MAX_NOTICE].encode()).decode()
        response.set_cookie(
            _NOTICE, packed, max_age=60, path="/desk", httponly=True, samesite="Lax",
            secure=state().settings.https,
        )  # fmt: skip
    return _finish(response, policy())


def link(path: str, **query: str | None) -> str:
    """`path` with the parts of `query` that are not empty."""
    told = urlencode({name: value for name, value in query.items() if value})
    return path + ("&" if "?" in path else "?") * bool(told) + told


def back_to(given: str, otherwise: str = HOME) -> str:
    """`given` when it is a page of the desk, else `otherwise`."""
    path = next_path(given, otherwise)
    return path if (urlsplit(path).path + "/").startswith("/desk/") else otherwise


def _told() -> str | None:
    try:
        return base64.urlsafe_b64decode(request.cookies.get(_NOTICE, "")).decode()[:_MAX_NOTICE] or None
    except ValueError:
        return None


def _frame() -> dict[str, Any]:
    desk = g.get("desk")
    here = request.path.removeprefix("/desk").strip("/").split("/")[0]
    return {
        "form_token": form_token(),
        "me": desk,
        "language_names": LANGUAGE_NAMES,
        "may": may,
        "sections": [each for each in SECTIONS if desk and may(each[2])],
        "here": g.get("desk_section", here),
        "now": now(),
        "by_key": _ids,
        "title_of": title,
    }


def section(name: str) -> None:
    """Say which part of the navigation this page belongs to, where its address does not."""
    g.desk_section = name


def _ids(path: str) -> str:
    """The id that the field of a document has on a page: `text.en.steps.0` -> `f-text-en-steps-0`."""
    return "f-" + re.sub(r"[^A-Za-z0-9_]+", "-", path).strip("-")


field_id = _ids


def _finish(response: Response, csp: str) -> Response:
    response.headers["Content-Security-Policy"] = csp
    response.headers["Cache-Control"] = "no-store"
    return response


# --- errors ----------------------------------------------------------------------------------------------


_TITLES: Final = {
    400: "That did not work",
    401: "You are signed out",
    403: "Not allowed",
    404: "There is no such page",
    409: "Somebody was faster",
    413: "Too much at once",
    503: "Not possible right now",
}


@blp.errorhandler(Fault)
def fault_page(fault: Fault) -> Response:
    """An error as a page, or as the part of a page that htmx asked for."""
    return sorry(fault.status, fault.detail, headers=fault.headers)


@blp.errorhandler(SQLAlchemyError)
def outage_page(error: SQLAlchemyError) -> Response:
    """The database is away: a page that needs nothing of it."""
    if not is_outage(error):
        raise error
    log.error("database_unavailable", error=str(getattr(error, "orig", error)).strip())
    g.desk = None
    return sorry(503, "The database cannot be reached. Please try again soon.", headers={"Retry-After": "5"})


@blp.errorhandler(StoreUnavailable)
def store_page(error: StoreUnavailable) -> Response:
    """Object storage is away."""
    log.error("store_unavailable", error=str(error))
    return sorry(
        503, "Object storage cannot be reached. Please try again soon.", headers={"Retry-After": "5"}
    )


def sorry(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **context: Any) -> Response:
    """The page that says why nothing was done."""
    if request.accept_mimetypes.best == "application/json":  # our own script asks, as that of uploads does
        return _finish(problem(status, detail, headers=headers), policy())
    heading = _TITLES.get(status, "That did not work")
    if request.headers.get("HX-Request"):
        answer = fragment("_sorry.html", status, heading=heading, detail=detail, **context)
        answer.headers.update(headers or {})
        return answer
    return render("error.html", status, heading=heading, detail=detail, headers=headers, **context)


# --- lists -----------------------------------------------------------------------------------------------


PAGE: Final = 50
"""Rows of a list on one page."""


def pages(total: int, size: int = PAGE) -> dict[str, Any]:
    """What `macros.pager` shows of a list with `total` rows, and where in it this request is (`page=`, from 1)."""
    last = max(1, -(-total // size))
    text = asked("page") or "1"
    number = min(int(text), last) if text.isascii() and text.isdigit() and 0 < len(text) < 7 else 1
    number = max(number, 1)
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "page" and value]

    def link(page: int) -> str:
        return f"{request.path}?{urlencode([*kept, ('page', str(page))])}"

    return {
        "total": total, "number": number, "last": last, "offset": (number - 1) * size, "size": size,
        "before": link(number - 1) if number > 1 else None, "after": link(number + 1) if number < last else None,
        "first": (number - 1) * size + 1 if total else 0, "until": min(number * size, total),
    }  # fmt: skip


def page_of(rows: Sequence[Any], size: int = PAGE) -> tuple[Sequence[Any], dict[str, Any]]:
    """The rows of this page, and what `macros.pager` shows."""
    at = pages(len(rows), size)
    return rows[at["offset"] : at["offset"] + size], at
