"""One person with an account: several devices that edit without a network, a server that dies, and leaving again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.accounts.signing_in import PASSWORD
from tests.app.conftest import Server
from tests.app.person import Person

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("app_accounts")]

CALF, SQUAT = "/library/calf-stretch-wall", "/library/a-march"


def records(person: Person) -> dict[tuple[str, str], Any]:
    """What is on the device, by collection and id."""
    found = person.exported()["records"]
    return {(name, each["id"]): each["data"] for name, rows in found.items() for each in rows}


def mark(person: Person, path: str, name: str) -> None:
    """Tick one of the choices below an exercise, and wait until it says so."""
    chip = person.open(path).get_by_role("checkbox", name=name, exact=True)
    chip.click()
    person.page.wait_for_function("(chip) => chip.ariaChecked === 'true'", arg=chip.element_handle())


def called(person: Person, name: str) -> None:
    """Write one's name into the profile."""
    page = person.open("/you/profile")
    page.get_by_label("Name", exact=True).fill(name)
    # Leaving the screen keeps it at once, and the next one greets by what is kept.
    page.get_by_role("button", name="Back", exact=True).click()
    page.get_by_text(f"Hello {name}").wait_for()


def test_what_was_made_before_signing_in_goes_along_and_two_devices_agree(
    new_person: Callable[..., Person], server: Server
) -> None:
    address = server.new_account()
    phone, tablet = new_person(), new_person(viewport={"width": 1180, "height": 820})
    for device in (phone, tablet):
        device.begin()
    mark(phone, CALF, "Favourite")
    phone.sign_in(address)
    tablet.sign_in(address)
    assert ("exercise_pref", "calf-stretch-wall") in records(tablet)

    for device in (phone, tablet):
        device.wait_until_offline_works()
        device.offline()
    mark(phone, SQUAT, "I like it")
    called(phone, "Mia on the phone")
    mark(tablet, CALF, "Not for me")
    called(tablet, "Mia on the tablet")
    for device in (phone, tablet):
        device.open("/you/account").get_by_text("wait to be sent").wait_for()
        device.offline(False)
    for device in (phone, tablet, phone):
        device.synced()

    mine, theirs = records(phone), records(tablet)
    assert mine == theirs
    # The later of two names won, on both; what each marked alone is there.
    assert mine["profile", "me"]["name"] == "Mia on the tablet"
    assert ("exercise_pref", "a-march") in mine
    assert mine["exercise_pref", "calf-stretch-wall"]["rating"] == -1


def test_a_server_that_dies_in_the_middle_of_a_sync_loses_and_doubles_nothing(
    make_server: Callable[[], Server], new_person: Callable[..., Person]
) -> None:
    server = make_server().start()
    person = new_person(address=server.address)
    person.begin()
    person.sign_in(server.new_account())
    person.wait_until_offline_works()
    page = person.page
    # Each answer of the first tries is lost: the server took the changes, and the device does not know.
    lost = []

    def drop(route: Any) -> None:
        if len(lost) < 2:
            lost.append(route.fetch().status)
            route.abort("connectionreset")
        else:
            route.continue_()

    person.context.route("**/v1/sync", drop)
    mark(person, CALF, "Favourite")
    called(person, "Mia")
    server.kill()
    page = person.open("/you/account")
    page.get_by_role("button", name="Sync now").click()
    page.get_by_text("No connection").first.wait_for()
    before = records(person)
    assert before["profile", "me"]["name"] == "Mia"
    server.start()
    person.open("/you/account")
    for _ in range(4):
        page.get_by_role("button", name="Sync now").click()
        page.wait_for_timeout(500)
    person.synced()
    assert records(person) == before
    other = new_person(address=server.address)
    other.begin()
    other.sign_in(person.account)
    assert records(other)["profile", "me"]["name"] == "Mia"
    person.context.unroute("**/v1/sync")


def test_export_erase_and_import_bring_everything_back(
    new_person: Callable[..., Person], tmp_path: Any
) -> None:
    person = new_person()
    page = person.begin()
    mark(person, CALF, "Favourite")
    called(person, "Mia")
    before = person.exported()
    file = tmp_path / "limber.json"
    file.write_text(json.dumps(before))
    page.get_by_role("button", name="Erase this device").click()
    page.get_by_role("switch", name="I understand that this cannot be undone").click()
    page.get_by_role("button", name="Erase", exact=True).click()
    page.get_by_text("This device is empty again.").wait_for()
    assert all(rows == [] for rows in person.exported()["records"].values())
    with page.expect_file_chooser() as asked:
        page.get_by_role("button", name="Import an export").click()
    asked.value.set_files(file)
    page.get_by_text(re.compile(r"records? added")).wait_for()
    assert person.exported()["records"] == before["records"]


def test_signing_out_can_keep_or_remove_and_an_erased_account_is_gone(
    new_person: Callable[..., Person], server: Server
) -> None:
    address = server.new_account()
    person = new_person()
    page = person.begin()
    mark(person, CALF, "Favourite")
    person.sign_in(address)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign out and keep my records here").click()
    page.get_by_text("Only on this device").first.wait_for()
    assert ("exercise_pref", "calf-stretch-wall") in records(person)
    person.sign_in(address)
    page.get_by_role("button", name="Erase my account").click()
    page.get_by_role("switch", name="I understand that this cannot be undone").click()
    page.get_by_role("button", name="Erase", exact=True).click()
    page.get_by_text("Your account is erased").wait_for()
    assert records(person) == {}
    # The account is no more: the server's pages know nobody, and the old password opens nothing.
    page.get_by_role("button", name="Sign in or register").click()
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("alert").first.wait_for()
    assert "/account/login" in page.url
    person.wrong = [each for each in person.wrong if "status of 422" not in each]  # the page with that alert
