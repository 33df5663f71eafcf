"""Geometries: what of a picture goes into a network, and how large. One file each.

A geometry's file has one function:

- `place(picture, item, height, width, options) -> [(input, placement), ...]`: `picture` is uint8
  [H, W, 3] RGB, `item` its entry in the index (with `annotations`, the list of its COCO
  annotations, where the index has some); each `input` is uint8 [height, width, 3]. There may be
  none, one or several.

A placement is a dictionary that JSON can hold: at least `item` (its id), `picture` ([H, W]) and
`input` ([height, width]), and what a metric needs to map back. JobError, in one sentence, for a
picture that does not go in.
"""
