# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only block_sparse_gemm | FileCheck %s
# RUN: tilewright examples %examples --only block_sparse_gemm --pass-pipeline %async_pipeline | FileCheck %s

# A mask that guards copies and products, all on and all off as well.
# CHECK: block_sparse_gemm, empty: right after 4 passes
# CHECK: kernels, 0 wrong
