"""A real browser carries people from a program to us and back: over forms, policies, redirects and other origins."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from server.accounts import passwords, people
from server.db import write
from tests.accounts.oauth_ground import VERIFIER, Ground, serving

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"


class _Program(BaseHTTPRequestHandler):
    """A program's own server: it says where the browser arrived."""

    def do_GET(self) -> None:
        body = b"<!doctype html><html lang=en><title>Program</title><h1>Arrived</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """The tests have something else to say."""


class _Program6(HTTPServer):
    address_family = socket.AF_INET6


@contextmanager
def program(address: str = "127.0.0.1") -> Iterator[int]:
    """Port of a program's server."""
    server = (_Program6 if ":" in address else HTTPServer)((address, 0), _Program)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def web(
    make_session_database: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ground, str]]:
    """A server, and another origin that the app on the web is served from."""
    with ExitStack() as stack:
        origin = f"http://localhost:{stack.enter_context(program())}"
        folder: Path = tmp_path_factory.mktemp("web")
        database = make_session_database(template)
        ground = stack.enter_context(serving(database, folder, web_origins=(origin,)))
        yield ground, origin


@pytest.fixture(scope="module")
def person(web: tuple[Ground, str]) -> str:
    """The address of somebody with a password."""
    now, hashed = datetime.now(UTC), passwords.make_hash(PASSWORD)
    write(
        web[0].engine,
        lambda conn: people.create_account(
            conn, email="mia@example.org", password_hash=hashed, name="Mia", verified_at=now, now=now
        ),
    )
    return "mia@example.org"


@pytest.fixture(scope="module")
def browser(chromium: tuple[str, list[str]]) -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=chromium[0], args=chromium[1])
        yield made
        made.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of somebody new; what the browser complains of (a policy, a script) fails the test."""
    complaints: list[str] = []
    context = browser.new_context()
    context.set_default_timeout(15_000)
    made = context.new_page()
    made.on(
        "console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None
    )
    yield made
    context.close()
    # Chromium reports an answer with an error, and icons that programs do not have, as if they were mistakes.
    assert [told for told in complaints if not told.startswith("Failed to load resource")] == []


def sign_in(page: Any, email: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def ask(oauth: Ground, page: Any, **changed: str) -> None:
    page.goto(f"{oauth.url}/oauth/authorize?{urlencode(oauth.request(**changed))}")


def test_the_app_on_another_origin_signs_somebody_in_and_redeems_its_code(
    web: tuple[Ground, str], person: str, page: Any
) -> None:
    """Our form's policy would stop the redirect to another origin that follows it; a page stands between."""
    oauth, origin = web
    ask(oauth, page, redirect_uri=f"{origin}/auth")
    sign_in(page, person)
    page.wait_for_url(f"{origin}/auth?code=*")
    assert page.evaluate("document.referrer") == ""
    form = {"grant_type": "authorization_code", "client_id": "limber-app", "redirect_uri": f"{origin}/auth",
            "code_verifier": VERIFIER}  # fmt: skip
    given = page.evaluate(
        """async ([server, form]) => {
          const body = new URLSearchParams({ ...form, code: new URLSearchParams(location.search).get('code') })
          const token = await (await fetch(server + '/oauth/token', { method: 'POST', body })).json()
          const headers = { authorization: 'Bearer ' + token.access_token }
          return [token, await (await fetch(server + '/oauth/userinfo', { headers })).json()]
        }""",
        [oauth.url, form],
    )
    assert given[0]["scope"] == "openid offline_access sync"
    assert given[1]["sub"]
    # Signed in already, the browser goes straight through.
    ask(oauth, page, redirect_uri=f"{origin}/auth")
    page.wait_for_url(f"{origin}/auth?code=*")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_program_on_loopback_gets_its_answer_after_a_click(
    web: tuple[Ground, str], person: str, page: Any, address: str
) -> None:
    oauth, _ = web
    host = f"[{address}]" if ":" in address else address
    with program(address) as port:
        uri = f"http://{host}:{port}/callback"
        ask(oauth, page, client_id="limber-cli", redirect_uri=uri)
        sign_in(page, person)
        assert page.get_by_role("heading", level=1).inner_text() == "Continue to Limber on the command line?"
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"{uri}?code=*")


def test_a_no_goes_back_too(web: tuple[Ground, str], person: str, page: Any) -> None:
    oauth, _ = web
    with program() as port:
        uri = f"http://127.0.0.1:{port}/callback"
        ask(oauth, page, client_id="limber-cli", redirect_uri=uri)
        sign_in(page, person)
        page.get_by_role("button", name="Cancel").click()
        page.wait_for_url(f"{uri}?error=access_denied*")


def test_an_apps_own_scheme_is_let_through_by_the_pages_policy(
    web: tuple[Ground, str], person: str, page: Any
) -> None:
    """No app is there to open it; that the browser tried, and refused nothing, is what counts."""
    oauth, _ = web
    ask(oauth, page, redirect_uri="limber://auth")
    sign_in(page, person)
    with page.expect_response(lambda answer: answer.request.method == "POST") as caught:
        page.get_by_role("button", name="Continue").click(no_wait_after=True)
    assert caught.value.headers["location"].startswith("limber://auth?code=")


def test_a_device_is_connected_on_the_page(web: tuple[Ground, str], person: str, page: Any) -> None:
    oauth, _ = web
    device = oauth.post("device_authorization", client_id="limber-cli", scope="openid sync").json()
    page.goto(device["verification_uri"])
    sign_in(page, person)
    page.get_by_label("Code").fill(device["user_code"].lower())
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Connect", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "The device is connected"


def test_the_pages_are_accessible(web: tuple[Ground, str], person: str, page: Any) -> None:
    """The same rules as for the pages of signing in, light and dark, on a phone and on a desk."""
    from tests.accounts.test_browser_accounts import CHECKS

    oauth, _ = web
    client, _ = oauth.client()
    asked = oauth.request(client_id=client.id, redirect_uri="https://stretchr.example/cb")
    device = oauth.post("device_authorization", client_id="limber-cli", scope="openid sync").json()
    page.goto(f"{oauth.url}/device")
    sign_in(page, person)
    for path in (f"oauth/authorize?{urlencode(asked)}", "device", f"device?user_code={device['user_code']}",
                 "device?user_code=x", "oauth/logout", "oauth/authorize"):  # fmt: skip
        for scheme in ("light", "dark"):
            for width in (320, 1280):
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 800})
                page.goto(f"{oauth.url}/{path}")
                assert json.loads(json.dumps(page.evaluate(CHECKS))) == [], (path, scheme, width)
