"""Sets: where pictures and their labels come from. One file each.

A set's file has one function:

- `make(options, fetched, split, images, folder) -> index`: make or find the pictures of `split`
  ("train", "val" or "calibration"), the first `images` of them (None: as many as the set has), and
  say where they are. `options` is the data set's dictionary in `config/datasets/`; `fetched` has
  the downloaded files, name -> path; `folder` is the split's own, and everything made goes there.

`index` is what `retable_data.indexes` describes, less its keys `set` and `split`. JobError, in one
sentence, where a user's folder or a download lacks what is needed; UnsupportedError for a split
that the set does not have. The same options give the same files.
"""
