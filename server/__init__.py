"""The HTTP server. `create_app` is all the wiring; read it first."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import inf
from typing import Any

import flask_smorest  # type: ignore[import-untyped]
import orjson
from flask import Flask, Response
from sqlalchemy import Engine

from server import desk, health, objects, pages, problems, telemetry, web, webapp
from server.access import name_view
from server.accounts import authorize, device_pages, end_session, oauth, sign_in, web_session
from server.accounts.data_views import blp as account_blp
from server.accounts.physio_views import blp as physio_blp
from server.accounts.support_views import blp as support_blp
from server.accounts.tokens import denials
from server.adapters.rxdb import blp as rxdb_blp
from server.adapters.watermelondb import blp as watermelondb_blp
from server.auth import KeyFile, Verifier
from server.caching import Bodies, Timed
from server.db import open_engine, read
from server.models.shipping_views import blp as shipping_blp
from server.models.views import blp as models_blp
from server.replication import shared
from server.replication.sync_views import blp as sync_blp
from server.replication.views import blp as replication_blp
from server.routines import Ready, load, wanted
from server.routines.views import blp as routines_blp
from server.settings import Settings, SettingsError
from server.state import State
from sync.objects import ObjectStore, StoreInvalid, open_store
from sync.releases import current_release

BODY_CACHE_BYTES = 32 * 2**20
# How old "the current release" may be in /v1/catalog/snapshot and POST /v1/routines; see docs/settings.md.
RELEASE_SECONDS = 2.0
# How old the head may be that /v1/catalog/changes compares an ETag with.
HEAD_SECONDS = 0.1
# How long a server process goes on with the token keys and the list of withdrawn tokens that it has.
TOKEN_SECONDS = 1.0


class App(Flask):
    """Flask for plain functions only."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # flask-smorest asks at each decorator of each request; inspecting the function every time is dear.
        return func


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest with our form of errors in the document."""

    ERROR_SCHEMA = web.Problem


def create_app(
    settings: Settings | None = None,
    *,
    engine: Engine | None = None,
    store: ObjectStore | None = None,
    runtime: Any = None,
    admission: Any = None,
    release_seconds: float = RELEASE_SECONDS,
) -> Flask:
    """The WSGI application. Opens no connection and reads no object until a request needs it.

    `engine`, `store`, `runtime` and `admission` (modules of `model_export`) replace what the settings name.
    Raises SettingsError.
    """
    settings = settings or Settings.from_env()
    telemetry.configure(settings.log_level)
    if engine is None:
        engine = open_engine(settings.require_database_url(), settings.pool_size)
    else:
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        store = store or open_store(settings.objects)
    except StoreInvalid as error:
        raise SettingsError(f"LIMBER_OBJECTS: {error}") from None

    app = App(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes

    def loaded_runtime() -> Any:
        # Imported at the first routine: onnxruntime is large, and most servers never make one.
        return runtime or import_module("model_export.runtime")

    def make_ready(held: Ready | None) -> Ready:
        want = read(engine, lambda conn: wanted(conn, settings.model))
        return load(want, held, store, settings.model, loaded_runtime())

    token_seconds = min(TOKEN_SECONDS, release_seconds)
    token_keys = KeyFile(settings.token_key, token_seconds)
    denied = Timed(lambda _: read(engine, denials), token_seconds)
    app.extensions["limber"] = State(
        settings=settings,
        engine=engine,
        store=store,
        bodies=Bodies(BODY_CACHE_BYTES),
        catalog_release=Timed(
            lambda _: read(engine, lambda conn: current_release(conn, "catalog")), release_seconds
        ),
        head_seconds=min(HEAD_SECONDS, release_seconds),
        head=(-inf, None),
        routines=Timed(make_ready, release_seconds),
        runtime=loaded_runtime,
        admission=lambda: admission or import_module("model_export.admission"),
        verifier=Verifier(settings.issuer, token_keys, denied.get),
        token_keys=token_keys,
    )
    shared.prepare(app, settings, engine, release_seconds)
    web.install(app, https=settings.https)
    _document(app)
    app.register_blueprint(pages.blp)
    for programs in (oauth, web_session):
        app.register_blueprint(programs.blp)
    for pages_of in (authorize, device_pages, end_session):
        app.register_blueprint(pages_of.blp)
    sign_in.install(app, settings)
    desk.install(app)
    problems.install(app)
    webapp.install(app, settings.web, settings.live_url, lambda: store.url("media/any"))
    return app


def _document(app: Flask) -> None:
    """Register the API's blueprints and serve their OpenAPI document at /openapi.json."""
    app.config.update(API_TITLE="Limber", API_VERSION="1.0", OPENAPI_VERSION="3.1.0")
    api = Api(
        app,
        spec_kwargs={
            "info": {
                "description": "Warm-ups and stretching, made offline: the signed catalogue and model that "
                "devices replicate. Errors are problem+json (RFC 9457) and name the field.",
            }
        },
    )
    api.spec.components.security_scheme(
        "bearer",
        {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "RFC 9068 access token"},
    )
    for blp in (
        replication_blp,
        sync_blp,
        watermelondb_blp,
        rxdb_blp,
        account_blp,
        physio_blp,
        support_blp,
        objects.blp,
        models_blp,
        shipping_blp,
        routines_blp,
        health.blp,
    ):
        api.register_blueprint(blp)
    document = api.spec.to_dict()
    # flask-smorest cannot be told that errors have a media type of their own.
    for response in document["components"]["responses"].values():
        if "content" in response:
            response["content"] = {problems.CONTENT_TYPE: response["content"].pop("application/json")}
    document["components"]["schemas"].pop("PaginationMetadata", None)  # ours are cursors
    body = orjson.dumps(document)

    def openapi() -> Response:
        return pages.compressible(body, "application/json")

    app.add_url_rule("/openapi.json", "openapi", name_view(openapi, "public"))
