# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only convolution | FileCheck %s
# RUN: tilewright examples %examples --only convolution --pass-pipeline %async_pipeline | FileCheck %s

# Pixels gathered by index arithmetic, or by windows that reach over the edges.
# CHECK: convolution, windows, no padding: right after 4 passes
# CHECK: kernels, 0 wrong
