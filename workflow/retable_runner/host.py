"""An inference whose inputs and outputs lie in host memory: nothing is transferred."""

import contextlib

from retable_runner import contention, measure

NAME = "host"


@contextlib.contextmanager
def opened(backend, files, options, feeds):
    """Load an engine and give it `feeds` (name -> ndarray); yield the Inference."""
    engine = backend.load(files, options)
    engine.bind(feeds)
    yield Inference(engine)


class Inference(object):
    """A loaded engine with its inputs: `outputs` are names, `facts` the engine's own."""

    def __init__(self, engine):
        self.outputs = engine.outputs
        self.facts = engine.facts
        self.run = engine.run  # () -> the output ndarrays, in the order of `outputs`
        self._engine = engine

    def compiled(self):
        """Return what the engine says of what it has compiled so far, None if it never does."""
        said = getattr(self._engine, "compiled", None)
        return None if said is None else said()

    def sampler(self, post):
        """Return what is sampled: see `measure`."""
        if hasattr(self._engine, "call") and post is None:
            return measure.CallSampler(self._engine.call, self._engine.settle)
        return measure.HostSampler(self.run, post)

    def counted(self, sampler):
        """Return the sampler with the CPU's contention beside its times."""
        return contention.ContentionSampler(sampler, contention.Contention())

    def further(self, post):
        """Return the samplers of further passes: none."""
        return []
