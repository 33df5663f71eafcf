"""Precisions: what turns an FP32 graph into one that computes in another precision, one file each.

A precision's file has

- `apply(model, batches) -> (model, facts)`: the graph in that precision, the given one untouched.
  Inputs and outputs keep their names, shapes and element types, so that every precision of a graph
  takes the same sample and transfers the same bytes. `batches` is the calibration set, the graph's
  inputs by name for one run after the other, or None: a precision that needs one raises
  UnsupportedError then.

The precision `fp32` is the graph as exported, and needs no file. A device whose backend sets a
precision by a flag (`precision_flags`) takes the FP32 graph and needs none of these either.
"""
