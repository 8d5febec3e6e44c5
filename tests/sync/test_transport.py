"""What the HTTP transport promises, over real sockets on loopback."""

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli
import pytest
import zstandard

from sync.transport import Transport, TransportError, http_transport

BODY = b'{"rows": [' + b'"something that compresses", ' * 4000 + b"0]}"
CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


class Handler(BaseHTTPRequestHandler):
    """Paths say what to answer; the last request's headers are kept on the server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen = dict(self.headers)  # type: ignore[attr-defined]
        _, what, *rest = self.path.partition("?")[0].split("/")
        if what == "plain":
            self.reply(200, BODY)
        elif what == "coded":
            self.reply(200, CODECS[rest[0]](BODY), {"Content-Encoding": rest[0]})
        elif what == "damaged":
            coded = CODECS[rest[0]](BODY)
            self.reply(200, coded[: len(coded) // 2], {"Content-Encoding": rest[0]})
        elif what == "garbage":
            self.reply(200, b"not compressed at all" * 9, {"Content-Encoding": rest[0]})
        elif what == "bomb":
            self.reply(200, CODECS[rest[0]](bytes(1 << 24)), {"Content-Encoding": rest[0]})
        elif what == "unknown":
            self.reply(200, b"x", {"Content-Encoding": "rot13"})
        elif what == "short":
            self.reply(200, BODY[:5000], {"Content-Length": str(len(BODY))})
            self.close_connection = True
        elif what == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (BODY[:70000], BODY[70000:]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n" if rest != ["cut"] else b"ff\r\nhalf")
            self.close_connection = True
        elif what == "range":
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self.reply(206, BODY[start:], {"Content-Range": f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"})
        elif what == "redirect":
            self.reply(302, b"", {"Location": "/plain"})
        elif what == "elsewhere":
            self.reply(302, b"", {"Location": "file:///etc/passwd"})
        elif what == "silent":
            self.server.released.wait(10)  # type: ignore[attr-defined]
            self.close_connection = True
        else:
            self.reply(int(what), b"" if what in ("204", "304") else b"{}", {"ETag": '"x"'})

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""

    def handle(self) -> None:
        """A client that hangs up early is part of the tests."""
        try:
            super().handle()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.released = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.released.set()  # type: ignore[attr-defined]
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def get(server: ThreadingHTTPServer) -> Transport:
    return http_transport(f"http://127.0.0.1:{server.server_port}", timeout_s=60)


def body(get: Transport, url: str, limit: int = 1 << 20) -> bytes:
    with get(url, {}) as response:
        return response.read(limit)


@pytest.mark.parametrize(
    "url", ["/plain", "/chunked", "/redirect", "/coded/gzip", "/coded/br", "/coded/zstd"]
)
def test_a_body_arrives_whole_however_it_is_sent(get: Transport, url: str) -> None:
    assert body(get, url) == BODY


def test_an_absolute_address_is_taken_as_it_is(get: Transport, server: ThreadingHTTPServer) -> None:
    assert body(get, f"http://127.0.0.1:{server.server_port}/plain?X-Signature=1") == BODY


def test_headers_go_out_and_every_coding_is_offered(get: Transport, server: ThreadingHTTPServer) -> None:
    with get("/304", {"If-None-Match": '"x"'}) as response:
        assert (response.status, response.headers["etag"]) == (304, '"x"')
    seen = server.seen  # type: ignore[attr-defined]
    assert seen["If-None-Match"] == '"x"'
    assert set(seen["Accept-Encoding"].split(", ")) == {"zstd", "br", "gzip"}


@pytest.mark.parametrize("status", [204, 304, 400, 404, 416, 500, 503])
def test_every_status_is_an_answer(get: Transport, status: int) -> None:
    with get(f"/{status}", {}) as response:
        assert response.status == status
        assert response.read(99) == (b"" if status in (204, 304) else b"{}")


def test_a_range_brings_the_rest(get: Transport) -> None:
    with get("/range", {"Range": "bytes=70000-", "Accept-Encoding": "identity"}) as response:
        assert (response.status, response.read(1 << 20)) == (206, BODY[70000:])


@pytest.mark.parametrize("url", ["/short", "/chunked/cut"])
def test_what_came_before_a_break_is_handed_out_and_the_break_is_told(get: Transport, url: str) -> None:
    came = bytearray()

    def read_on() -> None:
        with get(url, {}) as response:
            for chunk in response.chunks:
                came.extend(chunk)

    with pytest.raises(TransportError, match="broke off"):
        read_on()
    assert len(came) >= 5000
    assert BODY.startswith(bytes(came[:5000]))


@pytest.mark.parametrize("url", [f"/{kind}/{codec}" for kind in ("damaged", "garbage") for codec in CODECS])
def test_a_damaged_compressed_body_is_told(get: Transport, url: str) -> None:
    with pytest.raises(TransportError, match="damaged"):
        body(get, url)


@pytest.mark.parametrize("codec", CODECS)
def test_a_small_body_that_unpacks_to_a_huge_one_is_cut_off(get: Transport, codec: str) -> None:
    with pytest.raises(TransportError, match="longer than"):
        body(get, f"/bomb/{codec}", limit=10_000)


def test_an_unknown_coding_is_told(get: Transport) -> None:
    with pytest.raises(TransportError, match="rot13"):
        body(get, "/unknown")


def test_an_answer_may_be_left_unread(get: Transport) -> None:
    for _ in range(3):
        with get("/plain", {}) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/x", "http://[", "//[", "http://127.0.0.1:9/", "/a b\n"]
)
def test_an_address_that_cannot_be_asked_is_told(get: Transport, url: str) -> None:
    with pytest.raises(TransportError):
        get(url, {})


def test_a_redirect_leads_to_http_only(get: Transport) -> None:
    with get("/elsewhere", {}) as response:
        assert response.status == 302


def test_a_silent_server_is_left_after_the_time_limit(server: ThreadingHTTPServer) -> None:
    get = http_transport(f"http://127.0.0.1:{server.server_port}", timeout_s=0.2)
    with pytest.raises(TransportError, match="timed out"):
        get("/silent", {})


def test_an_endless_answer_is_left_after_the_total_limit(server: ThreadingHTTPServer) -> None:
    get = http_transport(f"http://127.0.0.1:{server.server_port}", total_s=0)
    with pytest.raises(TransportError, match="too long"):
        body(get, "/plain")


def test_something_that_does_not_speak_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(zlib.compress(b"binary") + b"\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TransportError, match="cannot be reached"):
            http_transport(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=5)("/", {})
        thread.join()


def test_a_presigned_address_does_not_end_up_in_a_message(get: Transport) -> None:
    with pytest.raises(TransportError) as caught:
        get("http://127.0.0.1:9/models/x?X-Amz-Signature=secret", {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "localhost:8000", "ftp://host", "http://", "http:///x", "http://["])
def test_what_is_no_server_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|IPv6"):
        http_transport(address)
