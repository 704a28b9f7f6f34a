"""Buffers and their windows: what a kernel's memory looks like in Python.

``buffer[i, j]`` with as many subscripts as dimensions is an element, to read or to assign. With slices, or with fewer
subscripts, it is a `Window`: the operand of a copy. ``A[row:, k:]`` is as large as the tile that it is copied to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from tilewright.language.dtypes import DType
from tilewright.language.scalar import Dynamic, Scalar, as_index, binary, coerce, constant_of, scalar_of
from tilewright.language.source import fail
from tilewright.language.trace import Scope, check_alive, current_trace
from tilewright.mlir import ir

GLOBAL, SHARED, FRAGMENT = "global", "shared", "fragment"


@dataclass(frozen=True, eq=False)
class Buffer:
    """A memref: `shape` has an int for each static dimension, and a `tl.dynamic` for each other."""

    value: ir.Value
    dtype: DType
    shape: tuple[int | Dynamic, ...]
    space: str
    name: str
    scope: Scope

    def __repr__(self) -> str:
        return f"<{self.space} {self.name}{list(self.shape)} of {self.dtype}>"

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __getitem__(self, subscripts: Any) -> Any:
        subscripts = self._subscripts(subscripts)
        if len(subscripts) == self.rank and not any(isinstance(s, slice) for s in subscripts):
            return self._load(subscripts)
        return self._window(subscripts)

    def __setitem__(self, subscripts: Any, value: Any) -> None:
        subscripts = self._subscripts(subscripts)
        if len(subscripts) != self.rank or any(isinstance(s, slice) for s in subscripts):
            fail(f"{self.name} has rank {self.rank}: assign to one element, or use tl.copy or tl.fill for more")
        store(self, [self._offset(s, i) for i, s in enumerate(subscripts)], value)

    def __iter__(self) -> NoReturn:
        fail(f"{self.name} is a buffer of the kernel: loop over it with tl.parallel or tl.serial")

    def window(self, offsets: tuple[Any, ...], shape: tuple[int, ...]) -> Window:
        """The window of `shape` at `offsets`; of a buffer of higher rank, leading dimensions are dropped."""
        offsets, shape = tuple(offsets), tuple(shape)
        if len(offsets) != self.rank or len(shape) > self.rank:
            fail(f"{self.name} has rank {self.rank}; the window has {len(offsets)} offsets and shape {list(shape)}")
        dropped = self.rank - len(shape)
        subscripts = [offsets[i] if i < dropped else slice(offsets[i], None) for i in range(self.rank)]
        window = self._window(tuple(subscripts))
        return window.sized(shape)

    def view(self) -> ir.Value:
        """The memref, for an operation of the current scope."""
        check_alive(self.scope, self.name)
        return self.value

    def _subscripts(self, subscripts: Any) -> tuple[Any, ...]:
        current_trace(f"subscripting {self.name}")
        check_alive(self.scope, self.name)
        subscripts = subscripts if isinstance(subscripts, tuple) else (subscripts,)
        if len(subscripts) > self.rank:
            fail(f"{self.name} has rank {self.rank}, not {len(subscripts)} subscripts")
        return subscripts

    def _offset(self, subscript: Any, dimension: int, size: int | None = 1) -> Scalar:
        """A subscript as an index; one that is constant is checked against a static dimension."""
        offset = as_index(subscript, f"subscript {dimension} of {self.name}")
        known, extent = constant_of(offset), self.shape[dimension]
        if known is not None and (known < 0 or (isinstance(extent, int) and known + (size or 0) > extent)):
            last = f"to {known + (size or 1) - 1} " if (size or 1) > 1 else ""
            fail(f"{known} {last}is outside dimension {dimension} of {self.name}, which has extent {extent}")
        return offset

    def _load(self, subscripts: tuple[Any, ...]) -> Scalar:
        trace = current_trace(f"reading {self.name}")
        offsets = [self._offset(subscript, i).value for i, subscript in enumerate(subscripts)]
        operation = trace.emit("memref.load", [self.value, *offsets], [self.dtype.mlir()])
        return scalar_of(trace, operation.results[0], self.dtype)

    def _window(self, subscripts: tuple[Any, ...]) -> Window:
        subscripts += (slice(None),) * (self.rank - len(subscripts))
        offsets: list[Scalar] = []
        sizes: list[int | None] = []
        for dimension, subscript in enumerate(subscripts):
            start, size = self._slice(subscript, dimension)
            # Where it lies is checked when it is used: a copy_in may reach over an edge.
            offsets.append(as_index(start, f"subscript {dimension} of {self.name}"))
            sizes.append(size)
        kept = tuple(isinstance(subscript, slice) for subscript in subscripts)
        return Window(self, tuple(offsets), tuple(sizes), kept)

    def _slice(self, subscript: Any, dimension: int) -> tuple[Any, int | None]:
        """Start and size of a subscript; the size is None where the tile of the copy decides it."""
        if not isinstance(subscript, slice):
            return subscript, 1
        if subscript.step is not None:
            fail(f"a window of {self.name} has a step; its elements must be next to each other")
        start = 0 if subscript.start is None else subscript.start
        extent = self.shape[dimension]
        if subscript.stop is None:
            return start, extent if subscript.start is None and isinstance(extent, int) else None
        what = f"subscript {dimension} of {self.name}"
        length = constant_of(binary("-", as_index(subscript.stop, what), as_index(start, what)))
        if length is None or length < 1:
            fail(f"the window of {self.name} needs a constant size in dimension {dimension}, as in [i : i + 64]")
        return start, length


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a buffer: one offset and size for each of its dimensions; dimensions not `kept` have size 1."""

    buffer: Buffer
    offsets: tuple[Scalar, ...]
    sizes: tuple[int | None, ...]
    kept: tuple[bool, ...]

    @property
    def name(self) -> str:
        return f"the window of {self.buffer.name}"

    @property
    def dtype(self) -> DType:
        return self.buffer.dtype

    @property
    def space(self) -> str:
        return self.buffer.space

    @property
    def shape(self) -> tuple[int | None, ...]:
        return tuple(size for size, kept in zip(self.sizes, self.kept, strict=True) if kept)

    @property
    def rank(self) -> int:
        return len(self.shape)

    def __getitem__(self, subscripts: Any) -> Scalar:
        return self.buffer[self._element(subscripts)]

    def __setitem__(self, subscripts: Any, value: Any) -> None:
        self.buffer[self._element(subscripts)] = value

    def _element(self, subscripts: Any) -> tuple[Any, ...]:
        subscripts = subscripts if isinstance(subscripts, tuple) else (subscripts,)
        if len(subscripts) != self.rank or any(isinstance(s, slice) for s in subscripts):
            fail(f"{self.name} has rank {self.rank}; subscript it with as many indices, for one element")
        inside = iter(subscripts)
        pairs = zip(self.offsets, self.kept, strict=True)
        return tuple(offset + as_index(next(inside), self.name) if kept else offset for offset, kept in pairs)

    def sized(self, shape: tuple[int, ...]) -> Window:
        """This window with the sizes of `shape` for its kept dimensions."""
        sizes = iter(shape)
        filled = tuple(next(sizes) if kept else 1 for kept in self.kept)
        for dimension, (offset, size) in enumerate(zip(self.offsets, filled, strict=True)):
            self.buffer._offset(offset, dimension, size)
        return Window(self.buffer, self.offsets, filled, self.kept)

    def view(self) -> ir.Value:
        """The window as a memref, for an operation of the current scope; all sizes are known."""
        trace = current_trace("a window")
        for dimension, (offset, size) in enumerate(zip(self.offsets, self.sizes, strict=True)):
            self.buffer._offset(offset, dimension, size)
        memory = ir.MemRefType(self.buffer.view().type)
        dynamic = ir.ShapedType.get_dynamic_size()
        known = [constant_of(offset) for offset in self.offsets]
        operands = [offset.value for offset, constant in zip(self.offsets, known, strict=True) if constant is None]
        operation = trace.emit(
            "memref.subview",
            [self.buffer.value, *operands],
            [_window_type(memory, known, list(self.sizes), self.kept)],
            {
                "static_offsets": ir.DenseI64ArrayAttr.get([dynamic if k is None else k for k in known]),
                "static_sizes": ir.DenseI64ArrayAttr.get([size or 1 for size in self.sizes]),
                "static_strides": ir.DenseI64ArrayAttr.get([1] * len(known)),
                "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, len(operands), 0, 0]),
            },
        )
        return operation.results[0]


Tile = Buffer | Window


def _window_type(
    memory: ir.MemRefType, offsets: list[int | None], sizes: list[int | None], kept: tuple[bool, ...]
) -> ir.MemRefType:
    """The type of a subview with strides 1: without the dropped dimensions; static offset where all is constant."""
    dynamic = ir.ShapedType.get_dynamic_stride_or_offset()
    strides, offset = memory.get_strides_and_offset()
    position = offset
    for constant, stride in zip(offsets, strides, strict=True):
        if constant == 0 or position == dynamic:
            continue
        position = dynamic if constant is None or stride == dynamic else position + constant * stride
    shape = [size or 1 for size, keep in zip(sizes, kept, strict=True) if keep]
    layout = ir.StridedLayoutAttr.get(position, [s for s, keep in zip(strides, kept, strict=True) if keep])
    return ir.MemRefType.get(shape, memory.element_type, layout, memory.memory_space)


def store(buffer: Buffer, offsets: list[Scalar], value: Any) -> None:
    """Assign to one element; a Python number takes the element type."""
    trace = current_trace(f"assigning to {buffer.name}")
    if isinstance(value, (Buffer, Window)):
        fail(f"an element of {buffer.name} is assigned {value!r}: subscript it, or use tl.copy")
    scalar = coerce(value, buffer.dtype)
    trace.emit("memref.store", [scalar.value, buffer.view(), *(offset.value for offset in offsets)])


def alloc(shape: Any, dtype: DType, space: str, spelling: str) -> Buffer:
    """A buffer of static shape in the memory space that the IR spells `spelling`."""
    trace = current_trace(f"tl.alloc_{space}")
    extents = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if any(isinstance(e, bool) or not isinstance(e, int) or e < 1 for e in extents):
        fail(f"a {space} buffer needs a static shape of positive integers, not {list(extents)}")
    memory = ir.MemRefType.get(list(extents), dtype.mlir(), None, ir.Attribute.parse(spelling))
    sizes = ir.DenseI32ArrayAttr.get([0, 0])
    operation = trace.emit("memref.alloc", [], [memory], {"operandSegmentSizes": sizes})
    return Buffer(operation.results[0], dtype, extents, space, f"the {space} buffer", trace.scope)


def known_shape(tile: Tile, what: str) -> tuple[int, ...]:
    """The static shape of an operand. Raises InputError where it is dynamic or depends on another operand."""
    if not isinstance(tile, (Buffer, Window)):
        fail(f"{what} is {tile!r}; it must be a buffer or a window of one")
    shape = tile.shape
    if not all(isinstance(extent, int) for extent in shape):
        fail(f"{what} needs a static shape, not {list(shape)}; give the window a size: A.window(offsets, shape)")
    return tuple(extent for extent in shape if isinstance(extent, int))
