"""How a kernel with channels is split: its block, its budget, what both roles share, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.diagnostics import DiagnosticSink
from tilewright.machine import machine_for
from tilewright.mlir import ir
from tilewright.transforms.base import PassContext
from tilewright.transforms.cloning import nested_operations
from tilewright.transforms.specialize_warps import SpecializeWarps
from tilewright.transforms.view_types import view_type

pytestmark = pytest.mark.l1a_compile_no_target_dialect

KERNEL = """
!x = memref<256xf16>
!win = memref<16xf16, strided<[1], offset: ?>>
!frag = memref<16xf16, #gpu.address_space<private>>
!tiles = memref<3x16xf16, #gpu.address_space<workgroup>>
!version = memref<16xf16, strided<[1], offset: ?>, #gpu.address_space<workgroup>>
gpu.module @kernels {
  gpu.func @f(%X: !x, %O: memref<16xf16>, %T: memref<4xindex>) kernel attributes {BLOCK} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %S = memref.alloc() : !tiles
    %F = memref.alloc() : !frag
    %channel = "tile.channel_init"() {depth = 3 : i32} : () -> !tile.channel
    BEFORE
    scf.for %k = %c0 to %c64 step %c16 {
      %i = arith.divsi %k, %c16 : index
      "tile.channel_acquire"(%channel, %i) : (!tile.channel, index) -> ()
      %v = "tile.stage_index"(%i) {versions = 3 : i32} : (index) -> index
      %s = memref.subview %S[%v, 0] [1, 16] [1, 1] : !tiles to !version
      %a = memref.subview %X[%k] [16] [1] : !x to !win
      COPY
      "tile.channel_commit"(%channel, %i) : (!tile.channel, index) -> ()
      "tile.channel_wait"(%channel, %i) : (!tile.channel, index) -> ()
      memref.copy %s, %F : !version to !frag
      INSIDE
      "tile.channel_release"(%channel, %i) : (!tile.channel, index) -> ()
    } {tile.pipeline_depth = 3 : i32, tile.strategy = "warp_specialize"}
    memref.copy %F, %O : !frag to memref<16xf16>
    AFTER
    gpu.return
  }
}
"""
COPY = '"tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()'


class Split:
    """What became of a kernel."""

    def __init__(self, function: ir.Operation, context: PassContext) -> None:
        self.function = function
        self.remarks = [diagnostic.message for diagnostic in context.sink.diagnostics]
        self.decisions = context.decisions
        self.top = [child.operation for child in function.regions[0].blocks[0].operations]

    @property
    def block(self) -> list[int]:
        return list(ir.DenseI32ArrayAttr(self.function.attributes["known_block_size"]))

    def group(self, role: str) -> ir.Operation:
        groups = [op for op in nested_operations(self.function) if op.name == "tile.warp_group"]
        return next(group for group in groups if ir.StringAttr(group.attributes["role"]).value == role)

    def warps(self, role: str) -> int:
        return ir.IntegerAttr(self.group(role).attributes["warps"]).value

    def names(self, role: str) -> list[str]:
        return [operation.name for operation in nested_operations(self.group(role))]


@contextmanager
def split(block: tuple[int, ...] | None = (128, 1, 1), target: str = "cuda:sm_90a", **parts: str) -> Iterator[Split]:
    size = "" if block is None else f"known_block_size = array<i32: {', '.join(map(str, block))}>"
    text = KERNEL.replace("BLOCK", size)
    for name in ("BEFORE", "COPY", "INSIDE", "AFTER"):
        text = text.replace(name, parts.get(name.lower(), COPY if name == "COPY" else ""))
    with mlir.context():
        module = ir.Module.parse(text)
        context = PassContext(machine_for(target), DiagnosticSink())
        SpecializeWarps().run(module.operation, context)
        assert module.operation.verify()
        yield Split(module.body.operations[0].regions[0].blocks[0].operations[0].operation, context)


@pytest.mark.parametrize(
    ("block", "grown", "registers"),
    [
        ((128, 1, 1), [256, 1, 1], [24, 240]),
        ((256, 1, 1), [384, 1, 1], [24, 240]),
        ((384, 1, 1), [512, 1, 1], [24, 160]),
        ((896, 1, 1), [1024, 1, 1], [None, None]),
        # Whole slices of the block where it has several rows; rows that do not divide a warp group become one.
        ((32, 4, 1), [64, 4, 1], [24, 240]),
        ((32, 2, 4), [48, 2, 4], [24, 240]),
        ((32, 3, 1), [224, 1, 1], [None, None]),
        ((32, 3, 2), [320, 1, 1], [None, None]),
    ],
)
def test_the_block_grows_by_a_warp_group(block: tuple[int, int, int], grown: list[int], registers: list[int | None]) -> None:
    x, y, z = block
    with split(block) as result:
        assert result.block == grown
        assert (result.warps("producer"), result.warps("consumer")) == (4, x * y * z // 32)
        (decision,) = result.decisions
        assert decision.details == {
            "producer_warps": 4,
            "consumer_warps": x * y * z // 32,
            "channels": 1,
            "registers": registers,
        }
        assert f"producer of 4 warps, consumer of {x * y * z // 32}, 1 channels" in decision.phrase
        for role, count in zip(("producer", "consumer"), registers, strict=True):
            attributes = result.group(role).attributes
            assert ("registers" in attributes) is (count is not None)
            assert count is None or ir.IntegerAttr(attributes["registers"]).value == count


@pytest.mark.parametrize(("axis", "size"), [("x", 8), ("y", 4), ("z", 16)])
def test_the_block_that_the_kernel_asks_for_is_that_of_its_computing_threads(axis: str, size: int) -> None:
    ask = f"%d = gpu.block_dim {axis} memref.store %d, %T[%c0] : memref<4xindex>"
    with split((8, 4, 16), after=ask) as result:
        (store,) = (op for op in nested_operations(result.group("consumer")) if op.name == "memref.store")
        assert ir.IntegerAttr(store.operands[0].owner.operation.attributes["value"]).value == size
        assert not any(op.name == "gpu.block_dim" for op in nested_operations(result.function))


@pytest.mark.parametrize(
    ("block", "target", "parts", "reason"),
    [
        ((100, 1, 1), "cuda:sm_90a", {}, "100 threads are not whole warps"),
        (None, "cuda:sm_90a", {}, "0 threads are not whole warps"),
        ((928, 1, 1), "cuda:sm_90a", {}, "928 threads leave no room for a producer warp group"),
        ((128, 1, 1), "cuda:sm_80", {}, "cuda:sm_80 does not specialize warps"),
        ((128, 1, 1), "cuda:sm_90a", {"inside": "gpu.barrier"}, "gpu.barrier waits for all threads of the kernel"),
        ((128, 1, 1), "cuda:sm_90a", {"before": "gpu.barrier"}, "gpu.barrier waits for all threads of the kernel"),
        ((128, 1, 1), "cuda:sm_90a", {"after": "gpu.barrier"}, "gpu.barrier waits for all threads of the kernel"),
    ],
)
def test_what_is_in_the_way_is_named_and_the_kernel_stays(block, target, parts, reason) -> None:
    with split(block, target, **parts) as result:
        assert result.remarks == [f"not specialized, but pipelined: {reason}"]
        names = [operation.name for operation in nested_operations(result.function)]
        assert "tile.specialize" not in names and "tile.channel_acquire" in names
        assert result.decisions == []


def test_what_both_roles_need_stands_before_them_and_what_has_effects_is_the_consumers() -> None:
    before = "%r = memref.load %T[%c0] : memref<4xindex> memref.copy %O, %F : memref<16xf16> to !frag"
    with split(before=before, after="memref.store %r, %T[%c16] : memref<4xindex>") as result:
        names = [operation.name for operation in result.top]
        assert names[-2:] == ["tile.specialize", "gpu.return"]
        assert {"arith.constant", "memref.alloc", "tile.mbarrier_init"} == set(names[:-2])
        consumer = result.names("consumer")
        # The table is written later, so what was read of it belongs to one role.
        assert [name for name in consumer if name.startswith("memref.") and name != "memref.subview"] == [
            "memref.load",
            "memref.copy",
            "memref.copy",
            "memref.copy",
            "memref.store",
        ]
        assert not {"memref.load", "memref.store", "memref.copy"} & set(result.names("producer"))


def test_a_table_that_nothing_writes_is_read_before_the_roles() -> None:
    read = "%r = memref.load %T[%c0] : memref<4xindex> %q = memref.subview %X[%r] [16] [1] : !x to !win"
    with split(before=read, inside="memref.copy %q, %F : !win to !frag") as result:
        assert [op.name for op in result.top].count("memref.load") == 1
        assert "memref.load" not in result.names("consumer") + result.names("producer")


def test_a_tile_in_a_loop_belongs_to_all_roles() -> None:
    tile = "%Q = memref.alloc() : !frag memref.copy %F, %Q : !frag to !frag"
    with split(inside=tile) as result:
        assert [op.name for op in result.top].count("memref.alloc") == 3
        assert "memref.alloc" not in result.names("consumer") + result.names("producer")


def test_a_tile_of_a_loop_without_channels_stays_in_it() -> None:
    tile = "scf.for %o = %c0 to %c64 step %c16 { %Q = memref.alloc() : !frag memref.copy %F, %Q : !frag to !frag }"
    with split(after=tile) as result:
        assert "memref.alloc" in result.names("consumer")


def test_the_remark_stands_at_the_loop_with_the_channels_and_not_at_one_before_it() -> None:
    other = "scf.for %o = %c0 to %c64 step %c16 { memref.copy %O, %F : memref<16xf16> to !frag }"
    with split(before=other) as result:
        (decision,) = result.decisions
        lines = KERNEL.replace("BLOCK", "").splitlines()
        assert decision.location.line == next(n for n, line in enumerate(lines, 1) if "scf.for %k" in line)


def test_a_value_at_the_end_of_the_kernel_stands_before_the_roles() -> None:
    with split(after="%last = arith.addi %c0, %c16 : index") as result:
        assert [operation.name for operation in result.top][-3:] == ["arith.addi", "tile.specialize", "gpu.return"]


def test_values_stand_before_the_roles_even_where_the_kernel_writes_memory_that_is_not_known() -> None:
    # A producer that fills its tile without reading memory: else what is written could be what it reads.
    fill = "%zero = arith.constant 0.0 : f16 linalg.fill ins(%zero : f16) outs(%s : !version)"
    before = "%any = arith.cmpi eq, %c0, %c16 : index %Q = memref.alloc() : !frag %w = arith.select %any, %F, %Q : !frag"
    with split(copy=fill, before=before, after="memref.copy %w, %w : !frag to !frag") as result:
        names = [operation.name for operation in result.top]
        assert {"arith.constant", "arith.cmpi", "arith.select"} <= set(names)
        assert names[-2:] == ["tile.specialize", "gpu.return"]


def test_what_writes_stays_in_the_consumer_where_nobody_asks_for_its_result() -> None:
    update = "%one = arith.constant 1.0 : f16 %old = memref.atomic_rmw addf %one, %O[%c0] : (f16, memref<16xf16>) -> f16"
    with split(inside=update) as result:
        assert "memref.atomic_rmw" in result.names("consumer")
        assert "memref.atomic_rmw" not in result.names("producer")


def test_what_a_statement_of_the_consumer_holds_stays_as_it_is() -> None:
    statement = """scf.forall (%e) in (16) {
        %unread = memref.load %F[%e] : !frag
        %read = memref.load %O[%e] : memref<16xf16>
        memref.store %read, %F[%e] : !frag
      }"""
    with split(inside=statement) as result:
        (forall,) = (operation for operation in nested_operations(result.group("consumer")) if operation.name == "scf.forall")
        names = [operation.name for operation in nested_operations(forall)]
        assert [name for name in names if name.startswith("memref.")] == ["memref.load", "memref.load", "memref.store"]


def test_a_guard_in_a_bracket_whose_result_the_next_copy_needs_is_the_producers() -> None:
    guard = """%any = arith.cmpi slt, %k, %c16 : index
      %next = scf.if %any -> (index) {
        "tile.copy_async"(%a, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()
        scf.yield %c0 : index
      } else {
        scf.yield %c16 : index
      }
      %b = memref.subview %X[%next] [16] [1] : !x to !win
      "tile.copy_async"(%b, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()"""
    with split(copy=guard) as result:
        assert result.names("producer").count("tile.bulk_copy") == 2
        assert "scf.if" in result.names("producer") and "scf.if" not in result.names("consumer")
        assert not {"tile.copy_async", "tile.bulk_copy"} & set(result.names("consumer"))


def test_a_while_keeps_all_that_it_hands_on_in_both_roles() -> None:
    opened = """scf.while (%p = %c0, %q = %c0) : (index, index) -> () {
      %more = arith.cmpi eq, %p, %q : index
      scf.condition(%more)
    } do {"""
    with split(before=opened, after="scf.yield %c0, %c16 : index, index }") as result:
        for role in ("producer", "consumer"):
            (loop,) = (operation for operation in nested_operations(result.group(role)) if operation.name == "scf.while")
            compare = loop.regions[0].blocks[0].operations[0].operation
            assert list(compare.operands) == list(loop.regions[0].blocks[0].arguments) and len(compare.operands) == 2


TABLE = """%Q = memref.alloc() : memref<64xindex, #gpu.address_space<private>>
    scf.forall (%e) in (64) {
      memref.store %c0, %Q[%e] : memref<64xindex, #gpu.address_space<private>>
      memref.store %e, %Q[%e] : memref<64xindex, #gpu.address_space<private>>
    }
"""
GATHERED = """%row = memref.load %Q[%k] : memref<64xindex, #gpu.address_space<private>>
      %b = memref.subview %X[%row] [16] [1] : !x to !win
      "tile.copy_async"(%b, %s) {group = 0 : i32, tile.instruction = "bulk"} : (!win, !version) -> ()"""


def test_the_producer_alone_makes_a_table_that_it_alone_reads() -> None:
    with split(before=TABLE, copy=GATHERED) as result:
        assert result.names("producer").count("scf.forall") == 1
        assert "scf.forall" not in result.names("consumer")


def test_a_table_that_the_consumer_changes_by_what_is_in_it_is_the_consumers_too() -> None:
    update = """scf.forall (%e) in (64) {
      %old = memref.load %Q[%e] : memref<64xindex, #gpu.address_space<private>>
      %next = arith.addi %old, %c16 : index
      memref.store %next, %Q[%e] : memref<64xindex, #gpu.address_space<private>>
    }
"""
    with split(before=TABLE + update, copy=GATHERED) as result:
        assert result.names("producer").count("scf.forall") == 2
        assert result.names("consumer").count("scf.forall") == 2


def test_what_may_read_memory_that_is_written_is_not_read_before_the_roles() -> None:
    choice = """%any = arith.cmpi eq, %c0, %c16 : index
    %r = scf.if %any -> (f16) {
      %one = memref.load %X[%c0] : !x
      scf.yield %one : f16
    } else {
      %two = memref.load %O[%c0] : memref<16xf16>
      scf.yield %two : f16
    }
"""
    with split(before=choice, after="memref.store %r, %O[%c0] : memref<16xf16>") as result:
        assert "scf.if" not in [operation.name for operation in result.top]
        assert "scf.if" in result.names("consumer")


@pytest.mark.parametrize(
    ("source", "view", "result"),
    [
        # A part that begins at the first element keeps the offset, whatever the strides are.
        ("memref<8x8xf16, strided<[?, 1]>>", "[0, 0] [4, 4] [1, 1]", "memref<4x4xf16, strided<[?, 1]>>"),
        ("memref<8x8xf16, strided<[?, 1]>>", "[1, 0] [4, 4] [1, 1]", "memref<4x4xf16, strided<[?, 1], offset: ?>>"),
        ("memref<8x8xf16>", "[1, 1] [4, 4] [1, 2]", "memref<4x4xf16, strided<[8, 2], offset: 9>>"),
        ("memref<8x8xf16>", "[%i, 2] [4, 4] [1, 1]", "memref<4x4xf16, strided<[8, 1], offset: ?>>"),
        ("memref<8x8xf16>", "[0, 2] [4, 4] [%i, 1]", "memref<4x4xf16, strided<[?, 1], offset: 2>>"),
        ("memref<8x8xf16>", "[3, 0] [1, 8] [1, 1]", "memref<8xf16, strided<[1], offset: 24>>"),
        ("memref<8x8xf16>", "[0, 3] [8, 1] [1, 1]", "memref<8xf16, strided<[8], offset: 3>>"),
        ("memref<8x8xf16>", "[0, 0] [4, 8] [1, 1]", "memref<4x8xf16>"),
    ],
)
def test_the_type_of_a_part_is_what_mlir_infers(source: str, view: str, result: str) -> None:
    shown = result if "strided" in result else "memref<4x8xf16, strided<[8, 1]>>"
    with mlir.context():
        text = f"func.func @f(%a: {source}, %i: index) {{ %v = memref.subview %a{view} : {source} to {shown} return }}"
        module = ir.Module.parse(text)
        subview = module.body.operations[0].regions[0].blocks[0].operations[0].operation
        assert str(view_type(subview)) == result
