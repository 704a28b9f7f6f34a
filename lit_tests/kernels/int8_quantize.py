# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only int8_quantize | FileCheck %s
# RUN: tilewright examples %examples --only int8_quantize --pass-pipeline %async_pipeline | FileCheck %s

# A range found with atomics, and used by the next kernel.
# CHECK: int8_quantize, ragged: right after 4 passes
# CHECK: 3 kernels, 0 wrong
