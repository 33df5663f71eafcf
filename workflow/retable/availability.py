"""Why a case cannot run here, as far as the files of this checkout tell: plug-ins are files."""

from pathlib import Path

from retable.cases import Case, Ending
from retable.config.model import Model

PACKAGES = Path("workflow")


class PlugIns:
    """The plug-ins and environments of the checkout at `root`, by listing their folders."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def ending(self, case: Case, model: Model) -> Ending | None:
        """The first thing that the case's chain misses, as an outcome; None if nothing."""
        request = case.request
        native = case.native
        wanted = [
            ("exporter", "retable_export/exporters", model.exporter),
            ("tail", "retable_export/tails", "none" if native else request.tail),
            ("precision", "retable_export/precisions", "none" if native else _graph_step(case)),
            ("post", "retable_runner/posts", request.post),
            ("backend", "retable_runner/backends", case.plugin),
        ]
        for word, folder, name in wanted:
            if name != "none" and not self._file(folder, name).is_file():
                return Ending(
                    "unavailable",
                    f"{word} {name!r} is not part of this version of retable ({folder}/{name}.py)",
                )
        for environment in (model.environment, case.environment):
            if not (self._root / "containers" / environment).is_dir():
                return Ending(
                    "unavailable",
                    f"environment {environment!r} is not part of this version of retable "
                    f"(containers/{environment})",
                )
        return None

    def _file(self, folder: str, name: str) -> Path:
        return self._root / PACKAGES / folder / f"{name}.py"


def _graph_step(case: Case) -> str:
    return "none" if case.graph_precision == "fp32" else case.graph_precision
