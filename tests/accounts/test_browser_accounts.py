"""The pages in a real browser: with and without JavaScript, with passkeys, for eyes of every kind."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.accounts.signing_in import PASSWORD, Mailbox, cheap_hashes, new_account
from tests.accounts.test_external import free_port
from tests.server.conftest import _serve

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"
    ),
]

# The WCAG 2.2 AA rules that a program can judge, on what the browser made of the page. Returns what breaks one.
CHECKS = """() => {
  const wrong = [];
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest(".skip, .sr");
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const e = node.parentElement;
    if (!node.data.trim() || !shown(e) || ["SCRIPT", "NOSCRIPT"].includes(e.tagName)) continue;
    const ratio = contrast(parse(getComputedStyle(e).color), behind(e));
    if (ratio < 4.5) wrong.push(`contrast ${ratio.toFixed(2)}: ${node.data.trim()}`);
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!shown(e)) continue;
    if (!e.labels?.length && !e.ariaLabel) wrong.push(`no label: ${e.outerHTML}`);
    const ratio = contrast(parse(getComputedStyle(e).borderTopColor), behind(e.parentElement));
    if (ratio < 3) wrong.push(`edge ${ratio.toFixed(2)}: ${e.outerHTML}`);
    for (const id of (e.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean))
      if (!document.getElementById(id)) wrong.push(`describes nothing: ${id}`);
  }
  for (const e of document.querySelectorAll("button, a[href], input:not([type=hidden]), summary")) {
    if (!shown(e)) continue;
    const box = e.getBoundingClientRect();
    const inText = e.tagName === "A" && getComputedStyle(e).display === "inline";
    if (!inText && (box.height < 24 || box.width < 24)) wrong.push(`small: ${e.outerHTML}`);
    if (!(e.innerText?.trim() || e.ariaLabel || e.labels?.length)) wrong.push(`no name: ${e.outerHTML}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size < ids.length) wrong.push("an id twice");
  const levels = [...document.querySelectorAll("h1, h2, h3")].filter(shown).map((e) => Number(e.tagName[1]));
  if (levels.filter((n) => n === 1).length !== 1) wrong.push("not one h1");
  if (document.documentElement.lang !== "en" || !document.title) wrong.push("no language or title");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) wrong.push(`scrolls sideways: ${scrollWidth}`);
  return wrong;
}"""


# Whether what has the focus is on the screen, with an outline.
SEEN = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const box = document.activeElement.getBoundingClientRect();
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && box.left >= 0 && box.top >= 0 && box.width > 0;
}"""


@dataclass
class Site:
    """The server on a port of its own, with its database and mailbox."""

    address: str
    served: Any
    mailbox: Mailbox

    def account(self, **options: Any) -> str:
        """A new account's address."""
        address = f"mia.{secrets.token_hex(4)}@example.org"
        new_account(self.served.engine, address, **options)
        return address


@pytest.fixture(scope="module")
def site(
    make_session_database: Callable[[str], str], template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    port, folder = free_port(), tmp_path_factory.mktemp("site")
    address = f"http://localhost:{port}"
    served = _serve(make_session_database(template), folder, changed={"public_url": address})
    server = make_server("127.0.0.1", port, served.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            cheap_hashes(patch)
            yield Site(address, served, Mailbox(folder / "mail"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        served.engine.dispose()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        # Chromium refuses its sandbox to root.
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """`visit(**options)`: a page in a browser of its own; what the browser complains of fails the test."""
    contexts, complaints = [], []

    def open_page(**options: Any) -> Any:
        contexts.append(chromium.new_context(base_url=site.address, **options))
        contexts[-1].set_default_timeout(10_000)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if _complaint(message) else None)
        return page

    yield open_page
    for each in contexts:
        each.close()
    assert complaints == []


def _complaint(message: Any) -> bool:
    # A form with an error is answered 4xx, which Chromium reports as if it were a mistake.
    return message.type in ("error", "warning") and "Failed to load resource" not in message.text


def sign_in(page: Any, address: str, password: str = PASSWORD) -> None:
    page.goto("/account/login")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def authenticator(page: Any, **options: Any) -> tuple[Any, str]:
    """A phone's authenticator, of Chromium's own."""
    client = page.context.new_cdp_session(page)
    client.send("WebAuthn.enable")
    wanted = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True, **options,
    }  # fmt: skip
    return client, client.send("WebAuthn.addVirtualAuthenticator", {"options": wanted})["authenticatorId"]


# --- without JavaScript ----------------------------------------------------------------------------------


def test_everything_but_passkeys_works_without_javascript(visit: Callable[..., Any], site: Site) -> None:
    page = visit(java_script_enabled=False)
    address = f"ben.{secrets.token_hex(4)}@example.org"
    page.goto("/account/register")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send the link").click()
    page.goto(site.mailbox.link(address))
    assert page.get_by_role("button", name="passkey").count() == 0
    page.get_by_label("What shall we call you?").fill("Ben")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Your account"
    page.get_by_role("button", name="Sign out", exact=True).click()
    sign_in(page, address)
    assert page.url == f"{site.address}/account/"
    page.get_by_text("Change or remove it").click()
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill("another long password")
    page.get_by_role("button", name="Change the password").click()
    assert "Your password is changed" in page.get_by_role("status").inner_text()


# --- passkeys in Chromium --------------------------------------------------------------------------------


def test_a_passkey_is_added_and_signs_in_alone(visit: Callable[..., Any], site: Site) -> None:
    page = visit()
    client, made = authenticator(page)
    sign_in(page, site.account())
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Chromium's")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Your passkey is added").wait_for()
    assert page.get_by_text("Chromium's").count()
    (kept,) = client.send("WebAuthn.getCredentials", {"authenticatorId": made})["credentials"]
    assert kept["rpId"] == "localhost"
    assert kept["isResidentCredential"]
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/account/login?next=/docs")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/docs")


def test_a_new_account_with_a_passkey_and_no_password(visit: Callable[..., Any], site: Site) -> None:
    page = visit()
    authenticator(page)
    address = f"ida.{secrets.token_hex(4)}@example.org"
    page.goto("/account/register")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send the link").click()
    page.goto(site.mailbox.link(address))
    page.get_by_role("button", name="Use a passkey, no password").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("heading", name="Your account").wait_for()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto("/account/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="Your account").wait_for()


def test_a_passkey_after_the_password(visit: Callable[..., Any], site: Site) -> None:
    page, address = visit(), site.account()
    authenticator(page)
    sign_in(page, address)
    page.goto("/account/passkeys/new")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Ask for a passkey too").click()
    page.get_by_text("From now on your password alone").wait_for()
    page.get_by_role("button", name="Sign out", exact=True).click()
    sign_in(page, address)
    page.get_by_role("heading", name="Now your passkey").wait_for()
    page.get_by_role("button", name="Use the passkey").click()
    page.get_by_role("heading", name="Your account").wait_for()


def test_a_passkey_that_is_not_there_is_said_to_be_and_the_page_goes_on(
    visit: Callable[..., Any], site: Site
) -> None:
    page = visit()
    client, made = authenticator(page)
    sign_in(page, site.account())
    page.goto("/account/passkeys/new")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Your passkey is added").wait_for()
    page.goto("/account/passkeys/new")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("already has a passkey").wait_for()
    client.send("WebAuthn.clearCredentials", {"authenticatorId": made})
    page.goto("/account/login?again=1")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No passkey was used").wait_for()
    assert page.get_by_role("button", name="Sign in with a passkey").is_enabled()


# --- for everybody ---------------------------------------------------------------------------------------

PUBLIC = (
    "/account/login",
    "/account/register",
    "/account/forgot",
    "/account/signed-out",
    "/account/confirm?token=x",
)
OWN = ("/account/", "/account/data", "/account/logout", "/account/passkeys/new", "/account/login")


@pytest.mark.parametrize(
    ("scheme", "width", "type_percent"),
    [("light", 1200, 100), ("dark", 1200, 200), ("dark", 320, 100), ("light", 320, 200)],
)
def test_every_page_can_be_read_at_every_size(
    visit: Callable[..., Any], site: Site, scheme: str, width: int, type_percent: int
) -> None:
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 800})

    def judge(path: str) -> None:
        page.evaluate(f"document.documentElement.style.fontSize = '{type_percent}%'")
        for each in page.locator("summary").all():
            each.click()
        assert page.evaluate(CHECKS) == [], path

    for path in PUBLIC:
        page.goto(path)
        judge(path)
    page.goto("/account/login")
    page.get_by_role("button", name="Sign in", exact=True).click()
    judge("login with errors")
    authenticator(page)
    sign_in(page, site.account(name="Maximiliane Wolkenstein-Hohenlohe"))
    page.goto("/account/passkeys/new")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Your passkey is added").wait_for()
    for path in OWN:
        page.goto(path)
        judge(path)


def test_the_keyboard_goes_through_the_page_in_its_order_and_is_seen(
    visit: Callable[..., Any], site: Site
) -> None:
    page = visit()
    page.goto("/account/login")
    order = ["Skip to the content", "Limber", "email", "password", "Sign in", "Forgot your password?",
             "Sign in with a passkey", "Create an account"]  # fmt: skip
    for wanted in order:
        page.keyboard.press("Tab")
        assert (
            page.evaluate("(document.activeElement.innerText || document.activeElement.name).trim()")
            == wanted
        )
        assert page.evaluate(SEEN), wanted


def test_errors_lead_to_their_fields(visit: Callable[..., Any], site: Site) -> None:
    page = visit()
    page.goto("/account/login")
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert page.title().startswith("Error: ")
    summary = page.get_by_role("alert").first
    summary.get_by_role("link", name="Enter your password.").click()
    assert page.evaluate("document.activeElement.id") == "password"
    field = page.get_by_label("Password")
    assert field.get_attribute("aria-invalid") == "true"
    described = page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText"
    )
    assert "Enter your password." in described


def test_a_browser_without_a_way_to_our_scripts_shows_no_dead_button(
    visit: Callable[..., Any], site: Site
) -> None:
    page = visit()
    page.route("**/static/passkeys.js", lambda route: route.fulfill(status=200, body=""))
    page.goto("/account/login")
    assert page.get_by_role("button", name="Sign in with a passkey").count() == 0
