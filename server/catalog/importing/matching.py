"""Which records are one exercise: twins of two sides, repeats within a set, and what the catalogue already has."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rapidfuzz import fuzz, process

from server.catalog.importing.facts import Record, mapped

SAME = 0.80
"""From this likeness on a record counts as an exercise that the catalogue already has."""
REPEATED = 0.90
"""The same within a set, whose authors had a reason to list variants."""
CLOSE = 0.66
"""From this likeness on a person is told to compare before going on."""
CANDIDATES = 12

# Words that mean the same in names, each by the form that is compared.
_ALIKE = {
    "smr": "roll", "rolling": "roll", "foam": "roll", "massage": "roll", "abdominals": "ab", "abs": "ab",
    "quadriceps": "quad", "quads": "quad", "calves": "calf", "gastrocnemius": "calf", "hamstrings": "hamstring",
    "latissimus": "lat", "dorsi": "", "lats": "lat", "pectoral": "pec", "pecs": "pec", "chest": "pec",
    "glutes": "glute", "gluteus": "glute", "achilles": "soleus", "groin": "adductor", "piriformis": "piriformis",
    "tricep": "triceps", "bicep": "biceps", "db": "dumbbell", "kb": "kettlebell", "single": "one", "1": "one",
    "legged": "leg", "armed": "arm", "handed": "arm", "hand": "arm", "lying": "supine", "laying": "supine",
    "seated": "sit", "sitting": "sit", "jog": "jog", "jogging": "jog", "running": "run", "elbows": "elbow",
    "peroneals": "peroneal", "quadriped": "quadruped", "catcow": "cat cow", "kicks": "kick", "iliotibial": "itb",
    "it": "itb", "tract": "", "deadbug": "dead bug", "facepull": "face pull", "birddog": "bird dog",
    "skipping": "rope", "jumping": "jump", "pushup": "push up", "pullup": "pull up", "situp": "sit up", "tfl": "itb",
    "stepup": "step up", "ups": "up", "4": "four", "pushups": "push up", "pullups": "pull up",
    "roller": "roll", "chinup": "chin up",
}  # fmt: skip
_IDLE = frozenset(
    ("the", "a", "an", "of", "with", "and", "on", "in", "to", "your", "for", "at", "or", "exercise", "hd")
)
# Of two names that have different words of one row, one is another exercise, however alike the rest is.
_ROWS = (
    {"internal", "external"},
    {"sidelying", "supine", "sit", "standing", "prone", "kneeling", "quadruped", "hanging", "walking"},
    {"one", "double"}, {"incline", "decline", "flat"}, {"flexor", "extensor"}, {"front", "back", "side", "rear"},
    {"forward", "backward", "reverse", "lateral"}, {"flexion", "extension"}, {"abduction", "adduction"},
    {"band", "dumbbell", "barbell", "kettlebell", "cable", "wall", "chair", "bench"}, {"straight", "bent"},
)  # fmt: skip
# A word more in the record's name makes a variant; a word more in ours only says it more exactly.
_THEIRS_MORE, _OURS_MORE = 1.3, 0.6
_NOTHING = frozenset({""})
_HOLDS = frozenset(("static_stretch", "pnf_stretch", "dynamic_stretch", "mobility", "foam_roll", "breathing"))


@dataclass(frozen=True, slots=True)
class Known:
    """An exercise to compare with: of the catalogue, of an open draft, or an earlier record of the same set."""

    ident: str
    name: str
    words: frozenset[str]
    muscles: frozenset[str]
    moves: frozenset[str]
    family: str
    tools: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """What a record is like, how alike (0 to 1), and how that was seen."""

    ident: str
    name: str
    score: float
    by: str


def name_words(name: str) -> frozenset[str]:
    """The words of a name that tell exercises apart: plain letters, singular, one form of what means the same."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("'s", "")
    # Lying on the side is no lying on the back.
    plain = re.sub(r"side[- ](lying|laying)|on (your|the) side\b", "sidelying", plain)
    found: list[str] = []
    for word in re.findall(r"[a-z0-9]+", plain):
        said = _ALIKE.get(word, word)
        for each in said.split():
            singular = each[:-1] if len(each) > 3 and each.endswith("s") and not each.endswith("ss") else each
            found.append(_ALIKE.get(singular, singular))
    return frozenset(found) - _IDLE - {""}


def known_of(slug: str, exercise: Mapping[str, Any]) -> Known:
    """An exercise of the catalogue, complete or not, as one to compare with."""
    name = exercise.get("name") if isinstance(exercise.get("name"), str) else slug
    return Known(
        slug, str(name), name_words(str(name)),
        frozenset(_codes(exercise, "primary_muscles")), frozenset(_codes(exercise, "moves")),
        family(exercise.get("type")), frozenset(_codes(exercise, "equipment")),
        frozenset(_codes(exercise, "secondary_muscles")),
    )  # fmt: skip


def _codes(data: Mapping[str, Any], field: str) -> list[str]:
    value = data.get(field)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def family(kind: Any) -> str:
    """Types that may be one exercise under two names: a set calls a stretch what another calls mobility."""
    return "range" if kind in _HOLDS else "work"


def known_record(record: Record) -> Known:
    """A record of the set as one to compare the later ones with."""
    data = record.data()
    return replace(known_of(record.source_id, data), words=name_words(record.name), name=record.name)


def join_twins(records: Sequence[Record]) -> tuple[list[Record], dict[str, str]]:
    """One record for the left and the right twin of an exercise; second: the id of the joined one by the other's.

    The twin that comes first stays; it says that there is one side at a time. A twin alone stays, too.
    """
    first: dict[str, Record] = {}
    kept: list[Record] = []
    joined: dict[str, str] = {}
    for record in records:
        key = " ".join(sorted(name_words(record.twin)))
        other = first.get(key) if record.twin else None
        if other is not None and other.side != record.side:
            joined[record.source_id] = other.source_id
            told = mapped(
                "laterality",
                "unilateral",
                f"{other.source_name} / {record.source_name}",
                "left and right joined",
            )
            spot = kept.index(other)
            kept[spot] = first[key] = other.put(told)
            continue
        if record.twin and other is None:
            first[key] = record
        kept.append(record)
    return kept, joined


class Likeness:
    """Compares records with exercises that are there. Rare words of names count more than "stretch"."""

    def __init__(self, known: Iterable[Known], also: Iterable[str] = ()) -> None:
        self._known: list[Known] = []
        self._names: list[str] = []
        self._by_words: dict[frozenset[str], list[Known]] = defaultdict(list)
        for each in known:
            self.add(each)
        counted = Counter(word for each in self._known for word in each.words)
        for name in also:
            counted.update(name_words(name))
        total = max(2, sum(counted.values()))
        self._rare = {word: math.log(total / count) for word, count in counted.items()}
        self._most = math.log(total)

    def add(self, known: Known) -> None:
        """One more to compare the next with."""
        self._known.append(known)
        self._names.append(" ".join(sorted(known.words)))
        # A slug is often the name that people use, where the name says it in plain words.
        for words in {known.words, name_words(known.ident)}:
            self._by_words[words].append(known)

    def best(self, record: Record) -> Match | None:
        """What the record is most like, from CLOSE on: by name when the words are the same, else by likeness."""
        mine = known_record(record)
        told = next((each.how for each in record.fields if each.name == "primary_muscles"), "refused")
        for called in (record.name, *record.names):
            for each in self._by_words.get(name_words(called) or _NOTHING, ()):
                # Muscles that are only guessed speak against nothing.
                if told == "guessed" or not _apart(mine, each):
                    return Match(each.ident, each.name, 1.0, "name")
        best: Match | None = None
        for called in (record.name, *record.names):
            words = name_words(called)
            text = " ".join(sorted(words))
            near = process.extract(
                text, self._names, scorer=fuzz.token_set_ratio, limit=CANDIDATES, score_cutoff=50
            )
            for _, _, place in near:
                score = self._score(words, mine, self._known[place])
                if score >= CLOSE and (best is None or score > best.score):
                    best = Match(
                        self._known[place].ident, self._known[place].name, round(score, 2), "likeness"
                    )
        return best

    def _score(self, words: frozenset[str], mine: Known, other: Known) -> float:
        """0 to 1: seven tenths the names, three tenths muscles, moves and kind; another muscle is another exercise."""
        if _apart(mine, other) or not words or not other.words:
            return 0.0
        shared = self._weight(words & other.words)
        apart = _THEIRS_MORE * self._weight(words - other.words) + _OURS_MORE * self._weight(
            other.words - words
        )
        spelt = fuzz.token_sort_ratio(" ".join(sorted(words)), " ".join(sorted(other.words))) / 100
        body = _overlap(mine.muscles, other.muscles)
        if mine.moves and other.moves:
            body = 0.6 * body + 0.4 * _overlap(mine.moves, other.moves)
        score = (
            0.5 * shared / (shared + apart) + 0.2 * spelt + 0.2 * body + 0.1 * (mine.family == other.family)
        )
        return min(score, SAME - 0.01) if _opposed(words, other.words) else score

    def _weight(self, words: Iterable[str]) -> float:
        return sum(self._rare.get(word, self._most) for word in words) or 1e-9


def _apart(mine: Known, other: Known) -> bool:
    """Whether both name muscles and none is the same, or both need things and none is the same."""
    if (
        mine.muscles
        and other.muscles
        and (mine.muscles | mine.helpers).isdisjoint(other.muscles | other.helpers)
    ):
        return True
    return bool(mine.tools and other.tools and mine.tools.isdisjoint(other.tools))


def _opposed(words: frozenset[str], other: frozenset[str]) -> bool:
    return any(words & row and other & row and not words & other & row for row in _ROWS)


def _overlap(mine: frozenset[str], other: frozenset[str]) -> float:
    """How much of the smaller list the two share; half where one says nothing."""
    if not mine or not other:
        return 0.5
    return len(mine & other) / min(len(mine), len(other))
