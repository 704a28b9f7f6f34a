"""Layouts as plain values: where the elements of a buffer are kept. No MLIR here.

A `SharedLayout` maps indices to positions in shared memory: row-major, with padded rows or swizzled in 16-byte vectors. A
`FragmentLayout` maps indices to (thread, register): the row-major position is taken apart into digits, innermost
first, and each digit moves the thread, the register, or neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

VECTOR_BYTES = 16
SWIZZLES = (0, 32, 64, 128)


class LayoutError(ValueError):
    """A layout that makes no sense, with the reason."""


@dataclass(frozen=True)
class SharedLayout:
    """A buffer of `shape` with elements of `element_bytes`, row-major with `padding` elements after each row.

    `swizzle` is 0, 32, 64 or 128: within groups of 8 rows (4, 2) of that many bytes, vector v of row r is kept at v xor r. The
    leading `leading` dimensions are stages: each is a whole buffer of its own.
    """

    shape: tuple[int, ...]
    element_bytes: int
    swizzle: int = 0
    padding: int = 0
    leading: int = 0

    def __post_init__(self) -> None:
        if self.swizzle not in SWIZZLES:
            raise LayoutError(f"swizzle = {self.swizzle}; it is one of {SWIZZLES}")
        if self.swizzle and self.padding:
            raise LayoutError("a layout is swizzled or padded, not both")
        if not 0 <= self.leading <= max(0, len(self.shape) - 1):
            raise LayoutError(f"leading = {self.leading} of shape {self.shape}; a buffer has at least one dimension of its own")
        if self.swizzle and (self.element_bytes > VECTOR_BYTES or VECTOR_BYTES % self.element_bytes):
            raise LayoutError(f"elements of {self.element_bytes} bytes do not fill the swizzle's vectors of {VECTOR_BYTES}")
        if self.padding < 0 or any(extent <= 0 for extent in self.shape) or self.element_bytes <= 0:
            raise LayoutError(f"shape {self.shape} with padding {self.padding} has no elements")
        if self.swizzle and (not self.inner or self.inner[-1] * self.element_bytes % self.swizzle):
            raise LayoutError(f"rows of shape {self.shape} are no multiple of the swizzle of {self.swizzle} bytes")

    @property
    def inner(self) -> tuple[int, ...]:
        return self.shape[self.leading :]

    @property
    def size(self) -> int:
        """The elements of memory that the buffer takes, padding included."""
        rows = prod(self.shape[:-1])
        return rows * (self.shape[-1] + self.padding) if self.shape else 1

    def position(self, index: Sequence[int]) -> int:
        """The element position of `index`."""
        row = 0
        for extent, coordinate in zip(self.shape[:-1], index[:-1], strict=True):
            row = row * extent + coordinate
        if not self.shape:
            return 0
        column = index[-1]
        if self.swizzle:
            rows_per_stage = prod(self.inner[:-1])
            column = self._swizzled(row % rows_per_stage, column)
        return row * (self.shape[-1] + self.padding) + column

    def _swizzled(self, row: int, column: int) -> int:
        vector = VECTOR_BYTES // self.element_bytes
        vectors = self.swizzle // VECTOR_BYTES
        row_bytes = self.inner[-1] * self.element_bytes
        # A row shorter than 128 bytes shares a 128-byte line with its neighbours: the line counts, not the row.
        line = row * row_bytes // 128 if row_bytes < 128 else row
        group, lane = divmod(column // vector, vectors)
        return (group * vectors + (lane ^ (line % vectors))) * vector + column % vector

    def expand(self, stages: int) -> SharedLayout:
        """The layout of `stages` buffers of this layout, one after another."""
        if stages <= 0:
            raise LayoutError(f"cannot expand a layout by {stages} stages")
        return SharedLayout((stages, *self.shape), self.element_bytes, self.swizzle, self.padding, self.leading + 1)

    def is_injective(self) -> bool:
        positions = [self.position(index) for index in product(*(range(extent) for extent in self.shape))]
        return len(set(positions)) == len(positions)


@dataclass(frozen=True)
class Mode:
    """One digit of a row-major position: `extent` values, each of which moves thread and register by these strides."""

    extent: int
    thread: int = 0
    register: int = 0


@dataclass(frozen=True)
class FragmentLayout:
    """How the elements of `shape` are spread over `threads`.

    `modes` are the digits of the row-major position, innermost first; the product of their extents is at least the size.
    `replicas` are digits that no index moves: each element is kept by every thread that they reach.
    """

    shape: tuple[int, ...]
    threads: int
    modes: tuple[Mode, ...]
    replicas: tuple[Mode, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.threads <= 0 or any(extent <= 0 for extent in self.shape):
            raise LayoutError(f"a fragment of shape {self.shape} over {self.threads} threads has no elements")
        if any(mode.extent <= 0 or mode.thread < 0 or mode.register < 0 for mode in (*self.modes, *self.replicas)):
            raise LayoutError(f"the modes {self.modes} have an extent or a stride below 0, or no extent")
        if prod(mode.extent for mode in self.modes) < prod(self.shape):
            raise LayoutError(f"the modes cover {prod(m.extent for m in self.modes)} of {prod(self.shape)} elements")

    def owner(self, index: Sequence[int]) -> tuple[int, int]:
        """The first thread that keeps the element, and its register there."""
        position = 0
        for extent, coordinate in zip(self.shape, index, strict=True):
            position = position * extent + coordinate
        thread = register = 0
        for mode in self.modes:
            position, digit = divmod(position, mode.extent)
            thread += digit * mode.thread
            register += digit * mode.register
        return thread, register

    def owners(self, index: Sequence[int]) -> frozenset[int]:
        """All threads that keep the element."""
        thread, _ = self.owner(index)
        return frozenset(thread + offset for offset in self._replica_offsets())

    def _replica_offsets(self) -> Iterator[int]:
        for digits in product(*(range(mode.extent) for mode in self.replicas)):
            yield sum(digit * mode.thread for digit, mode in zip(digits, self.replicas, strict=True))

    def describe(self) -> str:
        """The layout in a phrase."""
        extents = "x".join(str(extent) for extent in self.shape)
        copies = f", each element in {self.replication} of them" if self.replication > 1 else ""
        return f"{extents} over {self.threads} threads, {self.registers} registers each{copies}"

    @property
    def registers(self) -> int:
        """The registers, in elements, that each thread spends."""
        return 1 + sum((mode.extent - 1) * mode.register for mode in self.modes)

    @property
    def replication(self) -> int:
        """How many threads keep each element."""
        return prod(mode.extent for mode in self.replicas)

    def split(self) -> list[list[Mode]]:
        """The modes of each dimension, innermost digits first: a mode over two dimensions is parted between them.

        Raises LayoutError where that cannot be done.
        """
        result: list[list[Mode]] = []
        remaining = list(self.modes)
        for dimension in reversed(range(len(self.shape))):
            extent = 1
            modes: list[Mode] = []
            while remaining and (extent < self.shape[dimension] or remaining[0].extent == 1):
                mode = remaining.pop(0)
                needed = self.shape[dimension] // extent
                if mode.extent > needed and mode.extent % needed == 0 and self.shape[dimension] % extent == 0:
                    remaining.insert(0, Mode(mode.extent // needed, mode.thread * needed, mode.register * needed))
                    mode = Mode(needed, mode.thread, mode.register)
                modes.append(mode)
                extent *= mode.extent
            if extent != self.shape[dimension]:
                raise LayoutError(f"a mode crosses dimension {dimension} of shape {self.shape}")
            result.append(modes)
        return result[::-1]

    def reduce(self, axis: int) -> FragmentLayout:
        """The layout of the result of a reduction along `axis`: the threads along it all keep the result."""
        return self.project([dimension for dimension in range(len(self.shape)) if dimension != axis])

    def compact(self) -> FragmentLayout:
        """The same spread with registers numbered without gaps, in the order of their old strides."""
        strides = sorted({mode.register for mode in self.modes if mode.register})
        renamed: dict[int, int] = {}
        next_stride = 1
        for stride in strides:
            renamed[stride] = next_stride
            next_stride *= prod(mode.extent for mode in self.modes if mode.register == stride)
        modes = tuple(Mode(m.extent, m.thread, renamed.get(m.register, 0)) for m in self.modes)
        return FragmentLayout(self.shape, self.threads, modes, self.replicas)

    def expand(self, stages: int) -> FragmentLayout:
        """The layout of `stages` fragments of this layout, in registers of their own."""
        if stages <= 0:
            raise LayoutError(f"cannot expand a layout by {stages} stages")
        modes = (*self.modes, Mode(stages, 0, self.registers))
        return FragmentLayout((stages, *self.shape), self.threads, modes, self.replicas)

    def project(self, dimensions: Sequence[int]) -> FragmentLayout:
        """The layout of a buffer whose dimension i is dimension dimensions[i] of this one.

        Every thread that has a part of a dimension left out keeps the element: it is read wherever this layout's are.
        """
        per_dimension = self.split()
        dropped = [modes for dimension, modes in enumerate(per_dimension) if dimension not in dimensions]
        replicas = tuple(Mode(mode.extent, mode.thread) for modes in dropped for mode in modes if mode.thread)
        shape = tuple(self.shape[dimension] for dimension in dimensions)
        kept = [per_dimension[dimension] for dimension in dimensions]
        return _joined(shape, self.threads, kept, (*self.replicas, *replicas)).compact()

    def canonical(self) -> FragmentLayout:
        """The same spread in one way of writing it: no digits of extent 1, neighbours merged, replicas sorted."""
        modes: list[Mode] = []
        for mode in self.modes:
            if mode.extent == 1:
                continue
            last = modes[-1] if modes else None
            if last and (mode.thread, mode.register) == (last.thread * last.extent, last.register * last.extent):
                modes[-1] = Mode(last.extent * mode.extent, last.thread, last.register)
            else:
                modes.append(mode)
        replicas = sorted((mode for mode in self.replicas if mode.extent > 1), key=lambda mode: mode.thread)
        return FragmentLayout(self.shape, self.threads, tuple(modes) or (Mode(1),), tuple(replicas))


def _joined(
    shape: tuple[int, ...], threads: int, per_dimension: Sequence[Sequence[Mode]], replicas: tuple[Mode, ...]
) -> FragmentLayout:
    modes = tuple(mode for modes in reversed(per_dimension) for mode in modes) or (Mode(1),)
    return FragmentLayout(shape, threads, modes, replicas)


def spread_fragment(shape: Sequence[int], threads: int, vector: int) -> FragmentLayout:
    """Spread `shape` over threads, innermost dimension first: up to `vector` neighbours to a thread, then thread by thread.

    Each dimension takes as many of the threads that are left as divide it; what remains of it stays in registers.
    """
    per_dimension: list[list[Mode]] = []
    thread_stride = register_stride = 1
    for position, extent in enumerate(reversed(shape)):
        neighbours = _divisor(extent, vector) if position == 0 else 1
        used = _divisor(extent // neighbours, threads // thread_stride)
        kept = extent // neighbours // used
        modes = [Mode(neighbours, 0, register_stride)]
        register_stride *= neighbours
        modes += [Mode(used, thread_stride, 0), Mode(kept, 0, register_stride)]
        thread_stride *= used
        register_stride *= kept
        per_dimension.append([mode for mode in modes if mode.extent > 1])
    return _joined(tuple(shape), threads, per_dimension[::-1], ())


def rows_first_fragment(rows: int, columns: int, threads: int) -> FragmentLayout:
    """Spread rows over threads first, then the columns over the threads that each row has left.

    Where a row goes depends on the number of rows alone, so accumulators of one height agree on their rows.
    """
    along_rows = _divisor(rows, threads)
    along_columns = _divisor(columns, threads // along_rows)
    kept = columns // along_columns
    column_modes = [Mode(kept, 0, 1), Mode(along_columns, 1)]
    row_stride = threads // along_rows
    row_modes = [Mode(along_rows, row_stride), Mode(rows // along_rows, 0, kept)]
    # Threads of a row beyond its columns keep what the others keep, so that all of the row's threads have its sums.
    idle = row_stride // along_columns
    replicas = (Mode(idle, along_columns),) if idle > 1 and row_stride % along_columns == 0 else ()
    modes = [[mode for mode in part if mode.extent > 1] for part in (row_modes, column_modes)]
    return _joined((rows, columns), threads, modes, replicas)


def _divisor(extent: int, limit: int) -> int:
    """The largest divisor of `extent` that is at most `limit`."""
    return max(divisor for divisor in range(1, min(extent, limit) + 1) if extent % divisor == 0)


def replicated_fragment(shape: Sequence[int], threads: int) -> FragmentLayout:
    """Every thread keeps every element."""
    size = prod(shape)
    return FragmentLayout(tuple(shape), threads, (Mode(size, 0, 1),), (Mode(threads, 1),) if threads > 1 else ())
