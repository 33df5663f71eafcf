"""Tails: the post-processing that is fused behind a network in its graph, one file each.

A tail's file has

- `apply(model) -> model`: the graph with the tail in place of its logits, the given one untouched;
- `scores(tensors) -> array`: the tail's definition in numpy, as scores [N, C, H, W];
- `ideal(tensors) -> array`: the same of the framework's own output, without what the tail does in
  another way than the network was meant for.

What an output is of the scores, its name says: `labels` are the class of the highest (int64), and
`values` that score (float32), both [N, 1, H, W]; `probabilities` are all of them (float32).

The tail `none` is the graph as exported, and needs no file. The outputs keep the axis of the
classes, as in the published script's last version: every Resize has rank 4, as all parsers read it.
Source: NobuoTsukamoto/tensorrt-examples, python/fast_scnn/add_fast_scnn_argmax.py at 9e207874, for
those of Fast-SCNN; sijin-dm/semantic-segmentation, infer_benchmark.md, for the others.
"""
