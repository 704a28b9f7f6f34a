# TIER: l2_simulator, sim
# RUN: tile-run %s --simulate-each --target cuda:sm_90a --json - | FileCheck %s

# What a kernel asks for beside its statements is heard: registers, a copy that may be no bulk copy, and layouts, with which
# every stage computes the same (`py_tests/language/test_annotations.py` looks at the layouts of the last form).
# CHECK: no bulk: tile.disable_bulk_copy is set
# CHECK: registers 40/232, as asked for
# CHECK: "name": "tile-infer-layout"
# CHECK: "ok": true

import tilewright.language as tl


def build() -> tl.Kernel:
    @tl.kernel(threads=128)
    def annotated(A: tl.Tensor((128, 128), "f16"), B: tl.Tensor((128, 128), "f16"), C: tl.Tensor((128, 128), "f32")):
        bx, by = tl.grid(2, 2)
        tl.swizzle_blocks(2)
        tl.register_hints(producer=40, consumer=232)
        A_tile = tl.alloc_shared((64, 32), "f16")
        B_tile = tl.alloc_shared((32, 64), "f16")
        tl.annotate_layout(A_tile, swizzle=32)
        tl.annotate_layout(B_tile, padding=8)
        total = tl.alloc_fragment((64, 64), "f32")
        tl.fill(total, 0.0)
        for k in tl.pipelined(4, num_stages=2):
            tl.copy(A[by * 64 :, k * 32 :], A_tile)
            tl.copy(B[k * 32 :, bx * 64 :], B_tile, disable_bulk_copy=True)
            tl.gemm(A_tile, B_tile, total)
        tl.copy(total, C[by * 64 :, bx * 64 :])

    return annotated
