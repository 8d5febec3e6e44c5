"""Letters, through a real SMTP server on loopback and into the folder; and what happens when they don't go out."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from flask import Flask

from server import create_app
from server.accounts import letters, mail
from server.settings import Settings, SettingsError
from tests.accounts.signing_in import Browser, Mailbox, link_in, new_account, plain, words

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
LINK = "https://limber.example/account/confirm?token=" + "a" * 43


@dataclass
class Post:
    """A mail server (RFC 5321) that keeps what it gets. `broken`: what it refuses; `tls`: how it encrypts."""

    broken: str = ""
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    got: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def letters(self) -> list[EmailMessage]:
        return [email.message_from_bytes(each, policy=email.policy.default) for each in self.got]


@contextmanager
def serving(post: Post) -> Iterator[Post]:
    class Talk(socketserver.StreamRequestHandler):
        def setup(self) -> None:
            if post.implicit:
                assert post.tls is not None
                self.request = post.tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()  # the encrypted one is not the server's own

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 post.test")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].upper()
                post.commands.append(line)
                if verb == post.broken:
                    self.say("550 no, and I repeat: mia@example.org")
                elif verb == "EHLO":
                    starttls = post.tls and not isinstance(self.request, ssl.SSLSocket)
                    self.wfile.write(b"250-post.test\r\n" + (b"250-STARTTLS\r\n" if starttls else b""))
                    self.say("250 AUTH PLAIN")
                elif verb == "STARTTLS" and post.tls:
                    self.say("220 go on")
                    self.request = post.tls.wrap_socket(self.request, server_side=True)
                    super().setup()
                elif verb == "AUTH":
                    self.say("235 welcome")
                elif verb == "DATA":
                    self.say("354 go on")
                    body = b""
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        body += part[1:] if part.startswith(b"..") else part
                    post.got.append(body)
                    self.say("250 kept")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

    class Quiet(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that hangs up is what some tests are about."""

    with Quiet(("127.0.0.1", 0), Talk) as server:
        post.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield post
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine with its key, in one file."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post")]),
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("post") / "both.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path


def encrypted(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Whose templates letters are made of."""
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    return create_app(Settings(database_url=url, data=tmp_path_factory.mktemp("app")))


@pytest.fixture
def send(app: Flask, tmp_path: Path) -> Iterator[Callable[[str | None], None]]:
    """Send a letter to Mia through the mail server at this address."""

    def go(smtp: str | None) -> None:
        told = Settings(data=tmp_path, smtp=smtp, public_url="https://limber.example")
        mail.send(told, "mia@example.org", letters.register(LINK), NOW)

    with app.app_context():
        yield go


# --- what is sent ----------------------------------------------------------------------------------------


def test_a_letter_says_the_same_in_plain_text_and_in_html(send: Callable[[str | None], None]) -> None:
    with serving(Post()) as post:
        send(f"smtp://127.0.0.1:{post.port}")
    (letter,) = post.letters()
    assert letter["From"] == "Limber <no-reply@limber.example>"
    assert letter["To"] == "mia@example.org"
    assert letter["Subject"] == "Confirm your address"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].endswith("@limber.example>")
    assert letter["Date"].datetime == NOW
    assert LINK in plain(letter)
    html = letter.get_body(("html",))
    assert html is not None
    seen = _Text(html.get_content())
    assert LINK in seen.links
    said, shown = words(letter), " ".join(" ".join(seen.texts).split())
    for sentence in letters.register(LINK).paragraphs + letters.register(LINK).after:
        assert sentence in said
        assert sentence in shown


class _Text(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in (
            "script",
            "img",
            "link",
            "iframe",
        )  # nothing is fetched, so opening it tells nobody
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize(
    "letter",
    [
        letters.register(LINK),
        letters.register_known(LINK),
        letters.reset(LINK),
        letters.reset_unknown(LINK),
        letters.address(LINK),
        letters.address_taken(),
        letters.changed("The password was changed.", LINK),
    ],
    ids=lambda letter: letter.kind,
)
def test_every_letter_is_short_and_speaks_for_itself(app: Flask, letter: mail.Letter) -> None:
    with app.app_context():
        made = mail.compose("Limber <no-reply@limber.example>", "mia@example.org", letter, NOW)
    text = plain(made)
    assert len(text) < 900
    assert len(made["Subject"]) < 60
    assert "  " not in text.replace("\n", "")
    assert all(len(line) <= 76 or line.startswith("http") for line in text.splitlines())


def test_a_header_cannot_be_slipped_into_a_letter() -> None:
    with pytest.raises(SettingsError, match="LIMBER_MAIL_FROM"):
        Settings.from_env({"LIMBER_MAIL_FROM": "a@example.org\nBcc: everybody@example.org"})


def test_without_a_mail_server_letters_are_files(send: Callable[[str | None], None], tmp_path: Path) -> None:
    send(None)
    (letter,) = Mailbox(tmp_path / "mail").letters("mia@example.org")
    assert link_in(letter) == LINK.removeprefix("https://limber.example")
    (path,) = (tmp_path / "mail").iterdir()
    assert LINK in path.read_text()  # whole, so that a developer can copy it
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700


# --- the way to the mail server --------------------------------------------------------------------------


def test_starttls_is_used_where_it_is_offered(
    send: Callable[[str | None], None], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(Post(tls=encrypted(certificate))) as post:
        send(f"smtp://mia:p%40ss@127.0.0.1:{post.port}")
    assert post.commands.index("STARTTLS") < next(n for n, each in enumerate(post.commands) if "AUTH" in each)
    assert len(post.got) == 1
    (sent,) = (each.split()[-1] for each in post.commands if each.startswith("AUTH"))
    assert base64.b64decode(sent) == b"\x00mia\x00p@ss"


def test_smtps_is_encrypted_from_the_first_byte(
    send: Callable[[str | None], None], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(Post(tls=encrypted(certificate), implicit=True)) as post:
        send(f"smtps://127.0.0.1:{post.port}")
    assert len(post.got) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_gets_no_letter(
    send: Callable[[str | None], None], certificate: Path, scheme: str
) -> None:
    with (
        serving(Post(tls=encrypted(certificate), implicit=scheme == "smtps")) as post,
        pytest.raises(mail.MailFailed),
    ):
        send(f"{scheme}://mia:secret@127.0.0.1:{post.port}")
    assert post.got == []
    assert not [each for each in post.commands if "AUTH" in each]


def test_a_password_is_never_sent_in_the_clear_to_another_machine(
    send: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_LOCAL", ())  # this machine stands for another
    with serving(Post()) as post, pytest.raises(mail.MailFailed):
        send(f"smtp://mia:secret@127.0.0.1:{post.port}")
    assert not [each for each in post.commands if "AUTH" in each]


# --- when it does not go out -----------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_a_refusal_is_said_and_logged_without_secrets(
    send: Callable[[str | None], None], broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Post(broken=broken)) as post, pytest.raises(mail.MailFailed):
        send(f"smtp://mia:secret@127.0.0.1:{post.port}")
    logged = capsys.readouterr().err
    assert "mail_failed" in logged
    for secret in ("mia@example.org", "secret", "a" * 43, "confirm"):
        assert secret not in logged


def test_the_person_is_told_when_no_letter_goes_out_whether_known_or_not(
    start: Callable[..., Any], door: Any
) -> None:
    served = start(door.settings.database_url, changed={"smtp": "smtp://127.0.0.1:1"})
    new_account(served.engine)
    pages = []
    for address in ("mia@example.org", "ben@example.org"):
        browser = Browser(served)
        for action in ("/account/forgot", "/account/register"):
            browser.get(action)
            page = browser.send(action, email=address)
            assert page.status == 503
            assert "could not be sent" in page.text
            pages.append(page.text.replace(address, "…"))
    assert pages[:2] == pages[2:]


def test_no_link_is_in_the_logs(door: Any, capsys: pytest.CaptureFixture[str]) -> None:
    browser, mailbox = Browser(door), Mailbox(door.settings.data / "mail")
    browser.get("/account/register")
    browser.send("/account/register", email="mia@example.org")
    token = link_in(mailbox.last()).partition("token=")[2]
    browser.get(mailbox.link())
    browser.send("/account/confirm", password="correct horse battery")
    logged = capsys.readouterr().err
    assert "/account/confirm" in logged
    for secret in (token, "mia@example.org", "correct horse"):
        assert secret not in logged


@pytest.mark.parametrize(
    "wrong",
    ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:0x1", "smtp://mail.example/path"],
)
def test_a_mail_server_that_cannot_be_read_stops_the_start_without_repeating_it(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"^LIMBER_SMTP: must be") as told:
        Settings.from_env({"LIMBER_SMTP": wrong.replace("mail.example", "user:hush@mail.example")})
    assert "hush" not in str(told.value)
