"""What the exporters of torch networks share: all of an exporter but the network itself."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from retable_export import samples
from retable_export.contract import InputShape, replacing
from retable_export.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# Small, and many: normalisation after a 1x1 pool sees one value per image and channel.
_CALIBRATION = (16, 192, 192)  # batch, height, width
_TRACED = (1, 3, 192, 256)  # any size would do
_EXPORTED = (2, 3, 192, 256)  # likewise, but for 1, which torch.export takes for a constant
_ANY_SIZE = dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC)  # batch, height, width
_WRAPPERS = ("module.", "model.")  # DataParallel; a module that holds network and loss
_FILES = {"state_dict": "state_dict.pt", "program": "program.pt", "exported": "exported.pt2"}
_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's pictures in RGB, as shares of 255; and deviation
_DEVIATION = (0.229, 0.224, 0.225)


class Exporter:
    """The functions of an exporter's file, for images [N, 3, H, W] -> logits [N, C, h, w].

    `build(options)` makes the network, called `title` in sentences; its forward takes `image`.
    `check(shape)` raises UnsupportedError for a size that has no graph. `training` are the first
    letters of names in published weights that only training uses. `forms` are the files of `native`
    that are made besides the state dict: `exported` where torch.export leaves all sizes open, which
    it does not where an average is of one pixel in small images, and of more in large ones. A
    network that averages over more than the usual small images says itself what images it is
    calibrated with: `calibration`, (batch, height, width).
    """

    def __init__(
        self,
        title: str,
        build: Callable[[Mapping[str, Any]], nn.Module],
        check: Callable[[InputShape], None] | None = None,
        training: tuple[str, ...] = (),
        forms: tuple[str, ...] = ("program", "exported"),
    ) -> None:
        self._title = title
        self._build = build
        self._check = check
        self._training = training
        self._forms = ("state_dict", *forms)

    def native(
        self,
        options: Mapping[str, Any],
        weights: str,
        fetched: Mapping[str, Path],
        seed: int,
        folder: Path,
    ) -> tuple[dict[str, Path], dict[str, Any]]:
        """Make `state_dict`, as `torch.save` writes it, from the one fetched file or from the seed.

        Beside it the network in evaluation mode in forms that torch loads without our code and
        runs at any input size that the network takes: `program`, as TorchScript, and `exported`,
        as a graph of operators, which torch.compile takes.

        Facts: `parameters`, `weights`, and `output_std`, the logits' deviation on a smooth image.
        """
        torch.set_num_threads(1)  # the order of a sum must not depend on the machine's core count
        network = self._build(options)
        if weights == "random":
            initialise(network, seed)
        elif len(fetched) == 1:
            self._load(network, next(iter(fetched.values())))
        else:
            raise JobError(f"{self._title} takes one fetched file, the job has {len(fetched)}")
        network.eval()
        with torch.inference_mode():
            run = getattr(network, "at_one_scale", network)
            deviation = float(run(calibration(network, seed + 1)[:1]).std())
        if not math.isfinite(deviation):
            raise JobError(f"{self._title} gives logits that are not finite with these weights")
        files = {role: folder / _FILES[role] for role in self._forms}
        for role, path in files.items():
            _WRITERS[role](network, path)
        parameters = sum(one.numel() for one in network.parameters())
        facts = {"weights": weights, "parameters": parameters, "output_std": deviation}
        return files, facts

    def export(
        self,
        options: Mapping[str, Any],
        native: Mapping[str, Path],
        shape: InputShape,
        opset: int,
        path: Path,
    ) -> None:
        """Write ONNX by torch's TorchScript exporter: the newer one starts at opset 18.

        It runs the network, and with gradients would keep what every layer gives: 18 GB and more
        for HRNet-W48 at three scales of 720x1280, where 5 GB are enough.
        """
        if self._check is not None:
            self._check(shape)
        with torch.no_grad():
            torch.onnx.export(
                self.loaded(options, native),
                (torch.zeros(shape.batch, 3, shape.height, shape.width),),
                str(path),
                opset_version=opset,
                dynamo=False,
                do_constant_folding=True,
                input_names=["image"],
                output_names=["logits"],
            )

    def reference(
        self,
        options: Mapping[str, Any],
        native: Mapping[str, Path],
        shape: InputShape,
        feeds: Mapping[str, np.ndarray],
    ) -> dict[str, np.ndarray]:
        """Run torch itself on the CPU in FP32."""
        with torch.inference_mode():
            logits = self.loaded(options, native)(torch.from_numpy(feeds["image"]))
        return {"logits": logits.numpy()}

    def sample(
        self, options: Mapping[str, Any], shape: InputShape, seed: int
    ) -> dict[str, np.ndarray]:
        """Return smooth images as `image` [N, 3, H, W]."""
        return {"image": samples.smooth_images(shape, seed)}

    def prepare(self, options: Mapping[str, Any], pictures: np.ndarray) -> dict[str, np.ndarray]:
        """Return pictures [N, H, W, 3], uint8 RGB, as `image`: ImageNet's mean 0, deviation 1."""
        planes = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div(255)
        mean, deviation = (torch.tensor(one).view(1, 3, 1, 1) for one in (_MEAN, _DEVIATION))
        return {"image": planes.sub(mean).div(deviation).contiguous().numpy()}

    def loaded(self, options: Mapping[str, Any], native: Mapping[str, Path]) -> nn.Module:
        """Return the network with its native weights, ready for inference."""
        network = self._build(options)
        self._load(network, native["state_dict"])
        return network.eval()

    def _load(self, network: nn.Module, path: Path) -> None:
        load(network, path, self._title, self._training)


def load(network: nn.Module, path: Path, title: str, training: tuple[str, ...] = ()) -> None:
    """Load a state dict by name; JobError, naming the first key, if it is another network's."""
    state = _inference_names(_read(path), training)
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        if name not in state:
            raise JobError(f"{path}: not weights of {title}, it lacks {name}")
        if state[name].shape != tensor.shape:
            raise JobError(
                f"{path}: {name} is {list(state[name].shape)}, {title}'s is {list(tensor.shape)}"
            )
    for name in state:
        if name not in wanted:
            raise JobError(f"{path}: not weights of {title}, it has {name} too many")
    network.load_state_dict(state)


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        state = torch.load(str(path), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its unpickler meets
        raise JobError(
            f"{path}: torch cannot read it as weights ({type(error).__name__})"
        ) from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]  # a training checkpoint
    if not isinstance(state, dict) or not all(torch.is_tensor(one) for one in state.values()):
        raise JobError(f"{path}: not a state dict of tensors by name")
    return state


def _inference_names(
    state: dict[str, torch.Tensor], training: tuple[str, ...]
) -> dict[str, torch.Tensor]:
    """Name weights as the bare network does, without what only training uses."""
    for wrapper in _WRAPPERS:
        state = {name: one for name, one in state.items() if not name.startswith(training)}
        if state and all(name.startswith(wrapper) for name in state):
            state = {name[len(wrapper) :]: one for name, one in state.items()}
    return {name: one for name, one in state.items() if not name.startswith(training)}


def save(network: nn.Module, path: Path) -> None:
    """Write the state dict."""
    _write(path, lambda stream: torch.save(network.state_dict(), stream))


def trace(network: nn.Module, path: Path) -> None:
    """Write the network as TorchScript: sizes are computed in the program, not traced into it.

    What is traced into it is how cuDNN convolves: FP32 without TF32, and with its autotuner.
    """
    cudnn = torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False)
    with torch.no_grad(), cudnn:
        program = torch.jit.trace(network, torch.zeros(*_TRACED), check_trace=False)
    _write(path, lambda stream: torch.jit.save(program, stream))


def export_program(network: nn.Module, path: Path) -> None:
    """Write the network as torch.export's program, whose batch, height and width are open."""
    with torch.no_grad():
        program = torch.export.export(
            network, (torch.zeros(*_EXPORTED),), dynamic_shapes={"image": _ANY_SIZE}
        )
    _write(path, lambda stream: torch.export.save(program, stream))


_WRITERS = {"state_dict": save, "program": trace, "exported": export_program}


def _write(path: Path, write: Callable[[io.BytesIO], None]) -> None:
    """Write a file whole; through memory, because torch puts a file's name inside it."""
    buffer = io.BytesIO()
    write(buffer)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def initialise(network: nn.Module, seed: int) -> None:
    """Give random weights under which activations and logits are of order 1.

    He's normal initialisation (arXiv:1502.01852), then the running statistics of the batch
    normalisations set to those of one batch of smooth images: the defaults, mean 0 and variance 1,
    would let the signal fade or explode. A network that names its `logits_layer`, a convolution,
    has it set so that the logits of each class have mean 0 and deviation 1 over these images: or
    one class may win everywhere, and labels that agree would mean nothing.
    """
    torch.manual_seed(seed)
    for module in network.eval().modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.train()
            module.momentum = None  # cumulative average: after one batch, the batch's own
    run = getattr(network, "at_one_scale", network)  # several take as many times as long
    with torch.inference_mode():
        run(calibration(network, seed))
        network.eval()
        if hasattr(network, "logits_layer"):
            balance(network.logits_layer, run(calibration(network, seed)))


def balance(layer: nn.Conv2d, logits: torch.Tensor) -> None:
    """Change the layer behind `logits` [N, C, H, W] so that each class has mean 0, deviation 1."""
    deviation, mean = torch.std_mean(logits, dim=(0, 2, 3))
    layer.weight.div_(deviation[:, None, None, None])
    layer.bias.sub_(mean).div_(deviation)


def calibration(network: nn.Module, seed: int) -> torch.Tensor:
    """Return the smooth images [N, 3, H, W] that a network's statistics are taken from."""
    shape = InputShape(*getattr(network, "calibration", _CALIBRATION))
    return torch.from_numpy(samples.smooth_images(shape, seed))
