"""What the catalogue's workflow refuses, as pages: each says what happened and leads on."""

from __future__ import annotations

from flask import Response, request

from server.catalog.refusals import (
    AlreadyOpen,
    DeskRefusal,
    NotAllowed,
    Refused,
    Stale,
    Unknown,
    WrongState,
)
from server.db import read
from server.desk.page import blp, render, sorry, to
from server.desk.who import named
from server.state import state


@blp.errorhandler(DeskRefusal)
def refused(refusal: DeskRefusal) -> Response:
    """The page for a refusal that the view itself did not turn into a better one."""
    if isinstance(refusal, AlreadyOpen):
        draft = refusal.draft
        names = read(state().engine, lambda conn: named(conn, [draft.author]))
        return to(
            f"/desk/drafts/{draft.id}",
            notice=f"{names[draft.author]} has already begun a change of this. Here it is.",
        )
    if isinstance(refusal, Stale):
        return to(f"/desk/drafts/{refusal.draft.id}/stale")
    if isinstance(refusal, WrongState):
        return sorry(409, str(refusal), draft=refusal.draft)
    if isinstance(refusal, Refused) and not request.headers.get("HX-Request"):
        return render("refused.html", 422, problems=refusal.problems)
    status = 404 if isinstance(refusal, Unknown) else 403 if isinstance(refusal, NotAllowed) else 409
    return sorry(status, str(refusal))
