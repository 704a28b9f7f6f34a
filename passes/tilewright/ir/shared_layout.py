"""Layouts of buffers in shared memory: rows, padded rows, swizzles as the hardware makes them, and maps given by digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from tilewright.ir.layout_algebra import Digit, Layout, LayoutError

VECTOR_BYTES = 16
LINE_BYTES = 128
SWIZZLES = (0, 32, 64, 128)
# A swizzle repeats after eight rows of its width.
SWIZZLE_ROWS = 8


@dataclass(frozen=True)
class SharedLayout:
    """A buffer of `shape` with elements of `element_bytes`, row-major with `padding` elements after each row.

    `swizzle` is 0, 32, 64 or 128, as bulk copies and matrix instructions know it: the columns are parted into blocks of that
    many bytes, one block after another; in a block, with rows of that width, the number of the 16-byte vector in its row is
    xored with the number of the 128-byte line, modulo the vectors of a row. Each matrix has room for rows in eights.
    `digits`, with `xors` and `offset`, give any other map, as in `layout_algebra.Layout`. The `leading` dimensions
    are stages: each is a whole buffer of its own, `pitch` elements after the one before it (0: directly after it).
    """

    shape: tuple[int, ...]
    element_bytes: int
    swizzle: int = 0
    padding: int = 0
    leading: int = 0
    digits: tuple[Digit, ...] = ()
    xors: tuple[tuple[int, int], ...] = ()
    offset: int = 0
    pitch: int = 0

    def __post_init__(self) -> None:
        if self.swizzle not in SWIZZLES:
            raise LayoutError(f"swizzle = {self.swizzle}; it is one of {SWIZZLES}")
        if (bool(self.swizzle) + bool(self.padding) + bool(self.digits)) > 1:
            raise LayoutError("a layout is swizzled or padded or given by its digits, one of these")
        if (self.xors or self.offset) and not self.digits:
            raise LayoutError("xors and an offset are those of digits: there are none")
        if not 0 <= self.leading <= max(0, len(self.shape) - 1):
            raise LayoutError(f"leading = {self.leading} of shape {self.shape}; a buffer has at least one dimension of its own")
        if self.swizzle and (self.element_bytes > VECTOR_BYTES or VECTOR_BYTES % self.element_bytes):
            raise LayoutError(f"elements of {self.element_bytes} bytes do not fill the swizzle's vectors of {VECTOR_BYTES}")
        if self.padding < 0 or any(extent <= 0 for extent in self.shape) or self.element_bytes <= 0:
            raise LayoutError(f"shape {self.shape} with padding {self.padding} has no elements")
        if self.swizzle and (not self.inner or self.inner[-1] * self.element_bytes % self.swizzle):
            raise LayoutError(f"rows of shape {self.shape} are no multiple of the swizzle of {self.swizzle} bytes")
        _ = self.layout

    @property
    def inner(self) -> tuple[int, ...]:
        return self.shape[self.leading :]

    @cached_property
    def layout(self) -> Layout:
        """The map from indices to element positions, stages included."""
        layout = self._inner_layout()
        step = max(self.pitch, layout.span - layout.offset + self.padding)
        for stages in reversed(self.shape[: self.leading]):
            layout = layout.expand(stages, step)
            step *= stages
        return layout

    def _inner_layout(self) -> Layout:
        if self.digits:
            return Layout(self.inner, self.digits, self.xors, self.offset)
        if self.swizzle:
            return self._swizzled()
        if not self.inner:
            return Layout((), (Digit(1, 0),))
        columns = self.inner[-1]
        return Layout(self.inner, (Digit(columns, 1), Digit(prod(self.inner[:-1]), columns + self.padding)))

    def _swizzled(self) -> Layout:
        width = self.swizzle // self.element_bytes
        if len(self.inner) == 1:
            # The first row of each block is where it would be anyway.
            return Layout(self.inner, (Digit(width, 1), Digit(self.inner[0] // width, SWIZZLE_ROWS * width)))
        *matrices, rows, columns = self.inner
        vector = VECTOR_BYTES // self.element_bytes
        vectors = self.swizzle // VECTOR_BYTES
        rows_to_a_line = LINE_BYTES // self.swizzle
        padded = -(-rows // SWIZZLE_ROWS) * SWIZZLE_ROWS
        cover = (*matrices, padded, columns)
        digits = (
            Digit(vector, 1),
            Digit(vectors, vector),
            Digit(columns // width, padded * width),
            Digit(rows_to_a_line, width),
            Digit(vectors, rows_to_a_line * width),
            Digit(padded // SWIZZLE_ROWS, SWIZZLE_ROWS * width),
            Digit(prod(matrices), padded * columns),
        )
        return Layout(self.inner, digits, ((1, 4),), 0, cover)

    @property
    def size(self) -> int:
        """The elements of memory that the buffer takes, padding included."""
        return max(self.layout.span + self.padding, self.pitch * prod(self.shape[: self.leading]))

    @property
    def alignment(self) -> int:
        """The bytes that the address of the buffer, and of each stage, is to be a multiple of."""
        return max(LINE_BYTES, self.swizzle * SWIZZLE_ROWS)

    @property
    def fits_bulk_copies(self) -> bool:
        """Whether a bulk copy can write it: linear, or swizzled by the hardware's own rule."""
        return not self.padding and not self.digits

    @property
    def fits_descriptors(self) -> bool:
        """Whether an instruction that reads by descriptors can read it: swizzled as the hardware does, or rows of one vector.

        A swizzle serves either order of the dimensions: its blocks are as wide along the rows, whatever they are rows of.
        """
        if self.swizzle or not self.inner:
            return self.swizzle > 0
        row_bytes = self.inner[-1] * self.element_bytes
        if row_bytes == VECTOR_BYTES:
            return self.same_map(replace(self, padding=0, digits=(), xors=(), offset=0))
        fitting = [width for width in SWIZZLES if width and row_bytes % width == 0 and VECTOR_BYTES % self.element_bytes == 0]
        known = (replace(self, swizzle=width, padding=0, digits=(), xors=(), offset=0) for width in fitting)
        return bool(self.digits) and any(self.same_map(layout) for layout in known)

    def position(self, index: Sequence[int]) -> int:
        """The element position of `index`."""
        return self.layout(index)

    def expand(self, stages: int) -> SharedLayout:
        """The layout of `stages` buffers of this layout, one after another."""
        if stages <= 0:
            raise LayoutError(f"cannot expand a layout by {stages} stages")
        return replace(self, shape=(stages, *self.shape), leading=self.leading + 1)

    def is_injective(self) -> bool:
        return self.layout.is_injective()

    def same_map(self, other: SharedLayout) -> bool:
        """Whether both keep every element at the same place, however they are written."""
        return self.element_bytes == other.element_bytes and self.layout.same_map(other.layout)

    def bank_conflicts(self, indices: Sequence[Sequence[int]], width: int) -> int:
        """How often one bank is used when elements of these indices are accessed at once, each with `width` bytes.

        Accesses are served 128 bytes at a time: `indices` are those of one such part. 1: free of conflicts.
        """
        used: dict[int, set[int]] = {}
        for index in indices:
            address = self.position(index) * self.element_bytes
            for word in range(address // 4, (address + width + 3) // 4):
                used.setdefault(word % 32, set()).add(word)
        return max((len(words) for words in used.values()), default=0)
