"""What a pass may ask about hardware, as plain data.

A `Machine` lists memory spaces, the instructions for copies and for matrix products in order of preference, and limits.
Nothing here imports MLIR: element types are named by MLIR's spelling (``f16``, ``bf16``, ``f8E4M3FN``, ``i8``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MemorySpace:
    """A memory: `name` as passes speak of it, `attribute` as the IR spells it; capacity and alignment in bytes."""

    name: str
    attribute: str
    capacity: int
    alignment: int = 16


@dataclass(frozen=True)
class CopyInstruction:
    """One way to copy a tile.

    `completion`: ``mbarrier`` (signals bytes), ``group`` (committed and waited for in order) or ``none`` (synchronous).
    `row_bytes`: the tile's last dimension is a multiple of it. `stride_bytes`: every other stride of the source is.
    `pads`: the values that elements outside the source can be given, None for any.
    """

    name: str
    source: str
    destination: str
    completion: str
    row_bytes: int = 1
    stride_bytes: int = 1
    maximal_stride: int = 1 << 62
    pads: tuple[float, ...] | None = None
    needs_kernel_argument: bool = False
    swizzles: tuple[int, ...] = (32, 64, 128)
    """The widths, in bytes, of the swizzles that it can write."""
    pads_rows: bool = True
    """Whether it can write rows that do not follow one another directly."""

    @property
    def asynchronous(self) -> bool:
        return self.completion != "none"


@dataclass(frozen=True)
class ProductInstruction:
    """One way to multiply tiles: M, N and K of the tile are multiples of `m`, `n` and `k` for the operand type.

    `threads` issue one instruction together. `operands` maps an operand type to the accumulators it may have and its K.
    `transposable`: operand types whose tiles may be given with the contraction not innermost.
    """

    name: str
    threads: int
    m: int
    n: int
    operands: dict[str, tuple[tuple[str, ...], int]]
    a_spaces: tuple[str, ...] = ("shared", "fragment")
    b_spaces: tuple[str, ...] = ("shared",)
    transposable: tuple[str, ...] = ("f16", "bf16")
    maximal_n: int = 1 << 30
    swizzles: tuple[int, ...] = (32, 64, 128)
    """The widths, in bytes, of the swizzles in which it can read an operand."""
    by_descriptor: bool = False
    """Whether descriptors say where its operands in shared memory are: then those are swizzled, or rows of 16 bytes."""


@dataclass(frozen=True)
class Limits:
    warp_size: int
    threads_per_block: int
    registers_per_thread: int
    registers_per_block: int
    shared_bytes: int
    vector_bytes: int


@dataclass(frozen=True)
class Machine:
    """A target's machine: everything that the passes ask of hardware."""

    target: str
    spaces: tuple[MemorySpace, ...]
    copies: tuple[CopyInstruction, ...]
    products: tuple[ProductInstruction, ...]
    limits: Limits
    warp_group_size: int
    specializes_warps: bool
    sparse_products: tuple[ProductInstruction, ...] = ()
    """The instructions for a product whose A keeps two of each four neighbours; K counts the neighbours, kept or not."""

    def space_of(self, attribute: str) -> MemorySpace | None:
        """The space that the IR spells `attribute` (the printed attribute; empty for none)."""
        return next((space for space in self.spaces if attribute in space.attribute.split("|")), None)

    def product_instruction(self, name: str) -> ProductInstruction | None:
        known = (*self.products, *self.sparse_products)
        return next((product for product in known if product.name == name), None)
