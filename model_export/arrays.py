"""A small namespace of integer array operations with two backends.

The policy is written once against this namespace. `NumpyOps` runs it on int32 arrays and is the reference;
`SpoxOps` traces the same calls into an ONNX graph. Only operations whose result is the same integer on every
runtime are here. `//` is for non-negative operands only: ONNX Div truncates where numpy floors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

FLOAT32_EXACT = 2**24
"""Integers below this are float32 numbers."""

Value = Any
"""An int32 or bool array: numpy's, or a `Traced` one."""

Body = Callable[[list[Value]], tuple[Value, list[Value], Value]]
"""State -> (continue?, next state, output row)."""


class NumpyOps:
    """The reference backend: plain numpy, int32 throughout."""

    def const(self, value: Any) -> Value:
        return np.asarray(value, np.int32)

    def flags(self, value: Sequence[bool]) -> Value:
        """A constant of booleans."""
        return np.asarray(value, np.bool_)

    def i32(self, x: Value) -> Value:
        return np.asarray(x).astype(np.int32)

    def sum(self, x: Value, axis: int) -> Value:
        return np.sum(x, axis=axis, dtype=np.int32)

    def max(self, x: Value, axis: int) -> Value:
        return np.max(x, axis=axis)

    def any(self, x: Value, axis: int) -> Value:
        return np.any(x, axis=axis)

    def argmax(self, x: Value, axis: int) -> Value:
        """First index of the greatest value."""
        return np.argmax(x, axis=axis).astype(np.int32)

    def top(self, x: Value, k: Value) -> tuple[Value, Value]:
        """The k greatest of a vector, greatest first, and their places; of equal ones the first place."""
        places = np.argsort(-x.astype(np.int64), kind="stable")[:k].astype(np.int32)
        return x[places], places

    def cumsum(self, x: Value) -> Value:
        return np.cumsum(x, dtype=np.int32)

    def where(self, c: Value, a: Value, b: Value) -> Value:
        return np.where(c, np.asarray(a, np.int32), np.asarray(b, np.int32))

    def minimum(self, a: Value, b: Value) -> Value:
        return np.minimum(a, np.asarray(b, np.int32))

    def maximum(self, a: Value, b: Value) -> Value:
        return np.maximum(a, np.asarray(b, np.int32))

    def abs(self, x: Value) -> Value:
        return np.abs(x)

    def eq(self, a: Value, b: Value) -> Value:
        return np.equal(a, b)

    def take(self, x: Value, i: Value, axis: int = 0) -> Value:
        return np.take(x, i, axis=axis)

    def matmul(self, a: Value, b: Value) -> Value:
        """Product of non-negative integers, every sum below 2^24: the graph runs it in float32, exactly."""
        product = np.matmul(a, b)
        assert min(np.min(a, initial=0), np.min(b, initial=0)) >= 0, "negative operand"
        assert np.max(product, initial=0) < FLOAT32_EXACT, "past what float32 holds"
        return product

    def col(self, x: Value) -> Value:
        """[n] -> [n, 1]"""
        return np.asarray(x)[:, None]

    def row(self, x: Value) -> Value:
        """[n] -> [1, n]"""
        return np.asarray(x)[None, :]

    def stack(self, xs: Sequence[Value]) -> Value:
        """Scalars -> [k]."""
        return np.array([np.int32(x) for x in xs], np.int32)

    def columns(self, xs: Sequence[Value]) -> Value:
        """[n] vectors -> [n, k]."""
        return np.stack([np.asarray(x, np.int32) for x in xs], axis=1)

    def rows(self, xs: Sequence[Value]) -> Value:
        """[n] vectors -> [k, n]."""
        return np.stack([np.asarray(x, np.int32) for x in xs])

    def join(self, xs: Sequence[Value]) -> Value:
        """[a], [b], ... -> [a + b + ...]."""
        return np.concatenate(xs)

    def hcat(self, xs: Sequence[Value]) -> Value:
        """[n, a], [n, b], ... -> [n, a + b + ...]."""
        return np.concatenate([np.asarray(x, np.int32) for x in xs], axis=1)

    def flat(self, x: Value) -> Value:
        """[k, n] -> [k n]."""
        return np.ravel(x)

    def size(self, x: Value) -> Value:
        """Length of a vector."""
        return np.int32(len(x))

    def fill_like(self, x: Value, value: Value) -> Value:
        """A vector shaped like `x` that holds the scalar everywhere."""
        return np.broadcast_to(np.asarray(value, np.int32), np.shape(x)).astype(np.int32)

    def loop(self, steps: int, go: Value, state: list[Value], body: Body, width: int) -> Value:
        """Run `body` at most `steps` times while its first result holds; rows stacked to [s, width]."""
        rows: list[npt.NDArray[np.int32]] = []
        while bool(go) and len(rows) < steps:
            go, state, out = body(state)
            rows.append(out)
        return np.stack(rows) if rows else np.zeros((0, width), np.int32)


class Traced:
    """A spox variable with Python operators."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, ops: SpoxOps, var: Any) -> None:
        self.ops, self.var = ops, var

    def _apply(self, name: str, other: Value) -> Traced:
        return self.ops.call(name, self, other)

    def _rapply(self, name: str, other: Value) -> Traced:
        return self.ops.call(name, self.ops.lift(other), self)

    def __add__(self, o: Value) -> Traced:
        return self._apply("add", o)

    def __radd__(self, o: Value) -> Traced:
        return self._rapply("add", o)

    def __sub__(self, o: Value) -> Traced:
        return self._apply("sub", o)

    def __rsub__(self, o: Value) -> Traced:
        return self._rapply("sub", o)

    def __mul__(self, o: Value) -> Traced:
        return self._apply("mul", o)

    def __rmul__(self, o: Value) -> Traced:
        return self._rapply("mul", o)

    def __floordiv__(self, o: Value) -> Traced:
        return self._apply("div", o)

    def __gt__(self, o: Value) -> Traced:
        return self._apply("greater", o)

    def __ge__(self, o: Value) -> Traced:
        return self._apply("greater_or_equal", o)

    def __lt__(self, o: Value) -> Traced:
        return self._apply("less", o)

    def __le__(self, o: Value) -> Traced:
        return self._apply("less_or_equal", o)

    def __and__(self, o: Value) -> Traced:
        return self._apply("and_", o)

    def __or__(self, o: Value) -> Traced:
        return self._apply("or_", o)

    def __invert__(self) -> Traced:
        return Traced(self.ops, self.ops.op.not_(self.var))


class SpoxOps:
    """The tracing backend: every call adds nodes of ai.onnx opset 17."""

    def __init__(self) -> None:
        import spox.opset.ai.onnx.v17 as op

        self.op = op

    def lift(self, x: Value) -> Traced:
        if isinstance(x, Traced):
            return x
        array = np.asarray(x)
        return Traced(self, self.op.const(array if array.dtype == np.bool_ else array.astype(np.int32)))

    def call(self, name: str, a: Value, b: Value) -> Traced:
        return Traced(self, getattr(self.op, name)(self.lift(a).var, self.lift(b).var))

    def _wrap(self, var: Any) -> Traced:
        return Traced(self, var)

    def _axes(self, *axes: int) -> Any:
        return self.op.const(np.array(axes, np.int64))

    def const(self, value: Any) -> Traced:
        return self.lift(np.asarray(value, np.int32))

    def flags(self, value: Sequence[bool]) -> Traced:
        return self.lift(np.asarray(value, np.bool_))

    def i32(self, x: Traced) -> Traced:
        return self._wrap(self.op.cast(x.var, to=np.int32))

    def sum(self, x: Traced, axis: int) -> Traced:
        return self._wrap(self.op.reduce_sum(x.var, self._axes(axis), keepdims=0))

    def max(self, x: Traced, axis: int) -> Traced:
        return self._wrap(self.op.reduce_max(x.var, axes=[axis], keepdims=0))

    def any(self, x: Traced, axis: int) -> Traced:
        return self.max(self.i32(x), axis) > 0

    def argmax(self, x: Traced, axis: int) -> Traced:
        return self.i32(self._wrap(self.op.arg_max(x.var, axis=axis, keepdims=0, select_last_index=0)))

    def top(self, x: Traced, k: Value) -> tuple[Traced, Traced]:
        count = self.op.reshape(self.op.cast(self.lift(k).var, to=np.int64), self._axes(1))
        values, places = self.op.top_k(x.var, count, axis=0, largest=1, sorted=1)
        return self._wrap(values), self.i32(self._wrap(places))

    def cumsum(self, x: Traced) -> Traced:
        return self._wrap(self.op.cumsum(x.var, self.op.const(np.int64(0))))

    def where(self, c: Traced, a: Value, b: Value) -> Traced:
        return self._wrap(self.op.where(c.var, self.lift(a).var, self.lift(b).var))

    def minimum(self, a: Value, b: Value) -> Traced:
        return self._wrap(self.op.min([self.lift(a).var, self.lift(b).var]))

    def maximum(self, a: Value, b: Value) -> Traced:
        return self._wrap(self.op.max([self.lift(a).var, self.lift(b).var]))

    def abs(self, x: Traced) -> Traced:
        return self._wrap(self.op.abs(x.var))

    def eq(self, a: Value, b: Value) -> Traced:
        return self.call("equal", a, b)

    def take(self, x: Value, i: Value, axis: int = 0) -> Traced:
        return self._wrap(self.op.gather(self.lift(x).var, self.lift(i).var, axis=axis))

    def matmul(self, a: Value, b: Value) -> Traced:
        # Runtimes multiply float32 matrices several times faster than int32 ones. Non-negative integers whose sum stays
        # below 2^24 have no rounding in any order of summation, fused or not; NumpyOps asserts that they do.
        as_float = [self.op.cast(self.lift(x).var, to=np.float32) for x in (a, b)]
        return self._wrap(self.op.cast(self.op.matmul(*as_float), to=np.int32))

    def col(self, x: Traced) -> Traced:
        return self._wrap(self.op.unsqueeze(x.var, self._axes(1)))

    def row(self, x: Traced) -> Traced:
        return self._wrap(self.op.unsqueeze(x.var, self._axes(0)))

    def stack(self, xs: Sequence[Value]) -> Traced:
        return self._wrap(
            self.op.concat([self.op.unsqueeze(self.lift(x).var, self._axes(0)) for x in xs], axis=0)
        )

    def columns(self, xs: Sequence[Traced]) -> Traced:
        return self._wrap(self.op.concat([self.op.unsqueeze(x.var, self._axes(1)) for x in xs], axis=1))

    def rows(self, xs: Sequence[Traced]) -> Traced:
        return self._wrap(self.op.concat([self.op.unsqueeze(x.var, self._axes(0)) for x in xs], axis=0))

    def join(self, xs: Sequence[Traced]) -> Traced:
        return self._wrap(self.op.concat([x.var for x in xs], axis=0))

    def hcat(self, xs: Sequence[Traced]) -> Traced:
        return self._wrap(self.op.concat([x.var for x in xs], axis=1))

    def flat(self, x: Traced) -> Traced:
        return self._wrap(self.op.reshape(x.var, self._axes(-1)))

    def size(self, x: Traced) -> Traced:
        return self.i32(
            self._wrap(self.op.reshape(self.op.shape(x.var), self.op.const(np.zeros(0, np.int64))))
        )

    def fill_like(self, x: Traced, value: Value) -> Traced:
        return self._wrap(self.op.expand(self.lift(value).var, self.op.shape(x.var)))

    def loop(self, steps: int, go: Traced, state: list[Value], body: Body, width: int) -> Traced:
        def traced(_step: Any, _cond: Any, *variables: Any) -> list[Any]:
            again, following, out = body([self._wrap(v) for v in variables])
            cond = self.op.reshape(again.var, self._axes(1))
            return [cond, *(self.lift(s).var for s in following), out.var]

        *_, rows = self.op.loop(
            self.op.const(np.array([steps], np.int64)),
            self.op.reshape(go.var, self._axes(1)),
            [self.lift(s).var for s in state],
            body=traced,
        )
        return self._wrap(self.op.reshape(rows, self._axes(-1, width)))
