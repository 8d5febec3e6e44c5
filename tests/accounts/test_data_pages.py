"""`/account/data`: what the API does with one's own data, for a person with a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from server.accounts import consent_training, passwords, throttle
from server.accounts.data_pages import COUNTED
from server.accounts.tables import account, login_session
from server.db import write
from sync.objects import StoreUnavailable
from tests.accounts.data import Person, acts, fill, linked, new_person, records, unpacked
from tests.accounts.signing_in import PASSWORD, Browser, Page, cheap_hashes

PATH = "/account/data"
CONSENT = "/v1/account/training-consent"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@pytest.fixture
def mia(house: Any) -> Person:
    return new_person(house, password_hash=passwords.make_hash(PASSWORD))


@pytest.fixture
def browser(house: Any, mia: Person) -> Browser:
    """Mia's, at the page of her data."""
    made = Browser(house)
    made.sign_in(mia.email, onward=PATH)
    assert made.page.heading == "Your data"
    return made


def download(browser: Browser) -> Any:
    """The answer to the button; not a page."""
    form = browser.page.form(f"{PATH}/download")
    return browser.client.post(form.action, data=form.fields)


def grow_old(person: Person) -> None:
    """As if the person had signed in an hour ago."""
    hour = {"auth_time": datetime.now(UTC) - timedelta(hours=1)}
    changed = update(login_session).where(login_session.c.account == person.account).values(hour)
    write(person.limber.engine, lambda conn: conn.execute(changed))


def alive(person: Person) -> bool:
    return bool(person.call("GET", "/v1/account").status_code == 200)


def test_the_account_leads_to_it_and_strangers_sign_in_first(house: Any, browser: Browser) -> None:
    assert PATH in browser.get("/account/").links
    stranger = Browser(house).get(PATH)
    assert (stranger.heading, stranger.path) == ("Sign in", "/account/login?next=%2Faccount%2Fdata")


def test_it_works_without_a_script(browser: Browser) -> None:
    assert not [tag for tag, _ in browser.page.tags if tag == "script"]


@pytest.mark.parametrize("what", ["download", "training", "physios/invite", "physios/end", "delete"])
def test_a_form_without_its_token_does_nothing(browser: Browser, mia: Person, what: str) -> None:
    fields = {"do": "agree", "version": "1", "address": mia.email}
    for token in ({}, {"csrf": "x" * 64}):
        assert browser.post(f"{PATH}/{what}", **fields, **token).status == 400
    assert alive(mia)
    assert mia.ok("GET", CONSENT)["given"] is None
    assert mia.ok("GET", "/v1/account/physios")["links"] == []


# --- download --------------------------------------------------------------------------------------------


def test_the_download_is_the_export_of_the_api(browser: Browser, mia: Person) -> None:
    fill(mia)
    answer = download(browser)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert re.fullmatch(r"attachment; filename=limber-[\d-]{10}\.zip", answer.headers["Content-Disposition"])
    assert answer.headers["Cache-Control"] == "no-store"
    ours, theirs = unpacked(answer.data), unpacked(mia.export())
    assert records(answer.data)["profile"][0]["data"]["conditions"] == ["osteoporosis"]
    for files in (ours, theirs):  # what tells the moment
        del files["README.txt"], files["manifest.json"]
    assert ours == theirs


def test_asking_for_it_again_and_again_is_slowed_down_on_the_page(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "take", lambda *_: 90)
    answer = download(browser)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")
    page = Page(answer, PATH)
    assert page.heading == "Your data"
    assert "too many tries" in page.text


# --- training --------------------------------------------------------------------------------------------


def test_consent_is_given_and_withdrawn_with_one_button_each(browser: Browser, mia: Person) -> None:
    assert "You have not agreed" in browser.page.text
    assert consent_training.TEXT in browser.page.text
    page = browser.send(f"{PATH}/training", do="agree")
    assert "You have agreed" in page.text
    assert mia.ok("GET", CONSENT)["counts"] is True
    page = browser.send(f"{PATH}/training", do="withdraw")
    assert "You have not agreed" in page.text
    assert mia.ok("GET", CONSENT)["given"] is None


def test_nobody_agrees_to_a_text_that_they_have_not_seen(
    browser: Browser, mia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_training, "VERSION", 2)
    page = browser.send(f"{PATH}/training", do="agree")
    assert page.status == 409
    assert "The text has changed" in page.text
    assert mia.ok("GET", CONSENT)["given"] is None


def test_who_agreed_to_an_earlier_text_is_told_so_and_can_withdraw_it(
    browser: Browser, mia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    mia.ok("PUT", CONSENT, json={"version": 1})
    monkeypatch.setattr(consent_training, "VERSION", 2)
    assert "You agreed to an earlier text" in browser.get(PATH).text
    words = {button.get("value") for button in browser.page.form(f"{PATH}/training").buttons}
    assert words == {"agree", "withdraw"}
    browser.send(f"{PATH}/training", do="withdraw")
    assert mia.ok("GET", CONSENT)["given"] is None


# --- physios ---------------------------------------------------------------------------------------------


def test_a_physio_is_invited_with_a_code_that_is_shown_once(
    house: Any, browser: Browser, mia: Person
) -> None:
    page = browser.send(f"{PATH}/physios/invite")
    found = re.search(r"\b[0-9A-Z]{4}(-[0-9A-Z]{4}){3}\b", page.text)
    assert found is not None
    tom = new_person(house, "Tom", "physio")
    tom.ok("PATCH", "/v1/account", json={"name": "Tom <b>"})
    tom.ok("POST", "/v1/physio/links", json={"code": found[0]})
    page = browser.get(PATH)
    assert found[0] not in page.text
    assert "Tom <b>" in page.text
    assert "<b>" not in page.html
    assert "Let in since" in page.text


def test_ending_it_lifts_what_the_physio_set(house: Any, browser: Browser, mia: Person) -> None:
    tom = new_person(house, "Tom", "physio")
    held = linked(mia, tom)
    tom.ok("POST", f"{held}/constraints", json={"hazards": ["calf_end"]})
    assert [change["deleted"] for change in mia.sync()] == [False]
    assert "Tom, set a limit for you" in browser.get(PATH).text
    page = browser.send(f"{PATH}/physios/end")
    assert "It is ended" in page.text
    assert "You have let nobody in" in page.text
    assert [change["deleted"] for change in mia.sync()] == [True]
    assert acts(mia)[-1] == ("member", "ended")
    assert tom.call("GET", f"{held}/constraints").status_code == 404


def test_an_invitation_is_taken_back(browser: Browser, mia: Person) -> None:
    mia.ok("POST", "/v1/account/physios")
    browser.get(PATH)
    assert "The invitation is taken back" in browser.send(f"{PATH}/physios/end").text
    assert mia.ok("GET", "/v1/account/physios")["links"][0]["state"] == "ended"


def test_nobody_ends_what_is_anothers(house: Any, browser: Browser, mia: Person) -> None:
    ben, tom = new_person(house, "Ben"), new_person(house, "Tom", "physio")
    held = linked(ben, tom)
    token = browser.page.form(f"{PATH}/delete").fields["csrf"]
    for link in (held.rpartition("/")[2], "zz"):
        page = browser.post(f"{PATH}/physios/end", csrf=token, link=link)
        assert (page.status, page.heading) == (404, "Your data")
        assert "There is no such link" in page.text
    assert tom.call("GET", f"{held}/constraints").status_code == 200


def test_there_are_so_many_invitations_and_no_more(browser: Browser, mia: Person) -> None:
    for _ in range(20):
        mia.ok("POST", "/v1/account/physios")
    page = browser.send(f"{PATH}/physios/invite")
    assert (page.status, page.heading) == (409, "Your data")
    assert "the most there may be" in page.text


# --- deleting the account --------------------------------------------------------------------------------


def test_everything_ends_and_the_receipt_can_be_kept(house: Any, browser: Browser, mia: Person) -> None:
    fill(mia)
    other = Browser(house)
    other.sign_in(mia.email)
    page = browser.send(f"{PATH}/delete", address=f" {mia.email.upper()} ")
    assert (page.status, page.heading) == (200, "The account is deleted")
    assert not browser.login
    assert not alive(mia)
    assert browser.get("/account/").heading == "Sign in"
    assert other.get("/account/").heading == "Sign in"
    assert "do not belong together" in other.sign_in(mia.email).text
    assert mia.see("SELECT 1 FROM record") == []
    # A stranger who is given its address sees the same, and nothing of whose it was.
    receipt = page.path.rpartition("/")[2]
    shown = Browser(house).get(page.path)
    signed = house.client.get(f"/v1/erasures/{receipt}").json["manifest"]
    assert f"/v1/erasures/{receipt}" in shown.links
    assert signed["id"] == receipt
    assert signed["erased_at"] in shown.html
    assert f"{COUNTED['record']} {signed['erased']['record']}" in shown.text
    for told in (mia.email, str(mia.account), "Mia"):
        assert told not in shown.html


def test_there_is_no_receipt_of_what_was_not_deleted(house: Any, mia: Person) -> None:
    assert Browser(house).get(f"/account/deleted/{mia.account}").status == 404


@pytest.mark.parametrize("typed", ["", "x", "tom@example.org", "\u202emia@example.org"])
def test_another_address_deletes_nothing(browser: Browser, mia: Person, typed: str) -> None:
    page = browser.send(f"{PATH}/delete", address=typed)
    assert (page.status, page.heading) == (422, "Your data")
    assert page.title.startswith("Error:")
    assert "#address" in page.links
    assert alive(mia)


def test_who_signed_in_long_ago_signs_in_again_first(browser: Browser, mia: Person) -> None:
    grow_old(mia)
    page = browser.send(f"{PATH}/delete", address=mia.email)
    assert page.heading == "Sign in"
    assert alive(mia)
    page = browser.send("/account/login", email=mia.email, password=PASSWORD)
    assert (page.heading, page.path) == ("Your data", f"{PATH}#delete")
    assert browser.send(f"{PATH}/delete", address=mia.email).heading == "The account is deleted"


def test_the_page_itself_asks_for_it_before_anything_is_typed(browser: Browser, mia: Person) -> None:
    grow_old(mia)
    page = browser.get(PATH)
    assert not [form for form in page.forms if form.action == f"{PATH}/delete"]
    again = next(link for link in page.links if link.startswith("/account/login"))
    assert browser.get(again).heading == "Sign in"
    assert browser.send("/account/login", email=mia.email, password=PASSWORD).path == f"{PATH}#delete"
    assert browser.page.form(f"{PATH}/delete")


def test_who_comes_back_as_somebody_else_deletes_neither(house: Any, browser: Browser, mia: Person) -> None:
    tom = new_person(house, "Tom", password_hash=passwords.make_hash(PASSWORD))
    browser.sign_in(tom.email, onward=PATH)
    assert browser.send(f"{PATH}/delete", address=mia.email).status == 422
    assert alive(mia)
    assert alive(tom)


def test_an_account_without_an_address_types_a_word(browser: Browser, mia: Person) -> None:
    gone = update(account).where(account.c.id == mia.account).values(email=None)
    write(mia.limber.engine, lambda conn: conn.execute(gone))
    assert "The word to type: delete" in browser.get(PATH).text
    assert browser.send(f"{PATH}/delete", address=mia.email).status == 422
    assert alive(mia)
    assert browser.send(f"{PATH}/delete", address="Delete").heading == "The account is deleted"


def test_when_it_cannot_be_deleted_now_the_page_says_so(
    browser: Browser, mia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> int:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr("server.accounts.erasure.remove_below", away)
    page = browser.send(f"{PATH}/delete", address=mia.email)
    assert (page.status, page.heading) == (503, "Not possible right now")
    assert alive(mia)
    assert browser.login


def test_every_line_of_a_receipt_has_words(house: Any, mia: Person) -> None:
    manifest = mia.signed_in().ok("POST", "/v1/account/erase", json={})["manifest"]
    assert set(manifest["erased"]) <= set(COUNTED), "a new table: say in data_pages.COUNTED what it is"
