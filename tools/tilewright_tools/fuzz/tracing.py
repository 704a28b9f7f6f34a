"""A program as a kernel of `tilewright.language`, statement by statement."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import tilewright.language as tl
from tilewright.mlir import ir
from tilewright_tools.fuzz.elements import element
from tilewright_tools.fuzz.loops import RolesByHand, carrying_loop, pipelined_attributes
from tilewright_tools.fuzz.program import CELLS, OWN_TABLE, TABLE, TRIPS, Memory, Program, Statement, used_memories, walk
from tilewright_tools.fuzz.views import lay_out, view_of

COUNT = "count"
NAME = "random_kernel"


def kernel_of(program: Program) -> tl.Kernel:
    """The kernel that a program describes; tracing it raises InputError where the language refuses it."""
    memories = used_memories(program)
    arguments: dict[str, Any] = {m.name: _tensor(program, m) for m in memories if m.space == "global"}

    def body(**values: Any) -> None:
        Tracer(program, memories, values).run()

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind, annotation=a) for name, a in {**arguments, COUNT: tl.index}.items()]
    body.__setattr__("__signature__", inspect.Signature(parameters))
    return tl.kernel(threads=program.threads, name=NAME)(body)


def _tensor(program: Program, memory: Memory) -> tl.Tensor:
    shape: tuple[Any, ...] = program.shape(memory)
    return tl.Tensor((*shape[:-1], tl.dynamic(f"extent_{memory.name}")) if memory.dynamic else shape, memory.dtype)


def slots(statement: Statement) -> int:
    """How many statements of the language this one is: what it takes of an explicit schedule."""
    if (statement.kind == "guard" and not statement.otherwise) or statement.kind in ("value", "ticket"):
        return sum(slots(inner) for inner in statement.body) + (statement.kind == "ticket")
    if statement.kind in ("reduce", "best"):
        return 1 + statement.arguments["clear"] * (2 if statement.kind == "best" else 1)
    return 2 if statement.kind == "while" else 1


def schedule(statements: Sequence[Statement]) -> tuple[list[int], list[int]]:
    """The stages and orders of an explicit schedule; a statement of several slots has them one after another."""
    places = [(s.order, i, slot) for i, s in enumerate(statements) for slot in range(slots(s))]
    stages = [statements[i].stage for _, i, _ in places]
    ranks = {place: rank for rank, place in enumerate(sorted(places))}
    return stages, [ranks[place] for place in places]


class Tracer:
    """Traces one program; `values` are the kernel's arguments."""

    def __init__(self, program: Program, memories: Sequence[Memory], values: dict[str, Any]) -> None:
        self.program = program
        self.memories = {memory.name: memory for memory in memories}
        self.count = values[COUNT]
        self.block = tl.grid(program.blocks)
        self.loops: dict[str, Any] = {}
        self.buffers: dict[str, tl.Buffer] = {}
        for memory in memories:
            if memory.space == "global":
                self.buffers[memory.name] = values[memory.name]
            elif not memory.view_of:
                allocate = tl.alloc_shared if memory.space == "shared" else tl.alloc_fragment
                self.buffers[memory.name] = allocate(program.shape(memory), memory.dtype)
                lay_out(self.buffers[memory.name], memory.layout)
        barriers = [s.arguments["name"] for s in walk(program.statements) if s.kind == "barrier"]
        self.barriers = {name: tl.mbarrier(arrivals=program.threads) for name in barriers}
        for memory in memories:
            if memory.view_of and not memory.view.startswith("late "):
                self.buffers[memory.name] = self._view(memory)

    def run(self) -> None:
        """Trace the whole kernel; single i32s start as 1."""
        if CELLS in self.buffers:
            tl.fill(self.buffers[CELLS], 1)
        self.statements(self.program.statements)

    def statements(self, statements: Sequence[Statement]) -> None:
        """Trace statements in order."""
        for statement in statements:
            getattr(self, f"_{statement.kind}")(statement, **statement.arguments)

    def buffer(self, name: str) -> tl.Buffer:
        """The memory of this name; a late view is made where it is used."""
        return self.buffers[name] if name in self.buffers else self._view(self.memories[name])

    def position(self, expression: Any) -> Any:
        """A position or a condition."""
        if isinstance(expression, int):
            return expression
        operator, *operands = expression
        if operator == "loop":
            loop = self.loops.get(operands[0], 0)
            return loop() if callable(loop) else loop
        if operator == "count":
            return self.count
        if operator == "block":
            return self.block
        if operator == "cell":
            return tl.cast(self.buffers[CELLS][operands[0]], "index")
        first = self.position(operands[0])
        if operator in ("table", OWN_TABLE):
            return tl.cast(self.buffers[TABLE if operator == "table" else OWN_TABLE][first], "index")
        if operator == "where":
            chosen, other = (tl.cast(self.position(operand), "index") for operand in operands[1:])
            if isinstance(first, bool):
                return chosen if first else other
            return tl.where(first, chosen, other)
        return _combine(operator, first, self.position(operands[1]))

    def _view(self, memory: Memory) -> tl.Buffer:
        form = memory.view.removeprefix("late ")
        return view_of(self.buffers[memory.view_of], self.program.shape(memory), form)

    # Statements on tiles. `axis` is the dimension of the global tensor along which tiles are side by side.

    def _window(self, tensor: str, tile: Any, position: Any, axis: int) -> Any:
        shape = tuple(tile.shape)
        buffer = self.buffers[tensor]
        step = shape[axis] if buffer.rank == len(shape) else 1
        offsets: list[Any] = [0] * buffer.rank
        offsets[axis] = self.position(position) * step
        return buffer.window(tuple(offsets), shape)

    def _copy(self, _: Statement, tensor: str, tile: str, position: Any, axis: int, no_bulk: bool = False) -> None:
        target = self.buffer(tile)
        tl.copy(self._window(tensor, target, position, axis), target, disable_bulk_copy=no_bulk)

    def _copy_version(self, _: Statement, tensor: str, tile: str, position: Any, version: Any) -> None:
        versions = self.buffer(tile)
        shape = tuple(extent for extent in versions.shape[1:] if isinstance(extent, int))
        tl.copy(self._window(tensor, versions.window((0, 0, 0), shape), position, 1), self._version(tile, version))

    def _use_version(self, _: Statement, tile: str, version: Any, target: str) -> None:
        tl.copy(self._version(tile, version), self.buffer(target))

    def _version(self, tile: str, version: Any) -> tl.Window:
        versions = self.buffer(tile)
        shape = tuple(extent for extent in versions.shape[1:] if isinstance(extent, int))
        return versions.window((self.position(version), 0, 0), shape)

    def _copy_part(self, _: Statement, tensor: str, tile: str, position: Any, part: int) -> None:
        target = self.buffer(tile)
        rows, columns = (extent for extent in target.shape if isinstance(extent, int))
        source = self.buffers[tensor].window((0, self.position(position) * columns), (rows // 2, columns))
        tl.copy(source, target.window((part * (rows // 2), 0), (rows // 2, columns)))

    def _copy_edge(self, _: Statement, tensor: str, tile: str, rows: Any, columns: Any, pad: float | None) -> None:
        tl.copy_in(self._corner(tensor, rows, columns), self.buffer(tile), pad=pad)

    def _store_edge(self, _: Statement, tensor: str, tile: str, rows: Any, columns: Any) -> None:
        tl.copy_out(self.buffer(tile), self._corner(tensor, rows, columns))

    def _corner(self, tensor: str, rows: Any, columns: Any) -> tl.Window:
        """A window that may cross an edge. The language refuses one that is known to lie outside."""
        buffer = self.buffers[tensor]
        starts = [self.position(place) for place in (rows, columns)]
        inside = [isinstance(s, int) and isinstance(e, int) for s, e in zip(starts, buffer.shape, strict=True)]
        row, column = (min(s, e - 1) if known else s for s, e, known in zip(starts, buffer.shape, inside, strict=True))
        return buffer[row:, column:]

    def _store(self, _: Statement, tensor: str, tile: str, position: Any, axis: int) -> None:
        source = self.buffer(tile)
        tl.copy(source, self._window(tensor, source, position, axis))

    def _move(self, _: Statement, source: str, target: str) -> None:
        tl.copy(self.buffer(source), self.buffer(target))

    def _fill(self, _: Statement, tile: str, value: float | int) -> None:
        tl.fill(self.buffer(tile), value)

    def _gemm(self, _: Statement, a: str, b: str, accumulator: str, transpose_a: bool, transpose_b: bool) -> None:
        tl.gemm(self.buffer(a), self.buffer(b), self.buffer(accumulator), transpose_a, transpose_b)

    def _reduce(self, _: Statement, source: str, target: str, op: Any, axis: int, clear: bool) -> None:
        tl.reduce(self.buffer(source), self.buffer(target), op, axis, clear)

    def _scan(self, _: Statement, source: str, target: str, op: Any, axis: int, reverse: bool) -> None:
        tl.scan(self.buffer(source), self.buffer(target), op, axis, reverse)

    def _best(self, _: Statement, source: str, target: str, places: str, op: Any, axis: int, start: Any, clear: bool) -> None:
        buffers = self.buffer(source), self.buffer(target), self.buffer(places)
        tl.arg_reduce(*buffers, op, axis, self.position(start), clear)

    def _elementwise(
        self, _: Statement, target: str, value: Any, low: float, high: float, mask: Any = None, repeat: int = 0
    ) -> None:
        def write(tile: Any, subscripts: Any) -> None:
            for _ in tl.serial(repeat) if repeat else (0,):
                tile[subscripts] = self._clamped(tile, value, subscripts, low, high)

        def masked(tile: Any, subscripts: Any) -> None:
            holds = self._holds(mask, subscripts)
            if isinstance(holds, bool):
                if holds:
                    write(tile, subscripts)
                return
            with tl.if_(holds):
                write(tile, subscripts)

        part = mask[1] if mask and mask[0] == "part" else 1
        self._each(target, masked, part)

    def _holds(self, mask: Any, subscripts: Any) -> Any:
        """Whether a parallel loop writes an element."""
        if not mask or mask[0] == "part" or not subscripts:
            return True
        if mask[0] == "i<":
            return subscripts[0] < mask[1]
        return self.position(mask[1]) if mask[0] == "if" else subscripts[0] <= subscripts[-1]

    def _own_table(self, _: Statement, tile: str, position: Any, by_copy: bool) -> None:
        table = self.buffers[TABLE]
        if by_copy:
            tl.copy(table, self.buffers[tile])
            return
        self._each(tile, lambda target, i: target.__setitem__(i, table[(i[0] + self.position(position)) % table.shape[0]]))

    def _gather(self, _: Statement, tensor: str, tile: str, table: str, position: Any) -> None:
        def copy_row(target: Any, subscripts: Any) -> None:
            places = self.buffers[table]
            row = tl.cast(places[(subscripts[0] + self.position(position)) % places.shape[0]], "index")
            rows = self.program.shape(self.memories[tensor])[0]
            target[subscripts] = self.buffers[tensor][row % rows if rows < TRIPS else row, subscripts[1]]

        self._each(tile, copy_row)

    def _atomic(self, _: Statement, tensor: str, op: str, value: Any) -> None:
        def combine(target: Any, subscripts: Any) -> None:
            atomic = {"add": tl.atomic_add, "max": tl.atomic_max, "min": tl.atomic_min}[op]
            atomic(target, subscripts, self._clamped(target, value, subscripts, -64, 64))

        self._each(tensor, combine)

    def _each(self, name: str, act: Any, part: int = 1) -> None:
        """`act` on all elements of a tile, or on the first of each `part` rows."""
        tile = self.buffer(name)
        if not tile.rank:
            act(tile, ())
            return
        for subscripts in tl.parallel(max(tile.shape[0] // part, 1), *tile.shape[1:]):
            act(tile, subscripts if isinstance(subscripts, tuple) else (subscripts,))

    def _clamped(self, target: Any, value: Any, subscripts: Any, low: float, high: float) -> Any:
        return element(self, target.dtype, value, subscripts, low, high)

    # Statements on single i32s.

    def _cell(self, _: Statement, cell: int, value: Any) -> None:
        self.buffers[CELLS][cell] = tl.cast(tl.cast(self.position(value), "index"), "i32")

    def _atomic_cell(self, _: Statement, cell: int, value: Any) -> None:
        tl.atomic_add(self.buffers[CELLS], (cell,), tl.cast(tl.cast(self.position(value), "index"), "i32"))

    def _sparse_gemm(self, _: Statement, a: str, metadata: str, b: str, accumulator: str) -> None:
        tl.gemm_sp(self.buffer(a), self.buffer(metadata), self.buffer(b), self.buffer(accumulator))

    # Control flow.

    def _value(self, statement: Statement, name: str, value: Any) -> None:
        self._loop_body(name, tl.cast(self.position(value), "index"), statement.body)

    def _ticket(self, statement: Statement, name: str, cell: int, value: Any) -> None:
        old = tl.atomic_add(self.buffers[CELLS], (cell,), tl.cast(tl.cast(self.position(value), "index"), "i32"))
        self._loop_body(name, tl.cast(old, "index") % TRIPS, statement.body)

    def _guard(self, statement: Statement, condition: Any) -> None:
        holds = self.position(condition)
        if isinstance(holds, bool):
            self.statements(statement.body if holds else statement.otherwise)
            return
        with tl.if_(holds):
            self.statements(statement.body)
        if statement.otherwise:
            with tl.else_():
                self.statements(statement.otherwise)

    def _serial(self, statement: Statement, name: str, start: Any, stop: Any, step: int) -> None:
        for k in tl.serial(self.position(start), self.position(stop), step):
            self._loop_body(name, k, statement.body)

    def _pipelined(
        self,
        statement: Statement,
        name: str,
        start: Any,
        stop: Any,
        stages: int,
        explicit: bool,
        strategy: str | None = None,
        step: int = 1,
        carried: Any = None,
    ) -> None:
        if carried or step > 1:
            bounds = (self.position(start), self.position(stop), step)
            self._carrying(statement, name, bounds, pipelined_attributes(stages, strategy), carried)
            return
        stage, order = schedule(statement.body) if explicit else (None, None)
        bounds = self.position(start), self.position(stop)
        for k in tl.pipelined(*bounds, num_stages=stages, stage=stage, order=order, strategy=strategy):
            self._loop_body(name, k, statement.body)

    def _carrying(
        self, statement: Statement, name: str, bounds: Sequence[Any], attributes: dict[str, ir.Attribute], carried: Any
    ) -> None:
        """A loop with steps of any size, that may keep a single i32 in a value which it carries."""

        def body(k: tl.Scalar, *values: tl.Scalar) -> list[tl.Scalar]:
            self.loops[f"{name}_carried"] = tl.cast(values[0], "index") % TRIPS if values else 0
            self._loop_body(name, k, statement.body)
            self.loops[name] = k
            following = [tl.cast(tl.cast(self.position(carried[1]), "index"), "i32")] if carried else []
            del self.loops[name], self.loops[f"{name}_carried"]
            return following

        first = [self.buffers[CELLS][carried[0]]] if carried else []
        for last in carrying_loop([tl.cast(bound, "index") for bound in bounds], attributes, first, body):
            self.buffers[CELLS][carried[0]] = last

    def _prefetch(self, statement: Statement, tensor: str, tile: str, position: Any, axis: int) -> None:
        """A copy by hand, that lands after the statements in its body."""
        target = self.buffer(tile)
        tl.async_copy(self._window(tensor, target, position, axis), target)
        tl.commit_group()
        self.statements(statement.body)
        tl.wait_group(0)

    def _barrier(self, statement: Statement, name: str, loop: str, start: int, step: int) -> None:
        """All threads arrive, and wait for each other after the statements in its body."""
        self.barriers[name].arrive()
        self.statements(statement.body)
        self.barriers[name].wait(parity=(self.position(("loop", loop)) - start) // step % 2)

    def _roles(self, _: Statement, source: str, ring: str, target: str, trips: Any, position: Any, bulk: bool) -> None:
        by_hand = RolesByHand(self.program.threads, self.buffers[source], self.buffers[ring], self.buffers[target])
        by_hand.trace(self.position(trips), self.position(position), bulk)

    def _while(self, statement: Statement, name: str, cell: int, stop: Any) -> None:
        counter = self.buffers[CELLS]
        counter[cell] = 0
        with tl.while_(lambda: tl.cast(counter[cell], "index") < self.position(stop)):
            self._loop_body(name, lambda: tl.cast(counter[cell], "index"), statement.body)
            counter[cell] = counter[cell] + 1

    def _loop_body(self, name: str, k: Any, body: Sequence[Statement]) -> None:
        self.loops[name] = k
        self.statements(body)
        del self.loops[name]


def _combine(operator: str, first: Any, second: Any) -> Any:
    """An operator on Python integers or the language's scalars."""
    operations: dict[str, Any] = {
        "+": lambda: first + second,
        "-": lambda: first - second,
        "*": lambda: first * second,
        "//": lambda: first // second,
        "%": lambda: first % second,
        "<": lambda: first < second,
        ">": lambda: first > second,
        "==": lambda: first == second,
        "and": lambda: first & second,
    }
    return operations[operator]()
