# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only dequantized_gemm | FileCheck %s
# RUN: tilewright examples %examples --only dequantized_gemm --pass-pipeline %async_pipeline | FileCheck %s

# Weights of four bits, under both strategies: both copies run ahead of the loop that unpacks them.
# CHECK: stages [0, 0, 3, 3]
# CHECK: dequantized_gemm, weights in registers: right after 4 passes
# CHECK: dequantized_gemm, scales and zero points: right after 4 passes
# CHECK: 7 kernels, 0 wrong
