"""Random positions, bounds and conditions: which tile, how often, whether."""

from __future__ import annotations

import random
from typing import Any

from tilewright_tools.fuzz.program import TRIPS


class Positions:
    """Makes expressions of what is known at a place: `loops` are the loops around it, outermost first."""

    def __init__(self, chance: random.Random, cells: int) -> None:
        self.random = chance
        self.cells = cells
        self.loops: list[str] = []
        # Whether the kernel's own table has been filled.
        self.own_table = False

    def tile(self) -> Any:
        """A number of a tile: 0 to 9."""
        kind = self.random.random()
        if not self.loops or kind < 0.1:
            return self.random.choice((0, 1, 2, ("count",)))
        loop = ("loop", self.loops[-1] if self.random.random() < 0.8 else self.random.choice(self.loops))
        if self.own_table and self.random.random() < 0.5:
            return ("own_table", loop)
        if kind < 0.65:
            return loop
        derived = (
            ("table", loop),
            ("table", loop),
            ("+", loop, self.random.choice((1, 2))),
            ("//", loop, 2),
            ("%", ("+", loop, ("loop", self.loops[0])), TRIPS),
            ("%", self._cell(), TRIPS),
            ("table", ("%", self._cell(), TRIPS)),
            ("%", ("*", loop, 3), TRIPS),
            ("where", self._comparison(), loop, self.random.choice((0, 2))),
        )
        return self.random.choice(derived)

    def bound(self, most: int) -> Any:
        """A number of iterations: 0 to `most`, which is below TRIPS."""
        kind = self.random.random()
        if kind < 0.45:
            return self.random.choice((0, 1, 2, 3, 3, most))
        if kind < 0.8:
            return ("count",) if most >= TRIPS - 2 else ("%", ("count",), most + 1)
        derived = [("%", self._cell(), most + 1), ("%", ("table", self.random.randrange(TRIPS)), most + 1)]
        if self.loops:
            derived.append(("%", ("+", ("loop", self.loops[-1]), 1), most + 1))
        return self.random.choice(derived)

    def condition(self) -> Any:
        """Whether: of the loops, a table, a cell, the scalar argument, or two of them."""
        if self.random.random() < 0.15:
            return ("and", self._comparison(), self._comparison())
        return self._comparison()

    def _comparison(self) -> Any:
        loop = ("loop", self.random.choice(self.loops)) if self.loops else ("block",)
        kinds = (
            ("<", loop, self.random.choice((1, 2, 3))),
            (">", loop, self.random.choice((0, 1, 3))),
            ("==", ("%", loop, 2), self.random.choice((0, 1))),
            ("==", ("%", ("+", loop, 1), 2), 0),
            (">", ("table", loop), self.random.choice((1, 3, 5))),
            (">", ("table", loop), self.random.choice((1, 3, 5))),
            (">", self._cell(), self.random.choice((0, 1, 3))),
            ("<", ("count",), self.random.choice((2, 4))),
        )
        if self.own_table and self.random.random() < 0.2:
            return (">", ("own_table", loop), self.random.choice((1, 3, 5)))
        return self.random.choice(kinds)

    def _cell(self) -> Any:
        return ("cell", self.random.randrange(self.cells))
