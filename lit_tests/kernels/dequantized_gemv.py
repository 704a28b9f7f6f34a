# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only dequantized_gemv | FileCheck %s
# RUN: tilewright examples %examples --only dequantized_gemv --pass-pipeline %async_pipeline | FileCheck %s

# A matrix of four-bit weights times a vector, under both strategies.
# CHECK: stages [0, 0, 3, 3]
# CHECK: dequantized_gemv, ragged: right after 4 passes
# CHECK: 4 kernels, 0 wrong
