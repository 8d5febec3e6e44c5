"""A physio whom a member invited: sets constraints, reads adherence, sees nothing else, and only while it lasts."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from server.accounts import physio, physio_constraints
from server.db import as_account, write
from tests.accounts.data import Person, acts, fill, invited, linked, new_person


@pytest.fixture
def mia(house: Any) -> Person:
    return new_person(house)


@pytest.fixture
def ben(house: Any) -> Person:
    """A physio."""
    return new_person(house, "Ben", "physio")


def live_constraints(member: Person) -> dict[str, Any]:
    """What a device of the member holds after a sync from nothing."""
    member.cursors = {"account": None}
    return {
        change["id"]: change["data"]
        for change in member.sync()
        if change["collection"] == "constraint" and not change["deleted"]
    }


# --- invitation ------------------------------------------------------------------------------------------


def test_a_member_invites_and_a_physio_accepts(mia: Person, ben: Person) -> None:
    invitation = mia.ok("POST", "/v1/account/physios")
    (told,) = mia.ok("GET", "/v1/account/physios")["links"]
    assert (told["id"], told["state"], told["physio"]) == (invitation["id"], "invited", None)
    link = ben.ok("POST", "/v1/physio/links", json={"code": invitation["code"]})
    assert (link["id"], link["member"]) == (invitation["id"], "Mia")
    (told,) = mia.ok("GET", "/v1/account/physios")["links"]
    assert (told["state"], told["physio"]) == ("linked", "Ben")
    assert ben.ok("GET", "/v1/physio/links")["links"] == [link]
    assert acts(mia) == [("member", "invited"), ("physio", "accepted")]


def test_a_code_works_once_and_only_the_newest_word_of_it_is_kept(
    house: Any, mia: Person, ben: Person
) -> None:
    code = invited(mia)
    (row,) = mia.see("SELECT code_hash FROM physio_link")
    assert code.replace("-", "") not in row.code_hash
    ben.ok("POST", "/v1/physio/links", json={"code": code})
    eve = new_person(house, "Eve", "physio")
    for person in (ben, eve):
        refused = person.call("POST", "/v1/physio/links", json={"code": code})
        assert (refused.status_code, list(refused.json["errors"])) == (404, ["code"])


def test_a_code_may_be_typed_as_people_type(mia: Person, ben: Person) -> None:
    code = invited(mia)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert ben.call("POST", "/v1/physio/links", json={"code": f" {typed} "}).status_code == 200


def test_a_code_that_lapsed_or_was_withdrawn_or_never_was_is_refused_alike(
    house: Any, mia: Person, ben: Person
) -> None:
    lapsed, withdrawn = invited(mia), mia.ok("POST", "/v1/account/physios")
    mia.ok("DELETE", f"/v1/account/physios/{withdrawn['id']}")
    later = datetime.now(UTC) + physio.INVITATION

    def accept(conn: Any) -> None:
        physio.accept(conn, ben.account, lapsed, later)

    with pytest.raises(physio.InvitationInvalid):
        as_account(house.engine, ben.account, accept, write=True)
    answers = [
        ben.call("POST", "/v1/physio/links", json={"code": code}).json["detail"]
        for code in (withdrawn["code"], "AAAA-BBBB-CCCC-DDDD", "x", "")
    ]
    assert len(set(answers)) == 1
    states = {link["state"] for link in mia.ok("GET", "/v1/account/physios")["links"]}
    assert states == {"invited", "ended"}


def test_nobody_accepts_their_own_invitation(house: Any) -> None:
    both = new_person(house, "Both", "physio")
    refused = both.call("POST", "/v1/physio/links", json={"code": invited(both)})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["code"])


def test_who_is_no_physio_accepts_nothing_and_reads_nothing(house: Any, mia: Person) -> None:
    tom = new_person(house, "Tom")
    assert tom.call("POST", "/v1/physio/links", json={"code": invited(mia)}).status_code == 403
    assert tom.call("GET", "/v1/physio/links").status_code == 403


def test_there_is_an_end_to_invitations(mia: Person) -> None:
    for _ in range(physio.LINKS_MOST):
        invited(mia)
    assert mia.call("POST", "/v1/account/physios").status_code == 409


# --- constraints -----------------------------------------------------------------------------------------


def test_a_constraint_reaches_the_members_devices_and_is_sealed(mia: Person, ben: Person) -> None:
    path = linked(mia, ben)
    made = ben.ok(
        "POST", f"{path}/constraints", json={"hazards": ["calf_end"], "notes": "six weeks after the strain"}
    )
    assert made["by"] in path
    assert made["by_name"] == "Ben"
    assert live_constraints(mia) == {made["id"]: {k: v for k, v in made.items() if k != "id"}}
    (row,) = mia.see("SELECT data::text AS data FROM record WHERE collection = 'constraint'")
    assert "calf_end" not in row.data
    assert "strain" not in row.data
    assert made["by"] not in row.data
    assert acts(mia)[-1] == ("physio", "constraint_set")


def test_a_constraint_can_be_changed_and_lifted(mia: Person, ben: Person) -> None:
    path = linked(mia, ben)
    made = ben.ok("POST", f"{path}/constraints", json={"hazards": ["calf_end"], "until": "2026-12-31"})
    one = f"{path}/constraints/{made['id']}"
    assert ben.ok("PATCH", one, json={"hazards": ["calf_end", "impact_high"]})["until"] == "2026-12-31"
    assert live_constraints(mia)[made["id"]]["hazards"] == ["calf_end", "impact_high"]
    ((shown),) = ben.ok("GET", f"{path}/constraints")["constraints"]
    assert shown["hazards"] == ["calf_end", "impact_high"]
    ben.ok("DELETE", one)
    assert live_constraints(mia) == {}
    assert ben.ok("GET", f"{path}/constraints")["constraints"] == []
    assert ben.call("DELETE", one).status_code == 404
    assert [action for _, action in acts(mia)[2:]] == [
        "constraint_set",
        "constraint_changed",
        "constraint_removed",
    ]


def test_a_device_cannot_write_a_constraint(mia: Person, ben: Person) -> None:
    path = linked(mia, ben)
    made = ben.ok("POST", f"{path}/constraints", json={"hazards": ["calf_end"]})
    patches = [
        mia.patch("constraint", made["id"], {"hazards": []}),
        mia.patch("constraint", made["id"], None),
        mia.patch("constraint", "00000000-0000-4000-8000-000000000001", {"hazards": []}),
    ]
    body = {"device": "1f2e3d4c5b6a7988", "protocol": 1, "cursors": {"account": None}, "patches": patches}
    answer = mia.ok("POST", "/v1/sync", json=body)
    assert [each["error"]["code"] for each in answer["results"]] == ["read_only"] * 3
    assert live_constraints(mia)[made["id"]]["hazards"] == ["calf_end"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"hazards": "calf_end"}, "hazards"),
        ({"hazards": ["Not A Code"]}, "hazards[0]"),
        ({"until": "tomorrow"}, "until"),
        ({"max_level": "olympic"}, "max_level"),
        ({"by": "00000000-0000-4000-8000-000000000001"}, "by"),
        ({"at": "2026-01-01T00:00:00Z"}, "at"),
        ({"conditions_of_the_member": 1}, "conditions_of_the_member"),
        ({"notes": "a\x1ab"}, "set"),
        ({"notes": "a\x00b"}, "set"),
    ],
)
def test_a_constraint_that_is_wrong_is_refused_by_field(
    mia: Person, ben: Person, body: Any, field: str
) -> None:
    refused = ben.call("POST", f"{linked(mia, ben)}/constraints", json=body)
    assert refused.status_code == 422, refused.json
    ((named, _),) = refused.json["errors"].items()
    assert named.startswith(field)
    assert live_constraints(mia) == {}


def test_there_is_an_end_to_constraints(mia: Person, ben: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(physio_constraints, "MOST", 1)
    path = linked(mia, ben)
    ben.ok("POST", f"{path}/constraints", json={"hazards": ["calf_end"]})
    assert ben.call("POST", f"{path}/constraints", json={"hazards": ["calf_end"]}).status_code == 409


def test_a_member_whose_account_is_full_can_still_be_protected(start: Any, database_url: str) -> None:
    full = start(database_url, changed={"account_records": 1})
    mia, ben = new_person(full), new_person(full, "Ben", "physio")
    mia.sync(mia.patch("preferences", "app", {"volume": 1}))
    assert (
        ben.call("POST", f"{linked(mia, ben)}/constraints", json={"hazards": ["calf_end"]}).status_code == 200
    )


# --- what else they see: nothing -------------------------------------------------------------------------


def test_two_physios_of_one_member_do_not_see_each_others_work(house: Any, mia: Person, ben: Person) -> None:
    eve = new_person(house, "Eve", "physio")
    bens, eves = linked(mia, ben), linked(mia, eve)
    made = ben.ok("POST", f"{bens}/constraints", json={"hazards": ["calf_end"]})
    assert eve.ok("GET", f"{eves}/constraints")["constraints"] == []
    assert eve.call("DELETE", f"{eves}/constraints/{made['id']}").status_code == 404
    assert eve.call("PATCH", f"{eves}/constraints/{made['id']}", json={"hazards": []}).status_code == 404
    assert eve.call("GET", f"{bens}/constraints").status_code == 404
    assert eve.call("GET", f"{bens}/adherence").status_code == 404
    assert eve.call("DELETE", bens).status_code == 404


def test_everything_a_physio_is_told_holds_no_health_data(mia: Person, ben: Person) -> None:
    fill(mia)
    path = linked(mia, ben)
    told = [
        ben.call("GET", "/v1/physio/links"),
        ben.call("GET", f"{path}/adherence"),
        ben.call("GET", f"{path}/constraints"),
    ]
    assert [each.status_code for each in told] == [200] * 3
    everything = b"".join(each.data for each in told).lower()
    for secret in (
        b"osteoporosis", b"asthma", b"pain", b"knee", b"march", b"rating", b"run_distance", b"1990", b"rpe",
        mia.email.encode(), str(mia.account).encode(), b"conditions",
    ):  # fmt: skip
        assert secret not in everything, secret


def test_a_physios_own_token_opens_nothing_of_the_members_account(mia: Person, ben: Person) -> None:
    fill(mia)
    linked(mia, ben)
    assert str(mia.account) not in ben.call("GET", "/v1/account").text
    body = {"device": "1f2e3d4c5b6a7988", "protocol": 1, "cursors": {"account": mia.cursors["account"]}}
    answer = ben.call("POST", "/v1/sync", json=body)
    assert answer.status_code == 422, "a cursor of another account"
    assert ben.ok("POST", "/v1/sync", json={**body, "cursors": {"account": None}})["account"]["changes"] == []


# --- the end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_member", [True, False])
def test_after_it_was_ended_nothing_is_left_of_it(mia: Person, ben: Person, by_member: bool) -> None:
    path = linked(mia, ben)
    for hazard in ("calf_end", "impact_high"):
        ben.ok("POST", f"{path}/constraints", json={"hazards": [hazard]})
    assert len(live_constraints(mia)) == 2
    mine = f"/v1/account/physios/{path.rpartition('/')[2]}"
    ended = mia.ok("DELETE", mine) if by_member else ben.ok("DELETE", path)
    assert ended["constraints"] == 2
    assert live_constraints(mia) == {}
    assert ben.ok("GET", "/v1/physio/links")["links"] == []
    for method, rest in (
        ("GET", "/adherence"), ("GET", "/constraints"), ("POST", "/constraints"), ("DELETE", ""),
        ("DELETE", "/constraints/00000000-0000-4000-8000-000000000001"),
    ):  # fmt: skip
        body = {"hazards": ["calf_end"]} if method == "POST" else None
        assert ben.call(method, path + rest, json=body).status_code == 404, rest
    (told,) = mia.ok("GET", "/v1/account/physios")["links"]
    assert (told["state"], told["physio"]) == ("ended", "Ben")
    assert acts(mia)[-1] == ("member" if by_member else "physio", "ended")


def test_ending_one_link_leaves_the_others(house: Any, mia: Person, ben: Person) -> None:
    eve = new_person(house, "Eve", "physio")
    bens, eves = linked(mia, ben), linked(mia, eve)
    ben.ok("POST", f"{bens}/constraints", json={"hazards": ["calf_end"]})
    made = eve.ok("POST", f"{eves}/constraints", json={"hazards": ["impact"]})
    ben.ok("DELETE", bens)
    assert set(live_constraints(mia)) == {made["id"]}


def test_a_constraint_that_cannot_be_opened_keeps_no_link_from_being_ended(mia: Person, ben: Person) -> None:
    path = linked(mia, ben)
    for hazard in ("calf_end", "impact"):
        ben.ok("POST", f"{path}/constraints", json={"hazards": [hazard]})
    broken = text('UPDATE record SET data = \'{"by": "\\u001asealed:AAAA"}\' WHERE seq = 1')
    as_account(mia.limber.engine, mia.account, lambda conn: conn.execute(broken), write=True)
    assert len(ben.ok("GET", f"{path}/constraints")["constraints"]) == 1
    assert ben.ok("DELETE", path)["constraints"] == 1


def test_a_link_cannot_be_ended_while_something_is_done_under_it(
    house: Any, mia: Person, ben: Person
) -> None:
    """So a constraint is either set before the end, and lifted by it, or refused."""
    path = linked(mia, ben)
    link = path.rpartition("/")[2]

    def work(conn: Any) -> bool:
        physio.in_force(conn, ben.account, UUID(link))
        return write(house.engine, lambda other: locked(other, mia, link))

    assert as_account(house.engine, ben.account, work, write=True)
    assert not write(house.engine, lambda other: locked(other, mia, link))


def locked(conn: Any, member: Person, link: str) -> bool:
    conn.execute(text("SELECT set_config('limber.account', :a, true)"), {"a": str(member.account)})
    free = text("SELECT FROM physio_link WHERE id = :id FOR UPDATE SKIP LOCKED")
    return conn.execute(free, {"id": link}).one_or_none() is None


def test_a_link_of_others_cannot_be_ended(house: Any, mia: Person, ben: Person) -> None:
    path = linked(mia, ben)
    tom = new_person(house, "Tom")
    assert tom.call("DELETE", f"/v1/account/physios/{path.rpartition('/')[2]}").status_code == 404
    assert ben.ok("GET", f"{path}/constraints")["constraints"] == []


def test_when_the_member_is_erased_the_physio_sees_nothing_of_them(mia: Person, ben: Person) -> None:
    path = linked(mia, ben)
    ben.ok("POST", f"{path}/constraints", json={"hazards": ["calf_end"]})
    mia.signed_in().ok("POST", "/v1/account/erase", json={})
    assert ben.ok("GET", "/v1/physio/links")["links"] == []
    assert ben.call("GET", f"{path}/adherence").status_code == 404
