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

    memory = NAME

    def __init__(self, engine):
        self.refill = engine.bind  # other inputs, name -> ndarray of the same shapes
        self.outputs = engine.outputs
        self.facts = engine.facts
        self.run = engine.run  # () -> the output ndarrays, in the order of `outputs`

    def sampler(self, post):
        """Return what is sampled: see `measure`."""
        return measure.HostSampler(self.run, post)

    def counted(self, sampler):
        """Return the sampler with the CPU's contention beside its times."""
        return contention.ContentionSampler(sampler, contention.Contention())

    def further(self, post):
        """Return the samplers of further passes: none."""
        return []
