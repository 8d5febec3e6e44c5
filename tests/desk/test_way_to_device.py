"""In a real browser: from an editor's words at the desk to the phone of somebody who reads them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine

from server.accounts.people import grant_role
from tests.accounts.signing_in import PASSWORD, new_account
from tests.app.conftest import (
    Server,
    browser,
    dist,
    make_server,
    new_person,
    playwright,
    server,
    settled,
    shared_server,
)
from tests.app.person import Person

__all__ = ["browser", "dist", "make_server", "new_person", "playwright", "server", "settled", "shared_server"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app_accounts")]

People = Callable[..., Person]
SLUG, NAME = "calf-stretch-wall", "Wall calf stretch, straight knee"
WIDE = {"width": 1280, "height": 900}
# The browser's own word for an answer that is no success, where the test wants one.
ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of (403|409|422)")


def at_the_desk(server: Server, people: People, name: str, *roles: str) -> Person:
    """A new account with these roles, who signs in by the provider's page and comes to the desk."""
    address = f"{name.lower()}.{secrets.token_hex(4)}@example.org"
    engine = create_engine(server.env["DATABASE_URL"])
    new_account(engine, address, name=name)
    with engine.begin() as conn:
        for role in roles:
            grant_role(conn, address, role)
    engine.dispose()
    person = people(viewport=WIDE)
    page = person.open("/desk/")
    page.wait_for_url("**/login**")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/desk/**")
    page.get_by_role("heading", level=1).wait_for()
    return person


def change(person: Person, collection: str, slug: str) -> Any:
    """Open a document's page and begin a change of it."""
    page = person.open(f"/desk/documents/{collection}/{slug}")
    page.locator(f'form[action="/desk/documents/{collection}/{slug}/change"] button').click()
    page.wait_for_url("**/desk/drafts/*")
    return page


def checked(page: Any, words: str) -> None:
    """Wait for the live check to say this of what is typed and not saved."""
    page.locator("#check", has_text=words).wait_for()


def answered(person: Person) -> None:
    """Take out what the browser says of answers that the test wanted."""
    person.wrong[:] = [each for each in person.wrong if not ANSWERED.search(each)]


def cursor_now(server: Server) -> str:
    """Where a device stands that has the newest release."""
    return str(requests.get(f"{server.address}/v1/catalog/snapshot", timeout=30).json()["cursor"])


def test_an_editors_words_come_to_a_phone_and_nothing_else_moves(server: Server, new_person: People) -> None:
    phone = new_person()
    phone.begin()
    phone.sign_in(server.new_account())
    old = phone.open(f"/library/{SLUG}").get_by_text("Step one foot well back", exact=False).first
    old.wait_for()
    behind = cursor_now(server)

    ana = at_the_desk(server, new_person, "Ana", "editor")
    page = change(ana, "guide", SLUG)
    step, note = page.locator("#f-text-en-steps-1"), page.locator("#f-text-en-safety-calf_end")
    step.fill("Back!")
    checked(page, "another look")
    assert "text.en.steps" in page.locator("#check").inner_text()
    step.fill("Step one foot a long way back, toes to the wall, heel on the floor.")
    note.fill("Step in closer if the heel tendon feels sharp. With Achilles pain, choose another.")
    checked(page, "It can be handed in")
    checked(page, "a physio has to approve it")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_role("status").get_by_text("Saved.").wait_for()

    page.get_by_role("link", name="Preview").click()
    frame = page.frame_locator("iframe")
    frame.get_by_text("Step one foot a long way back", exact=False).wait_for()
    page.get_by_text("None: the generator does not read", exact=False).wait_for()
    page.go_back()
    page.get_by_label("Note for the reviewer").fill("Said more plainly.")
    page.get_by_role("button", name="Save and hand in for review").first.click()
    page.get_by_text("handed in", exact=False).first.wait_for()
    review = page.url
    # Who wrote it cannot approve it, and another editor cannot judge what keeps people safe.
    assert page.get_by_role("button", name="Approve").count() == 0

    bea = at_the_desk(server, new_person, "Bea", "editor")
    bea.page.goto(review)
    bea.page.get_by_text("physio", exact=False).first.wait_for()
    assert bea.page.get_by_role("button", name="Approve").count() == 0

    eva = at_the_desk(server, new_person, "Eva", "physio")
    eva.page.get_by_role("link", name="Reviews").click()
    eva.page.get_by_role("link", name=SLUG).or_(eva.page.get_by_role("link", name=NAME)).first.click()
    assert "Step one foot a long way back" in eva.page.inner_text("main")
    eva.page.get_by_role("button", name="Approve").click()
    eva.page.get_by_text("Approved. The next release holds it.").wait_for()

    ana.page.goto(f"{server.address}/desk/releases")
    ana.page.get_by_text("1 documents change").or_(
        ana.page.get_by_text("1 document changes")
    ).first.wait_for()
    ana.page.get_by_label("Notes").fill("The wall calf stretch is said more plainly.")
    ana.page.get_by_role("button", name="Publish now").click()
    ana.page.get_by_text("is published. Devices get it at their next sync.", exact=False).wait_for()

    moved = requests.get(f"{server.address}/v1/catalog/changes", params={"since": behind}, timeout=30).json()
    assert [(each["collection"], each["id"]) for each in moved["changes"]] == [("guide", SLUG)]
    assert moved["more"] is False
    assert moved["release"]["manifest"]["release"] == 2

    phone.open("/you/account")
    phone.synced()
    phone.open(f"/library/{SLUG}").get_by_text("Step one foot a long way back", exact=False).first.wait_for()
    assert phone.page.get_by_text("Step one foot well back", exact=False).count() == 0


def test_a_hazard_that_cannot_be_left_out_is_told_while_it_is_typed(
    server: Server, new_person: People
) -> None:
    ana = at_the_desk(server, new_person, "Ana", "editor")
    page = change(ana, "exercise", "hip-flexor-stretch-kneeling")
    page.locator('#f-hazards input[value="kneeling"]').uncheck()
    checked(page, "lacks kneeling, which the position")
    checked(page, "a physio has to approve it")
    assert page.locator("#f-hazards").get_attribute("aria-invalid") == "true"
    page.locator("#f-difficulty").fill("nine")
    page.locator('#check a[href="#f-difficulty"]').wait_for()
    assert page.locator("#f-difficulty").get_attribute("aria-invalid") == "true"
    page.get_by_role("button", name="Save and hand in for review").first.click()
    page.get_by_role("alert").get_by_role("link", name=re.compile("difficulty")).wait_for()
    assert "/reviews/" not in page.url
    answered(ana)


def test_of_two_editors_at_one_exercise_the_second_is_told(server: Server, new_person: People) -> None:
    slug = "ankle-pump-seated"
    ana = at_the_desk(server, new_person, "Ana", "editor")
    first = change(ana, "guide", slug)
    bea = at_the_desk(server, new_person, "Bea", "editor")
    second = bea.page
    second.goto(first.url)
    first.locator("#f-text-en-breathing").fill("Breathe as it comes, slowly and through the nose.")
    first.get_by_role("button", name="Save", exact=True).first.click()
    first.get_by_role("status").get_by_text("Saved.").wait_for()

    second.locator("#f-text-en-feel").fill("A light pull along the shin and then the calf.")
    checked(second, "Somebody else has saved this since you opened it")
    second.get_by_role("button", name="Save", exact=True).first.click()
    second.get_by_role("heading", name="Somebody else changed this too").wait_for()
    told = second.inner_text("main")
    assert "Ana" in told
    assert "Breathe as it comes" in told
    assert "A light pull along the shin" in told
    assert bea.axe() == []
    second.get_by_role("button", name="Save both").click()
    second.get_by_role("status").get_by_text("both of you", exact=False).wait_for()
    assert second.locator("#f-text-en-breathing").input_value().startswith("Breathe as it comes")
    assert second.locator("#f-text-en-feel").input_value().startswith("A light pull along")
    answered(bea)


def test_the_main_way_goes_by_the_keyboard_alone(server: Server, new_person: People) -> None:
    ana = at_the_desk(server, new_person, "Ana", "editor")
    page = ana.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reach(page, 'nav[aria-label="Desk"] a[href="/desk/exercises"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/exercises")
    reach(page, "#q")
    page.keyboard.type("front plank")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=front**")
    reach(page, "main tbody a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/documents/exercise/*")
    slug = page.url.rsplit("/", 1)[1]
    reach(page, f'form[action="/desk/documents/guide/{slug}/change"] button')
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/drafts/*")
    reach(page, "#f-text-en-breathing")
    page.keyboard.press("Control+a")
    page.keyboard.type("Keep breathing evenly; do not hold your breath.")
    checked(page, "It can be handed in")
    reach(page, 'section button[value="submit"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/reviews/*")
    page.get_by_text("handed in", exact=False).first.wait_for()

    eva = at_the_desk(server, new_person, "Eva", "physio")
    reach(eva.page, 'nav[aria-label="Desk"] a[href="/desk/reviews"]')
    eva.page.keyboard.press("Enter")
    eva.page.wait_for_url("**/desk/reviews")
    reach(eva.page, f'main tbody a[href="{page.url.removeprefix(server.address)}"]')
    eva.page.keyboard.press("Enter")
    eva.page.wait_for_url("**/desk/reviews/*")
    reach(eva.page, 'form[action$="/approve"] button')
    eva.page.keyboard.press("Enter")
    eva.page.get_by_text("Approved. The next release holds it.").wait_for()


def reach(page: Any, selector: str) -> None:
    """Press Tab until this has the focus, which must be seen each time."""
    wanted = page.locator(selector).first
    wanted.wait_for()
    for _ in range(200):
        page.keyboard.press("Tab")
        if wanted.evaluate("(it) => it === document.activeElement"):
            style = page.evaluate(
                "(({ outlineStyle, outlineWidth }) => [outlineStyle, outlineWidth])"
                "(getComputedStyle(document.activeElement))"
            )
            assert style[0] != "none", f"the focus on {selector} is not seen"
            return
    raise AssertionError(f"Tab does not lead to {selector}")


PAGES = (
    "/desk/", "/desk/exercises", "/desk/exercises?q=nothing-of-this-name", "/desk/programs", "/desk/documents",
    "/desk/documents/condition", "/desk/documents/about", f"/desk/documents/exercise/{SLUG}",
    "/desk/documents/vocabulary/hazards", "/desk/matrix", "/desk/new/exercise", "/desk/drafts", "/desk/reviews",
    "/desk/releases", "/desk/releases/1", "/desk/media", "/desk/videos", "/desk/imports", "/desk/jobs", "/desk/history",
    "/desk/no-such-page",
)  # fmt: skip
EDITED = (
    ("exercise", "hip-flexor-stretch-kneeling"), ("guide", "hip-flexor-stretch-kneeling"),
    ("condition", "achilles_tendinopathy"),
    ("about", "condition.achilles_tendinopathy"), ("vocabulary", "kinds"),
)  # fmt: skip


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_page_of_the_desk_is_for_everybody(server: Server, new_person: People, look: str) -> None:
    ana = at_the_desk(server, new_person, "Ana", "editor", "admin")
    ana.page.emulate_media(color_scheme=look)
    paths = list(PAGES)
    for collection, record_id in EDITED:
        page = ana.open(f"/desk/documents/{collection}/{record_id}")
        if "There is no" in page.inner_text("main"):
            continue
        form = page.locator(f'form[action="/desk/documents/{collection}/{record_id}/change"] button')
        # Begun by this test in another look, if not by somebody else.
        form.or_(page.get_by_role("link", name="Open change")).first.click()
        page.wait_for_url("**/desk/drafts/*")
        here = page.url.removeprefix(server.address)
        paths += [here, f"{here}?as=json", f"/desk/reviews/{here.rsplit('/', 1)[1]}", f"{here}/preview"]
    found = {}
    for path in paths:
        ana.open(path).get_by_role("heading", level=1).first.wait_for()
        # What htmx asks for as the page loads is there: it is judged with the rest.
        ana.page.locator(".htmx-request").first.wait_for(state="detached")
        if wrong := ana.axe():
            found[path] = wrong
        width = ana.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if width > 0:
            found.setdefault(path, []).append(f"scrolls sideways by {width}")
    ana.wrong[:] = [each for each in ana.wrong if "status of 404" not in each]
    assert found == {}
