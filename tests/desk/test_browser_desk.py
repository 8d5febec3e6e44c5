"""The desk in a real browser: the whole way of a change, by keyboard, for eyes of every kind, without a script."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.serving import make_server

from server.accounts import sessions
from server.db import write
from tests.accounts.test_browser_accounts import CHECKS, SEEN
from tests.accounts.test_external import free_port
from tests.conftest import Published
from tests.desk.conftest import sit_down
from tests.desk.test_drafts import CUE, SLUG
from tests.server.conftest import FAKE_RUNTIME, Limber, _serve

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
# One worker for the browser tests of the desk: they share the published catalogue.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("desk")]
PATIENCE_MS = 30_000


@dataclass
class Site:
    """The server on a port of its own."""

    address: str
    served: Limber

    def cookie(self, *roles: str, name: str) -> dict[str, str]:
        """The sign-in of a new person with these roles, as a browser keeps it."""
        whom = sit_down(self.served, *roles, name=name, signed_in=False).account
        now = datetime.now(UTC)
        value = write(self.served.engine, lambda conn: sessions.start_login(conn, whom, ["pwd"], now))
        return {"name": sessions.cookie_name(https=False), "value": value, "url": self.address}


@pytest.fixture(scope="module")
def site(
    published: Published,
    make_session_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    port, folder = free_port(), tmp_path_factory.mktemp("desk")
    address = f"http://localhost:{port}"
    served = _serve(
        make_session_database(published.database), folder, published, changed={"public_url": address},
        runtime=FAKE_RUNTIME,
    )  # fmt: skip
    server = make_server("127.0.0.1", port, served.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(address, served)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        served.engine.dispose()


@pytest.fixture(scope="module")
def chromium_browser(chromium: tuple[str, list[str]]) -> Iterator[Any]:
    path, arguments = chromium
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium_browser: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """`visit("editor", name="Ana")`: a page in which they are signed in; a complaint of the browser fails the test."""
    contexts, complaints = [], []

    def open_page(*roles: str, name: str = "Ana", **options: Any) -> Any:
        contexts.append(chromium_browser.new_context(base_url=site.address, **options))
        contexts[-1].set_default_timeout(PATIENCE_MS)
        contexts[-1].add_cookies([site.cookie(*roles, name=name)])
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if _complaint(message) else None)
        return page

    yield open_page
    for each in contexts:
        each.close()
    assert complaints == []


def _complaint(message: Any) -> bool:
    # A page with an error is answered 4xx; a check that a newer one overtakes is given up. Both are as they should be.
    usual = ("Failed to load resource", "htmx:")
    return message.type in ("error", "warning") and not message.text.startswith(usual)


def begin(page: Any, key: str) -> str:
    """Begin a change; the path of its page."""
    page.goto(f"/desk/documents/{key}")
    page.locator(f"form[action='/desk/documents/{key}/change'] button").click()
    page.wait_for_url("**/desk/drafts/*")
    return str(page.url)


def test_a_change_goes_from_the_list_to_a_release(visit: Callable[..., Any], site: Site) -> None:
    ana, ben = visit("editor", name="Ana"), visit("physio", name="Ben", color_scheme="dark")
    ana.goto("/desk/exercises")
    ana.get_by_label("Words").fill("wall calf stretch, straight")
    ana.keyboard.press("Enter")
    ana.get_by_role("link", name="Wall calf stretch, straight knee").click()
    ana.get_by_role("button", name="Change the facts").click()
    ana.get_by_label("Cue").fill("This fixes your back")
    # While it is typed the field is marked, and the way to it is a link.
    problem = ana.locator("#check").get_by_role("link", name="cue").first
    problem.wait_for()
    assert ana.get_by_label("Cue").get_attribute("aria-invalid") == "true"
    problem.click()
    assert ana.evaluate("document.activeElement.id") in ("f-cue", "main", "")
    ana.get_by_label("Cue").fill(CUE)
    ana.get_by_label("Difficulty").fill("2")
    ana.get_by_text("It can be handed in").wait_for()
    ana.get_by_label("Note for the reviewer").fill("Clearer.")
    ana.get_by_role("button", name="Save and hand in for review").first.click()
    ana.get_by_text("Another person has to look at it").wait_for()
    ben.goto("/desk/")
    ben.get_by_role("link", name="Wall calf stretch, straight knee").first.click()
    ben.get_by_role("button", name="Approve").click()
    ben.get_by_text("Approved. The next release holds it.").wait_for()
    ana.goto("/desk/releases")
    ana.get_by_label("Notes").fill("The calf stretch reads better.")
    # The release is packed as small as it goes, which takes a machine that does much at once a while.
    ana.get_by_role("button", name="Publish now").click(no_wait_after=True, timeout=4 * PATIENCE_MS)
    ana.get_by_text("is published. Devices get it").wait_for(timeout=4 * PATIENCE_MS)


def test_the_second_of_two_editors_is_told_and_chooses(visit: Callable[..., Any]) -> None:
    ana, cleo = visit("editor", name="Ana"), visit("editor", name="Cleo")
    path = begin(ana, "exercise/pnf-calf-strap")
    cleo.goto(path)
    ana.get_by_label("Name", exact=True).fill("Calf PNF with a strap")
    ana.get_by_role("button", name="Save", exact=True).first.click()
    ana.get_by_text("Saved.").wait_for()
    cleo.get_by_label("Name", exact=True).fill("Strap calf PNF")
    cleo.get_by_text("Somebody else has saved this since you opened it").wait_for()
    cleo.get_by_role("button", name="Save", exact=True).first.click()
    cleo.get_by_text("While you were writing, Ana saved the same exercise").wait_for()
    cleo.get_by_label("Theirs").check()
    cleo.get_by_role("button", name="Save what is chosen").click()
    cleo.get_by_text("Saved, with the changes of both of you").wait_for()
    assert cleo.get_by_label("Name", exact=True).input_value() == "Calf PNF with a strap"


def test_it_all_works_without_javascript(visit: Callable[..., Any]) -> None:
    page = visit("editor", java_script_enabled=False)
    begin(page, "condition/ankle_instability")
    page.get_by_label("excluded: Repeated landing").check()
    page.get_by_role("button", name="Save and hand in for review").first.click()
    assert "Review" in page.title()
    page.goto("/desk/documents/guide/calf-stretch-wall")
    page.get_by_role("button", name="Change it").click()
    page.get_by_label("Purpose, English").fill("No")
    page.get_by_role("button", name="Save and hand in for review").first.click()
    assert page.title().startswith("Error: ")
    assert page.get_by_role("alert").get_by_role("link", name="must have 20 to 120 characters").count()


def test_what_is_typed_is_not_lost_by_a_click_elsewhere(visit: Callable[..., Any]) -> None:
    page = visit("editor")
    begin(page, f"motion/{SLUG}")
    page.get_by_label("Seconds", exact=True).fill("7")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("link", name="Overview").click()
    page.wait_for_url("**/desk/")
    assert asked == ["beforeunload"]


PATHS = (
    "/desk/", "/desk/exercises", "/desk/documents", "/desk/documents/exercise/glute-bridge", "/desk/drafts",
    "/desk/reviews",    "/desk/releases", "/desk/releases/1", "/desk/history", "/desk/matrix", "/desk/new/exercise",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_pages_keep_to_the_rules_of_access(
    visit: Callable[..., Any], site: Site, scheme: str, width: int
) -> None:
    """WCAG 2.2 AA as far as a program can judge; at 360 px a reader with 400 % zoom sees the same."""
    page = visit("editor", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto("/desk/exercises?q=glute-bridge")
    key = "guide/glute-bridge"
    page.goto(f"/desk/documents/{key}")
    button = page.locator(f"form[action='/desk/documents/{key}/change'] button")
    if button.count():
        button.click()
    else:
        page.get_by_role("link", name="Open change").click()
    edit = page.url
    for path in (*PATHS, edit, f"{edit}/preview"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(CHECKS) == [], path


def test_the_keyboard_reaches_everything_and_sees_where_it_is(visit: Callable[..., Any]) -> None:
    page = visit("editor")
    begin(page, "condition/knee_oa")
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        told = page.evaluate("document.activeElement.innerText || document.activeElement.name || ''")
        # A table that can be scrolled may be longer than the screen.
        table = page.evaluate("document.activeElement.className") == "scroll"
        if told != "Skip to the content" and not table:
            assert page.evaluate(SEEN), told
        seen.add(told)
    for name in (
        "Skip to the content",
        "Sign out",
        "Overview",
        "History",
        "Save",
        "Save and hand in for review",
        "label",
    ):
        assert name in seen, (name, seen)


def test_text_at_double_size_stays_whole(visit: Callable[..., Any]) -> None:
    page = visit("editor", viewport={"width": 1280, "height": 800})
    for path in PATHS:
        page.goto(path)
        page.evaluate("document.documentElement.style.fontSize = '32px'")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_every_kind_of_form_keeps_to_the_rules_of_access(visit: Callable[..., Any]) -> None:
    page = visit("editor", viewport={"width": 1280, "height": 800})
    keys = (
        "activity/hike",
        "condition/wrist_pain",
        "exercise/bird-dog",
        "motion/bird-dog",
        "vocabulary/hazards",
    )
    for key in keys:
        begin(page, key)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("document.querySelectorAll('.group').forEach((each) => (each.open = true))")
            page.get_by_text("Nothing is changed yet").wait_for()
            assert page.evaluate(CHECKS) == [], (key, width)


def test_how_much_an_activity_asks_is_chosen_with_the_arrows(visit: Callable[..., Any]) -> None:
    page = visit("editor")
    begin(page, "activity/swim")
    page.get_by_label("not asked: Quadriceps").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator("#check").get_by_text("muscles.quads").wait_for()
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_text("Saved.").wait_for()
    assert page.get_by_label("clearly: Quadriceps").is_checked()


def test_times_are_those_of_the_readers_own_clock(visit: Callable[..., Any]) -> None:
    there = visit("editor", timezone_id="America/St_Johns")
    there.goto("/desk/releases")
    shown = there.locator("main time").first
    assert re.search(r"GMT-\d:30$", shown.text_content())
    assert shown.get_attribute("title").endswith("UTC")
    there.get_by_label("Notes").fill("Soon.")
    there.get_by_text("Publish at a time").click()
    assert there.get_by_label("On the clock of").input_value() == "America/St_Johns"
    at = there.get_by_label("Date and time").input_value()
    assert at.endswith(":30")  # a full hour in UTC
    there.get_by_role("button", name="Plan it").click()
    there.get_by_text("(America/St_Johns), which is").wait_for()
    there.get_by_role("button", name="Cancel the release").click()
    there.get_by_text("Cancelled.").wait_for()
    plain = visit("editor", java_script_enabled=False, timezone_id="America/St_Johns")
    plain.goto("/desk/releases")
    assert plain.locator("main time").first.text_content().endswith("UTC")
    assert plain.locator("#zone").input_value() == "UTC"
