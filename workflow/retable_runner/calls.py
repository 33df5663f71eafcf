"""An inference by a library's own calls: one that computes, one that hands its outputs over.

Inputs and outputs lie where the library puts them: nobody else's memory can be bound. The engine
names what the two calls take (`engine.fields`), because each document timed a part of its own.
"""

import contextlib
import time

from retable_runner import contention, posts, torch_posts

HOST, DEVICE = "host", "device"  # where the library computes: `engine.memory`


@contextlib.contextmanager
def opened(backend, files, options, feeds):
    """Load an engine and give it `feeds` (name -> ndarray); yield the Inference."""
    engine = backend.load(files, options)
    engine.bind(feeds)
    yield Inference(engine, feeds, options)


class Inference(object):
    """A loaded engine with its inputs: `outputs` are names, `facts` the engine's own."""

    def __init__(self, engine, feeds, options):
        self._feeds = feeds
        self._options = options
        self.memory = engine.memory
        self.outputs = engine.outputs
        self.facts = engine.facts
        self._engine = engine

    def run(self):
        """Compute once; return the output ndarrays, in the order of `outputs`."""
        self._engine.call()
        return self._engine.fetch()

    def refill(self, feeds):
        """Give other inputs of the same shapes and types."""
        self._engine.send(feeds)

    def answering(self, post):
        """Return a function that runs once, and what follows: () -> [(name, ndarray)]."""
        return posts.answering(self, post and self._call(post))

    def sampler(self, post):
        """Return what is sampled: see `CallSampler`."""
        return CallSampler(self._engine, post and self._call(post))

    def _call(self, post):
        """Return the function of a post: it takes the outputs of `run`, which are on the host."""
        call, told = torch_posts.on_host_or_plain(post, self._feeds, self._options)
        self.facts.update(told)
        return call

    def counted(self, sampler):
        """Return the sampler with the CPU's contention beside its times, if that computes."""
        if self.memory == DEVICE:
            return sampler
        return contention.ContentionSampler(sampler, contention.Contention())

    def further(self, post):
        """Return the samplers of further passes: none."""
        return []


class CallSampler(object):
    """One inference at a time, on the host's clock.

    `engine.fields` names what both calls take, then what the first one does. Where the library
    computes on another device, `latency_sync` is around the inputs' transfer too; in host memory
    the inputs stay where they were put. With a `post`, `host_post` is around `post(outputs)`.
    """

    def __init__(self, engine, post=None, clock=time.perf_counter):
        call, fetch, send = engine.call, engine.fetch, engine.send

        def on_host():
            start = clock()
            call()
            called = clock()
            outputs = fetch()
            end = clock()
            return (end - start, called - start), outputs

        def on_device():
            start = clock()
            send()
            row, outputs = on_host()
            return (clock() - start,) + row, outputs

        transferred = engine.memory == DEVICE
        one = on_device if transferred else on_host

        def bare():
            return one()[0]

        def followed():
            row, outputs = one()
            start = clock()
            post(outputs)
            return row + (clock() - start,)

        self.fields = (("latency_sync",) if transferred else ()) + tuple(engine.fields)
        if post is not None:
            self.fields += ("host_post",)
        self.counters = ()
        self.sample = bare if post is None else followed
