"""streets: drawn street scenes with Cityscapes' labels, made from a seed.

`draw` gives the same bytes for the same arguments on every machine (RandomState's streams are
frozen, NEP 19). numpy alone is needed: training draws its pictures where it runs.
"""

from retable_data.streets.scene import HEIGHT, SPLITS, WIDTH, draw

__all__ = ["HEIGHT", "SPLITS", "WIDTH", "draw"]
