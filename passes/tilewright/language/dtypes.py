"""Element types of buffers and scalars, by MLIR's spelling: ``tl.f16``, or its name ``"f16"`` wherever a type is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tilewright.language.source import fail

if TYPE_CHECKING:
    import numpy as np

    from tilewright.mlir import ir


@dataclass(frozen=True)
class DType:
    """An element type; `bits` is its width in memory (an i1 takes a byte there, an index eight)."""

    name: str
    kind: Literal["float", "integer", "index"]
    bits: int

    def __str__(self) -> str:
        return self.name

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    @property
    def bytes(self) -> int:
        return max(1, self.bits // 8)

    def mlir(self) -> ir.Type:
        """The MLIR type, in the current context."""
        from tilewright.mlir import ir

        return ir.Type.parse(self.name)

    @property
    def numpy(self) -> np.dtype:
        """The NumPy dtype of arrays of this type: bf16 and fp8 are ml_dtypes', i1 is bool, index is int64."""
        import ml_dtypes
        import numpy as np

        special = {
            "bf16": ml_dtypes.bfloat16,
            "f8E4M3FN": ml_dtypes.float8_e4m3fn,
            "f8E5M2": ml_dtypes.float8_e5m2,
            "i1": np.bool_,
            "index": np.int64,
        }
        if self.name in special:
            return np.dtype(special[self.name])
        return np.dtype(f"{'float' if self.is_float else 'int'}{self.bits}")


f8E4M3FN = DType("f8E4M3FN", "float", 8)  # noqa: N816 (MLIR's spelling)
f8E5M2 = DType("f8E5M2", "float", 8)  # noqa: N816
f16 = DType("f16", "float", 16)
bf16 = DType("bf16", "float", 16)
f32 = DType("f32", "float", 32)
f64 = DType("f64", "float", 64)
i1 = DType("i1", "integer", 1)
i8 = DType("i8", "integer", 8)
i16 = DType("i16", "integer", 16)
i32 = DType("i32", "integer", 32)
i64 = DType("i64", "integer", 64)
index = DType("index", "index", 64)

DTYPES = {dtype.name: dtype for dtype in (f8E4M3FN, f8E5M2, f16, bf16, f32, f64, i1, i8, i16, i32, i64, index)}


def as_dtype(dtype: DType | str) -> DType:
    """The type of this name. Raises InputError at the user's line for a name that is none."""
    if isinstance(dtype, DType):
        return dtype
    if not isinstance(dtype, str) or dtype not in DTYPES:
        fail(f"{dtype!r} is no element type; there are {', '.join(DTYPES)}")
    return DTYPES[dtype]
