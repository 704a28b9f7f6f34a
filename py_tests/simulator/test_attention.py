"""Flash attention in the input form: online softmax over tiles, causal or not, with guards."""

from __future__ import annotations

import time

import numpy as np
import pytest

pytestmark = pytest.mark.l2_simulator

SHARED, FRAGMENT = "#gpu.address_space<workgroup>", "#gpu.address_space<private>"
M, N, D, LENGTH = 32, 16, 16, 64


def attention(causal: bool) -> str:
    q, kv = f"memref<{M}x{D}xf16, {SHARED}>", f"memref<{N}x{D}xf16, {SHARED}>"
    scores, weights = f"memref<{M}x{N}xf32, {FRAGMENT}>", f"memref<{M}x{N}xf16, {FRAGMENT}>"
    out, row = f"memref<{M}x{D}xf32, {FRAGMENT}>", f"memref<{M}xf32, {FRAGMENT}>"
    memory = f"memref<{LENGTH}x{D}xf16>"
    mask = f"""scf.forall (%i, %j) in ({M}, {N}) {{
        %r = arith.addi %row, %i : index
        %c = arith.addi %kv, %j : index
        %visible = arith.cmpi sge, %r, %c : index
        %v = memref.load %s[%i, %j] : {scores}
        %w = arith.select %visible, %v, %ninf : f32
        memref.store %w, %s[%i, %j] : {scores}
      }}"""
    trips = (
        f"affine.apply affine_map<(r) -> ((r + {M}) ceildiv {N})>(%row)" if causal else f"arith.constant {LENGTH // N} : index"
    )
    return f"""
    %zero = arith.constant 0.0 : f32
    %ninf = arith.constant 0xFF800000 : f32
    %scale = arith.constant {D**-0.5} : f32
    %bx = gpu.block_id x
    %row = affine.apply affine_map<(d0) -> (d0 * {M})>(%bx)
    %n = {trips}
    %qs = memref.alloc() : {q}
    %ks = memref.alloc() : {kv}
    %vs = memref.alloc() : {kv}
    %s = memref.alloc() : {scores}
    %p = memref.alloc() : {weights}
    %o = memref.alloc() : {out}
    %m = memref.alloc() : {row}
    %l = memref.alloc() : {row}
    %old = memref.alloc() : {row}
    "tile.copy_in"(%Q, %row, %c0, %qs) : ({memory}, index, index, {q}) -> ()
    linalg.fill ins(%zero : f32) outs(%o : {out})
    linalg.fill ins(%zero : f32) outs(%l : {row})
    linalg.fill ins(%ninf : f32) outs(%m : {row})
    scf.for %k = %c0 to %n step %c1 {{
      %kv = affine.apply affine_map<(d0) -> (d0 * {N})>(%k)
      "tile.copy_in"(%K, %kv, %c0, %ks) : ({memory}, index, index, {kv}) -> ()
      "tile.copy_in"(%V, %kv, %c0, %vs) : ({memory}, index, index, {kv}) -> ()
      linalg.fill ins(%zero : f32) outs(%s : {scores})
      linalg.matmul indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(n,k)>, affine_map<(m,n,k)->(m,n)>]
        ins(%qs, %ks : {q}, {kv}) outs(%s : {scores})
      {mask if causal else ""}
      memref.copy %m, %old : {row} to {row}
      linalg.reduce ins(%s : {scores}) outs(%m : {row}) dimensions = [1]
        (%in: f32, %acc: f32) {{ %r = arith.maximumf %in, %acc : f32 linalg.yield %r : f32 }}
      scf.forall (%i, %j) in ({M}, {N}) {{
        %v = memref.load %s[%i, %j] : {scores}
        %x = memref.load %m[%i] : {row}
        %d = arith.subf %v, %x : f32
        %e = arith.mulf %d, %scale : f32
        %f = math.exp %e : f32
        %h = arith.truncf %f : f32 to f16
        memref.store %f, %s[%i, %j] : {scores}
        memref.store %h, %p[%i, %j] : {weights}
      }}
      scf.forall (%i) in ({M}) {{
        %a = memref.load %old[%i] : {row}
        %b = memref.load %m[%i] : {row}
        %d = arith.subf %a, %b : f32
        %e = arith.mulf %d, %scale : f32
        %f = math.exp %e : f32
        memref.store %f, %old[%i] : {row}
        %x = memref.load %l[%i] : {row}
        %y = arith.mulf %x, %f : f32
        memref.store %y, %l[%i] : {row}
      }}
      linalg.reduce ins(%s : {scores}) outs(%l : {row}) dimensions = [1]
        (%in: f32, %acc: f32) {{ %r = arith.addf %in, %acc : f32 linalg.yield %r : f32 }}
      scf.forall (%i, %j) in ({M}, {D}) {{
        %v = memref.load %o[%i, %j] : {out}
        %x = memref.load %old[%i] : {row}
        %y = arith.mulf %v, %x : f32
        memref.store %y, %o[%i, %j] : {out}
      }}
      linalg.matmul ins(%p, %vs : {weights}, {kv}) outs(%o : {out})
    }}
    scf.forall (%i, %j) in ({M}, {D}) {{
      %v = memref.load %o[%i, %j] : {out}
      %x = memref.load %l[%i] : {row}
      %y = arith.divf %v, %x : f32
      %h = arith.truncf %y : f32 to f16
      %r = arith.addi %row, %i : index
      memref.store %h, %O[%r, %j] : {memory}
    }}"""


@pytest.mark.parametrize("causal", [False, True], ids=["full", "causal"])
def test_flash_attention_agrees_with_a_softmax_in_f64(causal, kernel_text, run_clean):
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((LENGTH, D)).astype(np.float16) for _ in range(3))
    o = np.zeros_like(q)
    arguments = ", ".join(f"%{name}: memref<{LENGTH}x{D}xf16>" for name in "QKVO")
    started = time.perf_counter()
    run_clean(kernel_text(arguments, attention(causal), grid="2, 1, 1"), [q, k, v, o])
    assert time.perf_counter() - started < 1
    scores = q.astype(np.float64) @ k.astype(np.float64).T * D**-0.5
    if causal:
        scores = np.where(np.tri(LENGTH, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(o, weights / weights.sum(axis=1, keepdims=True) @ v, atol=3e-3)
