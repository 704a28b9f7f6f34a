# TIER: l2_simulator, sim
# RUN: tile-run %examples/rms_norm.py --simulate-each --json -  | FileCheck %s
# RUN: tile-run %examples/rms_norm.py --simulate-each --json - --target cuda:sm_80  | FileCheck %s

# RMS norm.
# CHECK: "name": "tile-infer-layout"
# CHECK-NEXT: "ok": true
