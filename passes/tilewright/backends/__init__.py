"""Backends: one folder each; `registry` finds them, third-party ones included."""
