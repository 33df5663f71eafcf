"""Train Fast-SCNN on streets: `python -m training.fast_scnn_streets` from the repository's root.

Needs torch and numpy (the environment `torch`), and PYTHONPATH=workflow. With a GPU it takes
minutes, without one days: `--iterations` and `--pictures` shorten it. Pictures are drawn by
retable_data.streets, in as many processes as there are cores, and stay in the device's memory;
crops are cut there.

Leaves NAME.pt, the state dict in half precision, and NAME.log: a JSON object a line, first what ran
and with what, last the mean IoU on the split val of the weights as they are shipped.
"""

import argparse
import io
import json
import math
import multiprocessing
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from retable_data import confusion, streets
from retable_data.cityscapes_labels import CLASSES, IGNORE, train_ids
from retable_export.networks.fast_scnn import FastSCNN

NAME = "fast-scnn-streets"
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Settings(NamedTuple):
    """All that decides what comes out, but for the library versions and the device."""

    seed: int = 20211
    pictures: int = 4000  # of the split train
    validated: int = 64  # of the split val
    iterations: int = 10100
    batch: int = 32
    rate: float = 3e-3  # AdamW's, after the warm-up
    warm_up: int = 300  # iterations
    power: float = 0.9  # of the polynomial by which the rate falls to 0
    decay: float = 0.01
    smallest_window: float = 0.5  # of the picture's height: a crop enlarges up to twice
    stretch: float = 0.12  # by which a crop's aspect may differ
    # Multiples of 192, height and width; the first is the pictures' own and as likely as the rest.
    sizes: tuple[tuple[int, int], ...] = ((384, 768), (384, 576), (384, 384), (576, 768))


def main() -> None:
    """Read the arguments, draw the pictures, train, validate, save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("data/embedded"), help="folder")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--commit", default=None, help="what to log, where there is no git")
    for name in ("seed", "pictures", "validated", "iterations", "batch"):
        default = Settings._field_defaults[name]
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    given = vars(parser.parse_args())
    output, device, commit = (given.pop(key) for key in ("output", "device", "commit"))
    settings = Settings(**given)
    output.mkdir(parents=True, exist_ok=True)
    log = output / f"{NAME}.log"
    with Path(f"{log}.part").open("w", encoding="utf-8") as stream:
        train(settings, torch.device(device), output / f"{NAME}.pt", commit or head(), stream)
    Path(f"{log}.part").replace(log)


def train(
    settings: Settings, device: torch.device, path: Path, commit: str, stream: IO[str]
) -> None:
    """Train from the beginning; write the weights to `path` and the log to `stream`."""
    start = time.monotonic()
    say(
        stream,
        event="start",
        command=command(settings),
        commit=commit,
        settings=settings._asdict(),
        device=name_of(device),
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
    )
    pictures, labels = drawn(settings.seed, "train", settings.pictures)
    held = drawn(settings.seed, "val", settings.validated)
    shares = shares_of(labels)
    say(
        stream,
        event="drawn",
        seconds=round(time.monotonic() - start, 1),
        share_of_pixels=dict(zip(CLASSES, shares.round(5).tolist(), strict=True)),
    )
    torch.manual_seed(settings.seed)
    network = FastSCNN(len(CLASSES)).to(device, memory_format=torch.channels_last)
    batches = Batches(pictures, labels, settings, device)
    weights = torch.from_numpy(weights_of(shares)).to(device)
    fit(network, batches, weights, settings, stream)
    say(stream, event="trained", seconds=round(time.monotonic() - start, 1))
    say(stream, event="val", weights="float32", **validated(network, *held, device))
    save(network, path)
    shipped = FastSCNN(len(CLASSES))
    shipped.load_state_dict(torch.load(path, weights_only=True))  # cast to float32 on the way
    found = validated(shipped.to(device), *held, device)
    say(stream, event="val", weights="float16, cast to float32", bytes=path.stat().st_size, **found)


def drawn(seed: int, split: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first pictures of a split [N, H, W, 3] and their classes [N, H, W], uint8."""
    pictures = np.empty((count, streets.HEIGHT, streets.WIDTH, 3), np.uint8)
    classes = np.empty(pictures.shape[:3], np.uint8)
    with multiprocessing.Pool(os.cpu_count()) as pool:
        jobs = ((seed, split, number) for number in range(count))
        for number, (picture, ids) in enumerate(pool.imap(_draw, jobs, chunksize=8)):
            pictures[number], classes[number] = picture, train_ids(ids)
    return pictures, classes


def _draw(job: tuple[int, str, int]) -> tuple[np.ndarray, np.ndarray]:
    return streets.draw(*job)


def shares_of(labels: np.ndarray) -> np.ndarray:
    """Return the share of each class in the pixels that have one: [19]."""
    counts = sum(np.bincount(one.ravel(), minlength=256) for one in labels)[: len(CLASSES)]
    return counts / counts.sum()


def weights_of(shares: np.ndarray) -> np.ndarray:
    """Return each class's weight in the loss, the cube root of 1 / share: of mean 1 over pixels.

    More, and thin things grow beyond their outlines, which costs what it wins.
    """
    weights = 1 / np.cbrt(np.maximum(shares, 1e-4))
    return (weights / (weights * shares).sum()).astype(np.float32)


class Batches:
    """Random crops of the pictures, flipped, stretched and tinted, made on the device."""

    def __init__(
        self, pictures: np.ndarray, labels: np.ndarray, settings: Settings, device: torch.device
    ) -> None:
        self.pictures = torch.from_numpy(pictures).to(device)
        self.labels = torch.from_numpy(labels).to(device)
        self.settings, self.device = settings, device
        # Drawn on the host, so that a seed means the same crops on every device.
        self.random = np.random.RandomState(settings.seed)

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return images [N, 3, h, w], normalised float32, and classes [N, h, w], int64."""
        settings, random = self.settings, self.random
        chosen = random.randint(len(self.pictures), size=settings.batch)
        first = random.random_sample() < 0.5
        height, width = settings.sizes[0 if first else random.randint(1, len(settings.sizes))]
        grid = functional.affine_grid(
            self._tensor(self._windows()), [settings.batch, 3, height, width], align_corners=False
        )
        index = torch.from_numpy(chosen).to(self.device)
        images = self.pictures[index].permute(0, 3, 1, 2).float() / 255
        labels = self.labels[index][:, None].float()
        images = functional.grid_sample(
            images, grid, "bilinear", padding_mode="border", align_corners=False
        )
        classes = functional.grid_sample(
            labels, grid, "nearest", padding_mode="border", align_corners=False
        )
        images = normalised(self._tinted(images))
        return images.contiguous(memory_format=torch.channels_last), classes[:, 0].long()

    def _windows(self) -> np.ndarray:
        """Return affine maps [N, 2, 3] from a crop to the picture: both reach from -1 to 1."""
        settings, random = self.settings, self.random
        count = settings.batch
        high = random.uniform(settings.smallest_window, 1.0, count)
        high = np.where(random.random_sample(count) < 0.4, 1.0, high)
        stretch = 1 + random.uniform(-settings.stretch, settings.stretch, count)
        wide = np.minimum(high * stretch, 1.0)
        maps = np.zeros((count, 2, 3))
        maps[:, 0, 0] = wide * np.where(random.random_sample(count) < 0.5, -1, 1)
        maps[:, 1, 1] = high
        maps[:, 0, 2] = random.uniform(-1, 1, count) * (1 - wide)
        maps[:, 1, 2] = random.uniform(-1, 1, count) * (1 - high)
        return maps

    def _tinted(self, images: torch.Tensor) -> torch.Tensor:
        """Vary brightness, colour, contrast and saturation."""
        count, random = len(images), self.random
        gain = random.uniform(0.75, 1.3, (count, 1, 1, 1)) * random.uniform(
            0.93, 1.07, (count, 3, 1, 1)
        )
        images = images * self._tensor(gain)
        grey = images.mean(dim=1, keepdim=True)
        images = grey + self._tensor(random.uniform(0.6, 1.4, (count, 1, 1, 1))) * (images - grey)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        images = mean + self._tensor(random.uniform(0.75, 1.25, (count, 1, 1, 1))) * (images - mean)
        return images.clamp(0, 1)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.float32)).to(self.device)


def fit(
    network: FastSCNN,
    batches: Batches,
    weights: torch.Tensor,
    settings: Settings,
    stream: IO[str],
) -> None:
    """Minimise the weighted cross-entropy at full size; in bfloat16 where there is a GPU."""
    cuda = weights.device.type == "cuda"
    torch.backends.cudnn.benchmark = True
    # Biases and normalisations are not decayed.
    decayed = [one for one in network.parameters() if one.ndim > 1]
    free = [one for one in network.parameters() if one.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": settings.decay},
        {"params": free, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: share_of_rate(step, settings)
    )
    network.train()
    total, start = torch.zeros((), device=weights.device), time.monotonic()
    every = max(settings.iterations // 60, 1)
    for step in range(1, settings.iterations + 1):
        images, classes = batches.next()
        with torch.autocast(weights.device.type, torch.bfloat16, enabled=cuda):
            logits = network(images)
        loss = functional.cross_entropy(
            logits.float(), classes, weight=weights, ignore_index=IGNORE
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.detach()
        if step % every == 0:
            say(
                stream,
                event="step",
                step=step,
                loss=round(float(total) / every, 4),
                rate=round(schedule.get_last_lr()[0], 6),
                images_per_second=round(step * settings.batch / (time.monotonic() - start)),
            )
            total.zero_()


def share_of_rate(step: int, settings: Settings) -> float:
    """Return what part of the rate holds at a step: up linearly, down by a polynomial."""
    if step < settings.warm_up:
        return (step + 1) / settings.warm_up
    left = 1 - (step - settings.warm_up) / max(settings.iterations - settings.warm_up, 1)
    return math.pow(max(left, 0.0), settings.power)


def validated(
    network: FastSCNN, pictures: np.ndarray, labels: np.ndarray, device: torch.device
) -> dict:
    """Return the mean IoU in both conventions and each class's, in FP32 at the pictures' size."""
    torch.backends.cudnn.allow_tf32 = False
    network.eval()
    counts = np.zeros((confusion.VALUES, confusion.VALUES), np.int64)
    with torch.inference_mode():
        for picture, truth in zip(pictures, labels, strict=True):
            image = torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float() / 255
            found = network(normalised(image)).argmax(dim=1)[0].to(torch.uint8).cpu().numpy()
            counts += confusion.matrix(truth, found)
    counted = counts[: len(CLASSES)]
    ious = confusion.ious(counted)
    return {
        "miou": float(np.nan_to_num(ious).mean()),
        "miou_nan": float(np.nanmean(ious)),
        "pixel_accuracy": confusion.pixel_accuracy(counted),
        "per_class": {
            name: None if math.isnan(iou) else round(float(iou), 4)
            for name, iou in zip(CLASSES, ious, strict=True)
        },
        "pixels_of_class": dict(zip(CLASSES, counted.sum(axis=1).tolist(), strict=True)),
    }


def normalised(images: torch.Tensor) -> torch.Tensor:
    """Return images [N, 3, H, W] from 0 to 1 less ImageNet's mean, by its deviation."""
    mean = torch.tensor(_MEAN, device=images.device)[:, None, None]
    return (images - mean) / torch.tensor(_STD, device=images.device)[:, None, None]


def save(network: FastSCNN, path: Path) -> None:
    """Write the state dict in half precision, whole; ValueError if a weight does not fit it."""
    state = {}
    for name, tensor in network.state_dict().items():
        half = tensor.detach().cpu().contiguous()
        if half.is_floating_point():
            half = half.half()
            if not torch.isfinite(half).all():
                raise ValueError(f"{name}: beyond half precision, or not finite")
        state[name] = half
    buffer = io.BytesIO()  # torch puts a file's name inside it
    torch.save(state, buffer)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(buffer.getvalue())
    temporary.replace(path)


def say(stream: IO[str], **entry: object) -> None:
    """Write one line of the log, and show it."""
    line = json.dumps(entry)
    print(line, file=stream, flush=True)
    print(line, flush=True)


def name_of(device: torch.device) -> str:
    """Return what computes."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()


def command(settings: Settings) -> str:
    """Return what trains with these settings."""
    others = [
        f"--{name} {value}"
        for name, value in settings._asdict().items()
        if value != Settings._field_defaults[name]
    ]
    return " ".join(["python -m training.fast_scnn_streets", *others])


def head() -> str:
    """Return the commit that is checked out; "unknown" outside of git."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
