"""Puts the pages of signing in into the app."""

from __future__ import annotations

from flask import Flask

from server.access import name_view
from server.accounts import data_pages, external, external_pages, page, pages, passkey_pages, security
from server.accounts.page import blp
from server.settings import Settings

VIEWS = (data_pages, external_pages, pages, passkey_pages, security)  # imported: their views are on `blp`


def install(app: Flask, settings: Settings) -> None:
    """Serve /account/…. Raises SettingsError for a file of providers that cannot be used."""
    app.extensions["limber_providers"] = external.load(settings)
    app.register_blueprint(blp)
    # Where password managers lead people (W3C, A Well-Known URL for Changing Passwords).
    change = name_view(lambda: page.to(page.HOME), "public")
    app.add_url_rule("/.well-known/change-password", "change_password", change)
