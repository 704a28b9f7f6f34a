"""Which registers the roles get: the table of the hardware's splits, hints at their limits, and what asks for no budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tilewright import mlir
from tilewright.diagnostics import InputError
from tilewright.ir.kernel import Kernel
from tilewright.machine.cuda import SM_90A
from tilewright.mlir import ir
from tilewright.transforms.check_input import check_input
from tilewright.transforms.register_budget import Budget, decide_budget, read_hints

pytestmark = pytest.mark.l1a_compile_no_target_dialect


@contextmanager
def kernel(attributes: str = "", text: str = "") -> Iterator[Kernel]:
    with mlir.context():
        module = ir.Module.parse(f"""gpu.module @m {{ gpu.func @f() kernel attributes {{{attributes}}} {{
          {text}
          gpu.return
        }} }}""")
        function = module.body.operations[0].regions[0].blocks[0].operations[0].operation
        yield Kernel(function, "f", ())


def hints(producer: int, consumer: int) -> str:
    return f"tile.registers = array<i32: {producer}, {consumer}>"


@pytest.mark.parametrize(
    ("producers", "consumers", "producer", "consumer"),
    [(1, 1, 24, 240), (1, 2, 24, 240), (2, 1, 24, 240), (2, 2, 24, 224), (1, 3, 24, 160)],
)
def test_warp_groups_have_their_split(producers: int, consumers: int, producer: int, consumer: int) -> None:
    with kernel() as function:
        budget = decide_budget(function, 128 * producers, 128 * consumers, False, SM_90A)
    assert budget == Budget(producer, consumer, f"registers {producer}/{consumer}")
    # A block has no more registers than this.
    assert 128 * (producers * producer + consumers * consumer) <= SM_90A.limits.registers_per_block


@pytest.mark.parametrize("consumers", [64, 160, 192, 288, 512, 640])
def test_other_threads_have_none(consumers: int) -> None:
    with kernel() as function:
        budget = decide_budget(function, 128, consumers, False, SM_90A)
    assert budget == Budget(None, None, f"no register budget for {consumers} threads")


def test_what_asks_for_no_budget() -> None:
    with kernel() as function:
        reason = "no register budget: the producer also copies with its threads"
        assert decide_budget(function, 128, 128, True, SM_90A) == Budget(None, None, reason)
    with kernel(f"tile.disable_register_budget, {hints(40, 200)}") as function:
        reason = "no register budget: tile.disable_register_budget is set"
        assert decide_budget(function, 128, 128, False, SM_90A) == Budget(None, None, reason)


@pytest.mark.parametrize("by_threads", [False, True])
def test_hints_come_before_the_table(by_threads: bool) -> None:
    with kernel(hints(40, 200)) as function:
        expected = Budget(40, 200, "registers 40/200, as asked for")
        assert decide_budget(function, 128, 128, by_threads, SM_90A) == expected


def test_hints_may_ask_for_all_registers_of_a_block_and_for_no_more() -> None:
    # 128 * 32 + 256 * 240 = 65536.
    with kernel(hints(32, 240)) as function:
        assert decide_budget(function, 128, 256, False, SM_90A).producer == 32
    with kernel(hints(40, 240)) as function, pytest.raises(InputError) as raised:
        decide_budget(function, 128, 256, False, SM_90A)
    assert "asks for 66560 registers on 'gpu.func': 128 threads with 40 and 256 with 240; a block has 65536" in str(
        raised.value
    )


@pytest.mark.parametrize("values", [(24, 240), (240, 24), (32, 232)])
def test_hints_within_the_range_are_read(values: tuple[int, int]) -> None:
    with kernel(hints(*values)) as function:
        assert read_hints(function) == values
    with kernel() as function:
        assert read_hints(function) is None


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (hints(16, 240), "asks for 16 registers"),
        (hints(24, 248), "asks for 248 registers"),
        (hints(24, 100), "asks for 100 registers"),
        (hints(28, 240), "asks for 28 registers"),
        ("tile.registers = array<i32: 24>", "it is array<i32: producer, consumer>"),
        ("tile.registers = array<i32: 24, 40, 48>", "it is array<i32: producer, consumer>"),
        ("tile.registers = array<i64: 24, 40>", "it is array<i32: producer, consumer>"),
        ("tile.registers = 24 : i32", "it is array<i32: producer, consumer>"),
    ],
)
def test_hints_that_no_thread_can_have(attribute: str, message: str) -> None:
    with kernel(attribute) as function:
        for read in (read_hints, lambda asked: check_input(asked, SM_90A)):
            with pytest.raises(InputError, match="two multiples of 8 from 24 to 240") as raised:
                read(function)
            assert message in str(raised.value)


def group(warps: int, registers: int | None = None) -> str:
    asked = "" if registers is None else f", registers = {registers} : i32"
    inside = "%c = arith.constant 0 : index"
    return f'"tile.warp_group"() ({{ {inside} }}) {{role = "consumer", warps = {warps} : i32{asked}}} : () -> ()'


def block(*threads: int) -> str:
    return f"known_block_size = array<i32: {', '.join(map(str, threads))}>"


def specialized(*groups: str) -> str:
    return f'"tile.specialize"() ({{ {" ".join(groups)} }}) : () -> ()'


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (block(1, 1, 1), ""),
        (block(1024, 1, 1), ""),
        (block(16, 8, 8), ""),
        ("", ""),
        (block(128, 1, 1), specialized(group(16), group(16))),
        # 128 * 32 + 256 * 240 = 65536.
        (block(128, 1, 1), specialized(group(4, 32), group(8, 240))),
        ("tile.block_swizzle = 1 : i32", ""),
    ],
)
def test_blocks_at_their_limits(attributes: str, text: str) -> None:
    with kernel(attributes, text) as function:
        check_input(function, SM_90A)


@pytest.mark.parametrize(
    ("attributes", "text", "message"),
    [
        (block(1025, 1, 1), "", "known_block_size with 1025 threads; a block has from 1 to 1024"),
        (block(32, 8, 5), "", "known_block_size with 1280 threads"),
        ("", specialized(group(16), group(17)), "warp groups of 1056 threads; a block has at most 1024"),
        ("", specialized(group(4, 40), group(8, 240)), "asks for 66560 registers; a block has 65536"),
        ("tile.block_swizzle = 0 : i32", "", "it is a positive number of rows of blocks"),
        ("", "%t = gpu.thread_id x", "'gpu.thread_id' stands in a tile kernel"),
        (
            "",
            "%n = arith.constant 4 : index %t = memref.alloc(%n) : memref<?xf16, #gpu.address_space<workgroup>>",
            "a tile buffer is static",
        ),
        ("", "%t = memref.alloc() : memref<4xvector<4xf16>, #gpu.address_space<workgroup>>", "they are numbers"),
    ],
)
def test_what_no_block_holds(attributes: str, text: str, message: str) -> None:
    with kernel(attributes, text) as function, pytest.raises(InputError) as raised:
        check_input(function, SM_90A)
    assert message in str(raised.value)


@pytest.mark.parametrize("element", ["f16", "i8", "i1", "index", "complex<f32>"])
def test_elements_that_are_numbers(element: str) -> None:
    dynamic = "%n = arith.constant 4 : index %g = memref.alloc(%n) : memref<?xf16>"
    with kernel("", f"{dynamic} %t = memref.alloc() : memref<4x{element}>") as function:
        check_input(function, SM_90A)


@pytest.mark.parametrize("name", ["bulk", "cp_async", "simt", "wgmma", "mma", "scalar", "wgmma_sp"])
def test_the_instructions_of_a_machine_are_known_to_it(name: str) -> None:
    with kernel("", f'%t = memref.alloc() {{tile.instruction = "{name}"}} : memref<4xf16>') as function:
        check_input(function, SM_90A)


def test_another_instruction_is_an_error_with_those_that_there_are() -> None:
    text = '%t = memref.alloc() {tile.instruction = "wgma"} : memref<4xf16>'
    with kernel("", text) as function, pytest.raises(InputError) as raised:
        check_input(function, SM_90A)
    message = str(raised.value)
    assert "tile.instruction = \"wgma\" on 'memref.alloc': cuda:sm_90a has no such instruction" in message
    assert "did you mean 'wgmma'" in message and "(known: bulk, cp_async, mma, " in message
