"""The policy's array operations on plain Python lists: the baseline that no library helps.

A third backend of `model_export.arrays`, so that the very same policy text runs on lists and ints. Its plans must equal
the graph's; the bench refuses to go on when they do not.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Plain:
    """An array: its elements in row order, int or bool, and its shape (at most three axes)."""

    data: list[Any]
    shape: Shape

    def __add__(self, other: Any) -> "Plain":
        return apply(operator.add, self, other)

    def __radd__(self, other: Any) -> "Plain":
        return apply(operator.add, other, self)

    def __sub__(self, other: Any) -> "Plain":
        return apply(operator.sub, self, other)

    def __rsub__(self, other: Any) -> "Plain":
        return apply(operator.sub, other, self)

    def __mul__(self, other: Any) -> "Plain":
        return apply(operator.mul, self, other)

    def __rmul__(self, other: Any) -> "Plain":
        return apply(operator.mul, other, self)

    def __floordiv__(self, other: Any) -> "Plain":
        return apply(operator.floordiv, self, other)

    def __gt__(self, other: Any) -> "Plain":
        return apply(operator.gt, self, other)

    def __ge__(self, other: Any) -> "Plain":
        return apply(operator.ge, self, other)

    def __lt__(self, other: Any) -> "Plain":
        return apply(operator.lt, self, other)

    def __le__(self, other: Any) -> "Plain":
        return apply(operator.le, self, other)

    def __and__(self, other: Any) -> "Plain":
        return apply(operator.and_, self, other)

    def __or__(self, other: Any) -> "Plain":
        return apply(operator.or_, self, other)

    def __invert__(self) -> "Plain":
        return Plain([not x for x in self.data], self.shape)

    def __bool__(self) -> bool:
        (value,) = self.data
        return bool(value)


def plain(value: Any) -> Plain:
    """An int, a nested list or a numpy array as Plain."""
    if isinstance(value, Plain):
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    shape: list[int] = []
    inner = value
    while isinstance(inner, list | tuple):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    data = [value] if not shape else list(value)
    for _ in shape[1:]:
        data = list(chain.from_iterable(data))
    return Plain(data, tuple(shape))


def apply(op: Callable[[Any, Any], Any], a: Any, b: Any) -> Plain:
    """Element by element, with numpy's broadcasting."""
    a, b = plain(a), plain(b)
    if a.shape == b.shape:
        return Plain(list(map(op, a.data, b.data)), a.shape)
    if not b.shape:
        (y,) = b.data
        return Plain([op(x, y) for x in a.data], a.shape)
    if not a.shape:
        (x,) = a.data
        return Plain([op(x, y) for y in b.data], b.shape)
    shape = broadcast(a.shape, b.shape)
    return Plain(list(map(op, stretched(a, shape), stretched(b, shape))), shape)


def broadcast(a: Shape, b: Shape) -> Shape:
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    return tuple(y if x == 1 else x for x, y in zip(a, b, strict=True))


def stretched(x: Plain, shape: Shape) -> list[Any]:
    """Elements of x repeated to the shape, axis by axis from the last."""
    if x.shape == shape:
        return x.data
    data, own = x.data, (1,) * (len(shape) - len(x.shape)) + x.shape
    inner = 1
    for have, want in zip(reversed(own), reversed(shape), strict=True):
        if have != want:
            blocks = (data[at : at + inner] for at in range(0, len(data), inner))
            data = list(chain.from_iterable(block * want for block in blocks))
        inner *= want
    return data


def lines(x: Plain, axis: int) -> list[list[Any]]:
    """Every line of x along the axis, in row order of the axes that are left."""
    size, inner = x.shape[axis], 1
    for length in x.shape[axis + 1 :]:
        inner *= length
    if inner == 1:
        return [x.data[at : at + size] for at in range(0, len(x.data), size)] if size else []
    block = size * inner
    return [x.data[at + i : at + block : inner] for at in range(0, len(x.data), block) for i in range(inner)]


def reduced(op: Callable[[list[Any]], Any], x: Plain, axis: int) -> Plain:
    return Plain([op(line) for line in lines(x, axis)], x.shape[:axis] + x.shape[axis + 1 :])


def first_greatest(line: list[int]) -> int:
    return line.index(max(line))


class ListOps:
    """What `model_export.arrays.NumpyOps` does, on lists. Names and arguments are those of the policy's namespace."""

    def const(self, value: Any) -> Plain:
        return plain(value)

    def flags(self, value: Sequence[bool]) -> Plain:
        return plain([bool(each) for each in value])

    def i32(self, x: Any) -> Plain:
        x = plain(x)
        return Plain([int(value) for value in x.data], x.shape)

    def sum(self, x: Plain, axis: int) -> Plain:
        return reduced(sum, x, axis) if x.data else Plain([0], ())

    def max(self, x: Plain, axis: int) -> Plain:
        return reduced(max, x, axis)

    def any(self, x: Plain, axis: int) -> Plain:
        return reduced(any, x, axis)

    def argmax(self, x: Plain, axis: int) -> Plain:
        return reduced(first_greatest, x, axis)

    def top(self, x: Plain, k: Any) -> tuple[Plain, Plain]:
        (count,) = plain(k).data
        places = sorted(range(len(x.data)), key=lambda i: -x.data[i])[:count]
        return Plain([x.data[i] for i in places], (len(places),)), Plain(places, (len(places),))

    def cumsum(self, x: Plain) -> Plain:
        return Plain(list(accumulate(x.data)), x.shape)

    def where(self, c: Any, a: Any, b: Any) -> Plain:
        c, a, b = plain(c), plain(a), plain(b)
        shape = broadcast(broadcast(c.shape, a.shape), b.shape)
        chosen = zip(stretched(c, shape), stretched(a, shape), stretched(b, shape), strict=True)
        return Plain([x if test else y for test, x, y in chosen], shape)

    def minimum(self, a: Any, b: Any) -> Plain:
        return apply(min, a, b)

    def maximum(self, a: Any, b: Any) -> Plain:
        return apply(max, a, b)

    def abs(self, x: Plain) -> Plain:
        return Plain([abs(value) for value in x.data], x.shape)

    def eq(self, a: Any, b: Any) -> Plain:
        return apply(operator.eq, a, b)

    def take(self, x: Any, i: Any, axis: int = 0) -> Plain:
        """Of a matrix or a vector along axis 0, or one or more columns of a matrix."""
        x, i = plain(x), plain(i)
        inner = 1
        for length in x.shape[axis + 1 :]:
            inner *= length
        block = x.shape[axis] * inner
        data: list[Any] = []
        for at in range(0, len(x.data), block) if block else ():
            for place in i.data:
                start = at + place % x.shape[axis] * inner
                data += x.data[start : start + inner]
        return Plain(data, x.shape[:axis] + i.shape + x.shape[axis + 1 :])

    def matmul(self, a: Any, b: Any) -> Plain:
        """[n, k] by [k, m] or [k], or [k] by [k, m]."""
        a, b = plain(a), plain(b)
        rows = lines(a, len(a.shape) - 1)
        columns = lines(b, 0)
        data = [sum(map(operator.mul, row, column)) for row in rows for column in columns]
        return Plain(data, a.shape[:-1] + b.shape[1:])

    def col(self, x: Plain) -> Plain:
        return Plain(x.data, (x.shape[0], 1, *x.shape[1:]))

    def row(self, x: Plain) -> Plain:
        return Plain(x.data, (1, *x.shape))

    def stack(self, xs: Sequence[Any]) -> Plain:
        return Plain([int(plain(x).data[0]) for x in xs], (len(xs),))

    def columns(self, xs: Sequence[Any]) -> Plain:
        vectors = [plain(x).data for x in xs]
        return Plain(list(chain.from_iterable(zip(*vectors, strict=True))), (len(vectors[0]), len(vectors)))

    def rows(self, xs: Sequence[Any]) -> Plain:
        vectors = [plain(x).data for x in xs]
        return Plain(list(chain.from_iterable(vectors)), (len(vectors), len(vectors[0])))

    def join(self, xs: Sequence[Any]) -> Plain:
        data = list(chain.from_iterable(plain(x).data for x in xs))
        return Plain(data, (len(data),))

    def hcat(self, xs: Sequence[Any]) -> Plain:
        parts = [plain(x) for x in xs]
        height, width = parts[0].shape[0], sum(part.shape[1] for part in parts)
        by_row = zip(*(lines(part, 1) for part in parts), strict=True)
        return Plain(list(chain.from_iterable(chain.from_iterable(by_row))), (height, width))

    def flat(self, x: Plain) -> Plain:
        return Plain(x.data, (len(x.data),))

    def size(self, x: Plain) -> Plain:
        return plain(len(x.data))

    def fill_like(self, x: Plain, value: Any) -> Plain:
        (filling,) = plain(value).data
        return Plain([filling] * len(x.data), x.shape)

    def loop(self, steps: int, go: Any, state: list[Any], body: Callable[..., Any], width: int) -> Plain:
        rows: list[Plain] = []
        while bool(go) and len(rows) < steps:
            go, state, out = body(state)
            rows.append(out)
        return Plain(list(chain.from_iterable(row.data for row in rows)), (len(rows), width))


def plain_scorer(trees: Any) -> Callable[[Plain], Plain]:
    """The scorer's trees (model_export.trees.Trees) walked in plain Python: [N, F] features to [N] scores."""
    columns = (trees.feature, trees.threshold, trees.left, trees.right, trees.weight, trees.roots)
    feature, threshold, left, right, weight, roots = (column.tolist() for column in columns)
    base = int(trees.base)

    def score(features: Plain) -> Plain:
        totals = []
        for row in lines(features, 1):
            total = base
            for node in roots:
                while feature[node] >= 0:
                    node = left[node] if row[feature[node]] <= threshold[node] else right[node]
                total += weight[node]
            totals.append(total)
        return Plain(totals, (len(totals),))

    return score
