"""Metrics: what predictions are worth beside the truth. One file each.

A metric's file has one function:

- `score(index, placements, predictions, options) -> {"metrics": ..., "per_class": ...}`: `index`
  is that of `retable_data.indexes`, `predictions` maps the outputs' names to arrays [N, ...], one
  entry for each of the N `placements`. `metrics` maps names to numbers; null where the truth holds
  nothing that the number could be of. `per_class` is one number or null for each class, by name;
  it may be missing.

Predictions are files, of which `predictions[name][i]` reads one entry (`retable_data.arrays`): a
metric holds a few of them at a time. JobError, in one
sentence, for predictions that cannot be scored.
"""
