"""Fields of an account's records: what a value must be. They look and never convert: what is accepted is kept as sent.

Each is a marshmallow field, so a schema of them loads, documents and nests like any other. `look(value)` is the check
itself: the push path calls it without a schema's machinery around it, which costs several times the check.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import marshmallow as ma

EXACT = 2**53 - 1
"""The greatest integer that every JSON reader keeps."""


class FieldInvalid(ValueError):
    """A field that cannot be accepted: `field` is a dotted path such as `slots[2].outcome`, `reason` a sentence."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


class Exact(ma.fields.Field[Any]):
    """A field that is kept exactly as it was sent. Null is accepted where `none` is given."""

    def __init__(self, *, none: bool = False, required: bool = False, about: str = "") -> None:
        super().__init__(allow_none=none, required=required, metadata={"description": about} if about else {})
        self.none = none
        self.look: Callable[[Any], None] = self._look if none else self.test
        """Raises marshmallow.ValidationError for a value that is not one of this field's."""

    def _look(self, value: Any) -> None:
        if value is not None:
            self.test(value)

    def test(self, value: Any) -> None:
        """`look` of a field that does not accept null, or of another value."""
        raise NotImplementedError

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        self.look(value)
        return value


class Whole(Exact):
    """A whole number within bounds, both included. 3.0 is one: JSON knows no other difference."""

    def __init__(self, low: int = -EXACT, high: int = EXACT, **options: Any) -> None:
        super().__init__(**options)
        self.low, self.high = low, high
        self.wrong = f"must be a whole number from {low} to {high}"

    def test(self, value: Any) -> None:
        kind = type(value)  # bool is an int to Python, not to JSON
        if (
            (kind is not int and kind is not float)
            or not self.low <= value <= self.high
            or (kind is float and not value.is_integer())
        ):
            raise ma.ValidationError(self.wrong)


class Number(Exact):
    """A finite number within bounds, both included; with `above`, the lower one is not."""

    def __init__(self, low: float, high: float, *, above: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.low, self.high, self.above = low, high, above
        self.wrong = (
            f"must be above {low} and at most {high}" if above else f"must be a number from {low} to {high}"
        )

    def test(self, value: Any) -> None:
        kind = type(value)
        if (
            (kind is not int and kind is not float)
            or not math.isfinite(value)
            or not self.low <= value <= self.high
            or (self.above and value == self.low)
        ):
            raise ma.ValidationError(self.wrong)


class Flag(Exact):
    """true or false."""

    def test(self, value: Any) -> None:
        if value is not True and value is not False:
            raise ma.ValidationError("must be true or false")


class Words(Exact):
    """Text of a person, at most `most` characters long."""

    def __init__(self, most: int, *, least: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most
        self.wrong = f"must be text of {f'{least} to' if least else 'at most'} {most} characters"

    def test(self, value: Any) -> None:
        if type(value) is not str or not self.least <= len(value) <= self.most:
            raise ma.ValidationError(self.wrong)


class Shaped(Exact):
    """Text that a pattern matches as a whole; `what` completes the sentence "must be …"."""

    def __init__(self, pattern: str, what: str, **options: Any) -> None:
        super().__init__(**options)
        self.pattern = pattern
        self._matches = re.compile(pattern, re.ASCII).fullmatch
        self.wrong = f"must be {what}"

    def test(self, value: Any) -> None:
        if type(value) is not str or self._matches(value) is None:
            raise ma.ValidationError(self.wrong)


class Code(Shaped):
    """A code of the catalogue's vocabulary. Which codes there are is a release's matter: a newer one may know more."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "[a-z0-9][a-z0-9_.-]{0,63}", "a code: lower-case letters, digits, _ . - (at most 64)", **options
        )


class Slug(Shaped):
    """Name of an exercise or routine in the catalogue."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "[A-Za-z0-9][A-Za-z0-9._:-]{0,199}", "a slug: letters, digits, . _ : - (at most 200)", **options
        )


class Uuid(Shaped):
    """A UUID in its one canonical spelling, so that two spellings are never two records."""

    def __init__(self, **options: Any) -> None:
        super().__init__(UUID, "a UUID in lower case", **options)


class OneOf(Exact):
    """One of a closed list of words."""

    def __init__(self, *words: str, **options: Any) -> None:
        super().__init__(**options)
        self.words = frozenset(words)
        self.wrong = f"must be one of {', '.join(words)}"

    def test(self, value: Any) -> None:
        if type(value) is not str or value not in self.words:
            raise ma.ValidationError(self.wrong)


class Instant(Exact):
    """An instant with its offset, RFC 3339, of the years 1900 to 2199."""

    # What follows the seconds: Python keeps six digits of a fraction, and reads more.
    _matches = re.compile(
        r"(?:19|20|21)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII
    ).fullmatch

    def test(self, value: Any) -> None:
        if type(value) is str and Instant._matches(value) is not None:
            try:
                datetime.fromisoformat(value)
                return
            except ValueError:
                pass
        raise ma.ValidationError("must be an instant such as 2026-01-09T18:27:59.871Z")


class Day(Exact):
    """A calendar day of the years 1900 to 2199."""

    _matches = re.compile(r"(?:19|20|21)\d\d-\d\d-\d\d", re.ASCII).fullmatch

    def test(self, value: Any) -> None:
        if type(value) is str and Day._matches(value) is not None:
            try:
                date.fromisoformat(value)
                return
            except ValueError:
                pass
        raise ma.ValidationError("must be a day such as 2026-01-09")


class ListOf(Exact):
    """A list of `least` to `most` values of one field."""

    def __init__(self, item: Exact, most: int, *, least: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.item, self.least, self.most = item, least, most
        self.wrong = f"must be a list of {least} to {most}"

    def test(self, value: Any) -> None:
        if type(value) is not list or not self.least <= len(value) <= self.most:
            raise ma.ValidationError(self.wrong)
        look, i = self.item.look, 0
        try:
            for i, entry in enumerate(value):  # noqa: B007  the error names it
                look(entry)
        except ma.ValidationError as error:
            raise ma.ValidationError({i: error.messages}) from None


class MapOf(Exact):
    """An object of at most `most` members: codes to values of one field."""

    def __init__(self, item: Exact, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.item, self.most, self.key = item, most, Code()
        self.wrong = f"must be an object of at most {most} members"

    def test(self, value: Any) -> None:
        if type(value) is not dict or len(value) > self.most:
            raise ma.ValidationError(self.wrong)
        name = ""
        try:
            for name, entry in value.items():
                self.key.look(name)
                self.item.look(entry)
        except ma.ValidationError as error:
            raise ma.ValidationError({name[:64]: error.messages}) from None


class AnyObject(Exact):
    """An object, whatever is in it: its own reader checks it."""

    def test(self, value: Any) -> None:
        if type(value) is not dict:
            raise ma.ValidationError("must be an object")


class Part(Exact):
    """An object of declared fields. Members that are not declared are left alone: a newer app may write more.

    `together` says what is wrong with members that are right one by one, as (member, sentence), or None.
    """

    def __init__(
        self,
        members: Mapping[str, Exact],
        *,
        together: Callable[[Mapping[str, Any]], tuple[str, str] | None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.members, self.together = dict(members), together
        self._looks = [(name, field.look, field.required) for name, field in members.items()]

    def test(self, value: Any) -> None:
        if type(value) is not dict:
            raise ma.ValidationError("must be an object")
        name = ""
        try:
            for name, look, required in self._looks:
                if name in value:
                    look(value[name])
                elif required:
                    raise ma.ValidationError("is missing")
        except ma.ValidationError as error:
            raise ma.ValidationError({name: error.messages}) from None
        if self.together is not None and (wrong := self.together(value)) is not None:
            raise ma.ValidationError({wrong[0]: [wrong[1]]})


UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def first(messages: Mapping[Any, Any] | Sequence[Any], where: str) -> FieldInvalid:
    """The first of marshmallow's messages, with its dotted path."""
    while isinstance(messages, Mapping):
        key, messages = next(iter(messages.items()))
        where = f"{where}[{key}]" if isinstance(key, int) else f"{where}.{key}" if where else str(key)
    return FieldInvalid(where, str(messages[0]))
