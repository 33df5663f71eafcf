"""An inference whose inputs and outputs are transferred to a GPU and back.

Copies and compute have this one implementation, whatever library computes; their times are
`device_samplers`'.
"""

import contextlib
import traceback

import numpy as np

from retable_runner import cuda, device_samplers, posts, torch_posts
from retable_runner.errors import Unsupported

NAME = "device"


@contextlib.contextmanager
def opened(backend, files, options, feeds):
    """Load an engine on the GPU and give it `feeds` (name -> ndarray); yield the Inference."""
    with cuda.Gpu() as gpu:
        inference = None
        try:
            inference = Inference(gpu, backend.load(files, options, gpu), feeds)
            yield inference
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # what was under way holds the engine
            raise
        finally:
            if inference is not None:
                inference.close()


class Inference(object):
    """A loaded engine with its inputs: `outputs` are names, `facts` the engine's own."""

    memory = NAME

    def __init__(self, gpu, engine, feeds):
        self._gpu = gpu
        self._engine = engine
        self._inputs, self._outputs = engine.ports(feeds)
        self._feeds = feeds
        self._exchanges = []
        self._exchange = self._new_exchange()
        self.outputs = [port.name for port in self._outputs]
        self.facts = engine.facts
        self.facts["gpu"] = gpu.facts
        self.shares_first_call = getattr(engine, "shares_first_call", False)

    def run(self):
        """Transfer, compute, transfer back, once; return the output ndarrays, pinned memory."""
        stream = self._gpu.stream
        self._exchange.send(stream)
        self._exchange.compute()
        self._exchange.receive(stream)
        stream.synchronize()
        return self._exchange.host_outputs

    def refill(self, feeds):
        """Take other inputs, name -> ndarray of the same shapes."""
        self._exchange.fill(feeds)

    def answering(self, post):
        """Return a function that runs once, and what follows: () -> [(name, ndarray)]."""
        if not posts.in_torch(post):
            return posts.answering(self, post and post.run)
        follower = Follower(self._gpu, self._exchange, post, self._outputs, self._feeds)

        def followed():
            stream = self._gpu.stream
            self._exchange.send(stream)
            self._exchange.compute()
            follower.compute()
            follower.receive(stream)
            stream.synchronize()
            return posts.named(follower.host_outputs)

        return followed

    def sampler(self, post):
        """Return what is sampled: see `DeviceSampler`, and `FollowedSampler`."""
        if not posts.in_torch(post):
            return device_samplers.DeviceSampler(self._gpu, self._exchange, post and post.run)
        follower = Follower(self._gpu, self._exchange, post, self._outputs, self._feeds)
        self.facts["post"] = follower.facts
        return device_samplers.FollowedSampler(self._gpu, self._exchange, follower)

    def counted(self, sampler):
        """Return the sampler as it is: the host waits while the GPU works, and counts nothing."""
        return sampler

    def further(self, post):
        """Return the samplers of further passes: `RunSampler`, and `PipeSampler` if it can be.

        With a `post` there is none: what follows an inference was never measured that way.
        """
        if post is not None:
            return []
        alone = device_samplers.RunSampler(self._gpu, self._exchange)
        try:
            exchanges = [self._exchange, self._new_exchange()]
        except Unsupported as error:
            self.facts["no_latency_pipe"] = str(error)
            return [alone]
        return [alone, device_samplers.PipeSampler(self._gpu, exchanges)]

    def close(self):
        """Let the engine go while its GPU and its stream are there: it asks for them as it goes."""
        try:
            self._gpu.synchronize()
        finally:
            self._engine = None
            for exchange in self._exchanges:  # which samplers hold
                exchange.unbind()

    def _new_exchange(self):
        made = Exchange(self._gpu, self._engine, self._feeds, self._inputs, self._outputs)
        self._exchanges.append(made)
        return made


class Exchange(object):
    """One set of buffers, bound to the engine: pinned arrays on the host, memory on the GPU."""

    def __init__(self, gpu, engine, feeds, inputs, outputs):
        self._gpu = gpu
        self._names = [port.name for port in inputs]
        self.host_inputs = [gpu.pinned(port.shape, port.dtype) for port in inputs]
        self.fill(feeds)
        self.host_outputs = [gpu.pinned(port.shape, port.dtype) for port in outputs]
        self._device_inputs = [gpu.allocate(array.nbytes) for array in self.host_inputs]
        self._enqueue = engine.attach([int(memory) for memory in self._device_inputs])
        self.addresses = []  # of the last inference's outputs on the GPU

    def unbind(self):
        """Let the engine go: nothing can be computed after."""
        self._enqueue = None

    def fill(self, feeds):
        """Put the inputs where they are sent from."""
        for name, array in zip(self._names, self.host_inputs):  # noqa: B905 - Python 3.6
            np.copyto(array, feeds[name])

    def send(self, stream):
        """Copy the inputs to the GPU, asynchronously on `stream`."""
        for index, memory in enumerate(self._device_inputs):
            self._gpu.send(memory, self.host_inputs[index], stream)

    def compute(self):
        """Put one inference on the engine's stream."""
        self.addresses = self._enqueue()

    def receive(self, stream):
        """Copy the outputs of the last inference to the host, asynchronously on `stream`."""
        for index, address in enumerate(self.addresses):
            self._gpu.receive(self.host_outputs[index], address, stream)


class Follower(object):
    """A post on the GPU, on what an exchange's inference leaves there, and its way to the host."""

    def __init__(self, gpu, exchange, post, ports, feeds):
        exchange.send(gpu.stream)
        exchange.compute()
        self._gpu = gpu
        self._post = torch_posts.OnDevice(post, gpu, ports, exchange.addresses, feeds)
        self._addresses = []
        self._exchange = exchange
        self.host_outputs = [gpu.pinned(port.shape, port.dtype) for port in self._post.outputs]
        self.facts = self._post.facts

    def compute(self):
        """Put the post on the engine's stream."""
        self._addresses = self._post.enqueue(self._exchange.addresses)

    def receive(self, stream):
        """Copy what the post made to the host, asynchronously on `stream`."""
        for index, address in enumerate(self._addresses):
            self._gpu.receive(self.host_outputs[index], address, stream)
