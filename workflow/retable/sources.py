"""Which source files a step runs: inputs of its rule, so that a change in code re-runs it."""

import functools
from pathlib import Path

import grimp

PACKAGES = (
    "retable",
    "retable_data",
    "retable_export",
    "retable_job",
    "retable_runner",
    "retable_statistics",
)


def sources(root: Path, *modules: str) -> list[str]:
    """The files of the modules and of all that they import in our packages, sorted.

    Paths are relative to the checkout at `root`.
    """
    graph = _graph()
    wanted = set(modules)
    for module in modules:
        wanted |= graph.find_upstream_modules(module)
    return sorted(str(_file(root, module)) for module in wanted)


@functools.cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def _file(root: Path, module: str) -> Path:
    path = Path("workflow", *module.split("."))
    package = path / "__init__.py"
    return package if (root / package).is_file() else path.with_suffix(".py")
