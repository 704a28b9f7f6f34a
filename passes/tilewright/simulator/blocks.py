"""Which thread blocks of a grid are simulated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

from tilewright.diagnostics import UsageError

Coordinates = tuple[int, int, int]


@dataclass(frozen=True)
class BlockSelection:
    """All blocks, the first `first`, or the one at `at`; x runs fastest, or they come in panels of some rows."""

    first: int | None = None
    at: Coordinates | None = None

    def select(self, grid: Coordinates, panel: int | None = None) -> list[Coordinates]:
        """The coordinates in `grid`, in the order in which they start; raises UsageError for a block that is outside."""
        if self.at is not None:
            if not all(0 <= position < size for position, size in zip(self.at, grid, strict=True)):
                raise UsageError(f"no block {self.at} in a grid of {grid}")
            return [self.at]
        everything = ((x, y, z) for z, y, x in product(range(grid[2]), range(grid[1]), range(grid[0])))
        return list(islice(everything if panel is None else _in_panels(grid, panel), self.first))


def _in_panels(grid: Coordinates, panel: int) -> Iterator[Coordinates]:
    """Down the rows of a panel, then to the next column; every other panel from right to left."""
    for z in range(grid[2]):
        for number, top in enumerate(range(0, grid[1], panel)):
            columns = range(grid[0]) if number % 2 == 0 else reversed(range(grid[0]))
            for x, y in product(columns, range(top, min(top + panel, grid[1]))):
                yield (x, y, z)


ALL_BLOCKS = BlockSelection()


def parse_blocks(text: str) -> BlockSelection:
    """``all``, ``N`` for the first N blocks, or ``x,y,z`` for one; raises UsageError for anything else."""
    if text == "all":
        return ALL_BLOCKS
    parts = text.split(",")
    if all(part.strip().isdecimal() for part in parts):
        numbers = [int(part) for part in parts]
        if len(numbers) == 1 and numbers[0] > 0:
            return BlockSelection(first=numbers[0])
        if len(numbers) == 3:
            return BlockSelection(at=(numbers[0], numbers[1], numbers[2]))
    raise UsageError(f"blocks are 'all', a number of blocks, or 'x,y,z'; not '{text}'")
