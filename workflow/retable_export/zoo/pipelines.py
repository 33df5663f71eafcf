"""From a model file's options to the text of a pipeline: each family's own, and what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retable_export.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Mapping


def fixed_size(options: Mapping[str, Any]) -> str:
    """Images are squashed to height x width."""
    return f"fixed_shape_resizer {{ height: {options['height']} width: {options['width']} }}"


def kept_aspect(options: Mapping[str, Any]) -> str:
    """Images are enlarged as far as both sides allow, and padded to a square of the longer one."""
    low, high = sorted((options["height"], options["width"]))
    return (
        f"keep_aspect_ratio_resizer {{ min_dimension: {low} max_dimension: {high} "
        "pad_to_max_dimension: true }"
    )


def hyperparams(
    initializer: str, *, op: str = "", activation: str = "", norm: str = "", bias: bool = False
) -> str:
    """The message Hyperparams; a regularizer has to be there, and does nothing in inference."""
    parts = [
        op and f"op: {op}",
        "force_use_bias: true" if bias else "",
        activation and f"activation: {activation}",
        "regularizer { l2_regularizer { weight: 0 } }",
        f"initializer {{ {initializer} }}",
        norm and f"batch_norm {{ {norm} }}",
    ]
    return " ".join(part for part in parts if part)


def suppression(
    score: float, iou: float, converter: str, *, total: int = 100, per_class: int = 100
) -> str:
    """The message PostProcessing: which boxes stay, and what makes scores of the outputs."""
    return (
        f"batch_non_max_suppression {{ score_threshold: {score} iou_threshold: {iou} "
        f"max_detections_per_class: {per_class} max_total_detections: {total} }} "
        f"score_converter: {converter}"
    )


def one_of(known: Mapping[str, Any], options: Mapping[str, Any], what: str) -> Any:
    """The entry of `known` that the options name; JobError where there is none."""
    name = options.get(what)
    if name not in known:
        raise JobError(f"no {what} {name!r} in the detection zoo: it has {', '.join(known)}")
    return known[name]
