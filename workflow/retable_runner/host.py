"""An inference whose inputs and outputs lie in host memory: nothing is transferred."""

import contextlib

from retable_runner import contention, host_samplers, posts, torch_posts

NAME = "host"


@contextlib.contextmanager
def opened(backend, files, options, feeds):
    """Load an engine and give it `feeds` (name -> ndarray); yield the Inference."""
    engine = backend.load(files, options)
    engine.bind(feeds)
    yield Inference(engine, feeds, options)


class Inference(object):
    """A loaded engine with its inputs: `outputs` are names, `facts` the engine's own."""

    memory = NAME

    def __init__(self, engine, feeds, options):
        self._feeds = feeds
        self._options = options
        self.outputs = engine.outputs
        self.facts = engine.facts
        self.run = engine.run  # () -> the output ndarrays, in the order of `outputs`
        self.refill = engine.bind  # other inputs, name -> ndarray of the same shapes
        self._engine = engine

    def compiled(self):
        """Return what the engine says of what it has compiled so far, None if it never does."""
        said = getattr(self._engine, "compiled", None)
        return None if said is None else said()

    def answering(self, post):
        """Return a function that runs once, and what follows: () -> [(name, ndarray)]."""
        return posts.answering(self, post and self._call(post))

    def sampler(self, post):
        """Return what is sampled: see `host_samplers`."""
        if hasattr(self._engine, "call") and post is None:
            return host_samplers.FunctionSampler(self._engine.call, self._engine.settle)
        return host_samplers.HostSampler(self.run, post and self._call(post))

    def _call(self, post):
        """Return the function of a post: it takes the outputs of `run`."""
        call, told = torch_posts.on_host_or_plain(post, self._feeds, self._options)
        self.facts.update(told)
        return call

    def counted(self, sampler):
        """Return the sampler with the CPU's contention beside its times."""
        return contention.ContentionSampler(sampler, contention.Contention())

    def further(self, post):
        """Return the samplers of further passes: none."""
        return []
