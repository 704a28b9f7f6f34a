"""Layouts of fragments: which thread keeps which element, in which register. No MLIR here.

A `FragmentLayout` maps indices to (thread, register): the row-major position is taken apart into digits, innermost
first, and each digit moves the thread, the register, or neither. Layouts in shared memory are in `shared_layout`,
what both have in common in `layout_algebra`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from math import prod

from tilewright.ir.layout_algebra import Digit, Layout, LayoutError
from tilewright.ir.shared_layout import SWIZZLES, VECTOR_BYTES, SharedLayout

__all__ = [
    "SWIZZLES",
    "VECTOR_BYTES",
    "Axis",
    "FragmentLayout",
    "LayoutError",
    "Mode",
    "SharedLayout",
    "flat_fragment",
    "ragged_fragment",
    "replicated_fragment",
    "rows_first_fragment",
    "spread_fragment",
]


@dataclass(frozen=True)
class Mode:
    """One digit of a row-major position: `extent` values, each of which moves thread and register by these strides."""

    extent: int
    thread: int = 0
    register: int = 0


@dataclass(frozen=True)
class Axis:
    """How one dimension of a buffer, of `extent`, is indexed in a loop: by a dimension of it, divided by `divisor`.

    A `dimension` of None: by something else, so that each iteration may touch all of it.
    """

    extent: int
    dimension: int | None
    divisor: int = 1


@dataclass(frozen=True)
class FragmentLayout:
    """How the elements of `shape` are spread over `threads`.

    `modes` are the digits of the row-major position, innermost first; the product of their extents is at least the size.
    `replicas` are digits that no index moves: each element is kept by every thread that they reach. `cover` is the shape,
    at least `shape`, whose row-major positions are meant, where extents are ragged: what is beyond the shape is nobody's.
    """

    shape: tuple[int, ...]
    threads: int
    modes: tuple[Mode, ...]
    replicas: tuple[Mode, ...] = field(default=())
    cover: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.cover:
            object.__setattr__(self, "cover", self.shape)
        if self.threads <= 0 or any(extent <= 0 for extent in self.shape):
            raise LayoutError(f"a fragment of shape {self.shape} over {self.threads} threads has no elements")
        if any(mode.extent <= 0 or mode.thread < 0 or mode.register < 0 for mode in (*self.modes, *self.replicas)):
            raise LayoutError(f"the modes {self.modes} have an extent or a stride below 0, or no extent")
        if len(self.cover) != len(self.shape) or any(c < s for c, s in zip(self.cover, self.shape, strict=True)):
            raise LayoutError(f"the cover {self.cover} is smaller than the shape {self.shape}")
        if prod(mode.extent for mode in self.modes) < prod(self.cover):
            raise LayoutError(f"the modes cover {prod(m.extent for m in self.modes)} of {prod(self.cover)} elements")

    def owner(self, index: Sequence[int]) -> tuple[int, int]:
        """The first thread that keeps the element, and its register there."""
        thread, register = divmod(self.places(index), self.registers)
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

    @property
    def is_fully_replicated(self) -> bool:
        """Whether every thread keeps every element."""
        reach = sorted((m for m in self.replicas if m.extent > 1), key=lambda mode: mode.thread)
        steps = [1]
        for mode in reach:
            steps.append(steps[-1] * mode.extent if mode.thread == steps[-1] else 0)
        return steps[-1] == self.threads and not any(mode.thread for mode in self.modes if mode.extent > 1)

    # The algebra: that of the map index → thread · registers + register, of the first thread that keeps an element.

    @property
    def places(self) -> Layout:
        """index → thread · registers + register, for the first thread."""
        return _places(self)

    @property
    def replicated_places(self) -> Layout:
        """(replica, *index) → thread · registers + register, for all threads that keep an element."""
        if self.replication == 1:
            return replace(self.places, shape=(1, *self.shape), cover=(1, *self.cover))
        places = self.places._filled()
        replicas = tuple(Digit(mode.extent, mode.thread * self.registers) for mode in self.replicas) or (Digit(1, 0),)
        count = self.replication
        return Layout((count, *self.shape), (*places.digits, *replicas), (), 0, (count, *places.cover))

    def with_places(self, places: Layout) -> FragmentLayout:
        """The layout over the same threads whose elements have these places."""
        modes = tuple(Mode(digit.extent, *divmod(digit.stride, self.registers)) for digit in places.digits)
        return FragmentLayout(places.shape, self.threads, modes, self.replicas, places.cover)

    def compose(self, inner: Layout) -> FragmentLayout:
        """The layout of what stands at row-major position inner(index): how a loop that indexes it so is spread."""
        return self.with_places(self.places.compose(inner))

    def inverse(self) -> Layout:
        """thread · registers + register → row-major position in (replica, *index). Raises LayoutError where there is none."""
        return self.replicated_places.inverse()

    def is_injective(self) -> bool:
        """Whether each register of a thread keeps at most one element, and no thread an element twice."""
        return self.replicated_places.is_injective()

    def same_spread(self, other: FragmentLayout) -> bool:
        """Whether both keep every element in the same register of the same threads, however they are written."""
        same = self.threads == other.threads and self.registers == other.registers
        return same and self.replicated_places.same_map(other.replicated_places)

    def reshape(self, shape: Sequence[int]) -> FragmentLayout:
        """The same spread of another shape with the same row-major positions."""
        return self.with_places(self.places.reshape(shape))

    def repeat(self, dimension: int, factor: int, in_registers: bool = True) -> FragmentLayout:
        """`factor` of this fragment along a dimension: in registers, or over as many times the threads."""
        if in_registers:
            return self._repeated(dimension, factor, Mode(factor, 0, self.registers), self.threads)
        return self._repeated(dimension, factor, Mode(factor, self.threads, 0), self.threads * factor)

    def _repeated(self, dimension: int, factor: int, mode: Mode, threads: int) -> FragmentLayout:
        if factor <= 0 or not 0 <= dimension < len(self.shape) or self.cover != self.shape:
            raise LayoutError(f"cannot repeat dimension {dimension} of {self.shape} over {self.cover} {factor} times")
        parts = self.split()
        parts[dimension] = [*parts[dimension], mode]
        shape = tuple(extent * factor if d == dimension else extent for d, extent in enumerate(self.shape))
        return _joined(shape, threads, parts, self.replicas)

    def expand(self, stages: int) -> FragmentLayout:
        """The layout of `stages` fragments of this layout, in registers of their own."""
        if stages <= 0:
            raise LayoutError(f"cannot expand a layout by {stages} stages")
        filled = self.with_places(self.places._filled()) if self.modes else self
        modes = (*filled.modes, Mode(stages, 0, self.registers))
        return FragmentLayout((stages, *self.shape), self.threads, modes, self.replicas, (stages, *filled.cover))

    # Loops and what they index.

    def split(self) -> list[list[Mode]]:
        """The modes of each dimension, innermost digits first: a mode over two dimensions is parted between them.

        Raises LayoutError where that cannot be done.
        """
        result: list[list[Mode]] = []
        remaining = list(self.modes)
        for dimension in reversed(range(len(self.cover))):
            extent = 1
            modes: list[Mode] = []
            while remaining and (extent < self.cover[dimension] or remaining[0].extent == 1):
                mode = remaining.pop(0)
                needed = self.cover[dimension] // extent
                if mode.extent > needed and mode.extent % needed == 0 and self.cover[dimension] % extent == 0 and dimension:
                    remaining.insert(0, Mode(mode.extent // needed, mode.thread * needed, mode.register * needed))
                    mode = Mode(needed, mode.thread, mode.register)
                modes.append(mode)
                extent *= mode.extent
            if extent != self.cover[dimension] and (dimension or extent < self.cover[dimension]):
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
        return replace(self, modes=modes)

    def project(self, dimensions: Sequence[int]) -> FragmentLayout:
        """The layout of a buffer whose dimension i is dimension dimensions[i] of this one.

        Every thread that has a part of a dimension left out keeps the element: it is read wherever this layout's are.
        """
        return self.indexed(tuple(Axis(self.shape[dimension], dimension) for dimension in dimensions))

    def indexed(self, axes: tuple[Axis, ...]) -> FragmentLayout:
        """The layout of a buffer that a loop of this layout indexes by `axes`: each thread keeps what its iterations touch.

        Raises LayoutError where the digits do not part as the axes ask.
        """
        return _indexed(self, axes)

    def restrict(self, shape: Sequence[int]) -> FragmentLayout:
        """This layout of the part of it, from the origin, that has this shape."""
        if len(shape) != len(self.shape) or any(part > whole for part, whole in zip(shape, self.shape, strict=True)):
            raise LayoutError(f"{tuple(shape)} is no part of {self.shape}")
        return replace(self, shape=tuple(shape), cover=self.cover)

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
        return replace(self, modes=tuple(modes) or (Mode(1),), replicas=tuple(replicas))


@lru_cache(maxsize=4096)
def _places(layout: FragmentLayout) -> Layout:
    registers = layout.registers
    digits = tuple(Digit(mode.extent, mode.thread * registers + mode.register) for mode in layout.modes)
    return Layout(layout.shape, digits or (Digit(1, 0),), (), 0, layout.cover)


@lru_cache(maxsize=4096)
def _indexed(layout: FragmentLayout, axes: tuple[Axis, ...]) -> FragmentLayout:
    whole = all(axis.dimension == number and axis.divisor == 1 for number, axis in enumerate(axes))
    if whole and len(axes) == len(layout.shape) and all(a.extent == e for a, e in zip(axes, layout.shape, strict=True)):
        return layout.compact()
    per_dimension = layout.split()
    covers = [prod(mode.extent for mode in modes) for modes in per_dimension]
    dropped = [modes for dimension, modes in enumerate(per_dimension) if dimension not in {a.dimension for a in axes}]
    kept: list[list[Mode]] = []
    cover: list[int] = []
    register = max((mode.register * mode.extent for mode in layout.modes), default=0) + layout.registers
    for axis in axes:
        if axis.dimension is None:
            kept.append([Mode(axis.extent, 0, register)])
            cover.append(axis.extent)
            register *= axis.extent
            continue
        low, high = _parted(per_dimension[axis.dimension], axis.divisor)
        dropped.append(low)
        kept.append(high)
        cover.append(covers[axis.dimension] // axis.divisor)
    replicas = tuple(Mode(mode.extent, mode.thread) for modes in dropped for mode in modes if mode.thread)
    shape = tuple(axis.extent for axis in axes)
    if any(c < s for c, s in zip(cover, shape, strict=True)):
        raise LayoutError(f"a loop of shape {layout.shape} does not reach all of {shape}")
    return _joined(shape, layout.threads, kept, (*layout.replicas, *replicas), tuple(cover)).compact()


def _parted(modes: list[Mode], divisor: int) -> tuple[list[Mode], list[Mode]]:
    """The digits of a dimension below `divisor`, and those from it on."""
    low: list[Mode] = []
    high = list(modes)
    while divisor > 1:
        if not high:
            raise LayoutError(f"a dimension has fewer than {divisor} values")
        mode = high.pop(0)
        if mode.extent > divisor:
            if mode.extent % divisor:
                raise LayoutError(f"a digit of {mode.extent} values is not parted by {divisor}")
            high.insert(0, Mode(mode.extent // divisor, mode.thread * divisor, mode.register * divisor))
            mode = Mode(divisor, mode.thread, mode.register)
        elif divisor % mode.extent:
            raise LayoutError(f"a digit of {mode.extent} values does not part {divisor}")
        low.append(mode)
        divisor //= mode.extent
    return low, high


def _joined(
    shape: tuple[int, ...],
    threads: int,
    per_dimension: Sequence[Sequence[Mode]],
    replicas: tuple[Mode, ...],
    cover: tuple[int, ...] = (),
) -> FragmentLayout:
    modes = tuple(mode for modes in reversed(per_dimension) for mode in modes) or (Mode(1),)
    return FragmentLayout(shape, threads, modes, replicas, cover)


def spread_fragment(shape: Sequence[int], threads: int, vector: int) -> FragmentLayout:
    """Spread `shape` over threads, innermost dimension first: up to `vector` neighbours to a thread, then thread by thread.

    Each dimension takes as many of the threads that are left as divide it; what remains of it stays in registers.
    """
    return _spread(shape, threads, vector, _divisor)


def ragged_fragment(shape: Sequence[int], threads: int, vector: int) -> FragmentLayout:
    """Spread `shape` as `spread_fragment` does, but over threads that need not divide it: some have nothing in the last round.

    Each dimension takes the fewest threads, of those that part what is left of them evenly, that reach all of it.
    """
    return _spread(shape, threads, vector, _fewest_threads)


def _spread(shape: Sequence[int], threads: int, vector: int, choose: Callable[[int, int], int]) -> FragmentLayout:
    """Spread `shape` dimension by dimension. `choose(needed, left)`: how many of the threads left a dimension takes."""
    per_dimension: list[list[Mode]] = []
    cover: list[int] = []
    thread_stride = register_stride = 1
    for position, extent in enumerate(reversed(shape)):
        neighbours = _divisor(extent, vector) if position == 0 else 1
        needed = extent // neighbours
        used = choose(needed, threads // thread_stride)
        kept = -(-needed // used)
        modes = [Mode(neighbours, 0, register_stride)]
        register_stride *= neighbours
        modes += [Mode(used, thread_stride, 0), Mode(kept, 0, register_stride)]
        thread_stride *= used
        register_stride *= kept
        per_dimension.append([mode for mode in modes if mode.extent > 1])
        cover.append(neighbours * used * kept)
    return _joined(tuple(shape), threads, per_dimension[::-1], (), tuple(cover[::-1]))


def _fewest_threads(needed: int, left: int) -> int:
    return next(divisor for divisor in range(min(needed, left), left + 1) if left % divisor == 0)


def flat_fragment(shape: Sequence[int], threads: int, vector: int) -> FragmentLayout:
    """position → thread (position / v) mod threads: all threads in each round, whatever the dimensions; the last may be ragged.

    v is the largest divisor of the innermost extent up to `vector`.
    """
    size = prod(shape)
    neighbours = _divisor(shape[-1], vector) if shape else 1
    used = min(threads, size // neighbours)
    rounds = -(-size // (neighbours * used))
    modes = (Mode(neighbours, 0, 1), Mode(used, 1, 0), Mode(rounds, 0, neighbours))
    return FragmentLayout(tuple(shape), threads, tuple(mode for mode in modes if mode.extent > 1) or (Mode(1),))


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


@lru_cache(maxsize=4096)
def _divisor(extent: int, limit: int) -> int:
    """The largest divisor of `extent` that is at most `limit`."""
    return next(divisor for divisor in range(min(extent, limit), 0, -1) if extent % divisor == 0)


def replicated_fragment(shape: Sequence[int], threads: int) -> FragmentLayout:
    """Every thread keeps every element."""
    size = prod(shape)
    return FragmentLayout(tuple(shape), threads, (Mode(size, 0, 1),), (Mode(threads, 1),) if threads > 1 else ())
