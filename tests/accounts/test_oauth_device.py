"""The device flow (RFC 8628): a code on a screen, typed elsewhere, and a command line that waits."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from server.accounts.clients import DEVICE
from server.accounts.oauth import DEVICES
from tests.accounts.oauth_ground import Ground, reason

SCOPE = "openid offline_access sync models"


def begin(oauth: Ground, **changed: str) -> dict[str, Any]:
    answer = oauth.post("device_authorization", **{"client_id": "limber-cli", "scope": SCOPE, **changed})
    assert answer.status_code == 200, answer.text
    given: dict[str, Any] = answer.json()
    return given


def poll(oauth: Ground, code: str, **changed: str) -> requests.Response:
    return oauth.post(
        "token", **{"grant_type": DEVICE, "client_id": "limber-cli", "device_code": code, **changed}
    )


def pause(oauth: Ground, seconds: float) -> None:
    """The same as if that much time had passed for every device."""
    with oauth.engine.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE device_code SET polled_at = polled_at - %(by)s, expires_at = expires_at - %(by)s",
            {"by": timedelta(seconds=seconds)},
        )


def decide(
    oauth: Ground, browser: requests.Session, typed: str, decision: str = "allow"
) -> requests.Response:
    page = browser.get(f"{oauth.url}/device", params={"user_code": typed})
    assert page.status_code == 200, page.text
    return oauth.click(browser, page, decision)


def test_a_device_is_given_tokens_after_its_code_was_typed(oauth: Ground) -> None:
    mia, device = oauth.person("ml_engineer"), begin(oauth)
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", device["user_code"])
    assert device["verification_uri"] == f"{oauth.url}/device"
    assert (device["expires_in"], device["interval"]) == (900, 5)
    assert reason(poll(oauth, device["device_code"])) == (400, "authorization_pending")
    browser = oauth.browser(mia)
    page = browser.get(device["verification_uri_complete"])
    assert "Is this your device?" in page.text
    assert device["user_code"] in page.text, "to be compared with what the device shows"
    assert "Limber on the command line" in page.text
    assert "The device is connected" in oauth.click(browser, page).text
    given = poll(oauth, device["device_code"]).json()
    assert given["scope"] == SCOPE
    assert oauth.userinfo(given["access_token"]).json() == {"sub": str(mia)}
    assert oauth.refresh(given["refresh_token"], client_id="limber-cli").status_code == 200


@pytest.mark.parametrize(
    "written", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("-", "")]
)
def test_a_code_may_be_typed_however_people_type(oauth: Ground, written: Any) -> None:
    device = begin(oauth)
    assert decide(oauth, oauth.browser(oauth.person()), written(device["user_code"])).status_code == 200
    assert poll(oauth, device["device_code"]).status_code == 200


def test_a_device_code_gives_tokens_once(oauth: Ground) -> None:
    device = begin(oauth)
    decide(oauth, oauth.browser(oauth.person()), device["user_code"])
    barrier = threading.Barrier(6)

    def ask(_: int) -> requests.Response:
        barrier.wait()
        return poll(oauth, device["device_code"])

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    assert reason(poll(oauth, device["device_code"])) == (400, "invalid_grant")


def test_a_code_is_decided_once(oauth: Ground) -> None:
    device, mia, eve = begin(oauth), oauth.browser(oauth.person()), oauth.browser(oauth.person())
    hers = mia.get(f"{oauth.url}/device", params={"user_code": device["user_code"]})
    theirs = eve.get(f"{oauth.url}/device", params={"user_code": device["user_code"]})
    assert oauth.click(mia, hers).status_code == 200
    assert oauth.click(eve, theirs).status_code == 400
    assert eve.get(f"{oauth.url}/device", params={"user_code": device["user_code"]}).status_code == 422


def test_a_no_is_told_to_the_device(oauth: Ground) -> None:
    device = begin(oauth)
    assert "turned away" in decide(oauth, oauth.browser(oauth.person()), device["user_code"], "deny").text
    assert reason(poll(oauth, device["device_code"])) == (400, "access_denied")


def test_who_asks_too_often_is_slowed_down_and_stays_so(oauth: Ground) -> None:
    device = begin(oauth)
    code = device["device_code"]
    assert reason(poll(oauth, code))[1] == "authorization_pending"
    assert reason(poll(oauth, code))[1] == "slow_down"
    pause(oauth, 5)
    assert reason(poll(oauth, code))[1] == "slow_down", "it is ten seconds now"
    pause(oauth, 15)
    assert reason(poll(oauth, code))[1] == "authorization_pending"
    decide(oauth, oauth.browser(oauth.person()), device["user_code"])
    assert poll(oauth, code).status_code == 200, "an answer that is there is given"


def test_a_code_expires_for_both_sides(oauth: Ground) -> None:
    device, browser = begin(oauth), oauth.browser(oauth.person())
    page = browser.get(f"{oauth.url}/device", params={"user_code": device["user_code"]})
    pause(oauth, 901)
    assert reason(poll(oauth, device["device_code"])) == (400, "expired_token")
    assert oauth.click(browser, page).status_code == 400
    assert browser.get(f"{oauth.url}/device", params={"user_code": device["user_code"]}).status_code == 422


@pytest.mark.parametrize(
    "changed",
    [
        {"device_code": ""},
        {"device_code": "x"},
        {"client_id": "limber-app"},
        {"client_id": "nobody"},
        {"device_code": "a\x00"},
    ],
    ids=str,
)
def test_a_poll_that_is_not_the_devices_own_is_refused(oauth: Ground, changed: dict[str, str]) -> None:
    device = begin(oauth)
    decide(oauth, oauth.browser(oauth.person()), device["user_code"])
    assert reason(poll(oauth, device["device_code"], **changed))[0] in (400, 401)
    assert poll(oauth, device["device_code"]).status_code == 200


def test_only_registered_clients_and_scopes_may_begin(oauth: Ground) -> None:
    for changed, error in (
        ({"client_id": "limber-app"}, "unauthorized_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"scope": "root"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ):
        answer = oauth.post("device_authorization", **{"client_id": "limber-cli", "scope": SCOPE, **changed})
        assert reason(answer)[1] == error


def test_the_page_needs_somebody_signed_in_and_brings_them_back(oauth: Ground) -> None:
    answer = oauth.browser(None).get(f"{oauth.url}/device?user_code=WDJB-MJHT", allow_redirects=False)
    assert answer.headers["Location"] == "/account/login?next=%2Fdevice%3Fuser_code%3DWDJB-MJHT"


def test_the_form_cannot_be_sent_by_another_site(oauth: Ground) -> None:
    device, browser = begin(oauth), oauth.browser(oauth.person())
    form = {"user_code": device["user_code"], "decision": "allow"}
    for more in ({}, {"csrf": ""}, {"csrf": "é"}, {"csrf": "0" * 64}):
        assert browser.post(f"{oauth.url}/device", data={**form, **more}).status_code == 400
    assert reason(poll(oauth, device["device_code"]))[1] == "authorization_pending"


def test_guessing_codes_is_held_back(oauth: Ground) -> None:
    browser = oauth.browser(oauth.person())
    said = [
        browser.get(f"{oauth.url}/device", params={"user_code": f"BBBB-BBB{letter}"}).status_code
        for letter in "BCDFGHJKLMNP"
    ]
    assert said[0] == 422
    assert said[-1] == 429
    device = begin(oauth)
    assert decide(oauth, oauth.browser(oauth.person()), device["user_code"]).status_code == 200, (
        "others are not"
    )


def test_who_begins_and_begins_is_held_back(oauth: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.accounts.oauth.DEVICES", replace(DEVICES, name="tried here", free=3))
    form = {"client_id": "limber-cli", "scope": SCOPE}
    said = [oauth.post("device_authorization", **form) for _ in range(4)]
    assert [answer.status_code for answer in said] == [200, 200, 200, 429]
    assert int(said[-1].headers["Retry-After"]) >= 1


def test_an_account_without_the_role_gives_a_device_nothing_more_than_it_has(oauth: Ground) -> None:
    device = begin(oauth)
    decide(oauth, oauth.browser(oauth.person()), device["user_code"])
    assert poll(oauth, device["device_code"]).json()["scope"] == "openid offline_access sync"
    device, browser = begin(oauth, scope="models"), oauth.browser(oauth.person())
    page = browser.get(f"{oauth.url}/device", params={"user_code": device["user_code"]})
    assert "no role for what it asks" in page.text
    oauth.click(browser, page, "allow")
    assert reason(poll(oauth, device["device_code"])) == (400, "access_denied")
