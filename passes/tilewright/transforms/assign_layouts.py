"""Decide the layout of every fragment: what operations dictate, then what follows, then the cheapest of what is free.

Nothing is rewritten here. A fragment that two operations want in different ways, or that is indexed in a way that no layout
serves, is moved to shared memory, which any thread may read: slower, and right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tilewright.analysis.loop_space import LoopSpace, SpaceAccess
from tilewright.analysis.ownership import contains, contains_all, why_not_served
from tilewright.ir.layout import Axis, FragmentLayout, LayoutError, replicated_fragment, spread_fragment
from tilewright.mlir import ir
from tilewright.transforms.layout_candidates import candidates, memory_cost, register_cost, vector_width

CostModel = Literal["registers", "io"]
# Roots of one component that are tried: those of different forms, the earliest first.
_MOST_ROOTS = 8


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
    first_layout: FragmentLayout | None = None
    second_layout: FragmentLayout | None = None
    serial: bool = False


@dataclass
class Assignment:
    """The layout of each fragment, of each parallel operation, and the fragments that move to shared memory."""

    layouts: dict[ir.Value, FragmentLayout] = field(default_factory=dict)
    loops: dict[ir.Operation, FragmentLayout] = field(default_factory=dict)
    moved: list[Conflict] = field(default_factory=list)


@dataclass(frozen=True)
class Fragments:
    """The fragments of a kernel: shape, bytes of an element, and the threads of the scope that uses it, by buffer; the bytes of
    registers that a thread has."""

    shapes: Mapping[ir.Value, tuple[int, ...]]
    bytes: Mapping[ir.Value, int]
    threads: Mapping[ir.Value, int]
    register_bytes: int = 1 << 30


def assign_layouts(
    spaces: list[LoopSpace],
    seeds: list[Seed],
    loops: Mapping[ir.Operation, FragmentLayout],
    fragments: Fragments,
    conflicts: Iterable[Conflict] = (),
    cost: CostModel = "registers",
) -> Assignment:
    """Assign, and move a fragment to shared memory at each conflict, until no conflict is left but those given.

    `loops`: layouts that are given to parallel operations. Scalar code that accesses a fragment whose layout is dictated ends
    the search: it is an error.
    """
    moved: dict[ir.Value, Conflict] = {conflict.buffer: conflict for conflict in conflicts}
    while True:
        solver = _Solver(spaces, [seed for seed in seeds if seed.buffer not in moved], loops, fragments, set(moved), cost)
        solver.solve()
        if solver.conflict is None:
            return Assignment(solver.layouts, solver.loops, list(moved.values()))
        moved[solver.conflict.buffer] = solver.conflict
        if solver.conflict.serial:
            return Assignment({}, {}, list(moved.values()))


class _Solver:
    def __init__(
        self,
        spaces: list[LoopSpace],
        seeds: list[Seed],
        loops: Mapping[ir.Operation, FragmentLayout],
        fragments: Fragments,
        moved: set[ir.Value],
        cost: CostModel,
    ) -> None:
        self._spaces = spaces
        self._seeds = seeds
        self._given = loops
        self._fragments = fragments
        self._cost = cost
        self._left = {buffer: shape for buffer, shape in fragments.shapes.items() if buffer not in moved}
        self._accesses = [[access for access in space.accesses if access.buffer in self._left] for space in spaces]
        self._memory = [[access for access in space.accesses if access.buffer not in self._left] for space in spaces]
        self._users: dict[ir.Value, list[int]] = {buffer: [] for buffer in self._left}
        for number, accesses in enumerate(self._accesses):
            for access in accesses:
                if self._users[access.buffer][-1:] != [number]:
                    self._users[access.buffer].append(number)
        self.layouts: dict[ir.Value, FragmentLayout] = {}
        self.loops: dict[ir.Operation, FragmentLayout] = {}
        self.conflict: Conflict | None = None
        self._origin: dict[ir.Value, ir.Operation] = {}

    def solve(self) -> None:
        self._give_seeds()
        if self.conflict is None:
            self._propagate(self.layouts, self._origin, [*self.layouts], self._given_loops())
            for component in self._components():
                self._give_cheapest(component)
            self._give_unused()
            self._lay_out_loops()

    def _give_seeds(self) -> None:
        """Strict: what instructions and annotations dictate."""
        for seed in self._seeds:
            known = self.layouts.get(seed.buffer)
            if known is None:
                self.layouts[seed.buffer] = seed.layout
                self._origin[seed.buffer] = seed.operation
            elif not contains(known, seed.layout) and self.conflict is None:
                reason = "two operations want it spread differently"
                first = self._origin[seed.buffer]
                self.conflict = Conflict(seed.buffer, reason, first, seed.operation, known, seed.layout)

    def _given_loops(self) -> list[int]:
        return [number for number, space in enumerate(self._spaces) if space.operation in self._given]

    def _propagate(
        self,
        layouts: dict[ir.Value, FragmentLayout],
        origin: dict[ir.Value, ir.Operation],
        known: Iterable[ir.Value],
        spaces: Iterable[int] = (),
        fixed: Mapping[int, FragmentLayout] | None = None,
    ) -> None:
        """Common: breadth first from the fragments of known layout, each parallel operation gives one to its others."""
        waiting = deque([*spaces, *(number for buffer in known for number in self._users.get(buffer, ()))])
        while waiting:
            number = waiting.popleft()
            unknown = [access for access in self._accesses[number] if access.buffer not in layouts]
            if not unknown or self._spaces[number].extents is None:
                continue
            layout = (fixed or {}).get(number) or self._loop_layout(number, layouts)
            if layout is None:
                continue
            for access in unknown:
                given = self._as_indexed(layout, access)
                if given is not None and access.buffer not in layouts:
                    layouts[access.buffer] = given
                    origin[access.buffer] = access.operation
                    waiting += self._users[access.buffer]

    def _as_indexed(self, layout: FragmentLayout, access: SpaceAccess) -> FragmentLayout | None:
        """The layout that a loop gives to a fragment: where it takes only a part, that of a loop that went on as it does."""
        if not access.dimensions:
            return None
        whole = zip(access.axes, self._left[access.buffer], strict=True)
        try:
            return layout.indexed(tuple(replace(axis, extent=extent) for axis, extent in whole))
        except LayoutError:
            return None

    def _loop_layout(self, number: int, layouts: Mapping[ir.Value, FragmentLayout]) -> FragmentLayout | None:
        """The layout of a space that is given, or that of a fragment that all its dimensions index: one that is written first.

        A fragment that every thread keeps is read by any loop: it says nothing about one that writes elsewhere.
        """
        space = self._spaces[number]
        if space.operation in self._given:
            return self._given[space.operation]
        if space.extents is None:
            return None
        known = [a for a in self._accesses[number] if a.buffer in layouts and len(a.dimensions) == len(space.extents)]
        known = [a for a in known if a.writes or not layouts[a.buffer].is_fully_replicated]
        known.sort(key=lambda access: (not access.writes, layouts[access.buffer].replication))
        for access in known:
            layout = _as_loop(layouts[access.buffer], access, space.extents)
            if layout is not None:
                return layout
        return None

    def _components(self) -> Iterator[list[int]]:
        """The spaces that are connected by fragments without layout, in program order.

        The fragments of each component have their layouts before the next is looked for.
        """
        for start in range(len(self._spaces)):
            if not self._is_free(start):
                continue
            component: set[int] = set()
            waiting = [start]
            while waiting:
                number = waiting.pop()
                if number in component:
                    continue
                component.add(number)
                for access in self._accesses[number]:
                    if access.buffer not in self.layouts:
                        waiting += self._users[access.buffer]
            yield sorted(component)

    def _is_free(self, number: int) -> bool:
        return any(access.buffer not in self.layouts for access in self._accesses[number])

    def _give_cheapest(self, component: list[int]) -> None:
        """Free: try each root of a connected component with each of its layouts, and keep the cheapest: the first of equals."""
        best: tuple[tuple[int, ...], dict[ir.Value, FragmentLayout], dict[ir.Value, ir.Operation]] | None = None
        for number, layout in self._roots(component):
            layouts, origin = dict(self.layouts), dict(self._origin)
            self._propagate(layouts, origin, (), [number], {number: layout})
            cost = self._cost_of(component, layouts)
            if best is None or cost < best[0]:
                best = (cost, layouts, origin)
        if best is not None:
            _, self.layouts, self._origin = best
        # What no root reaches, only scalar code uses, or code that indexes it in its own way: every thread keeps it.
        for number in component:
            for access in self._accesses[number]:
                if access.buffer not in self.layouts:
                    shape, threads = self._left[access.buffer], self._spaces[number].threads
                    self.layouts[access.buffer] = replicated_fragment(shape, threads)
                    self._origin[access.buffer] = access.operation

    def _roots(self, component: list[int]) -> Iterator[tuple[int, FragmentLayout]]:
        tried: set[object] = set()
        for number in component:
            space = self._spaces[number]
            unknown = [access for access in self._accesses[number] if access.buffer not in self.layouts]
            if space.extents is None or len(tried) >= _MOST_ROOTS:
                continue
            extents = self._reach(space.extents, unknown)
            width = vector_width(space.accesses, extents)
            form = (extents, width, space.threads, frozenset(access.axes for access in unknown))
            if form in tried:
                continue
            tried.add(form)
            for layout in candidates(extents, space.threads, width):
                yield number, layout

    def _reach(self, extents: tuple[int, ...], accesses: Iterable[SpaceAccess]) -> tuple[int, ...]:
        """The extents of a loop that reached all of the fragments that it indexes: it may take only a part of them."""
        reach = list(extents)
        for access in accesses:
            for axis, extent in zip(access.axes, self._left[access.buffer], strict=True):
                if axis.dimension is not None:
                    reach[axis.dimension] = max(reach[axis.dimension], extent * axis.divisor)
        return tuple(reach)

    def _cost_of(self, component: list[int], layouts: Mapping[ir.Value, FragmentLayout]) -> tuple[int, ...]:
        """Accesses that are not served, or fragments that no loop reached; then registers and segments, as the model says."""
        missing = 0
        memory = 0
        buffers: dict[ir.Value, None] = {}
        for number in component:
            loop = self._final_loop(number, layouts)
            for access in self._accesses[number]:
                buffers[access.buffer] = None
                known = layouts.get(access.buffer)
                missing += known is None or why_not_served(known, loop, access) is not None
            if loop is not None and self._memory[number]:
                memory += memory_cost(self._spaces[number], loop, self._memory[number])
        costs = [register_cost(layouts[b], self._fragments.bytes[b]) for b in buffers if b in layouts]
        # What no thread has room for is no better than what is not served.
        missing += sum(cost > self._fragments.register_bytes for cost in costs)
        registers = sum(costs)
        return (missing, memory, registers) if self._cost == "io" else (missing, registers, memory)

    def _final_loop(self, number: int, layouts: Mapping[ir.Value, FragmentLayout]) -> FragmentLayout | None:
        """The layout of a loop once its fragments have theirs: from one of them, or the first that agrees with them all."""
        space = self._spaces[number]
        layout = self._loop_layout(number, layouts)
        if layout is not None or space.extents is None:
            return layout
        known = [access for access in self._accesses[number] if access.buffer in layouts]
        width = vector_width(space.accesses, space.extents)
        choices = candidates(space.extents, space.threads, width)
        if not known:
            return min(choices, key=lambda choice: choice.registers)
        for choice in choices:
            if all(why_not_served(layouts[access.buffer], choice, access) is None for access in known):
                return choice
        everywhere = replicated_fragment(space.extents, space.threads)
        writes = [access for access in known if access.writes]
        replicated = writes and all(contains_all(layouts[access.buffer]) for access in writes)
        return everywhere if replicated else choices[0]

    def _give_unused(self) -> None:
        for buffer, shape in self._left.items():
            if buffer not in self.layouts:
                vector = max(1, 16 // self._fragments.bytes[buffer])
                self.layouts[buffer] = spread_fragment(shape, self._fragments.threads[buffer], vector)

    def _lay_out_loops(self) -> None:
        """Fix each space's layout, and check that each access of a fragment finds its element in its own thread."""
        for number, space in enumerate(self._spaces):
            layout = self._final_loop(number, self.layouts)
            if layout is not None:
                self.loops[space.operation] = layout
            for access in self._accesses[number]:
                known = self.layouts[access.buffer]
                reason = why_not_served(known, layout, access)
                if reason is not None and self.conflict is None:
                    wanted = self._wanted(layout, access)
                    first = self._origin.get(access.buffer)
                    dictated = any(seed.buffer == access.buffer for seed in self._seeds)
                    error = access.serial and dictated
                    self.conflict = Conflict(access.buffer, reason, first, access.operation, known, wanted, error)

    def _wanted(self, loop: FragmentLayout | None, access: SpaceAccess) -> FragmentLayout | None:
        shape = self._left[access.buffer]
        if access.serial or loop is None:
            return replicated_fragment(shape, self.layouts[access.buffer].threads)
        try:
            return loop.indexed(access.axes)
        except LayoutError:
            return None


def _as_loop(layout: FragmentLayout, access: SpaceAccess, extents: tuple[int, ...]) -> FragmentLayout | None:
    """The layout of a loop of these extents, all of which index a fragment of this layout; None where there is none."""
    try:
        position = {axis.dimension: number for number, axis in enumerate(access.axes) if axis.dimension is not None}
        divisors = {axis.dimension: axis.divisor for axis in access.axes}
        if any(divisor > 1 for divisor in divisors.values()):
            return None
        loop = layout.indexed(tuple(Axis(layout.shape[position[d]], position[d]) for d in range(len(extents))))
        # A dimension that the loop does not index, where it is spread, is no part of the loop: no thread would run it alone.
        if loop.replication != layout.replication:
            return None
        return loop if loop.shape == extents else loop.restrict(extents)
    except LayoutError:
        return None
