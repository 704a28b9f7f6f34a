"""NVIDIA GPUs. Capacities and limits: CUDA C++ Programming Guide, compute capabilities; instructions: PTX ISA 8.6."""

from dataclasses import replace

from tilewright.machine.description import CopyInstruction, Limits, Machine, MemorySpace, ProductInstruction

GLOBAL = "|#gpu.address_space<global>"
SHARED = "#gpu.address_space<workgroup>"
FRAGMENT = "#gpu.address_space<private>"

_SIMT = CopyInstruction("simt", "any", "any", "none")
_CP_ASYNC = CopyInstruction("cp_async", "global", "shared", "group", row_bytes=4, stride_bytes=4, pads=(0.0,))
_BULK = CopyInstruction(
    "bulk",
    "global",
    "shared",
    "mbarrier",
    row_bytes=16,
    stride_bytes=16,
    maximal_stride=1 << 40,
    pads=(0.0,),
    needs_kernel_argument=True,
    pads_rows=False,
)

_SCALAR = ProductInstruction(
    "scalar",
    threads=1,
    m=1,
    n=1,
    operands={
        "f64": (("f64",), 1),
        "f32": (("f32", "f64"), 1),
        "f16": (("f16", "f32"), 1),
        "bf16": (("bf16", "f32"), 1),
        "f8E4M3FN": (("f16", "f32"), 1),
        "f8E5M2": (("f16", "f32"), 1),
        "i8": (("i32",), 1),
        "i16": (("i32",), 1),
        "i32": (("i32", "i64"), 1),
        "i64": (("i64",), 1),
    },
    b_spaces=("shared", "fragment"),
    transposable=("f64", "f32", "f16", "bf16", "f8E4M3FN", "f8E5M2", "i8", "i16", "i32", "i64"),
)
_MMA = ProductInstruction(
    "mma",
    threads=32,
    m=16,
    n=8,
    operands={"f16": (("f16", "f32"), 16), "bf16": (("f32",), 16), "i8": (("i32",), 32)},
)
# From sm_89 on, mma takes 8-bit floats as well.
_MMA_FP8 = replace(_MMA, operands={**_MMA.operands, "f8E4M3FN": (("f32",), 32), "f8E5M2": (("f32",), 32)})
_WGMMA = ProductInstruction(
    "wgmma",
    threads=128,
    m=64,
    n=8,
    operands={
        "f16": (("f16", "f32"), 16),
        "bf16": (("f32",), 16),
        "f8E4M3FN": (("f16", "f32"), 32),
        "f8E5M2": (("f16", "f32"), 32),
        "i8": (("i32",), 32),
    },
    maximal_n=256,
    by_descriptor=True,
)
_MMA_SP = ProductInstruction(
    "mma_sp",
    threads=32,
    m=16,
    n=8,
    operands={"f16": (("f16", "f32"), 32), "bf16": (("f32",), 32), "i8": (("i32",), 64)},
)
_MMA_SP_FP8 = replace(_MMA_SP, operands={**_MMA_SP.operands, "f8E4M3FN": (("f32",), 64), "f8E5M2": (("f32",), 64)})
_WGMMA_SP = ProductInstruction(
    "wgmma_sp",
    threads=128,
    m=64,
    n=8,
    operands={
        "f16": (("f16", "f32"), 32),
        "bf16": (("f32",), 32),
        "f8E4M3FN": (("f16", "f32"), 64),
        "f8E5M2": (("f16", "f32"), 64),
        "i8": (("i32",), 64),
    },
    maximal_n=256,
    by_descriptor=True,
)


def _spaces(shared_bytes: int) -> tuple[MemorySpace, ...]:
    return (
        MemorySpace("global", GLOBAL, capacity=1 << 40, alignment=16),
        MemorySpace("shared", SHARED, capacity=shared_bytes, alignment=128),
        MemorySpace("fragment", FRAGMENT, capacity=65536 * 4, alignment=4),
    )


SM_80 = Machine(
    target="cuda:sm_80",
    spaces=_spaces(163 * 1024),
    copies=(_CP_ASYNC, _SIMT),
    products=(_MMA, _SCALAR),
    limits=Limits(32, 1024, 255, 65536, 163 * 1024, 16),
    warp_group_size=32,
    specializes_warps=False,
    sparse_products=(_MMA_SP, _SCALAR),
)
SM_90A = Machine(
    target="cuda:sm_90a",
    spaces=_spaces(227 * 1024),
    copies=(_BULK, _CP_ASYNC, _SIMT),
    products=(_WGMMA, _MMA_FP8, _SCALAR),
    limits=Limits(32, 1024, 255, 65536, 227 * 1024, 16),
    warp_group_size=128,
    specializes_warps=True,
    sparse_products=(_WGMMA_SP, _MMA_SP_FP8, _SCALAR),
)
