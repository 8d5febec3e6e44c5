"""What the views of one process share; made once by `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import Engine

from server.caching import Bodies, Timed
from server.settings import Settings
from sync.objects import ObjectStore
from sync.releases import Release
from sync.store import Head

if TYPE_CHECKING:
    from server.auth import KeyFile, Verifier
    from server.routines import Ready


@dataclass(slots=True)
class State:
    settings: Settings
    engine: Engine
    store: ObjectStore
    bodies: Bodies  # finished response bodies by ETag
    catalog_release: Timed[Release | None]
    routines: Timed[Ready]
    head_seconds: float
    head: tuple[float, Head | None]  # when the catalogue's head was read (monotonic clock), and what it was
    runtime: Callable[[], Any]  # gives model_export.runtime, imported at its first use
    admission: Callable[[], Any]  # gives model_export.admission, the same way
    verifier: Verifier  # tells who an access token speaks for
    token_keys: KeyFile


def state() -> State:
    """The state of the app that answers the current request."""
    found: State = current_app.extensions["limber"]
    return found
