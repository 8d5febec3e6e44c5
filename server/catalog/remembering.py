"""What was judged once is not judged again: answers about one document, remembered by its content.

A release, and a change of a vocabulary, judge the whole catalogue, thousands of documents of which one or two are new.
"""

import functools
import hashlib
import marshal
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MOST: Final = 60_000
"""Answers that a function may keep, each of about 200 bytes; then it begins anew."""


def remembered(work: Callable[P, R]) -> Callable[P, R]:
    """`work`, asked once for each content of its arguments; for a pure function whose answer nobody changes.

    Arguments that are not JSON's own types are worked on each time. Of equal objects in another order of their names
    each is asked once.
    """
    held: dict[bytes, R] = {}

    @functools.wraps(work)
    def ask(*args: P.args, **named: P.kwargs) -> R:
        try:
            # Unlike JSON it tells NaN from null and 1.0 from 1, and is as fast. Version 2 writes no references.
            content = marshal.dumps((args, named), 2)  # type: ignore[arg-type]
        except ValueError:
            return work(*args, **named)
        key = hashlib.sha256(content).digest()  # not the content itself, which is ten times as long
        if key not in held:
            answer = work(*args, **named)
            if len(held) >= MOST:
                held.clear()
            held[key] = answer
            return answer
        return held[key]

    return ask
