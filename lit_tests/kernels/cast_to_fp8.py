# TIER: l2_simulator, sim
# RUN: tilewright examples %examples --only cast_to_fp8 | FileCheck %s
# RUN: tilewright examples %examples --only cast_to_fp8 --pass-pipeline %async_pipeline | FileCheck %s

# Casts to fp8 with a scale for each group of columns; it has no loop to pipeline.
# CHECK: cast_to_fp8, group_per_split_token: right after 4 passes
# CHECK: 5 kernels, 0 wrong
