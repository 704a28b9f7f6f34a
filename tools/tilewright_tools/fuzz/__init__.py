"""Random kernels: generated as plain data, traced, taken through the passes with every stage executed, and shrunk where wrong.

`program` is the data, `generate` makes it from a seed, `tracing` makes a kernel of it, `checking` runs it, `shrinking` makes a
wrong one small, `keeping` writes it down as a lit test, `campaign` does all that for many seeds.
"""
