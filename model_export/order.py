"""The order of what was chosen: a warm-up rises, a cool-down sinks to the floor and stays, neighbours are related.

Rows are sorted by a key of small integers (block, place in the block, row), then every row gets its transition. Within
the rules: W01 lets mobilising and activating mix; C04 keeps the opening first; F05 wants movement before long holds.
"""

from __future__ import annotations

from model_export import policy_tables as tables
from model_export.arrays import Value
from model_export.choose import Items
from model_export.problem import Problem

LAST = 1 << 22
BLOCK, PLACE = 1 << 17, 1 << 6
"""A key is block x BLOCK + place x PLACE + row; places stay below 2048, rows below 64."""


def order(p: Problem, items: Items, steps: Value) -> tuple[Value, Value]:
    """The steps [s, ...] in the order to do them, rows without an item last; and [s] seconds to get to each."""
    xp = p.xp
    item, segment = xp.maximum(xp.take(steps, 0, 1), 0), xp.take(steps, 1, 1)
    rows = xp.cumsum(xp.fill_like(item, 1)) - 1
    posture = xp.take(items.posture, item)
    key = xp.where(xp.take(steps, 0, 1) >= 0, keys(p, items, item, segment, posture) + rows, LAST + rows)
    _, places = xp.top(0 - key, xp.size(item))
    posture = xp.take(posture, places)
    table = xp.flat(xp.const(tables.TRANSITION))
    # The posture before: that of the row above, for the first row the start's.
    before = xp.join([xp.const([tables.START]), posture])
    before = xp.take(before, rows)
    return xp.take(steps, places), xp.take(table, before * len(tables.TRANSITION[0]) + posture)


def keys(p: Problem, items: Items, item: Value, segment: Value, posture: Value) -> Value:
    """[s] block and place of each row."""
    xp = p.xp
    met10 = xp.take(p.number["met10"], item)
    floor = xp.i32(tables.on_floor(posture))
    chair = xp.i32(xp.eq(posture, 1))
    heights = xp.const([tables.HEIGHT[name] for name in p.vocabulary["positions"]])
    height = xp.take(heights, xp.take(items.position, item))
    drill = xp.take(xp.i32(p.is_type("skill_drill", "potentiation")), item)
    opening, closing = xp.i32(xp.eq(segment, 0)), xp.i32(xp.eq(segment, 4))
    middle = 1 - opening
    # A warm-up mobilises standing, goes down once, and comes up into the drills, which grow harder; whoever hangs has
    # warmed the shoulders before.
    prepares = middle * xp.i32(segment <= 2)
    block = 1 + floor + (1 - floor) * 2 * xp.i32((segment >= 2) | (posture >= tables.HANGING))
    warm = (
        opening * met10
        + prepares * (BLOCK // PLACE * block + height * floor + xp.i32(posture >= tables.HANGING) * 16)
        + (middle - prepares) * (BLOCK // PLACE * (segment + 1) + drill * 500 + met10)
    )
    # Everything else sinks: standing, seated, floor, and rest at the end.
    rest = opening * (300 - met10) + middle * (
        BLOCK // PLACE * (1 + chair + floor * 2 + closing * 4) + segment * 16 + (8 - height)
    )
    return xp.where(p.kind_is("warmup"), warm, rest) * PLACE
