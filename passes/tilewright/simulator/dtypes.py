"""Element types: their NumPy dtype, and how single values of them are represented while simulating.

A single value is a Python int for integers and index (signed, in range), a Python bool for i1, and a NumPy scalar for
floats, so that its arithmetic rounds in its own type. Arrays of the same dtypes stand for the lanes of a parallel loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import ml_dtypes
import numpy as np

from tilewright.diagnostics import UNKNOWN_LOCATION, InputError, SourceLocation
from tilewright.mlir import ir

Kind = Literal["float", "int", "bool"]

_FLOATS: dict[str, Any] = {
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "bf16": ml_dtypes.bfloat16,
    "f8E3M4": ml_dtypes.float8_e3m4,
    "f8E4M3": ml_dtypes.float8_e4m3,
    "f8E4M3FN": ml_dtypes.float8_e4m3fn,
    "f8E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "f8E4M3B11FNUZ": ml_dtypes.float8_e4m3b11fnuz,
    "f8E5M2": ml_dtypes.float8_e5m2,
    "f8E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
}
_INTEGERS: dict[int, Any] = {8: np.int8, 16: np.int16, 32: np.int32, 64: np.int64}
_UNSIGNED: dict[int, Any] = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}


@dataclass(frozen=True)
class ElementType:
    """An element type: `name` as MLIR prints it, the `dtype` that stores it, its `width` in bits."""

    name: str
    kind: Kind
    dtype: np.dtype
    width: int

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    @property
    def native(self) -> bool:
        """NumPy itself computes with it; the other floats compute in f32 and round."""
        return not self.is_float or self.dtype.char in "efd"

    @property
    def unsigned_dtype(self) -> np.dtype:
        return np.dtype(_UNSIGNED[self.width])

    def wrap(self, value: int) -> int:
        """`value` modulo two to the width, as a signed number."""
        if self.kind == "bool":
            return bool(value & 1)
        half = 1 << (self.width - 1)
        return ((value + half) & ((1 << self.width) - 1)) - half

    def scalar(self, value: Any) -> Any:
        """A single value of this type: from a Python number, a NumPy scalar or an array of one element."""
        if self.kind == "float":
            return self.dtype.type(value)
        return bool(value) if self.kind == "bool" else int(value)

    @property
    def from_memory(self) -> Callable[[Any], Any] | None:
        """What turns an element of an array into a single value; None where it is one already."""
        if self.kind == "float":
            return None
        return bool if self.kind == "bool" else int

    @property
    def poison(self) -> Any:
        """What fills memory that holds nothing yet."""
        return self.dtype.type(float("nan")) if self.is_float else self.dtype.type(0)


INDEX = ElementType("index", "int", np.dtype(np.int64), 64)
BOOL = ElementType("i1", "bool", np.dtype(np.bool_), 1)
F32 = ElementType("f32", "float", np.dtype(np.float32), 32)


def element_type(mlir_type: ir.Type, location: SourceLocation = UNKNOWN_LOCATION) -> ElementType:
    """The element type of a scalar MLIR type; raises InputError for one that the simulator does not know."""
    if isinstance(mlir_type, ir.IndexType):
        return INDEX
    if isinstance(mlir_type, ir.IntegerType):
        width = mlir_type.width
        if width == 1:
            return BOOL
        if width in _INTEGERS and not mlir_type.is_unsigned:
            return ElementType(str(mlir_type), "int", np.dtype(_INTEGERS[width]), width)
    name = str(mlir_type)
    if name in _FLOATS:
        dtype = np.dtype(_FLOATS[name])
        return ElementType(name, "float", dtype, dtype.itemsize * 8)
    raise InputError(f"the simulator does not know type {name}", location)


def numpy_dtype(element: ir.Type) -> np.dtype:
    """The dtype of an element type: bf16 and fp8 through ml_dtypes, i1 as bool, index as int64.

    Raises InputError for a type that the simulator does not know.
    """
    return element_type(element).dtype
