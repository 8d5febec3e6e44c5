"""The application for a WSGI server: `granian --interface wsgi server.wsgi:app`."""

from server import create_app

app = create_app()
