"""Posts in torch, run where the engine left its outputs: their memory is shared, never copied.

On the host by torch's CPU operators, with as many threads as the engine; on a GPU by kernels on the
engine's stream, between its work and the copies to the host.
"""

import numpy as np

from retable_runner import backends, cuda, posts, torch_memory
from retable_runner.errors import Unavailable, Unsupported


def versions():
    """Return the version of torch; ImportError without it."""
    import torch

    return {"torch": torch.__version__}


def image_size(feeds):
    """Return height and width of the one image input [N, C, H, W]; Unsupported without one."""
    shapes = [array.shape for array in feeds.values() if array.ndim == 4]
    if len(shapes) != 1:
        raise Unsupported(
            "a post in torch needs one image, an input [N, C, H, W]: here are {}".format(
                len(shapes)
            )
        )
    return shapes[0][2:]


def on_host(post, feeds, options):
    """Return (call, facts): `call(outputs)` takes the engine's arrays and gives the post's."""
    import torch

    torch.set_num_threads(backends.threads(options))
    size = image_size(feeds)
    run, share = post.run, torch.from_numpy

    def call(outputs):
        return [made.numpy() for made in run([share(array) for array in outputs], size)]

    return call, {"on": "host", "threads": torch.get_num_threads()}


def on_host_or_plain(post, feeds, options):
    """Return (call, facts) of a post on the host, in torch or not: `call(outputs)`."""
    if not posts.in_torch(post):
        return post.run, {}
    call, told = on_host(post, feeds, options)
    return call, {"post": told}


class OnDevice(object):
    """A post on the GPU's stream, behind the engine's work: `outputs` are its own, `cuda.Port`s."""

    def __init__(self, post, gpu, ports, addresses, feeds):
        """Run once on what lies at `addresses`, which tells the outputs; wait for it.

        Unavailable for a torch without CUDA.
        """
        import torch

        if not torch.cuda.is_available():
            raise Unavailable("torch {} finds no CUDA device".format(torch.__version__))
        self.facts = {"on": "device"}
        self._torch = torch
        self._run = post.run
        self._ports = ports
        self._size = image_size(feeds)
        self._shared = {}  # an engine's outputs lie at the same few addresses each time
        self._last = []  # keeps the outputs' memory until the next call
        # For the process: entering a stream takes as long as launching some kernels.
        torch.cuda.set_stream(torch.cuda.ExternalStream(gpu.handle))
        self.enqueue(addresses)
        gpu.stream.synchronize()
        self.outputs = [
            cuda.Port("post{}".format(index), _dtype(made), tuple(made.shape))
            for index, made in enumerate(self._last)
        ]

    def enqueue(self, addresses):
        """Put the post on the stream; return the addresses of its outputs, until the next call."""
        key = tuple(addresses)
        if key not in self._shared:
            self._shared[key] = [
                torch_memory.tensor(self._torch, address, port)
                for address, port in zip(addresses, self._ports)  # noqa: B905 - Python 3.6
            ]
        self._last = [made.contiguous() for made in self._run(self._shared[key], self._size)]
        return [made.data_ptr() for made in self._last]


def _dtype(tensor):
    return np.dtype(str(tensor.dtype).rpartition(".")[2])  # "torch.int64"
