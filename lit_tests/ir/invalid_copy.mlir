// TIER: l1a_compile_no_target_dialect
// RUN: tile-opt %s --split-input-file --verify-diagnostics

func.func @case_0(%g: memref<100x100xf16>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{'tile.copy_in' op has 1 offsets for a memref of rank 2; one each is needed}}
  "tile.copy_in"(%g, %i, %t) : (memref<100x100xf16>, index, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

func.func @case_1(%g: memref<100x100xf16>, %t: memref<?x16xf16>, %i: index) {
  // expected-error@+1 {{'tile.copy_in' op has a tile of dynamic shape}}
  "tile.copy_in"(%g, %i, %i, %t) : (memref<100x100xf16>, index, index, memref<?x16xf16>) -> ()
  return
}

// -----

func.func @case_2(%g: memref<100x100xf16>, %t: memref<16x16xf32>, %i: index) {
  // expected-error@+1 {{copies f16 to f32; a copy never converts: cast element by element}}
  "tile.copy_in"(%g, %i, %i, %t) : (memref<100x100xf16>, index, index, memref<16x16xf32>) -> ()
  return
}

// -----

func.func @case_3(%g: memref<100x100xf16>, %t: memref<2x16x16xf16>, %i: index) {
  // expected-error@+1 {{has a tile of rank 3 and a memref of rank 2}}
  "tile.copy_in"(%g, %i, %i, %t) : (memref<100x100xf16>, index, index, memref<2x16x16xf16>) -> ()
  return
}

// -----

func.func @case_4(%g: memref<100x100xf16>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{has a pad of type f32; its elements are f16}}
  "tile.copy_in"(%g, %i, %i, %t) {pad = 0.0 : f32} : (memref<100x100xf16>, index, index, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

func.func @case_5(%g: memref<100x100xf16>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{has pad = "zero"; it must be a number of type f16}}
  "tile.copy_in"(%g, %i, %i, %t) {pad = "zero"} : (memref<100x100xf16>, index, index, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

func.func @case_6(%g: memref<100x100xf16>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{needs a memref as its source, not index}}
  "tile.copy_in"(%i, %i, %i, %t) : (index, index, index, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

func.func @case_7(%g: memref<100x100xf16>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{'tile.copy_out' op has 1 offsets for a memref of rank 2; one each is needed}}
  "tile.copy_out"(%t, %g, %i) : (memref<16x16xf16, #gpu.address_space<workgroup>>, memref<100x100xf16>, index) -> ()
  return
}

// -----

func.func @case_8(%g: memref<100x100xf32>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{copies f32 to f16; a copy never converts: cast element by element}}
  "tile.copy_out"(%t, %g, %i, %i) : (memref<16x16xf16, #gpu.address_space<workgroup>>, memref<100x100xf32>, index, index) -> ()
  return
}

// -----

func.func @case_9(%g: memref<100x100xf16>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{'tile.copy_async' op copies shape [100, 100] to [16, 16]; they must be the same, or offsets given}}
  "tile.copy_async"(%g, %t) {group = 0 : i32} : (memref<100x100xf16>, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

func.func @case_10(%g: memref<100x100xf16>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>, %i: index) {
  // expected-error@+1 {{'tile.copy_async' op has group = -1; it must be at least 0}}
  "tile.copy_async"(%g, %i, %i, %t) {group = -1 : i32} : (memref<100x100xf16>, index, index, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

func.func @case_11(%g: memref<16x16xf32>, %t: memref<16x16xf16, #gpu.address_space<workgroup>>) {
  // expected-error@+1 {{copies f32 to f16; an asynchronous copy never converts}}
  "tile.copy_async"(%g, %t) {group = 0 : i32} : (memref<16x16xf32>, memref<16x16xf16, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

func.func @case_12(%g: memref<?xf16>, %t: memref<?xf16>, %b: !tile.mbarrier, %i: index) {
  // expected-error@+1 {{'tile.bulk_copy' op needs a destination of static shape: its bytes are counted}}
  "tile.bulk_copy"(%g, %t, %b, %i) : (memref<?xf16>, memref<?xf16>, !tile.mbarrier, index) -> ()
  return
}

// -----

func.func @case_13() {
  // expected-error@+1 {{'tile.commit_group' op has group = -1; it must be at least 0}}
  "tile.commit_group"() {group = -1 : i32} : () -> ()
  return
}

// -----

func.func @case_14() {
  // expected-error@+1 {{'tile.wait_group' op has pending = -1; it must be at least 0}}
  "tile.wait_group"() {pending = -1 : i32} : () -> ()
  return
}
