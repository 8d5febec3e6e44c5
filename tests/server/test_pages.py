"""What a person sees: the front page and the documentation, from our own origin only."""

import re
from html.parser import HTMLParser
from typing import Any

from server import create_app
from server.settings import Settings


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.links += [value for name in ("href", "src") if (value := attributes.get(name))]
        self.inline += [name for name in attributes if name == "style" or name.startswith("on")]
        self._inside = tag if tag in {"script", "style"} else None

    def handle_data(self, data: str) -> None:
        if self._inside and data.strip():
            self.inline.append(data)


def test_the_page_of_the_server_says_what_is_published(limber: Any) -> None:
    release = limber.publish_model(b"x" * 1234)
    html = limber.client.get("/server").text
    assert re.search(r"Release 1,\s+\d+ documents", html)
    assert "2 January 2026" in html
    assert "1,234 bytes" in html
    assert release.object_sha256[:12] in html


def test_the_page_of_an_empty_server_says_so(empty: Any) -> None:
    assert empty.client.get("/server").text.count("No release yet") == 2


def test_without_the_app_the_front_page_is_the_server_s_and_says_so(limber: Any) -> None:
    assert "The app is not built here" in limber.client.get("/").text
    assert "The app is not built here" not in limber.client.get("/server").text
    assert limber.client.get("/library").status_code == 404


def test_the_front_page_opens_while_the_database_is_away(tmp_path: Any) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    answer = create_app(Settings(database_url=url, data=tmp_path)).test_client().get("/")
    assert answer.status_code == 200
    assert "cannot be reached" in answer.text


def test_pages_keep_their_strict_policy_and_their_links_work(reader: Any) -> None:
    for path in ("/", "/server", "/docs"):
        answer = reader.client.get(path)
        assert answer.content_type == "text/html; charset=utf-8"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        page = _Page(answer.text)
        assert page.inline == []
        assert ("html", {"lang": "en"}) in page.tags
        assert page.links
        for link in page.links:
            assert link.startswith("/"), link
            assert reader.client.get(link, follow_redirects=True).status_code == 200, link


def test_assets_are_typed_compressed_and_revalidated(reader: Any) -> None:
    for name, kind in (("limber.css", "text/css"), ("docs/swagger-ui-bundle.js", "text/javascript")):
        plain = reader.client.get(f"/static/{name}")
        assert plain.content_type.startswith(kind)
        packed = reader.client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert len(packed.data) < len(plain.data)
        again = reader.client.get(f"/static/{name}", headers={"If-None-Match": plain.headers["ETag"]})
        assert again.status_code == 304


def test_nothing_outside_the_folder_is_an_asset(reader: Any) -> None:
    for name in ("../settings.py", "..%2fsettings.py", "docs/../../settings.py", "docs", "", "a\x00b"):
        assert reader.client.get(f"/static/{name}").status_code == 404


def test_the_vendored_documentation_carries_its_licence(reader: Any) -> None:
    assert "Apache License" in reader.client.get("/static/docs/LICENSE").text
