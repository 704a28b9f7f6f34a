"""Decide the layout of every fragment: seeds from annotations and products, then along the parallel operations.

Nothing is rewritten here. A fragment that two operations want in different ways, or that is indexed in a way that no layout
serves, is moved to shared memory, which any thread may read: slower, and right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tilewright.analysis.loop_space import LoopSpace, SpaceAccess
from tilewright.analysis.ownership import contains
from tilewright.ir.layout import FragmentLayout, LayoutError, replicated_fragment, rows_first_fragment, spread_fragment
from tilewright.mlir import ir


@dataclass(frozen=True)
class Seed:
    """A layout that an operation dictates, with the operation."""

    buffer: ir.Value
    layout: FragmentLayout
    operation: ir.Operation


@dataclass(frozen=True)
class Conflict:
    """A fragment that two operations want in different ways, or that `second` indexes in a way that no layout serves."""

    buffer: ir.Value
    reason: str
    first: ir.Operation | None
    second: ir.Operation


@dataclass
class Assignment:
    """The layout of each fragment, of each parallel operation, and the fragments that move to shared memory."""

    layouts: dict[ir.Value, FragmentLayout] = field(default_factory=dict)
    loops: dict[ir.Operation, FragmentLayout] = field(default_factory=dict)
    moved: list[Conflict] = field(default_factory=list)


@dataclass(frozen=True)
class Fragments:
    """The fragments of a kernel: shape and vector width (elements in 16 bytes), by buffer; the kernel's threads."""

    shapes: Mapping[ir.Value, tuple[int, ...]]
    vectors: Mapping[ir.Value, int]
    threads: int


def assign_layouts(
    spaces: list[LoopSpace], seeds: list[Seed], fragments: Fragments, conflicts: Iterable[Conflict] = ()
) -> Assignment:
    """Assign, and move a fragment to shared memory at each conflict, until no conflict is left but those given."""
    moved: dict[ir.Value, Conflict] = {conflict.buffer: conflict for conflict in conflicts}
    while True:
        solver = _Solver(spaces, [seed for seed in seeds if seed.buffer not in moved], fragments, set(moved))
        solver.solve()
        if solver.conflict is None:
            return Assignment(solver.layouts, solver.loops, list(moved.values()))
        moved[solver.conflict.buffer] = solver.conflict


class _Solver:
    def __init__(self, spaces: list[LoopSpace], seeds: list[Seed], fragments: Fragments, moved: set[ir.Value]) -> None:
        self._spaces = spaces
        self._fragments = fragments
        self._left = {buffer: shape for buffer, shape in fragments.shapes.items() if buffer not in moved}
        self.layouts: dict[ir.Value, FragmentLayout] = {}
        self.loops: dict[ir.Operation, FragmentLayout] = {}
        self.conflict: Conflict | None = None
        self._origin: dict[ir.Value, ir.Operation] = {}
        self._seeds = seeds

    def solve(self) -> None:
        for seed in self._seeds:
            self._give(seed.buffer, seed.layout, seed.operation)
        self._propagate()
        while self.conflict is None:
            root = self._next_root()
            if root is None:
                break
            self._give(*root)
            self._propagate()
        if self.conflict is None:
            self._give_serial()
            self._lay_out_loops()

    def _give(self, buffer: ir.Value, layout: FragmentLayout, operation: ir.Operation) -> None:
        known = self.layouts.get(buffer)
        if known is None:
            self.layouts[buffer] = layout
            self._origin[buffer] = operation
        elif not contains(known, layout):
            self._conflict(buffer, "two operations want it spread differently", operation)

    def _conflict(self, buffer: ir.Value, reason: str, operation: ir.Operation) -> None:
        self.conflict = self.conflict or Conflict(buffer, reason, self._origin.get(buffer), operation)

    def _regular(self, space: LoopSpace) -> Iterable[SpaceAccess]:
        """The accesses of fragments that take whole dimensions of the space."""
        for access in space.accesses:
            if access.buffer in self._left and access.dimensions is not None and space.extents is not None:
                extents = tuple(space.extents[dimension] for dimension in access.dimensions)
                if extents == self._left[access.buffer]:
                    yield access

    def _propagate(self) -> None:
        changed = True
        while changed and self.conflict is None:
            changed = False
            for space in self._spaces:
                layout = self._loop_layout(space)
                if layout is None:
                    continue
                for access in self._regular(space):
                    if access.buffer not in self.layouts:
                        assert access.dimensions is not None
                        self._give(access.buffer, layout.project(access.dimensions), access.operation)
                        changed = True

    def _loop_layout(self, space: LoopSpace) -> FragmentLayout | None:
        """The layout of the space from a fragment that all its dimensions index: one that is written first."""
        if space.extents is None:
            return None
        known = [
            access
            for access in self._regular(space)
            if access.buffer in self.layouts and len(access.dimensions or ()) == len(space.extents)
        ]
        known.sort(key=lambda access: (not access.writes, self.layouts[access.buffer].replication))
        for access in known:
            layout = self.layouts[access.buffer]
            assert access.dimensions is not None
            try:
                inverse = [access.dimensions.index(dimension) for dimension in range(len(space.extents))]
                return layout.project(inverse)
            except LayoutError:
                continue
        return None

    def _next_root(self) -> tuple[ir.Value, FragmentLayout, ir.Operation] | None:
        """The largest fragment without a layout that some parallel operation indexes with all its dimensions."""
        best: tuple[int, ir.Value, LoopSpace] | None = None
        for space in self._spaces:
            for access in self._regular(space):
                if access.buffer in self.layouts or len(access.dimensions or ()) != len(space.extents or ()):
                    continue
                size = 1
                for extent in self._left[access.buffer]:
                    size *= extent
                if best is None or size > best[0]:
                    best = (size, access.buffer, space)
        if best is None:
            return None
        _, buffer, space = best
        access = next(
            a for a in self._regular(space) if a.buffer == buffer and len(a.dimensions or ()) == len(space.extents or ())
        )
        dimensions = access.dimensions or ()
        inverse = [dimensions.index(dimension) for dimension in range(len(dimensions))]
        layouts = _candidates(self._left[buffer], space.threads, self._fragments.vectors[buffer])
        layout = next((layout for layout in layouts if self._agrees(space, layout.project(inverse))), layouts[0])
        return buffer, layout, space.operation

    def _agrees(self, space: LoopSpace, layout: FragmentLayout) -> bool:
        """Whether a loop of this layout finds all fragments that have one in its own threads."""
        known = [access for access in self._regular(space) if access.buffer in self.layouts]
        return all(contains(self.layouts[access.buffer], layout.project(access.dimensions or ())) for access in known)

    def _give_serial(self) -> None:
        """What no parallel operation fixes is kept by every thread: counters, flags, scalars. What nothing uses is spread."""
        for space in self._spaces:
            for access in space.accesses:
                if access.buffer in self._left and access.buffer not in self.layouts:
                    self._give(access.buffer, replicated_fragment(self._left[access.buffer], space.threads), access.operation)
        for buffer, shape in self._left.items():
            if buffer not in self.layouts:
                self.layouts[buffer] = spread_fragment(shape, self._fragments.threads, self._fragments.vectors[buffer])

    def _lay_out_loops(self) -> None:
        """Fix each space's layout, and check that each access of a fragment finds its element in its own thread."""
        for space in self._spaces:
            layout = self._loop_layout(space)
            if layout is None and space.extents is not None:
                layouts = _candidates(space.extents, space.threads, _vector(space, self._fragments))
                layout = next((layout for layout in layouts if self._agrees(space, layout)), layouts[0])
            if layout is not None:
                self.loops[space.operation] = layout
            for access in space.accesses:
                if access.buffer in self._left and self.conflict is None:
                    self._check(space, access, layout)

    def _check(self, space: LoopSpace, access: SpaceAccess, layout: FragmentLayout | None) -> None:
        known = self.layouts[access.buffer]
        if access.serial:
            if not contains(known, replicated_fragment(known.shape, known.threads)):
                self._conflict(access.buffer, "every thread accesses an element that only some keep", access.operation)
            return
        regular = layout is not None and access in list(self._regular(space))
        if not regular:
            # Reading anywhere takes all of it in every thread; writing anywhere would leave the other copies as they were.
            if access.writes or not _is_every_thread(known):
                self._conflict(access.buffer, "its indices are not the loop's own", access.operation)
            return
        assert layout is not None and access.dimensions is not None
        accessing = layout.project(access.dimensions)
        if not contains(known, accessing):
            self._conflict(access.buffer, "the loop's threads do not keep the elements that they access", access.operation)
        elif access.writes and not contains(accessing, known):
            self._conflict(access.buffer, "not all threads that keep the elements write them", access.operation)


def _candidates(shape: tuple[int, ...], threads: int, vector: int) -> list[FragmentLayout]:
    """The spreads to choose from: the widest vectors first, then other widths, then rows first."""
    widths = list(dict.fromkeys((vector, 16, 8, 4, 2, 1)))
    layouts = [spread_fragment(shape, threads, width) for width in widths]
    if len(shape) == 2:
        layouts.append(rows_first_fragment(shape[0], shape[1], threads))
    return layouts


def _is_every_thread(layout: FragmentLayout) -> bool:
    return contains(layout, replicated_fragment(layout.shape, layout.threads))


def _vector(space: LoopSpace, fragments: Fragments) -> int:
    """The widest vector, in elements, that all accesses of a space allow along its last dimension."""
    widths = [fragments.vectors.get(access.buffer, 4) for access in space.accesses]
    return min(widths, default=1)
