"""Tails: the post-processing that is fused behind a network in its graph, one file each.

A tail's file has

- `KIND`: "labels" (int64 classes) or "values" (float32 scores); both come out as [N, 1, H, W];
- `apply(model) -> model`: the graph with the tail in place of its logits, the given one untouched;
- `scores(tensors) -> array`: the tail's definition in numpy, as the [N, C, H, W] scores whose
  argmax (labels) or max (values) over the classes is the tail's output.

The tail `none` is the graph as exported, and needs no file. The outputs keep the axis of the
classes, as in the published script's last version: every Resize has rank 4, as all parsers read it.
Source: NobuoTsukamoto/tensorrt-examples, python/fast_scnn/add_fast_scnn_argmax.py at 9e207874.
"""
