# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only elementwise | FileCheck %s
# RUN: tilewright examples %examples --only elementwise --pass-pipeline %async_pipeline | FileCheck %s

# Parallel loops with a broadcast row or column.
# CHECK: elementwise, i32: right after 4 passes
# CHECK: kernels, 0 wrong
