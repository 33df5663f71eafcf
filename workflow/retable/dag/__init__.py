"""What the rules look up, by subject: for each wildcard the paths, parameters and sources."""

from pathlib import Path
from typing import Any

from retable.dag.cases import Cases
from retable.dag.code import Code
from retable.dag.data import Data
from retable.dag.engines import Engines
from retable.dag.environments import Environments
from retable.dag.models import Models
from retable.dag.pages import Pages
from retable.dag.run import Run
from retable.dag.scores import Scores
from retable.dag.sessions import Sessions


class Dag:
    """The lookups of one run."""

    def __init__(self, root: Path, overrides: dict[str, Any]) -> None:
        self.run = Run(root, overrides)
        self.environments = Environments(self.run)
        self.models = Models(self.run, self.environments)
        self.engines = Engines(self.run, self.environments)
        self.sessions = Sessions(self.run, self.environments, self.engines)
        self.cases = Cases(self.run, self.environments, self.engines)
        self.data = Data(self.run, self.environments)
        self.scores = Scores(self.run, self.data)
        self.pages = Pages(self.run, self.environments, self.scores)
        self.code = Code(self.run, self.environments, self.sessions, self.scores)
