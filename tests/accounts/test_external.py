"""Signing in with another OpenID provider: proved against the real npm oidc-provider, then with everything bent."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select, update

from server.accounts import external
from server.accounts.tables import account, login_session
from server.accounts.tables_sign_in import identity
from server.settings import Settings, SettingsError
from tests.accounts.signing_in import (
    PASSWORD,
    Browser,
    Mailbox,
    Page,
    cheap_hashes,
    clear,
    new_account,
    words,
)
from tests.server.conftest import _serve

CALLBACK = "http://127.0.0.1:8000/account/with/north/callback"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)


@dataclass
class North:
    """The other provider."""

    issuer: str

    def person(
        self, sub: str, email: str | None = None, *, verified: bool = True, name: str = "Mia N."
    ) -> None:
        """Who sits before its screen."""
        said = {"sub": sub, "email": email, "email_verified": verified, "name": name}
        requests.post(f"{self.issuer}/test/person", json=said, timeout=10).raise_for_status()

    def visit(self, address: str) -> str:
        """Go through its pages as a browser would; where it sends the person in the end."""
        session = requests.Session()
        for _ in range(10):
            answer = session.get(address, allow_redirects=False, timeout=10)
            assert answer.status_code in (302, 303), answer.text[:500]
            address = requests.compat.urljoin(address, answer.headers["Location"])
            if not address.startswith(self.issuer):
                return address
        raise AssertionError("the provider went round in circles")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def north(node_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[North]:
    port = free_port()
    log = tmp_path_factory.mktemp("north") / "log"
    with log.open("wb") as output:
        command = ["node", str(node_folder / "provider.mjs"), str(port), CALLBACK]
        child = subprocess.Popen(command, cwd=node_folder, stdout=subprocess.PIPE, stderr=output, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("ready"), log.read_text()
        yield North(f"http://127.0.0.1:{port}")
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()


SECRET = "a secret of sixty-four characters, which no one else knows, here"


def providers_file(folder: Path, issuer: str, **changed: Any) -> Path:
    entry = {"name": "North", "issuer": issuer, "client_id": "limber", "client_secret": SECRET, **changed}
    path = folder / "providers.json"
    path.write_text(
        json.dumps({"providers": [{key: value for key, value in entry.items() if value is not None}]})
    )
    return path


@pytest.fixture
def served(start: Callable[..., Any], door: Any) -> Callable[[Path], Any]:
    """A server with this file of providers and not a single account."""
    return lambda file: start(door.settings.database_url, changed={"providers": file})


@pytest.fixture(scope="module")
def site_of_all(door_of_all: Any, north: North, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("site")
    file = providers_file(folder, north.issuer)
    made = _serve(door_of_all.settings.database_url, folder, changed={"providers": file})
    yield made
    made.engine.dispose()


@pytest.fixture
def site(site_of_all: Any) -> Any:
    """A server that knows the other provider, without a single account."""
    clear(site_of_all)
    return site_of_all


def begin(browser: Browser, query: str = "?next=/docs") -> str:
    """The address at the provider that a browser is sent to."""
    answer = browser.client.get(f"/account/with/north{query}")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def arrive(browser: Browser, address: str) -> Page:
    """Come back to us from the provider."""
    parts = urlsplit(address)
    assert address.startswith(CALLBACK)
    return browser.get(f"{parts.path}?{parts.query}")


def bent(address: str, **changed: str | None) -> str:
    """`address` with parts of its query replaced, or taken out."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changed
    return parts._replace(
        query=urlencode({name: text for name, text in query.items() if text is not None})
    ).geturl()


def through(browser: Browser, north: North, query: str = "?next=/docs") -> Page:
    return arrive(browser, north.visit(begin(browser, query)))


def accounts(site: Any) -> list[Any]:
    with site.engine.connect() as conn:
        return list(conn.execute(select(account)).all())


# --- the ways through ------------------------------------------------------------------------------------


def test_the_question_has_everything_that_keeps_the_answer_safe(site: Any, north: North) -> None:
    asked = parse_qs(urlsplit(begin(Browser(site))).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert len(asked["state"][0]) >= 20
    assert len(asked["nonce"][0]) >= 20
    assert asked["redirect_uri"] == [CALLBACK]
    assert asked["response_type"] == ["code"]
    assert asked["scope"] == ["openid email profile"]


def test_a_newcomer_is_asked_gets_an_account_and_comes_back_to_it(site: Any, north: North) -> None:
    north.person("n1", "mia@example.org")
    browser = Browser(site)
    assert through(browser, north).heading == "Create your account?"
    assert accounts(site) == []
    assert browser.send("/account/with/agree").path == "/docs"
    (made,) = accounts(site)
    assert (made.email, made.name, made.password_hash) == ("mia@example.org", "Mia N.", None)
    assert made.email_verified_at is not None
    with site.engine.connect() as conn:
        assert conn.execute(select(login_session.c.amr)).scalars().all() == [["fed"]]
    other = Browser(site)
    assert through(other, north).path == "/docs"
    assert other.get("/account/").heading == "Your account"
    assert len(accounts(site)) == 1


def test_a_changed_address_at_the_provider_still_leads_to_the_same_account(site: Any, north: North) -> None:
    north.person("n1", "mia@example.org")
    browser = Browser(site)
    through(browser, north)
    browser.send("/account/with/agree")
    new_account(site.engine, "other@example.org")
    north.person("n1", "other@example.org")  # it is the subject that says who it is
    other = Browser(site)
    through(other, north)
    assert "mia@example.org" in other.get("/account/").text


def test_an_account_is_linked_when_both_sides_verified_the_address_and_its_owner_is_told(
    site: Any, north: North
) -> None:
    whom = new_account(site.engine)
    north.person("n1", "Mia@Example.org")
    browser = Browser(site)
    assert through(browser, north).path == "/docs"
    with site.engine.connect() as conn:
        row = conn.execute(select(identity)).one()
    assert (row.account, row.issuer, row.subject) == (whom, north.issuer, "n1")
    letter = Mailbox(site.settings.data / "mail").last("mia@example.org")
    assert "Signing in with North was added" in words(letter)


def test_an_address_that_the_provider_has_not_verified_opens_nothing(site: Any, north: North) -> None:
    new_account(site.engine)
    pages = []
    for sub, address in (("n1", "mia@example.org"), ("n2", "nobody@example.org")):
        north.person(sub, address, verified=False)
        browser = Browser(site)
        page = through(browser, north)
        assert page.heading == "One more step"
        assert browser.get("/account/").heading == "Sign in"
        pages.append(page.html)
    assert pages[0] == pages[1]  # and tells nobody who has an account
    assert len(accounts(site)) == 1


def test_an_address_that_we_have_not_verified_asks_to_sign_in_first(site: Any, north: North) -> None:
    new_account(site.engine, verified=False)
    north.person("n1", "mia@example.org")
    browser = Browser(site)
    assert through(browser, north).heading == "Please sign in first"
    assert browser.get("/account/").heading == "Sign in"
    browser.send("/account/login", email="mia@example.org", password=PASSWORD)
    assert "/account/with/north?link=1" in browser.page.links


def test_signed_in_one_links_after_saying_yes_and_unlinks_again(site: Any, north: North) -> None:
    new_account(site.engine)
    browser = Browser(site)
    browser.sign_in()
    north.person("n9", "another@example.org")
    assert through(browser, north, "?link=1").heading == "Sign in with North from now on?"
    assert "is added" in browser.send("/account/with/agree").text
    other = Browser(site)
    assert through(other, north).path == "/docs"
    browser.get("/account/")
    assert "is removed" in browser.send("/account/with/unlink").text
    assert through(Browser(site), north).heading == "Create your account?"


def test_who_is_linked_already_is_not_taken_over(site: Any, north: North) -> None:
    north.person("n1", "mia@example.org")
    browser = Browser(site)
    through(browser, north)
    browser.send("/account/with/agree")
    new_account(site.engine, "ben@example.org")
    ben = Browser(site)
    ben.sign_in("ben@example.org")
    through(ben, north, "?link=1")
    assert ben.send("/account/with/agree").status == 409
    assert through(Browser(site), north).path == "/docs"


def test_the_only_way_in_stays(site: Any, north: North) -> None:
    north.person("n1", "mia@example.org")
    browser = Browser(site)
    through(browser, north)
    browser.send("/account/with/agree")
    browser.get("/account/")
    assert browser.send("/account/with/unlink").status == 409
    assert browser.get("/account/").heading == "Your account"


def test_linking_wants_a_recent_sign_in_of_ones_own(site: Any, north: North) -> None:
    browser = Browser(site)
    assert browser.get("/account/with/north?link=1").heading == "Sign in"
    new_account(site.engine)
    browser.sign_in()
    with site.engine.begin() as conn:
        conn.execute(update(login_session).values(auth_time=datetime.now(UTC) - timedelta(hours=1)))
    assert browser.get("/account/with/north?link=1").heading == "Sign in"


def test_a_closed_account_stays_closed(site: Any, north: North) -> None:
    new_account(site.engine)
    with site.engine.begin() as conn:
        conn.execute(update(account).values(disabled_at=datetime.now(UTC)))
    north.person("n1", "mia@example.org")
    assert through(Browser(site), north).status == 403


# --- what is refused -------------------------------------------------------------------------------------


def refused(browser: Browser, page: Page, status: int) -> None:
    assert page.status == status
    assert page.title.startswith("Error: ")
    assert page.heading == "Sign in"
    assert browser.get("/account/").heading == "Sign in"


@pytest.fixture
def known(site: Any, north: North) -> None:
    """So that anything that got through would be signed in."""
    new_account(site.engine)
    north.person("n1", "mia@example.org")


@pytest.mark.usefixtures("known")
class TestRefused:
    def test_an_answer_with_another_state(self, site: Any, north: North) -> None:
        browser = Browser(site)
        back = north.visit(begin(browser))
        for state in ("x" * 30, "", None):
            refused(browser, arrive(browser, bent(back, state=state)), 400)

    def test_an_answer_to_somebody_elses_question(self, site: Any, north: North) -> None:
        thief, browser = Browser(site), Browser(site)
        back = north.visit(begin(thief))
        browser.get("/account/login")
        refused(browser, arrive(browser, back), 400)

    def test_an_answer_a_second_time(self, site: Any, north: North) -> None:
        browser = Browser(site)
        back = north.visit(begin(browser))
        assert arrive(browser, back).path == "/docs"
        other = Browser(site)
        refused(other, arrive(other, back), 400)

    def test_a_token_for_another_question(self, site: Any, north: North) -> None:
        browser = Browser(site)
        refused(browser, arrive(browser, north.visit(bent(begin(browser), nonce="another" * 4))), 502)

    def test_a_code_for_another_verifier(self, site: Any, north: North) -> None:
        browser = Browser(site)
        refused(browser, arrive(browser, north.visit(bent(begin(browser), code_challenge="A" * 43))), 502)

    def test_a_code_that_is_none(self, site: Any, north: North) -> None:
        browser = Browser(site)
        refused(browser, arrive(browser, bent(north.visit(begin(browser)), code="made-up")), 502)

    @pytest.mark.parametrize("iss", ["https://evil.example", None], ids=["another", "missing"])
    def test_an_answer_of_another_issuer(self, site: Any, north: North, iss: str | None) -> None:
        browser = Browser(site)
        refused(browser, arrive(browser, bent(north.visit(begin(browser)), iss=iss)), 502)

    def test_a_person_who_says_no(self, site: Any, north: North) -> None:
        north.person("")
        browser = Browser(site)
        page = through(browser, north)
        assert "was cancelled" in page.text
        refused(browser, page, 400)

    def test_the_answer_is_too_late(self, site: Any, north: North, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(external, "LIFETIME", timedelta(0))
        browser = Browser(site)
        refused(browser, through(browser, north), 400)


def test_a_provider_that_is_away_is_said_to_be(served: Callable[[Path], Any], tmp_path: Path) -> None:
    file = providers_file(tmp_path, f"http://127.0.0.1:{free_port()}")
    browser = Browser(served(file))
    page = browser.get("/account/with/north")
    assert page.status == 503
    assert "North cannot be reached" in page.text
    assert page.form("/account/login")


def test_a_discovery_document_of_another_issuer_is_not_believed(
    served: Callable[[Path], Any], north: North, tmp_path: Path
) -> None:
    file = providers_file(tmp_path, north.issuer.replace("127.0.0.1", "localhost"))
    browser = Browser(served(file))
    assert browser.get("/account/with/north").status == 503


def test_a_wrong_client_secret_lets_nobody_in(
    served: Callable[[Path], Any], north: North, tmp_path: Path
) -> None:
    file = providers_file(tmp_path, north.issuer, client_secret="not this one")
    browser = Browser(served(file))
    north.person("n1", "mia@example.org")
    refused(browser, through(browser, north), 502)


def test_a_provider_that_sends_a_form_is_followed_without_its_sites_cookies(site: Any, north: North) -> None:
    new_account(site.engine)
    north.person("n1", "mia@example.org")
    browser = Browser(site)
    back = urlsplit(north.visit(begin(browser)))
    answer = site.app.test_client().post(back.path, data={k: v[0] for k, v in parse_qs(back.query).items()})
    assert answer.status_code == 303
    assert browser.get(answer.headers["Location"]).path == "/docs"


def test_an_unknown_provider_is_not_found(site: Any) -> None:
    assert Browser(site).get("/account/with/south").status == 404


# --- the file of providers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "must be"),
        ('{"providers": [1]}', "not an object"),
        ('{"providers": [{"name": "N"}]}', "N: issuer is missing"),
        ('{"providers": [{"name": "N", "issuer": "http://n.example", "client_id": "a", "client_secret": "b"}]}',
         "https"),
        ('{"providers": [{"name": "N", "issuer": "https://n.example", "client_id": "a"}]}', "client_secret or apple"),
        ('{"providers": [{"name": "N", "issuer": "https://n.example", "client_id": "a", "client_secret": "b",'
         ' "x": 1}]}', "unknown member 'x'"),
        ('{"providers": [{"name": "N", "issuer": "https://n.example", "client_id": "a", "client_secret": "b"},'
         ' {"name": "N", "issuer": "https://m.example", "client_id": "a", "client_secret": "b"}]}', "same slug"),
        ('{"providers": [{"name": "A", "issuer": "https://a.example", "client_id": "a",'
         ' "apple": {"team_id": "t", "key_id": "k", "key_file": "none.p8"}}]}', "none.p8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "providers.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=re.escape(said)) as told:
        external.load(Settings(providers=path))
    assert str(told.value).startswith("LIMBER_PROVIDERS: ")
    assert '"b"' not in str(told.value)


def test_apples_secret_is_a_token_that_we_sign(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "apple.p8").write_bytes(pem)
    apple = {"team_id": "TEAM", "key_id": "KEY", "key_file": "apple.p8"}
    path = providers_file(
        tmp_path,
        "https://appleid.apple.com",
        name="Apple",
        client_secret=None,
        apple=apple,
        client_id="app.limber",
    )
    (provider,) = external.load(Settings(providers=path))
    assert provider.form_post
    token = jwt.decode(provider.secret(1_800_000_000), ECKey.import_key(pem), ["ES256"])
    assert token.header["kid"] == "KEY"
    assert token.claims == {
        "iss": "TEAM", "sub": "app.limber", "aud": "https://appleid.apple.com",
        "iat": 1_800_000_000, "exp": 1_800_000_300,
    }  # fmt: skip
