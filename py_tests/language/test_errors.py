"""Misuse is one InputError at the user's line."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

import tilewright.language as tl
from tilewright.diagnostics import InputError

pytestmark = pytest.mark.l1a_compile_no_target_dialect

Body = Callable[[tl.Buffer, tl.Buffer], None]


def _gemm(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int], types: tuple[str, str, str]) -> Body:
    def body(A, B):
        tl.gemm(tl.alloc_shared(a, types[0]), tl.alloc_shared(b, types[1]), tl.alloc_fragment(c, types[2]))

    return body


def _gemm_sp(e: tuple[int, ...], b: tuple[int, int], types: tuple[str, str], accumulator: str = "f32") -> Body:
    def body(A, B):
        sp = tl.gemm_sp
        sp(
            tl.alloc_shared((8, 16), types[0]),
            tl.alloc_shared(e, types[1]),
            tl.alloc_shared(b, "f16"),
            _accumulator(accumulator),
        )

    return body


def _accumulator(dtype: str) -> tl.Buffer:
    return tl.alloc_fragment((8, 8), dtype)


def _store_out_of_rank(A, B):
    A[0, 0, 0] = 1.0


def _store_to_a_row(A, B):
    A[0] = 1.0


def _outside(A, B):
    A[0, 32] = 1.0


def _window_outside(A, B):
    tl.copy(A[0:, 28:], tl.alloc_shared((8, 8), tl.f32))


def _window_before_the_start(A, B):
    tl.copy(A[-1:, 0:], tl.alloc_shared((8, 8), tl.f32))


def _row_before_the_start(A, B):
    tl.copy(A[-1, 0:], tl.alloc_shared((8,), tl.f32))


def _copy_of_another_shape(A, B):
    tl.copy(A[0:8, 0:8], tl.alloc_shared((8, 4), tl.f32))


def _copy_of_another_rank(A, B):
    tl.copy(A[0, 0:], tl.alloc_shared((8, 4), tl.f32))


def _copy_without_size(A, B):
    tl.copy(A[0:, 0:], B[0:, 0:])


def _copy_in_that_converts(A, B):
    tl.copy_in(A[0:, 0:], tl.alloc_shared((8, 8), tl.f16))


def _step(A, B):
    tl.copy(A[0:16:2, 0:8], B[0:8, 0:8])


def _mixed_types(A, B):
    A[0, 0] = A[0, 0] + tl.cast(1, tl.f16)


def _integer_division(A, B):
    A[0, 0] = tl.cast(tl.cast(1, tl.i32) / 2, tl.f32)


def _bitcast_to_another_width(A, B):
    A[0, 0] = tl.bitcast(tl.bitcast(B[0, 0], tl.i16), tl.f32)


def _truth(A, B):
    if A[0, 0] > 0.0:
        A[0, 0] = 1.0


def _range(A, B):
    bx = tl.grid(4)
    for _ in range(bx):
        A[0, 0] = 1.0


def _if_of_python(A, B):
    with tl.if_(1 > 2):
        A[0, 0] = 1.0


def _else_alone(A, B):
    with tl.else_():
        A[0, 0] = 1.0


def _escaped(A, B):
    for k in tl.serial(4):
        last = k * 2
    A[last, 0] = 1.0


def _left_by_break(A, B):
    for k in tl.serial(4):
        A[k, 0] = 1.0
        break
    A[0, 0] = 2.0


def _left_by_break_at_the_end(A, B):
    A[0, 0] = 2.0
    for k in tl.serial(4):
        A[k, 0] = 1.0
        break


def _parity_of_two(A, B):
    tl.mbarrier(1).wait(parity=2)


def _return_in_with(A, B):
    with tl.if_(A[0, 0] > 0.0):
        return
    A[0, 0] = 1.0


def _continue_in_with(A, B):
    for k in tl.serial(4):
        with tl.if_(k > 2):
            continue
        A[k, 0] = 1.0


def _two_grids(A, B):
    tl.grid(2)
    tl.grid(3)


def _grid_from_memory(A, B):
    tl.grid(tl.cast(tl.cast(A[0, 0], tl.i32), tl.index))


def _reduction_of_another_shape(A, B):
    tl.reduce(tl.alloc_fragment((4, 8), tl.f32), tl.alloc_fragment((8,), tl.f32), op="sum", axis=1)


def _reduction_along_nothing(A, B):
    tl.reduce(tl.alloc_fragment((4, 8), tl.f32), tl.alloc_fragment((4,), tl.f32), op="sum", axis=2)


def _no_stages(A, B):
    for _ in tl.pipelined(4, num_stages=0):
        pass


def _schedule_of_another_length(A, B):
    for _ in tl.pipelined(4, num_stages=2, stage=[0], order=[0]):
        tl.fill(tl.alloc_fragment((4,), tl.f32), 0.0)
        tl.fill(tl.alloc_fragment((4,), tl.f32), 0.0)


def _too_large(A, B):
    tl.fill(tl.alloc_fragment((4,), tl.i8), 300)


def _group_alone(A, B):
    with tl.warp_group("producer", warps=4):
        A[0, 0] = 1.0


def _between_groups(A, B):
    with tl.specialize():
        tl.fill(A[0:4, 0:4], 0.0)


def _registers(A, B):
    with tl.specialize(), tl.warp_group("producer", warps=4, registers=25):
        A[0, 0] = 1.0


def _wrong_name(A, B):
    A[0, 0] = undefined_name  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


def _another_dimension(A, B):
    tl.grid(tl.dynamic("elsewhere"))


CASES: list[tuple[Body, int, str]] = [
    (
        _gemm((8, 16), (8, 16), (8, 8), ("f16", "f16", "f32")),
        1,
        "tl.gemm of a 8x16 and b 8x16 into 8x8: the shapes",
    ),
    (
        _gemm((8, 16), (16, 8), (8, 8), ("f16", "bf16", "f32")),
        1,
        "tl.gemm multiplies f16 with bf16; the operands",
    ),
    (_gemm((8, 16), (16, 8), (8, 8), ("bf16", "bf16", "f16")), 1, "tl.gemm of bf16 accumulates in bf16 or f32, not in f16"),
    (_gemm_sp((8, 2, 1), (32, 8), ("f16", "i16")), 2, "tl.gemm_sp multiplies matrices, not shapes [8, 16], [8, 2, 1], [32, 8]"),
    (_gemm_sp((8, 2), (16, 8), ("f16", "i16")), 2, "tl.gemm_sp of A 8x32 and b 16x8 into 8x8: the shapes do not match"),
    (
        _gemm_sp((8, 4), (32, 8), ("f16", "i16")),
        2,
        "tl.gemm_sp of A 8x32 takes metadata 8x4 of i8 or 8x2 of i16 or 8x1 of i32, not 8x4 of i16",
    ),
    (_gemm_sp((8, 2), (32, 8), ("bf16", "i16")), 2, "tl.gemm_sp multiplies bf16 with f16; the operands have one type"),
    (_gemm_sp((8, 2), (32, 8), ("f16", "i16"), "i32"), 2, "tl.gemm_sp of f16 accumulates in f16 or f32, not in i32"),
    (_store_out_of_rank, 1, "A has rank 2, not 3 subscripts"),
    (_store_to_a_row, 1, "A has rank 2: assign to one element, or use tl.copy or tl.fill for more"),
    (_outside, 1, "32 is outside dimension 1 of A, which has extent 32"),
    (_window_outside, 1, "28 to 35 is outside dimension 1 of A, which has extent 32"),
    (_window_before_the_start, 1, "-1 to 6 is outside dimension 0 of A, which has extent"),
    (_row_before_the_start, 1, "-1 is outside dimension 0 of A, which has extent"),
    (_copy_of_another_shape, 1, "tl.copy from shape [8, 8] to shape [8, 4]: the shapes differ"),
    (_copy_of_another_rank, 1, "tl.copy from shape [None] to shape [8, 4]: the ranks differ"),
    (_copy_without_size, 1, "no side has a static size for each dimension"),
    (_copy_in_that_converts, 1, "tl.copy_in from f32 to f16 or back: it never converts"),
    (_step, 1, "a window of A has a step; its elements must be next to each other"),
    (_mixed_types, 1, "f32 + f16: the operands have different types; use tl.cast"),
    (_integer_division, 1, "i32 has no operator /; use // for integers"),
    (_bitcast_to_another_width, 1, "tl.bitcast from f32 to i16: both must be of one width"),
    (_truth, 1, "a value of a kernel has no truth value while it is traced"),
    (_range, 2, "a value of a kernel is not known while it is traced"),
    (_if_of_python, 1, "use Python's if"),
    (_else_alone, 1, "tl.else_ must follow a tl.if_ directly"),
    (_escaped, 3, "this value belongs to the tl.serial loop, which has ended; keep it in a buffer instead"),
    (_left_by_break, 4, "the tl.serial loop was left with break or return"),
    (_left_by_break_at_the_end, 2, "the tl.serial loop was left with break or return"),
    (_parity_of_two, 1, "parity is 2; it is 0 or 1"),
    (_return_in_with, 2, "'return' leaves a with block"),
    (_continue_in_with, 3, "'continue' leaves a with block"),
    (_two_grids, 2, "tl.grid was called already"),
    (_grid_from_memory, 0, "the grid depends on what the kernel computes"),
    (_reduction_of_another_shape, 1, "tl.reduce of [4, 8] along axis 1 gives [4]; the destination has [8]"),
    (_reduction_along_nothing, 1, "tl.reduce along axis 2 of shape [4, 8]; it must be from -2 to 1"),
    (_no_stages, 1, "tl.pipelined has num_stages = 0; it must be an integer of at least 1"),
    (_schedule_of_another_length, 1, "the loop has 2 statements (linalg.fill, linalg.fill), and stage has 1 numbers"),
    (_too_large, 1, "300 does not fit into i8, which holds -128 to 127"),
    (_group_alone, 1, "tl.warp_group must stand directly in tl.specialize"),
    (_between_groups, 2, "only tl.warp_group may stand directly in tl.specialize"),
    (_registers, 1, "registers is 25; a budget is a multiple of 8 from 24 to 240"),
    (_wrong_name, 1, "NameError: name 'undefined_name' is not defined"),
    (_another_dimension, 1, "no argument of kernel '_another_dimension' has the dynamic dimension 'elsewhere'"),
]


def _error_of(body: Body) -> InputError:
    body.__annotations__ = {"A": tl.Tensor((32, 32), tl.f32), "B": tl.Tensor((32, 32), tl.f32)}
    with pytest.raises(InputError) as caught:
        tl.kernel(threads=128)(body).text()
    return caught.value


@pytest.mark.parametrize(("body", "line", "message"), CASES, ids=[f"{body.__name__}-{text[:24]}" for body, _, text in CASES])
def test_misuse_is_located(body: Body, line: int, message: str) -> None:
    diagnostic = _error_of(body).diagnostic
    assert message in diagnostic.message
    assert diagnostic.location.file == __file__
    assert diagnostic.location.line == body.__code__.co_firstlineno + line


def test_use_outside_a_kernel() -> None:
    with pytest.raises(InputError, match=r"tl\.alloc_shared is used outside a kernel"):
        tl.alloc_shared((4, 4), tl.f16)


def test_a_trace_leaves_nothing_behind_after_an_error() -> None:
    _error_of(_escaped)
    with pytest.raises(InputError, match="outside a kernel"):
        tl.grid(1)


def test_values_of_a_finished_trace_are_refused() -> None:
    kept: list[tl.Scalar] = []

    def first(A: object) -> None:
        kept.append(tl.grid(4))

    def second(A: object) -> None:
        tl.fill(A, kept[0] + 1)  # pyright: ignore[reportArgumentType]

    for body in (first, second):
        body.__annotations__ = {"A": tl.Tensor((4,), tl.f32)}
    tl.kernel(threads=32)(first).text()
    with pytest.raises(InputError, match="belongs to kernel 'first', which has ended"):
        tl.kernel(threads=32)(second).text()


def test_parameters_need_a_type() -> None:
    def body(A: int) -> None: ...

    with pytest.raises(InputError, match=r"parameter 'A' is annotated with <class 'int'>; write tl.Tensor"):
        tl.kernel(threads=32)(body)


@pytest.mark.parametrize("threads", [0, -1, True, 1.5])
def test_threads_are_a_positive_integer(threads: int) -> None:
    with pytest.raises(InputError, match="it must be a positive integer"):
        tl.kernel(threads=threads)


def test_an_unknown_element_type() -> None:
    with pytest.raises(InputError, match="'f17' is no element type; there are f8E4M3FN"):
        tl.Tensor((4,), "f17")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 knows no columns")
def test_columns_point_at_the_call() -> None:
    assert _error_of(_two_grids).diagnostic.location.column == 5
    assert _error_of(_integer_division).diagnostic.location.column == 23


def test_a_kernel_with_a_yield_is_an_error_since_its_body_would_not_run():
    def stops_at_once(A):
        A[0] = 1.0
        yield

    stops_at_once.__annotations__ = {"A": tl.Tensor((32,), tl.f32)}
    with pytest.raises(InputError, match="a kernel is a plain function: with yield or async its body would not run"):
        tl.kernel(threads=128)(stops_at_once)  # pyright: ignore[reportArgumentType]
