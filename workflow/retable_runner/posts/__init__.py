"""Posts: what runs outside the engine after it, one file each; `none` needs no file.

A post's module says `WHERE` it runs. On the `HOST`, it has `run(outputs)`, which takes the list of
the engine's output arrays and returns what it makes of them. On what the engine runs on, `ENGINE`,
it is written in torch and has `run(outputs, size)`, which takes the list of the engine's output
tensors and the height and width of the image, and returns a list of tensors: see `torch_posts`.
"""

import sys

from retable_runner import plugins

NONE = "none"
HOST = "host"
ENGINE = "engine"


def names():
    """Return the sorted names of the posts that have a file here, which `none` has not."""
    return plugins.names(sys.modules[__name__])


def load(name):
    """Return the module of the post `name`, or None for `none`; ImportError if it has no file."""
    if name == NONE:
        return None
    return plugins.load(sys.modules[__name__], name)


def in_torch(post):
    """Return whether a post is one that follows the engine wherever it runs."""
    return post is not None and post.WHERE == ENGINE


def named(made):
    """Return what a post made, one array or a list of them, as [(name, array)]."""
    made = made if isinstance(made, list) else [made]
    return [("post{}".format(index), array) for index, array in enumerate(made)]


def answering(inference, call):
    """Return a function that runs an inference, then `call`: () -> [(name, ndarray)]."""
    if call is None:
        return lambda: list(zip(inference.outputs, inference.run()))  # noqa: B905 - Python 3.6
    return lambda: named(call(inference.run()))
