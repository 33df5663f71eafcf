"""Posts: what runs outside the engine after it, one file each; `none` needs no file.

A post's module has `run(outputs)`, which takes the list of the engine's output arrays and returns
what it makes of them.
"""

import sys

from retable_runner import plugins

NONE = "none"


def names():
    """Return the sorted names of the posts that have a file here, which `none` has not."""
    return plugins.names(sys.modules[__name__])


def load(name):
    """Return the function of the post `name`, or None for `none`; ImportError if it has no file."""
    if name == NONE:
        return None
    return plugins.load(sys.modules[__name__], name).run
