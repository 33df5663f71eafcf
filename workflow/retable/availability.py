"""Why a case cannot run here, as far as the files of this checkout tell: plug-ins are files."""

from collections.abc import Mapping
from pathlib import Path

from retable.cases import Case, Ending
from retable.config.dataset import DataSet
from retable.config.entry import nearest
from retable.config.model import Model
from retable.config.suite import Suite
from retable.errors import RetableError

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
            ("backend", "retable_runner/backends", case.backend),
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

    def check_accuracy(self, suite: Suite, sets: Mapping[str, DataSet]) -> None:
        """Say in one sentence what of a suite's `accuracy` names nothing that is there."""
        for kind in ("published", "embedded"):
            names = [getattr(accuracy, kind) for accuracy in suite.accuracy]
            for name in {name for name in names if names.count(name) > 1}:
                raise RetableError(
                    f"config/suites/{suite.suite}.yaml: accuracy: {name!r} is named twice as "
                    f"{kind!r}, and scores are told apart by their data set"
                )
        for index, accuracy in enumerate(suite.accuracy):
            where = f"config/suites/{suite.suite}.yaml: accuracy[{index}]"
            self._check(f"{where}.metric", "retable_data/metrics", accuracy.metric)
            for name in (accuracy.published, accuracy.embedded):
                loader = sets[name].loader
                self._check(f"config/datasets/{name}.yaml: loader", "retable_data/sets", loader)
                if accuracy.split not in sets[name].splits:
                    splits = ", ".join(sets[name].splits)
                    raise RetableError(f"{where}.split: {name} has no {accuracy.split!r}: {splits}")

    def check_geometry(self, model: Model) -> None:
        """Say in one sentence that a model's pictures go in as no geometry does it."""
        if model.preparation is not None:
            where = f"config/models/{model.model}.yaml: preparation.geometry"
            self._check(where, "retable_data/geometries", model.preparation.geometry)

    def _check(self, where: str, folder: str, name: str) -> None:
        if not self._file(folder, name).is_file():
            files = (self._root / PACKAGES / folder).glob("[!_]*.py")
            known = sorted(path.stem for path in files)
            raise RetableError(f"{where}: no file {folder}/{name}.py; {nearest(name, known)}")

    def _file(self, folder: str, name: str) -> Path:
        return self._root / PACKAGES / folder / f"{name}.py"


def _graph_step(case: Case) -> str:
    return "none" if case.graph_precision == "fp32" else case.graph_precision
