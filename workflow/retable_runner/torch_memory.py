"""A GPU's memory as torch's tensors: memory that somebody else owns, and nothing is copied."""

from retable_runner import cuda


class _Memory(object):
    """Device memory as the CUDA array interface (version 3) describes it, not owned."""

    def __init__(self, address, port):
        self.__cuda_array_interface__ = {
            "shape": port.shape,
            "typestr": port.dtype.str,
            "data": (address, False),
            "strides": None,
            "version": 3,
        }


def tensor(torch, address, port):
    """Return what lies at a device address as a tensor of a port's shape and type."""
    return torch.as_tensor(_Memory(address, port), device=place())


def place():
    """Return torch's name of the GPU that `cuda` works on."""
    return "cuda:{}".format(cuda.DEVICE)
