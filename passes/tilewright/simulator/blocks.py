"""Which thread blocks of a grid are simulated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product

from tilewright.diagnostics import UsageError

Coordinates = tuple[int, int, int]


@dataclass(frozen=True)
class BlockSelection:
    """All blocks, the first `first`, or the one at `at`; x runs fastest."""

    first: int | None = None
    at: Coordinates | None = None

    def select(self, grid: Coordinates) -> list[Coordinates]:
        """The coordinates in `grid`; raises UsageError for a block that is outside."""
        if self.at is not None:
            if not all(0 <= position < size for position, size in zip(self.at, grid, strict=True)):
                raise UsageError(f"no block {self.at} in a grid of {grid}")
            return [self.at]
        everything = ((x, y, z) for z, y, x in product(range(grid[2]), range(grid[1]), range(grid[0])))
        return list(islice(everything, self.first))


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
