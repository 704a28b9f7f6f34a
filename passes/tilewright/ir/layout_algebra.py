"""Layouts as maps from indices to integers, with their algebra. No MLIR here.

A `Layout` takes the row-major position of an index apart into digits, innermost first; some digits are xored into others of
the same number of bits; each digit moves the result by its stride. That is enough for rows, padding, swizzles, transposes,
stages, and for what a thread keeps where; and it is closed under composition and inversion, where these can be had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


class LayoutError(ValueError):
    """A layout that makes no sense, or that cannot be had in this form, with the reason."""


@dataclass(frozen=True)
class Digit:
    """One digit of a position: `extent` values, each of which moves the result by `stride`."""

    extent: int
    stride: int


@dataclass(frozen=True)
class Layout:
    """A map from the indices of `shape` to integers.

    `digits`: of the row-major position, innermost first. `xors`: pairs (target, source) of digits, in order; the target becomes
    target xor source. `cover`: the shape, at least `shape` in each dimension, whose row-major positions are taken
    apart; it is larger where extents are ragged, and `shape` where it is not given.
    """

    shape: tuple[int, ...]
    digits: tuple[Digit, ...]
    xors: tuple[tuple[int, int], ...] = ()
    offset: int = 0
    cover: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.cover:
            object.__setattr__(self, "cover", self.shape)
        if any(extent <= 0 for extent in self.shape):
            raise LayoutError(f"shape {self.shape} has no elements")
        if len(self.cover) != len(self.shape) or any(c < s for c, s in zip(self.cover, self.shape, strict=True)):
            raise LayoutError(f"the cover {self.cover} is smaller than the shape {self.shape}")
        if any(digit.extent <= 0 or digit.stride < 0 for digit in self.digits) or self.offset < 0:
            raise LayoutError("a digit has no values, or a stride or the offset is below 0")
        if prod(digit.extent for digit in self.digits) < prod(self.cover):
            raise LayoutError(f"the digits cover {prod(d.extent for d in self.digits)} of {prod(self.cover)} elements")
        for target, source in self.xors:
            if target == source or not (0 <= target < len(self.digits) and 0 <= source < len(self.digits)):
                raise LayoutError(f"digit {target} xor digit {source} of {len(self.digits)}")
            into, of = self.digits[target].extent, self.digits[source].extent
            if not _is_power_of_two(into) or not _is_power_of_two(of) or of > into:
                raise LayoutError(f"{of} values cannot be xored into {into}: both are powers of two, the second no less")

    def __call__(self, index: Sequence[int]) -> int:
        position = 0
        for extent, coordinate in zip(self.cover, index, strict=True):
            position = position * extent + coordinate
        values: list[int] = []
        for digit in self.digits:
            position, value = divmod(position, digit.extent)
            values.append(value)
        for target, source in self.xors:
            values[target] ^= values[source]
        return self.offset + sum(value * digit.stride for value, digit in zip(values, self.digits, strict=True))

    @cached_property
    def table(self) -> IntArray:
        """The result for every index, as an array of `shape`."""
        position = np.arange(prod(self.cover), dtype=np.int64).reshape(self.cover)
        position = position[tuple(slice(extent) for extent in self.shape)]
        values: list[IntArray] = []
        for digit in self.digits:
            position, value = np.divmod(position, digit.extent)
            values.append(value)
        for target, source in self.xors:
            values[target] = values[target] ^ values[source]
        result = np.full(self.shape, self.offset, dtype=np.int64)
        for value, digit in zip(values, self.digits, strict=True):
            result += value * digit.stride
        return result

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def is_ragged(self) -> bool:
        return self.cover != self.shape or prod(digit.extent for digit in self.digits) != self.size

    @property
    def span(self) -> int:
        """One more than the largest result that the digits can give."""
        return self.offset + 1 + sum((digit.extent - 1) * digit.stride for digit in self.digits)

    def image(self) -> IntArray:
        """All results, in order, each once."""
        return np.unique(self.table)

    def is_injective(self) -> bool:
        """Whether no two indices have the same result."""
        reach = 0
        for digit in sorted((d for d in self.digits if d.extent > 1), key=lambda d: d.stride):
            if digit.stride <= reach:
                break
            reach += (digit.extent - 1) * digit.stride
        else:
            return True
        return bool(self.image().size == self.size)

    def is_bijective(self) -> bool:
        """Whether the results are 0, 1, … size - 1, each once."""
        return self.is_injective() and int(self.table.min()) == 0 and int(self.table.max()) == self.size - 1

    def canonical(self) -> Layout:
        """The same map in one way of writing it: xors bit by bit, no digits of one value, neighbours merged."""
        bits = self._in_bits()
        kept: list[Digit] = []
        places: dict[int, int] = {}
        mixed = {number for pair in bits.xors for number in pair}
        mergeable = False
        for number, digit in enumerate(bits.digits):
            last = kept[-1] if kept else None
            if digit.extent == 1:
                continue
            if number in mixed:
                places[number] = len(kept)
                kept.append(digit)
                mergeable = False
            elif mergeable and last is not None and digit.stride == last.stride * last.extent:
                kept[-1] = Digit(last.extent * digit.extent, last.stride)
            else:
                kept.append(digit)
                mergeable = True
        xors = [(places[target], places[source]) for target, source in bits.xors]
        targets, sources = {t for t, _ in xors}, {s for _, s in xors}
        # Where no digit is both, the order is of no account.
        ordered = tuple(sorted(xors)) if not targets & sources else tuple(xors)
        return replace(self, digits=tuple(kept) or (Digit(1, 0),), xors=ordered)

    def same_map(self, other: Layout) -> bool:
        """Whether both give every index the same result."""
        if self.shape != other.shape:
            return False
        return self.canonical() == other.canonical() or bool(np.array_equal(self.table, other.table))

    def expand(self, count: int, stride: int | None = None) -> Layout:
        """`count` of this layout, one after another by `stride` (its span), along a new first dimension."""
        if count <= 0:
            raise LayoutError(f"cannot expand a layout by {count} stages")
        full = self._filled()
        step = full.span - full.offset if stride is None else stride
        return replace(full, shape=(count, *self.shape), digits=(*full.digits, Digit(count, step)), cover=(count, *self.cover))

    def repeat(self, dimension: int, factor: int) -> Layout:
        """`factor` of this layout, one after another, along one of its own dimensions."""
        if factor <= 0 or not 0 <= dimension < len(self.shape):
            raise LayoutError(f"cannot repeat dimension {dimension} of shape {self.shape} {factor} times")
        if self.is_ragged:
            raise LayoutError("a ragged layout cannot be repeated: what comes after its last element is not known")
        place = sum(len(group) for group in self._split_digits()[dimension:])
        digits = (*self.digits[:place], Digit(factor, self.span - self.offset), *self.digits[place:])
        xors = tuple((t + (t >= place), s + (s >= place)) for t, s in self.xors)
        shape = tuple(extent * factor if d == dimension else extent for d, extent in enumerate(self.shape))
        return Layout(shape, digits, xors, self.offset)

    def reshape(self, shape: Sequence[int]) -> Layout:
        """The same map for another shape with the same row-major positions."""
        if prod(shape) != self.size or self.cover != self.shape:
            raise LayoutError(f"{self.shape} over {self.cover} cannot be reshaped to {tuple(shape)}")
        return replace(self, shape=tuple(shape), cover=tuple(shape))

    def compose(self, inner: Layout) -> Layout:
        """The map index → self(inner(index)), where the results of `inner` are row-major positions of this shape.

        Raises LayoutError where a digit of one would have to be parted unevenly by those of the other.
        """
        if self.cover[1:] != self.shape[1:] or inner.span > self.size:
            raise LayoutError(f"positions up to {inner.span - 1} do not fit the shape {self.shape} over {self.cover}")
        outer, bits = self._in_bits(), inner._in_bits()
        if inner.offset and len(self.canonical().digits) > 1:
            raise LayoutError(f"an offset of {inner.offset} would carry between the digits")
        pieces = _Pieces(outer)
        numbers = [pieces.add(digit) for digit in bits.digits]
        xors = [(numbers[target][0], numbers[source][0]) for target, source in bits.xors]
        xors += pieces.xors_of(outer)
        offset = self.offset + inner.offset * self.canonical().digits[0].stride
        return Layout(inner.shape, tuple(pieces.digits), tuple(xors), offset, inner.cover)

    def inverse(self) -> Layout:
        """The map result → row-major position, of `cover`: what it gives outside the image means nothing.

        Raises LayoutError where the layout is not injective, has an offset, or strides that do not nest.
        """
        if self.offset:
            raise LayoutError(f"results start at {self.offset}: only a layout without offset is inverted")
        bits = self.canonical()
        mixed = {number for pair in bits.xors for number in pair}
        places = _place_values(bits.digits)
        order = sorted((n for n, d in enumerate(bits.digits) if d.extent > 1), key=lambda n: bits.digits[n].stride)
        found: list[Digit] = []
        renamed: dict[int, int] = {}
        reached = 1
        for position, number in enumerate(order):
            digit = bits.digits[number]
            end = digit.stride * digit.extent
            following = bits.digits[order[position + 1]].stride if position + 1 < len(order) else end
            if digit.stride == 0 or digit.stride % reached or following % digit.stride or following < end:
                raise LayoutError("not injective, or its strides do not nest: it has no inverse of this form")
            if digit.stride > reached:
                found.append(Digit(digit.stride // reached, 0))
            renamed[number] = len(found)
            # Positions between the rows belong to no index; a digit that takes no part in an xor may reach over them.
            room = digit.extent if number in mixed else following // digit.stride
            found.append(Digit(room, places[number]))
            reached = digit.stride * room
        # Xors undo themselves in the reverse order.
        xors = tuple((renamed[target], renamed[source]) for target, source in reversed(bits.xors))
        size = max(1, self.span)
        digits = tuple(found) or (Digit(1, 0),)
        return Layout((size,), digits, xors, 0, (max(size, prod(d.extent for d in digits)),))

    def _filled(self) -> Layout:
        """The same map with digits for exactly the positions of the cover, so that more can follow."""
        total = prod(digit.extent for digit in self.digits)
        needed = prod(self.cover)
        if total == needed:
            return self
        before = total // self.digits[-1].extent
        others = prod(self.cover[1:])
        if total % others == 0:
            return replace(self, cover=(total // others, *self.cover[1:]))
        if needed % before:
            raise LayoutError(f"the last digit of {self.shape} is ragged: nothing can follow it")
        last = Digit(needed // before, self.digits[-1].stride)
        return replace(self, digits=(*self.digits[:-1], last))

    def _in_bits(self) -> Layout:
        """The same map with every digit of an xor parted into its bits."""
        mixed = {number for pair in self.xors for number in pair}
        digits: list[Digit] = []
        first: dict[int, int] = {}
        for number, digit in enumerate(self.digits):
            first[number] = len(digits)
            width = digit.extent.bit_length() - 1 if number in mixed else 0
            digits += [Digit(2, digit.stride << bit) for bit in range(width)] if number in mixed else [digit]
        xors: list[tuple[int, int]] = []
        for target, source in self.xors:
            width = self.digits[source].extent.bit_length() - 1
            xors += [(first[target] + bit, first[source] + bit) for bit in range(width)]
        return replace(self, digits=tuple(digits), xors=tuple(xors))

    def _split_digits(self) -> list[list[int]]:
        """The numbers of the digits of each dimension, innermost first. Raises LayoutError where one crosses dimensions."""
        groups: list[list[int]] = []
        remaining = iter(range(len(self.digits)))
        for extent in reversed(self.cover):
            group: list[int] = []
            covered = 1
            while covered < extent:
                number = next(remaining)
                group.append(number)
                covered *= self.digits[number].extent
            if covered != extent:
                raise LayoutError(f"a digit crosses two dimensions of shape {self.shape}")
            groups.append(group)
        groups[-1] += list(remaining)
        return groups[::-1]


class _Pieces:
    """The digits of a composition: each digit of the inner layout, parted where those of the outer one begin."""

    def __init__(self, outer: Layout) -> None:
        self._outer = outer
        self._places = [*_place_values(outer.digits), prod(digit.extent for digit in outer.digits)]
        self._used = [0] * len(outer.digits)
        self._within: dict[int, int] = {}
        self.digits: list[Digit] = []

    def add(self, digit: Digit) -> list[int]:
        """Part one inner digit; the numbers of its pieces."""
        extent, place = digit.extent, digit.stride
        numbers: list[int] = []
        while extent > 1 and place > 0:
            at = next(n for n in range(len(self._places) - 1) if self._places[n] <= place < self._places[n + 1])
            end, start = self._places[at + 1], self._places[at]
            step, room = place // start, end // place
            whole = (extent - 1) * step < self._outer.digits[at].extent
            if place % start or (not whole and (end % place or extent % room)):
                raise LayoutError(f"steps of {place} do not fit the digits of shape {self._outer.shape}")
            size = extent if whole else room
            self._used[at] += (size - 1) * step
            if self._used[at] >= self._outer.digits[at].extent:
                raise LayoutError("two digits would carry into each other")
            self._within[at] = len(self.digits)
            numbers.append(len(self.digits))
            self.digits.append(Digit(size, step * self._outer.digits[at].stride))
            extent, place = extent // size, place * size
        if extent > 1 or not numbers:
            numbers.append(len(self.digits))
            self.digits.append(Digit(extent, 0))
        return numbers

    def xors_of(self, outer: Layout) -> Iterator[tuple[int, int]]:
        """The xors of the outer layout, whose digits are bits, between the pieces that stand for these bits."""
        for target, source in outer.xors:
            if source not in self._within:
                continue
            if target not in self._within:
                raise LayoutError("a digit is xored into one that no index reaches")
            yield self._within[target], self._within[source]


def _place_values(digits: Sequence[Digit]) -> list[int]:
    places: list[int] = []
    place = 1
    for digit in digits:
        places.append(place)
        place *= digit.extent
    return places


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def row_major(shape: Sequence[int]) -> Layout:
    """Every index at its row-major position."""
    return Layout(tuple(shape), (Digit(prod(shape), 1),))


def strided(shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> Layout:
    """Each dimension by a stride of its own."""
    digits = tuple(Digit(e, s) for e, s in zip(reversed(shape), reversed(strides), strict=True))
    return Layout(tuple(shape), digits, (), offset)
