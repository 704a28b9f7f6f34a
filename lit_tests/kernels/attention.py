# TIER: l2_simulator, sim
# RUN: tile-run %examples/attention.py --simulate-each --json - \
# RUN:   --parameter sequence=96 --parameter block_m=32 --parameter block_n=16 \
# RUN:   --parameter dimension=16 --parameter num_stages=3 | FileCheck %s
# RUN: tile-run %examples/attention.py --simulate-each --json - \
# RUN:   --target cuda:sm_80 --parameter sequence=96 --parameter block_m=32 --parameter block_n=16 \
# RUN:   --parameter dimension=16 --parameter num_stages=3 | FileCheck %s

# Flash attention over six blocks of keys, three stages.
# CHECK: "name": "tile-infer-layout"
# CHECK-NEXT: "ok": true
