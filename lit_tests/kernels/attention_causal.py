# TIER: l2_simulator, sim
# RUN: tile-run %examples/attention.py --simulate-each --json - \
# RUN:   --parameter sequence=64 --parameter block_m=32 --parameter block_n=16 \
# RUN:   --parameter dimension=16 --parameter causal=True --parameter num_stages=4 | FileCheck %s
# RUN: tile-run %examples/attention.py --simulate-each --json - \
# RUN:   --target cuda:sm_80 --parameter sequence=64 --parameter block_m=32 --parameter block_n=16 \
# RUN:   --parameter dimension=16 --parameter causal=True --parameter num_stages=4 | FileCheck %s

# Causal flash attention: trip counts of two and four, four stages.
# CHECK: "name": "tile-infer-layout"
# CHECK-NEXT: "ok": true
