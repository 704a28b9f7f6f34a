func.func @another_message() {
  // expected-error@+1 {{another message}}
  "tile.wait_group"() {pending = -1 : i32} : () -> ()
  return
}

// -----

// expected-remark {{never said}}
func.func @never_said() {
  return
}

// -----

// expected-error: with a colon
func.func @malformed() {
  return
}
