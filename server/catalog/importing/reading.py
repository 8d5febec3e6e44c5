"""Reading files that strangers wrote: strict about form, exact about where something is wrong, never a crash."""

import html
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nh3

Files = Mapping[str, bytes]  # name of the file -> what is in it

MOST_BYTES = 32 * 2**20
MOST_TEXT = 20_000
_BREAK = re.compile(r"<(?:/?(?:p|li|ol|ul|div|h[1-6]|tr)|br)\s*/?>", re.I)
_TAGS = {"p", "li", "ol", "ul", "br", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6"}
_LEFT_OVER = re.compile(r"</?[a-zA-Z!][^<>]*>")  # a tag that had been written with entities
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-ÖØ-Þ0-9])")


class ImportInvalid(ValueError):
    """A file cannot be read as its format; the message names the file, the record and the field."""


class FieldInvalid(ValueError):
    """One record is not as its format asks; the message names the field."""


def gather(path: Path) -> dict[str, bytes]:
    """The file at `path`, or the JSON and CSV files of the folder there. Raises ImportInvalid."""
    try:
        found = (
            sorted(each for each in path.iterdir() if each.suffix in (".json", ".csv"))
            if path.is_dir()
            else [path]
        )
        sizes = {each: each.stat().st_size for each in found}
        check_size(sizes.values())
        files = {each.name: each.read_bytes() for each in sizes}
    except OSError as error:
        raise ImportInvalid(f"{path}: {error.strerror}") from None
    if not files:
        raise ImportInvalid(f"{path}: no .json or .csv file is in this folder")
    return files


def check_size(sizes: Iterable[int]) -> None:
    """Refuse more than anybody's exercise set weighs."""
    if (total := sum(sizes)) > MOST_BYTES:
        raise ImportInvalid(f"these files have {total} bytes together; at most {MOST_BYTES} are read")


def decoded(name: str, body: bytes) -> str:
    """The file as text, which must be UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportInvalid(f"{name}: is not UTF-8 text (byte {error.start})") from None


def json_of(name: str, body: bytes) -> Any:
    """The JSON in a file: no NaN, no key twice, no nesting without end. Raises ImportInvalid."""
    try:
        return json.loads(
            decoded(name, body),
            parse_constant=_no_constant,
            object_pairs_hook=_no_repeat,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        raise ImportInvalid(f"{name}: is not JSON: {error}") from None
    except RecursionError:
        raise ImportInvalid(f"{name}: is not JSON that can be read: nested too deeply") from None
    except ValueError as error:
        if isinstance(error, ImportInvalid):
            raise
        raise ImportInvalid(f"{name}: is not JSON: {error}") from None


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _finite(word: str) -> float:
    if not math.isfinite(number := float(word)):
        raise ValueError(f"the number {word[:20]} is too large")
    return number


def _no_repeat(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:40]!r} is there twice in one object")
    return made


def the_list(name: str, content: Any) -> list[Any]:
    """The file's content, which must be a list of records."""
    if not isinstance(content, list):
        raise ImportInvalid(f"{name}: must hold a JSON list of records, not {_kind(content)}")
    return content


def pick(files: Files, wanted: str) -> tuple[str, bytes]:
    """The one file called so, by the end of its name. Raises ImportInvalid."""
    for name, body in files.items():
        if name == wanted:
            return name, body
    raise ImportInvalid(f"{wanted}: is missing; given: {', '.join(sorted(files)) or 'no file'}")


def line(text: str) -> str:
    """One printable line: composed, control characters and lone surrogates gone, single spaces."""
    composed = unicodedata.normalize("NFC", text)
    kept = (" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in composed)
    return " ".join("".join(kept).split())


def sentences(text: str) -> list[str]:
    """The sentences of a text that may hold HTML: no tag, no script, no entity is left."""
    if len(text) > MOST_TEXT:
        text = text[:MOST_TEXT]
    shown = nh3.clean(text, tags=_TAGS, attributes={}) if "<" in text or "&" in text else text
    found: list[str] = []
    for block in _BREAK.split(shown) if "<" in shown else shown.split("\n"):
        for part in _SENTENCE.split(line(_LEFT_OVER.sub(" ", html.unescape(block)))):
            if part:
                found.append(part)
    return found


class Row:
    """One record of a file, whose fields are asked for by name; a wrong one raises FieldInvalid."""

    def __init__(self, where: str, data: Any) -> None:
        self.where = where
        if not isinstance(data, dict):
            raise FieldInvalid(f"must be an object, not {_kind(data)}")
        self.data: dict[str, Any] = data

    def text(self, field: str, *, needed: bool = True, most: int = 200) -> str:
        """A line of text; empty where it may be absent or null."""
        value = self.data.get(field)
        if value is None and not needed:
            return ""
        if not isinstance(value, str):
            raise FieldInvalid(
                f"{field}: {'is missing' if value is None else f'must be text, not {_kind(value)}'}"
            )
        if len(value) > most:
            raise FieldInvalid(f"{field}: has {len(value)} characters; at most {most} are read")
        clean = line(value)
        if needed and not clean:
            raise FieldInvalid(f"{field}: is empty")
        return clean

    def ident(self, field: str) -> str:
        """A name or whole number that tells the record from the others."""
        value = self.data.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(field)

    def words(self, field: str, *, needed: bool = True, most: int = 2000) -> list[str]:
        """A list of lines of text; empty where it may be absent or null."""
        value = self.data.get(field)
        if value is None and not needed:
            return []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise FieldInvalid(f"{field}: {'is missing' if value is None else 'must be a list of texts'}")
        if any(len(each) > most for each in value):
            raise FieldInvalid(f"{field}: a text in it has more than {most} characters")
        return [clean for each in value if (clean := line(each))]

    def numbers(self, field: str) -> list[int]:
        """A list of whole numbers, empty where it is absent."""
        value = self.data.get(field, [])
        if not isinstance(value, list) or not all(type(each) is int for each in value):
            raise FieldInvalid(f"{field}: must be a list of whole numbers")
        return value

    def whole(self, field: str) -> int | None:
        """A whole number, None where it is absent or null."""
        value = self.data.get(field)
        if value is not None and type(value) is not int:
            raise FieldInvalid(f"{field}: must be a whole number, not {_kind(value)}")
        return value

    def one_of(self, field: str, choices: Sequence[str | None]) -> str | None:
        """One of some words, or null where that is among them."""
        value = self.data.get(field)
        if value not in choices:
            shown = ", ".join("null" if each is None else each for each in choices)
            raise FieldInvalid(f"{field}: {str(value)[:40]!r} is not one of {shown}")
        return value if isinstance(value, str) else None


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
