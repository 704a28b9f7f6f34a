"""The 2:4 sparse product agrees with NumPy, and metadata that no instruction takes is a finding."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f8E5M2": ml_dtypes.float8_e5m2, "i8": np.int8, "f32": np.float32}
ROWS, COLUMNS, DEPTH = 8, 6, 64


def product(element: str, word: str, accumulator: str, transposed: bool) -> tuple[str, str]:
    """The arguments and the body of a kernel that is one sparse product."""
    width = int(word[1:])
    b_shape = f"{COLUMNS}x{DEPTH}" if transposed else f"{DEPTH}x{COLUMNS}"
    types = [
        f"memref<{ROWS}x{DEPTH // 2}x{element}>",
        f"memref<{ROWS}x{DEPTH // width}x{word}>",
        f"memref<{b_shape}x{element}>",
        f"memref<{ROWS}x{COLUMNS}x{accumulator}>",
    ]
    names = ("%A", "%E", "%B", "%C")
    flag = " {transpose_b = true}" if transposed else ""
    body = f'"tile.gemm_sp"({", ".join(names)}){flag} : ({", ".join(types)}) -> ()'
    return ", ".join(f"{name}: {type_}" for name, type_ in zip(names, types, strict=True)), body


def random_metadata(random: np.random.Generator, word: str) -> tuple[np.ndarray, np.ndarray]:
    """Words, and the positions in them: rows x groups x 2."""
    pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
    positions = pairs[random.integers(0, len(pairs), (ROWS, DEPTH // 4))]
    per_word = int(word[1:]) // 4
    words = np.zeros((ROWS, DEPTH // 4 // per_word), np.uint64)
    for group in range(DEPTH // 4):
        bits = positions[:, group, 0] + 4 * positions[:, group, 1]
        words[:, group // per_word] |= bits.astype(np.uint64) << np.uint64(4 * (group % per_word))
    return words.astype(f"uint{word[1:]}").view(f"int{word[1:]}"), positions


@pytest.mark.parametrize("word", ["i8", "i16", "i32"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("element", DTYPES)
def test_sparse_product(element, word, transposed, kernel_text, run_clean) -> None:
    random = np.random.default_rng(7)
    accumulator = "i32" if element == "i8" else "f32"
    shape = (COLUMNS, DEPTH) if transposed else (DEPTH, COLUMNS)
    drawn = [
        random.integers(-4, 5, (ROWS, DEPTH // 2)),
        random.integers(-4, 5, shape),
        random.integers(-9, 10, (ROWS, COLUMNS)),
    ]
    kept, b = (array.astype(DTYPES[element]) for array in drawn[:2])
    c = drawn[2].astype(np.int32 if accumulator == "i32" else np.float32)
    words, positions = random_metadata(random, word)
    dense = np.zeros((ROWS, DEPTH))
    for row in range(ROWS):
        for group in range(DEPTH // 4):
            for which in range(2):
                dense[row, 4 * group + positions[row, group, which]] = kept[row, 2 * group + which]
    expected = c + dense @ (b.T if transposed else b).astype(np.float64)
    run_clean(kernel_text(*product(element, word, accumulator, transposed)), [kept, words, b, c])
    np.testing.assert_array_equal(c.astype(np.float64), expected)


@pytest.mark.parametrize(("nibble", "positions"), [(0b0000, "0 and 0"), (0b0001, "1 and 0"), (0b1111, "3 and 3")])
def test_positions_that_do_not_ascend_are_a_finding(nibble, positions, kernel_text, run) -> None:
    words, _ = random_metadata(np.random.default_rng(0), "i16")
    words[3, 2] = (int(words[3, 2]) & ~0xF0) | nibble << 4
    arrays = [np.ones((ROWS, DEPTH // 2), np.float16), words, np.ones((DEPTH, COLUMNS), np.float16)]
    result = run(kernel_text(*product("f16", "i16", "f32", False)), [*arrays, np.zeros((ROWS, COLUMNS), np.float32)])
    assert not result.completed
    assert [finding.kind for finding in result.findings] == ["sparse-metadata"]
    assert f"keeps positions {positions} of row 3, group 9; they must ascend" in result.findings[0].message


@pytest.mark.parametrize("unwritten", range(4))
def test_every_operand_is_read(unwritten, kernel_text, run) -> None:
    arguments, body = product("f16", "i16", "f32", False)
    name, type_ = arguments.split(", ")[unwritten].split(": ")
    fresh = f"{name}_fresh = memref.alloc() : {type_}"
    words, _ = random_metadata(np.random.default_rng(0), "i16")
    arrays = [np.ones((ROWS, DEPTH // 2), np.float16), words, np.ones((DEPTH, COLUMNS), np.float16)]
    text = kernel_text(arguments, f"{fresh}\n{body.replace(name, f'{name}_fresh')}")
    result = run(text, [*arrays, np.zeros((ROWS, COLUMNS), np.float32)])
    assert [finding.kind for finding in result.findings][:1] == ["uninitialised-read"]
