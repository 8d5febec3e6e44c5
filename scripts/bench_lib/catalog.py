"""`scripts/bench catalog`: what the editors' desk and a device's pull cost with few and with many exercises."""

import http.client
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
import psutil

from bench_lib.catalog_make import Filled, fill
from bench_lib.pull import DECODE, cpu_seconds
from bench_lib.report import BenchError, Row, aim, say
from bench_lib.stage import ROOT
from bench_lib.sync_stage import House, Server, Stage, build
from server.catalog.content import read_seed

MODEL = ROOT / "mobile" / "assets" / "models" / "generator.onnx"
PATIENCE_S = 300
THREADS = 4
PAGE_MS, CHECK_MS, APPROVE_MS, PANEL_MS, PUBLISH_MS, PULL_GROWTH = 1_000, 500, 1_000, 10_000, 10_000, 1.5
COLUMNS = [
    ("row", "catalog"), ("exercises", "exercises"), ("releases", "releases"), ("p50_ms", "p50 ms"),
    ("most_ms", "most ms"), ("server_cpu_ms", "server CPU ms"), ("postgres_cpu_ms", "PostgreSQL CPU ms"),
    ("body_bytes", "body bytes"), ("ratio_to_seed", "× seed"),
]  # fmt: skip
_CSRF = re.compile(rb'name="csrf" value="([0-9a-f]+)"')


@dataclass(frozen=True)
class Answer:
    """One answer; `body` is decoded, `bytes` as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    bytes: int


@dataclass
class Place:
    """A server with a catalogue of one size, and what was measured there: name -> samples."""

    filled: Filled
    server: Server
    stage: Stage
    connection: http.client.HTTPConnection
    release: int
    cursor: str = ""
    samples: dict[str, list[tuple[float, float, float, int]]] = field(default_factory=dict)

    def send(
        self, method: str, target: str, *, by: int = 0, form: list[tuple[str, str]] | None = None,
        coding: str = "zstd",
    ) -> Answer:  # fmt: skip
        """One request of somebody at the desk: 0 the editor, 1 the physio. Raises BenchError when there is none."""
        headers = {"Cookie": f"limber_desk={self.filled.cookies[by]}", "Accept-Encoding": coding}
        body = None
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form)
        try:
            self.connection.request(method, target, body, headers)
            answer = self.connection.getresponse()
            read = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise BenchError(f"{method} {target}: {error}") from None
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(
            answer.status, named, DECODE[named.get("content-encoding", "identity")](read), len(read)
        )

    def timed(self, name: str, method: str, target: str, expected: int = 200, **options: Any) -> Answer:
        """`send`, measured under `name`. Raises BenchError for another status."""
        postgres = tuple(
            each.pid for each in psutil.Process(self.stage.postgres.pid).children(recursive=True)
        )
        used, backends = cpu_seconds(self.server.family), cpu_seconds(postgres)
        began = time.perf_counter()
        answer = self.send(method, target, **options)
        took = time.perf_counter() - began
        used, backends = cpu_seconds(self.server.family) - used, cpu_seconds(postgres) - backends
        if answer.status != expected:
            told = re.sub(r"<[^>]*>|\s+", " ", answer.body.decode(errors="replace"))[-600:]
            raise BenchError(f"{name}: {method} {target} answered {answer.status}: {told}")
        self.samples.setdefault(name, []).append((took, used, backends, answer.bytes))
        return answer

    def csrf(self, by: int) -> str:
        """What forms of this person carry."""
        found = _CSRF.search(self.send("GET", "/desk/drafts", by=by).body)
        if found is None:
            raise BenchError("the desk does not let its people in")
        return found[1].decode()


def run(exercises: int, releases: int, rounds: int) -> list[Row]:
    """Rows of the seed's catalogue with one release and of the grown one, and the aims. Raises BenchError."""
    seed = sum(1 for collection, _ in read_seed() if collection == "exercise")
    if exercises <= seed:
        raise BenchError(f"--exercises must be more than the seed's {seed}")
    with build("catalog") as held:
        places = []
        for size, history in ((seed, 1), (exercises, releases)):
            say(f"catalog: {size:,} exercises, release {history}, and their server")
            house = held.house(f"catalog_{size}")
            filled = fill(house, size, history)
            places.append(_open(held, house, filled))
        for place in places:
            _round(place, 0)  # what is made once and kept is made now
            place.samples.clear()
        for number in range(1, rounds + 1):
            say(f"catalog: round {number} of {rounds}")
            for place in places if number % 2 else places[::-1]:
                _round(place, number)
    return summary(places)


def _open(held: Stage, house: House, filled: Filled) -> Place:
    env = {
        "PYTHONPATH": str(ROOT), "DATABASE_URL": house.url, "LIMBER_DATA": str(house.folder),
        "LIMBER_MODEL": str(MODEL), "LIMBER_POOL_SIZE": str(THREADS),
    }  # fmt: skip
    server = held.granian(sys.executable, "server.wsgi:app", house.folder, env, (1, THREADS), "/readyz")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    return Place(filled, server, held, connection, filled.releases)


def _round(place: Place, number: int) -> None:
    """An editor's way from the list to the release, and then a device's pull."""
    place.connection.close()  # the server closes one that was idle; this makes a new one
    slug = place.filled.slugs[number]
    middle = max(2, len(place.filled.slugs) // 50 // 2)
    place.timed("overview", "GET", "/desk/")
    place.timed("list, first page", "GET", "/desk/exercises")
    place.timed("list, a page in the middle", "GET", f"/desk/exercises?page={middle}")
    place.timed("list, two words searched", "GET", "/desk/exercises?q=calf+wall")
    place.timed("list, filtered by hazard", "GET", "/desk/exercises?hazard=one_leg&sort=changed")
    place.timed("show an exercise", "GET", f"/desk/documents/exercise/{slug}")
    token = ("csrf", place.csrf(0))
    begun = place.timed(
        "begin a change", "POST", f"/desk/documents/exercise/{slug}/change", 303, form=[token]
    )
    page, id_ = begun.headers["location"], begun.headers["location"].rsplit("/", 1)[1]
    place.timed("its form", "GET", page)
    data = _draft(place, id_, slug)
    data["name"] = f"{data['name'].removesuffix(' b')} c{number}"
    # The generator reads it, so the panel's routines have to be made again.
    data["difficulty"] = data["difficulty"] % 5 + 1
    form = [token, ("version", "1"), ("json", orjson.dumps(data).decode())]
    place.timed("live check", "POST", f"{page}/check", form=form)
    place.timed("save the draft", "POST", page, 303, form=form)
    place.timed("preview: catalogue.json", "GET", f"{page}/catalogue.json")
    place.timed("preview: panel of routines", "GET", f"{page}/panel")
    place.timed("hand in", "POST", f"{page}/submit", 303, form=[token, ("version", "2")])
    place.timed("review page", "GET", f"/desk/reviews/{id_}", by=1)
    place.timed(
        "approve", "POST", f"/desk/reviews/{id_}/approve", 303, by=1,
        form=[("csrf", place.csrf(1)), ("version", "2")],
    )  # fmt: skip
    place.timed("releases, what is pending", "GET", "/desk/releases")
    behind = _cursor(place)
    place.timed("publish one changed document", "POST", "/desk/releases", 303,
                form=[token, ("notes", "One name is clearer."), ("do", "now")])  # fmt: skip
    place.release += 1
    told = place.timed("difference of two releases", "GET", f"/desk/releases/{place.release}")
    if f"exercise/{slug}".encode() not in told.body and place.release > 1:
        raise BenchError(f"release {place.release} does not show the change of {slug}")
    _pull(place, behind, slug)


def _draft(place: Place, id_: str, slug: str) -> dict[str, Any]:
    """The exercise's data, as the draft begins with it."""
    documents = orjson.loads(place.send("GET", f"/desk/drafts/{id_}/catalogue.json").body)["documents"]
    (found,) = (each["data"] for each in documents if (each["collection"], each["id"]) == ("exercise", slug))
    return dict(found)


def _cursor(place: Place) -> str:
    """Where a device stands that has the release of now."""
    snapshot = place.send("GET", "/v1/catalog/snapshot", coding="identity")
    return str(orjson.loads(snapshot.body)["cursor"])


def _pull(place: Place, behind: str, slug: str) -> None:
    """Of a device that is one release behind, and of one that begins."""
    answer = place.timed("pull, one release behind", "GET", f"/v1/catalog/changes?since={behind}")
    changes = orjson.loads(answer.body)["changes"]
    if [(each["collection"], each["id"]) for each in changes] != [("exercise", slug)]:
        raise BenchError(
            f"one document was changed, and the pull has {len(changes)}: {[each['id'] for each in changes[:5]]}"
        )
    hint = orjson.loads(place.timed("first pull: where to begin", "GET", "/v1/catalog/changes").body)
    whole = place.timed("first pull: the snapshot", "GET", hint["snapshot"]["url"])
    if len(orjson.loads(whole.body)["changes"]) != place.filled.documents:
        raise BenchError("the snapshot does not hold the whole catalogue")


# --- results ---------------------------------------------------------------------------------------------


def summary(places: list[Place]) -> list[Row]:
    """A row for each measurement at each size, and the aims."""
    few, many = places
    rows: list[Row] = []
    for name in few.samples:
        small, large = _row(few, name), _row(many, name)
        large["ratio_to_seed"] = large["p50_ms"] / small["p50_ms"]
        rows += [small, large]
    at = {row["row"]: row for row in rows if row["exercises"] == many.filled.exercises}
    size = f"{many.filled.exercises:,} exercises"
    aims: list[tuple[str, str, float]] = [
        ("list, two words searched", "list and search", PAGE_MS), ("live check", "live check", CHECK_MS),
        ("save the draft", "save a draft", CHECK_MS), ("approve", "approve", APPROVE_MS),
        ("preview: panel of routines", "panel of routines", PANEL_MS),
        ("publish one changed document", "publish one changed document", PUBLISH_MS),
    ]  # fmt: skip
    told = [aim(f"{words}, {size}: p50", at[name]["p50_ms"], "ms", most=most) for name, words, most in aims]
    pulled = at["pull, one release behind"]["ratio_to_seed"]
    told.append(aim(f"pull, one release behind: {size} against the seed's", pulled, "×", most=PULL_GROWTH))
    return [*rows, *told]


def _row(place: Place, name: str) -> Row:
    samples = place.samples[name]
    middle: Callable[[int], float] = lambda which: statistics.median(each[which] for each in samples)  # noqa: E731
    return {
        "bench": "catalog", "row": name, "exercises": place.filled.exercises, "releases": place.release,
        "documents": place.filled.documents, "content_bytes": place.filled.bytes, "samples": len(samples),
        "p50_ms": middle(0) * 1e3, "most_ms": max(each[0] for each in samples) * 1e3,
        "server_cpu_ms": middle(1) * 1e3, "postgres_cpu_ms": middle(2) * 1e3, "body_bytes": int(middle(3)),
    }  # fmt: skip
