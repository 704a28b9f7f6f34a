# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only grouped_gemm | FileCheck %s
# RUN: tilewright examples %examples --only grouped_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Groups of ragged sizes, one of them empty.
# CHECK: grouped_gemm, no edge: right after 4 passes
# CHECK: kernels, 0 wrong
