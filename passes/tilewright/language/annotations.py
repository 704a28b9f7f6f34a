"""What a kernel can say beside its statements: where elements are kept, registers, and what the passes shall not use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilewright.ir.attributes import integer_attribute
from tilewright.ir.kernel import BLOCK_SWIZZLE
from tilewright.ir.layout import FragmentLayout, LayoutError, Mode, SharedLayout
from tilewright.ir.layout_algebra import Digit
from tilewright.ir.layout_attributes import to_attribute
from tilewright.ir.ops_specialize import REGISTER_RANGE
from tilewright.language.buffers import FRAGMENT, SHARED, Buffer
from tilewright.language.source import fail
from tilewright.language.trace import Trace, current_trace
from tilewright.mlir import ir


def annotate_layout(
    tile: Buffer,
    *,
    swizzle: int | None = None,
    padding: int | None = None,
    digits: Sequence[tuple[int, int]] | None = None,
    xors: Sequence[tuple[int, int]] = (),
    offset: int = 0,
    modes: Sequence[tuple[int, int, int]] | None = None,
    replicas: Sequence[tuple[int, int, int]] = (),
    cover: Sequence[int] = (),
    threads: int | None = None,
) -> None:
    """Say where the elements of a tile are kept; layout inference keeps it, and chooses the others to fit.

    A shared tile takes one of `swizzle` (0, 32, 64 or 128 bytes), `padding` (elements after each row) and `digits` with `xors`
    and `offset` (any map: digits [extent, stride] of the row-major position, innermost first). A fragment takes `modes`
    [extent, thread stride, register stride], innermost first, `replicas` alike, `cover` where extents are ragged, and the
    `threads` that it is spread over (those of the kernel). See docs/forms.md.
    """
    trace = current_trace("tl.annotate_layout")
    if not isinstance(tile, Buffer) or tile.space not in (SHARED, FRAGMENT):
        fail(f"tl.annotate_layout takes a tile of tl.alloc_shared or tl.alloc_fragment, not {tile!r}")
    allocation = _allocation(tile)
    of_shared = {"swizzle": swizzle, "padding": padding, "digits": digits, "xors": xors or None, "offset": offset or None}
    of_fragment = {"modes": modes, "replicas": replicas or None, "cover": cover or None, "threads": threads}
    _check_kind(tile, of_shared, of_fragment)
    if "tile.layout" in allocation.attributes:
        fail(f"{tile.name} has a layout already: {allocation.attributes['tile.layout']}")
    shape = tuple(extent for extent in tile.shape if isinstance(extent, int))
    try:
        if tile.space == SHARED:
            of_digits = tuple(Digit(*_numbers(digit, 2, "a digit [extent, stride]")) for digit in digits or ())
            pairs = tuple((pair[0], pair[1]) for pair in (_numbers(xor, 2, "an xor [target, source]") for xor in xors))
            rows = (_number(swizzle, "swizzle"), _number(padding, "padding"))
            layout = SharedLayout(shape, tile.dtype.bytes, *rows, 0, of_digits, pairs, _number(offset, "offset"))
        else:
            spread, kept = (
                tuple(Mode(*_numbers(mode, 3, f"one of the {what} [extent, thread stride, register stride]")) for mode in given)
                for what, given in (("modes", modes or ()), ("replicas", replicas))
            )
            layout = FragmentLayout(shape, _threads(trace, threads), spread, kept, _numbers(cover, len(cover), "the cover"))
        injective = layout.is_injective()
    except LayoutError as error:
        fail(f"the layout of {tile.name}: {error}")
    if not injective:
        fail(f"the layout of {tile.name} must be injective: two of its elements share a place")
    allocation.attributes["tile.layout"] = to_attribute(layout)


def _allocation(tile: Buffer) -> ir.Operation:
    value = tile.view()
    if isinstance(value.owner, ir.Block) or value.owner.operation.name != "memref.alloc":
        fail("tl.annotate_layout takes the tile that was allocated, not a view of it")
    return value.owner.operation


def _check_kind(tile: Buffer, of_shared: dict[str, Any], of_fragment: dict[str, Any]) -> None:
    """A tile has a layout of its own kind, and just one."""
    mine, others = (of_shared, of_fragment) if tile.space == SHARED else (of_fragment, of_shared)
    wrong = [name for name, given in others.items() if given is not None]
    if wrong:
        fail(f"{wrong[0]} is no layout of {tile!r}; it takes {_choices(tile)}")
    given = [name for name in ("swizzle", "padding", "digits", "modes") if mine.get(name) not in (None, (), [])]
    if len(given) != 1:
        fail(f"the layout of {tile!r} is given by {' and '.join(given) or 'nothing'}; it takes {_choices(tile)}")


def _choices(tile: Buffer) -> str:
    return "one of swizzle, padding and digits" if tile.space == SHARED else "modes"


def _number(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, type(None))):
        fail(f"{what} is {value!r}; it must be an integer")
    return value or 0


def _numbers(values: Any, count: int, what: str) -> tuple[int, ...]:
    plain = isinstance(values, (tuple, list)) and len(values) == count
    if not plain or any(isinstance(value, bool) or not isinstance(value, int) for value in values):
        fail(f"{values!r} is not {what}")
    return tuple(values)


def _threads(trace: Trace, threads: int | None) -> int:
    return (
        ir.DenseI32ArrayAttr(trace.function.attributes["known_block_size"])[0]
        if threads is None
        else _number(threads, "threads")
    )


def register_hints(*, producer: int, consumer: int) -> None:
    """Ask for registers for each thread of the two roles, should the kernel be specialized: multiples of 8 from 24 to 240."""
    trace = current_trace("tl.register_hints")
    low, high = REGISTER_RANGE
    for role, hint in (("producer", producer), ("consumer", consumer)):
        if isinstance(hint, bool) or not isinstance(hint, int) or not low <= hint <= high or hint % 8:
            fail(f"the {role} asks for {hint!r} registers; it is a multiple of 8 from {low} to {high}")
    _set(trace, "tile.registers", ir.DenseI32ArrayAttr.get([producer, consumer]), "tl.register_hints")


def disable_register_budget() -> None:
    """Leave the registers of all warp groups as they are."""
    _set(current_trace("tl.disable_register_budget"), "tile.disable_register_budget", ir.UnitAttr.get(), "")


def disable_bulk_copy() -> None:
    """No copy of this kernel is a bulk copy; `tl.copy(…, disable_bulk_copy=True)` says so of one."""
    _set(current_trace("tl.disable_bulk_copy"), "tile.disable_bulk_copy", ir.UnitAttr.get(), "")


def disable_warp_specialization() -> None:
    """No loop of this kernel is specialized; `tl.pipelined(…, strategy="async")` says so of one."""
    trace = current_trace("tl.disable_warp_specialization")
    _set(trace, "tile.disable_warp_specialization", ir.UnitAttr.get(), "")


def swizzle_blocks(panel: int) -> None:
    """Start the blocks in panels of `panel` rows of the grid, so that those that run together share what they read.

    In a panel they go down its rows, then to the next column (x); every other panel goes from right to left.
    """
    trace = current_trace("tl.swizzle_blocks")
    if isinstance(panel, bool) or not isinstance(panel, int) or panel < 1:
        fail(f"tl.swizzle_blocks has panel = {panel!r}; it must be a positive number of rows of blocks")
    _set(trace, BLOCK_SWIZZLE, integer_attribute(panel), "tl.swizzle_blocks")


def _set(trace: Trace, name: str, attribute: ir.Attribute, once: str) -> None:
    """Set an attribute of the kernel. `once`: what may be called only once, by name."""
    trace.check_not_abandoned()
    if once and name in trace.function.attributes:
        fail(f"{once} was called already")
    trace.function.attributes[name] = attribute
