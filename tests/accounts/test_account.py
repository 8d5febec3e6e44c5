"""`/v1/account`: what the account knows of itself."""

from typing import Any

import pytest

from tests.accounts.data import DEVICE, fill, new_person


def test_the_account_tells_who_one_is_and_which_devices_wrote(house: Any) -> None:
    mia = new_person(house)
    fill(mia)
    told = mia.ok("GET", "/v1/account")
    assert (told["id"], told["email"], told["email_verified"], told["name"]) == (
        str(mia.account),
        mia.email,
        True,
        "Mia",
    )
    assert told["roles"] == ["member"]
    (device,) = told["devices"]
    assert device["device"] == DEVICE
    assert device["first_wrote"] <= device["last_wrote"]
    assert device["records"] == 10


def test_name_and_language_can_be_changed_and_only_they(house: Any) -> None:
    mia = new_person(house)
    told = mia.ok("PATCH", "/v1/account", json={"name": "Mia K.", "locale": "de-AT"})
    assert (told["name"], told["locale"]) == ("Mia K.", "de-AT")
    assert mia.ok("PATCH", "/v1/account", json={"locale": None})["name"] == "Mia K."
    for field in ("email", "roles", "id"):
        refused = mia.call("PATCH", "/v1/account", json={field: "admin"})
        assert (refused.status_code, list(refused.json["errors"])) == (422, [field])


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "x" * 201), ("name", "a\x00b"), ("name", None), ("locale", "not a tag"), ("locale", 1)],
)
def test_what_cannot_be_a_name_or_a_language_is_refused_by_field(house: Any, field: str, value: Any) -> None:
    refused = new_person(house).call("PATCH", "/v1/account", json={field: value})
    assert (refused.status_code, list(refused.json["errors"])) == (422, [field])


def test_an_operators_token_is_no_accounts(house: Any) -> None:
    headers = house.token("admin", subject="an operator")
    assert house.client.get("/v1/account", headers=headers).status_code == 403


def test_an_account_that_is_no_more_is_told_so(house: Any) -> None:
    headers = house.token("member", subject="019acb12-0000-7000-8000-000000000000")
    refused = house.client.get("/v1/account", headers=headers)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
