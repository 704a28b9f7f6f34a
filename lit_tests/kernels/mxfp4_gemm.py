# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only mxfp4_gemm | FileCheck %s
# RUN: tilewright examples %examples --only mxfp4_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Four-bit floats with shared exponents, under both strategies: activations and packed weights run ahead.
# CHECK: stages [0, 0, 2, 2]
# CHECK: mxfp4_gemm, fp4, f16: right after 4 passes
# CHECK: 6 kernels, 0 wrong
