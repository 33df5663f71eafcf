"""Plug-ins: one file each, found by listing their folder; a `-` in a name is a `_` there."""

import importlib
import pkgutil


def names(package):
    """Return the sorted names of the files in the folder of `package` (a module)."""
    return sorted(found.name for found in pkgutil.iter_modules(package.__path__))


def load(package, name):
    """Import the plug-in `name` of `package`; ImportError if there is no such file."""
    file = name.replace("-", "_")
    if file not in names(package):
        raise ImportError(
            "no {!r} in {}: there are {}".format(name, package.__name__, ", ".join(names(package)))
        )
    return importlib.import_module(package.__name__ + "." + file)
