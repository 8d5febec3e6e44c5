"""The desk at `/desk`, where editors and physiotherapists care for the catalogue: server-rendered pages.

Each module `*_pages` has views on the one blueprint of `server.desk.page`; `install` puts them into the app.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from flask import Flask

from server.desk.page import blp

# Every module of pages that is here, so that one is added by writing it.
MODULES = sorted(path.stem for path in Path(__file__).parent.glob("*_pages.py"))
for _name in MODULES:
    import_module(f"server.desk.{_name}")


def install(app: Flask) -> None:
    """Serve /desk/…."""
    app.register_blueprint(blp)
