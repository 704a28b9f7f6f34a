"""tl.reshape and tl.view see the elements that NumPy sees, in the reference and in the simulator; misuse is located."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tilewright.language as tl
from tilewright.diagnostics import InputError

pytestmark = pytest.mark.l2_simulator


@pytest.mark.parametrize(
    ("old", "new", "operations"),
    [
        ((4, 6), (24,), ["memref.collapse_shape"]),
        ((4, 6, 2), (24, 2), ["memref.collapse_shape"]),
        ((4, 6), (2, 2, 6), ["memref.expand_shape"]),
        ((4, 6), (8, 3), ["memref.collapse_shape", "memref.expand_shape"]),
        ((4, 6), (1, 4, 6, 1), ["memref.expand_shape"]),
        ((1, 4, 1), (4,), ["memref.collapse_shape"]),
        ((1,), (1, 1), ["memref.expand_shape"]),
        ((4, 6), (4, 6), []),
    ],
)
def test_a_reshape_keeps_the_row_major_order(
    old: tuple[int, ...], new: tuple[int, ...], operations: list[str], kernel_of, run_both
) -> None:
    def body(A: Any, B: Any) -> None:
        tl.copy(tl.reshape(A, new), B)

    a, b = np.arange(np.prod(old), dtype=np.float32).reshape(old), np.zeros(new, np.float32)
    words = kernel_of(body, a, b).text().split()
    assert [word for word in words if word in ("memref.collapse_shape", "memref.expand_shape")] == operations
    run_both(body, a, b)
    np.testing.assert_array_equal(b, a.reshape(new))


def test_what_is_written_through_a_reshaped_tile_is_in_the_tile(run_both) -> None:
    def body(A: Any) -> None:
        tile = tl.alloc_shared((4, 6), tl.f32)
        flat = tl.reshape(tile, 24)
        for i in tl.parallel(24):
            flat[i] = tl.cast(i, tl.f32)
        tl.copy(tile, A)

    a = np.zeros((4, 6), np.float32)
    run_both(body, a)
    np.testing.assert_array_equal(a, np.arange(24).reshape(4, 6))


def test_a_view_has_strides_of_its_own(run_both) -> None:
    def body(A: Any, B: Any, C: Any) -> None:
        tl.copy(tl.view(A, (6, 4), strides=(1, 6)), B)
        tl.copy(tl.view(A, (5, 3), strides=(4, 1), offset=2), C)

    a, b, c = np.arange(24, dtype=np.float32).reshape(4, 6), np.zeros((6, 4), np.float32), np.zeros((5, 3), np.float32)
    run_both(body, a, b, c)
    np.testing.assert_array_equal(b, a.T)
    np.testing.assert_array_equal(c, np.lib.stride_tricks.as_strided(a.ravel()[2:], (5, 3), (16, 4)))


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "operation"),
    [
        ((6, 4), (1, 6), 0, "memref.transpose"),
        ((4, 6), (6, 1), 0, "memref.reinterpret_cast"),
        ((5, 4), (1, 6), 0, "memref.reinterpret_cast"),
        ((2, 4), (1, 6), 4, "memref.reinterpret_cast"),
    ],
)
def test_only_a_transposition_is_a_view_that_versions_may_have(shape, strides, offset, operation, kernel_of, run_both) -> None:
    def body(A: Any, B: Any) -> None:
        tl.copy(tl.view(A, shape, strides, offset), B)

    a, b = np.arange(24, dtype=np.float32).reshape(4, 6), np.zeros(shape, np.float32)
    words = kernel_of(body, a, b).text().split()
    assert [word for word in words if word in ("memref.transpose", "memref.reinterpret_cast")] == [operation]
    run_both(body, a, b)
    steps = [4 * stride for stride in strides]
    np.testing.assert_array_equal(b, np.lib.stride_tricks.as_strided(a.ravel()[offset:], shape, steps))


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda a: tl.reshape(a, (5, 5)), r"tl.reshape from \[4, 6\] to \[5, 5\]: 24 elements are not 25"),
        (lambda a: tl.reshape(a, (0, 24)), "tl.reshape needs a shape of positive integers"),
        (lambda a: tl.reshape(a[0:2, 0:], (12,)), "tl.reshape takes a whole buffer"),
        (lambda a: tl.reshape(tl.view(a, (6, 4), (1, 6)), (24,)), "whose elements are not next to each other"),
        (lambda a: tl.view(a, (6, 4), (1, 7)), "tl.view reaches element 26 of A, which has 24"),
        (lambda a: tl.view(a, (6, 4), (1,)), "it needs an integer >= 0 for each"),
        (lambda a: tl.view(a, (6, 4), (1, -6)), "it needs an integer >= 0 for each"),
    ],
)
def test_misuse_is_located(misuse: Callable[[Any], Any], message: str, kernel_of) -> None:
    def body(A: Any) -> None:
        misuse(A)

    with pytest.raises(InputError, match=message) as caught:
        kernel_of(body, np.zeros((4, 6), np.float32)).text()
    assert caught.value.diagnostic.location.file == __file__
