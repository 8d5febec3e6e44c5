"""The account in the app: a new one by letter, what stays in the browser, consent, and files that are none of ours."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest

from tests.accounts.signing_in import PASSWORD, Mailbox
from tests.app.conftest import Server
from tests.app.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app_accounts")]


def test_a_new_account_begins_in_the_app_and_ends_there(person: Person, server: Server) -> None:
    address = f"mia.{secrets.token_hex(4)}@example.org"
    person.begin()
    page = person.open("/you/account")
    page.get_by_role("button", name="Sign in or register").click()
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send the link").click()
    page.get_by_text(address).wait_for()
    page.goto(server.address + Mailbox(server.folder / "mail").link(address))
    page.get_by_label("What shall we call you?").fill("Mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    page.wait_for_url("**/you/account")
    page.get_by_role("heading", name="Signed in as Mia").wait_for()
    page.get_by_text("Up to date").wait_for()


def test_a_reload_keeps_somebody_signed_in_and_no_script_can_read_what_lasts(
    person: Person, server: Server
) -> None:
    person.begin()
    person.sign_in(server.new_account())
    for _ in range(3):
        person.open("/you/account").get_by_role("heading", name=re.compile("^Signed in")).wait_for()
    person.synced()
    assert "limber_app" not in person.page.evaluate("document.cookie")
    kept = person.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert not re.search(r"[\w-]{16,}\.[\w-]{16,}", kept), "no token lies where a script could take it"
    (cookie,) = [each for each in person.context.cookies() if each["name"] == "limber_app"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/oauth/web")


def test_a_file_that_is_no_export_is_refused_in_words(person: Person, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"format": "something else"}')
    person.begin()
    page = person.open("/you/account")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import an export").click()
    chooser.value.set_files(file)
    page.get_by_text("This file is not an export of Limber on a device.").wait_for()


def test_consent_to_training_is_asked_with_its_text_and_withdrawn_at_once(
    person: Person, server: Server
) -> None:
    person.begin()
    person.sign_in(server.new_account())
    page = person.open("/you/account")
    switch = page.get_by_role("switch", name="My sessions may be used for training")
    switch.click()
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="My sessions may be used for training")
    button.wait_for()
    assert len(dialog.inner_text()) > 200, "the text that is agreed to"
    button.click()
    page.locator("[role=switch][aria-checked=true]").wait_for()
    person.offline()
    switch.click()
    page.locator("[role=switch][aria-checked=false]").wait_for()
    person.offline(False)
    person.synced()
