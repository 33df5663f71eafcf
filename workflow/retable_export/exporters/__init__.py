"""Exporters: from a framework's network to what it loads itself, and to ONNX. One file each.

An exporter's file has five functions. `options` is the model file's dictionary, `shape` an
`InputShape`, and files go by the names that `native` gave them:

- `native(options, weights, fetched, seed, folder) -> (files, facts)`: make what the framework
  itself loads. `weights` is "official" (from the paths in `fetched`, name -> path) or "random"
  (from `seed`). `files` maps names to the paths made, whole, in `folder`; the fact `parameters` is
  the number of trained numbers.
- `export(options, native, shape, opset, path)`: write ONNX with fixed sizes, input by the name
  that `sample` uses; of a segmentation, output `logits` [N, C, H, W].
- `reference(options, native, shape, feeds) -> outputs`: the framework's own FP32 output on feeds,
  both by name.
- `sample(options, shape, seed) -> feeds`: inputs to run the network on, by name.
- `prepare(options, pictures) -> feeds`: pictures [N, H, W, 3], uint8 RGB, as the network's inputs,
  by the framework's own means. A network that takes no pictures has none.

What torch's exporters share is in `retable_export.torch_networks`.

Each raises UnsupportedError, in one sentence, for what the network cannot do. The framework is
imported at the top of the file: where it is missing, that is reported as `unavailable`.
"""
