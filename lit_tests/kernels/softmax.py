# TIER: l2_simulator, sim
# RUN: tile-run %examples/softmax.py --simulate-each --json -  | FileCheck %s
# RUN: tile-run %examples/softmax.py --simulate-each --json - --target cuda:sm_80  | FileCheck %s

# Row softmax.
# CHECK: "name": "tile-infer-layout"
# CHECK-NEXT: "ok": true
