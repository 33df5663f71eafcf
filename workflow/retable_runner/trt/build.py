"""ONNX to an engine, by TensorRT's builder.

Options: `workspace_mib`, the most scratch memory that a layer may use (what the library takes by
itself if not given); `compute_capability` ("8.6": build for such a GPU, be it here or not; only
TensorRT-RTX can, and builds for 8.0 and later if not told); and for graphs with open sizes
`min_shapes`, `opt_shapes`, `max_shapes`, written as trtexec's ("image:1x3x512x1024,scale:1"; the
first and the last are the middle one if not given).

Where networks can be strongly typed (TensorRT 9.1 and later) they are: the graph must come in the
precision asked. Before, FP16 is a flag on the FP32 graph, which leaves the choice to the builder.
FP32 is FP32: TF32 is off. INT8 is for graphs with Q/DQ nodes around most of their heavy layers.
"""

import os
from typing import TYPE_CHECKING

from retable_runner import contract
from retable_runner.errors import Unsupported
from retable_runner.outcomes import OUT_OF_MEMORY
from retable_runner.trt import library

if TYPE_CHECKING:
    import tensorrt

    from retable_runner.trt.library import Library

MIB = 1 << 20
# trtexec's own before TensorRT 8.4 (samples/common/sampleOptions.h); the library's was 0 then.
FIRST_WORKSPACE_MIB = 16
LESS = 4  # a workspace that was too much is divided by this
TRIES = 4
ENGINE_FILE = "engine.plan"
TIMINGS_FILE = "timings.cache"
TIMINGS = "timing_cache"  # the role, in and out, of what tactics' timings are kept in
FLAGS = {"fp32": (), "fp16": ("FP16",), "int8": ("INT8",)}  # of a network that is weakly typed
TYPES = {"fp32": {"FLOAT"}, "fp16": {"HALF"}, "int8": None}  # that heavy layers of a typed one take
# The layers where the time goes: what they take is what the engine computes in.
HEAVY = ("CONVOLUTION", "DECONVOLUTION", "FULLY_CONNECTED", "MATRIX_MULTIPLY")
QUANTIZING = ("QUANTIZE", "DEQUANTIZE")


def build(trt: "Library", sources, precision, options, folder, keeps_timings=True):
    """Build engine.plan in `folder`; return (files, facts), as backends do.

    `sources` has "onnx" and, where one was left by an earlier build, "timing_cache".
    Unsupported for a precision that the graph or the library does not have; RuntimeError with the
    library's words where it refuses; MemoryError where no workspace was small enough.
    """
    if precision not in FLAGS:
        raise Unsupported("TensorRT is asked for {}, not {}".format(", ".join(FLAGS), precision))
    words = library.Words()
    builder = library.started(trt.Builder, words, library.logger_of(trt, words))
    network = builder.create_network(_creation_flags(trt))
    parser = trt.OnnxParser(network, builder.logger)
    if not parser.parse_from_file(sources["onnx"]):
        raise RuntimeError(refusal(parser))
    check_precision(network, precision, is_typed(trt))
    timings = _Timings(sources.get(TIMINGS)) if keeps_timings else None

    def attempt(limit_bytes):
        config = builder.create_builder_config()
        facts = _configured(trt, builder, network, config, precision, options, limit_bytes)
        if timings:
            facts["timing_cache"] = timings.given_to(config)
        del words.errors[:], words.complaints[:]
        serialized = builder.build_serialized_network(network, config)
        if serialized is None:
            raise _failure(words)
        if timings:
            timings.take_from(config)
        return serialized, facts

    limits = workspaces(_workspace_bytes(trt, builder, options))
    (serialized, facts), tried = smallest_needed(limits, attempt)
    files = {"engine": _written(os.path.join(folder, ENGINE_FILE), serialized)}
    if timings:
        files[TIMINGS] = _written(os.path.join(folder, TIMINGS_FILE), timings.kept)
    facts["workspace_tried_mib"] = [limit / MIB for limit in tried]
    facts["network"] = described(network)
    facts["tensorrt"] = trt.__version__
    return files, facts


def is_typed(trt: "Library"):
    """Say whether networks are strongly typed: what a tensor computes in is what it says."""
    return hasattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED")


def _creation_flags(trt: "Library"):
    # The default batch of TensorRT 8 is implicit, which its ONNX parser refuses.
    name = "STRONGLY_TYPED" if is_typed(trt) else "EXPLICIT_BATCH"
    return 1 << int(getattr(trt.NetworkDefinitionCreationFlag, name))


def refusal(parser: "tensorrt.OnnxParser"):
    """Return all errors of the parser in one line, with their nodes: "node 3 'd' (Det): ..."."""
    return "; ".join(_error_words(parser.get_error(index)) for index in range(parser.num_errors))


def _error_words(error: "tensorrt.ParserError"):
    words = "{} ({})".format(" ".join(error.desc().split()), error.code().name)
    if error.node() < 0:  # the file, and no node of it
        return words
    # The name and the operator have been told since TensorRT 8.6.
    name = error.node_name() if hasattr(error, "node_name") else ""
    operator = error.node_operator() if hasattr(error, "node_operator") else ""
    node = "node {}".format(error.node())
    node += " {!r}".format(name) if name else ""
    node += " ({})".format(operator) if operator else ""
    return "{}: {}".format(node, words)


def check_precision(network: "tensorrt.INetworkDefinition", precision, typed):
    """Raise Unsupported for a graph that would not compute in `precision`."""
    found = described(network)
    if precision == "int8" and not found["quantizing_layers"]:
        raise Unsupported("INT8 engines are built from graphs with Q/DQ nodes: this one has none")
    heavy = sum(found["heavy_types"].values())
    if precision == "int8" and 2 * found["quantized_heavy"] <= heavy:
        raise Unsupported(
            "asked for int8, but of this graph's {} heavy layers {} takes INT8".format(
                heavy, found["quantized_heavy"]
            )
        )
    wanted = TYPES[precision]
    if typed and wanted and set(found["heavy_types"]) - wanted:
        raise Unsupported(
            "asked for {}, but this graph's heavy layers take {}: a strongly typed network "
            "computes in what its graph says".format(precision, _counts(found["heavy_types"]))
        )


def _counts(counted):
    return ", ".join("{} {}".format(counted[name], name) for name in sorted(counted))


def described(network: "tensorrt.INetworkDefinition"):
    """Count a network's layers: all, those that (de)quantize, and the heavy ones by type.

    `quantized_heavy` are the heavy ones whose features and weights come from a DQ: their type is
    what that gives them, and the builder runs them in INT8.
    """
    heavy, quantizing, quantized = {}, 0, 0  # type: ignore[var-annotated]
    dequantized = set()
    layers = [network.get_layer(index) for index in range(network.num_layers)]
    for layer in layers:
        if layer.type.name == "DEQUANTIZE":
            dequantized.add(layer.get_output(0).name)
    for layer in layers:
        kind = layer.type.name
        quantizing += kind in QUANTIZING
        if kind in HEAVY:
            taken = layer.get_input(0)
            heavy[taken.dtype.name] = heavy.get(taken.dtype.name, 0) + 1
            # Constant weights that are not quantized are no input, but the layer's own.
            quantized += layer.num_inputs > 1 and all(
                layer.get_input(number).name in dequantized for number in (0, 1)
            )
    return {
        "layers": network.num_layers,
        "quantizing_layers": quantizing,
        "heavy_types": heavy,
        "quantized_heavy": quantized,
    }


def _configured(
    trt: "Library",
    builder: "tensorrt.Builder",
    network: "tensorrt.INetworkDefinition",
    config: "tensorrt.IBuilderConfig",
    precision,
    options,
    limit_bytes,
):
    """Set all that is asked of the builder; return it as facts."""
    config.clear_flag(trt.BuilderFlag.TF32)
    for name in () if is_typed(trt) else FLAGS[precision]:
        config.set_flag(getattr(trt.BuilderFlag, name))
    _set_workspace(trt, config, limit_bytes)
    return {
        "flags": [
            name
            for name, flag in sorted(trt.BuilderFlag.__members__.items())
            if config.get_flag(flag)
        ],
        "strongly_typed": is_typed(trt),
        "workspace_mib": limit_bytes / MIB,
        "compute_capability": _set_target(trt, config, options.get("compute_capability")),
        "profile": _add_profile(builder, network, config, options),
    }


def _set_workspace(trt: "Library", config: "tensorrt.IBuilderConfig", limit_bytes):
    if hasattr(config, "set_memory_pool_limit"):  # since TensorRT 8.4
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, limit_bytes)
    else:
        _set_first_workspace(config, limit_bytes)


def _set_first_workspace(config, limit_bytes):
    """Set it as before TensorRT 8.4; `config` is of a version that no published stubs know."""
    config.max_workspace_size = limit_bytes


def _workspace_bytes(trt: "Library", builder: "tensorrt.Builder", options):
    """Return the workspace to begin with: the option's, or what the library takes by itself."""
    if options.get("workspace_mib"):
        return int(float(options["workspace_mib"]) * MIB)
    config = builder.create_builder_config()
    if hasattr(config, "get_memory_pool_limit"):
        return config.get_memory_pool_limit(trt.MemoryPoolType.WORKSPACE)
    return FIRST_WORKSPACE_MIB * MIB


def workspaces(first_bytes):
    """Return the workspaces to try in turn, in bytes, none but the first below 1 MiB."""
    smaller = [first_bytes // LESS**power for power in range(1, TRIES)]
    return [first_bytes] + [limit for limit in smaller if limit >= MIB]


def smallest_needed(limits, attempt):
    """Return (what `attempt` gave for the first of `limits` with memory enough, those tried).

    The MemoryError of the last is passed on.
    """
    for index, limit in enumerate(limits):
        try:
            return attempt(limit), limits[: index + 1]
        except MemoryError:
            if index + 1 == len(limits):
                raise
    raise ValueError("no workspace to try")


def _failure(words):
    """Return the exception for a build that gave nothing.

    Where memory lacked, tactics are passed over with a warning, and what fails in the end may say
    only that none is left: so any word of memory tells.
    """
    lack = next((one for one in words.complaints if lacks_memory(one)), None)
    return RuntimeError(words.cause()) if lack is None else MemoryError(lack)


def lacks_memory(message):
    """Say whether a message of TensorRT tells of too little memory."""
    found = OUT_OF_MEMORY.search(message)
    return bool(found) or "OutOfMemory" in message or "could not be allocated" in message


def _set_target(trt: "Library", config: "tensorrt.IBuilderConfig", capability):
    """Build for GPUs of this compute capability ("8.6"); None: for what the library does itself."""
    if capability is None:
        return None
    known = getattr(trt, "ComputeCapability", None)
    if known is None:
        raise Unsupported(
            "TensorRT {} builds for the GPU that it finds: compute_capability is an option of "
            "TensorRT-RTX".format(trt.__version__)
        )
    name = "SM" + str(capability).replace(".", "")
    targets = sorted(each for each in known.__members__ if each.startswith("SM"))
    if name not in targets:
        raise Unsupported(
            "TensorRT-RTX {} builds for {}, not for compute capability {}".format(
                trt.__version__, ", ".join(targets), capability
            )
        )
    _set_one_capability(config, getattr(known, name))
    return str(capability)


def _set_one_capability(config, member):
    """Set the one target; `config` is TensorRT-RTX's, which the published stubs do not know."""
    config.num_compute_capabilities = 1
    if not config.set_compute_capability(member, 0):
        raise Unsupported("TensorRT-RTX refused {} as a target".format(member.name))


def _add_profile(
    builder: "tensorrt.Builder",
    network: "tensorrt.INetworkDefinition",
    config: "tensorrt.IBuilderConfig",
    options,
):
    """Add an optimisation profile for the inputs with open sizes; return it, name -> shapes."""
    inputs = [network.get_input(index) for index in range(network.num_inputs)]
    shapes = {
        each.name: profile_shapes(each.name, library.shape_of(each.shape), options)
        for each in inputs
        if None in library.shape_of(each.shape)
    }
    if not shapes:
        return {}
    profile = builder.create_optimization_profile()
    for name, (least, usual, most) in shapes.items():
        profile.set_shape(name, least, usual, most)
    if config.add_optimization_profile(profile) < 0:
        raise Unsupported("TensorRT refused the optimisation profile {}".format(shapes))
    return {name: [list(shape) for shape in three] for name, three in shapes.items()}


def profile_shapes(name, shape, options):
    """Return the (min, opt, max) shapes of an input from the options.

    Unsupported where they are not given, do not fit `shape` (None: open), or are out of order.
    """
    usual = parsed_shapes(options.get("opt_shapes", "")).get(name)
    if usual is None:
        raise Unsupported(
            "input {!r} has open sizes ({}), and the option opt_shapes does not name it".format(
                name, "x".join("?" if size is None else str(size) for size in shape)
            )
        )
    least, most = (
        parsed_shapes(options.get(key, "")).get(name, usual) for key in ("min_shapes", "max_shapes")
    )
    ordered = len(least) == len(usual) == len(most) == len(shape) and all(
        low <= middle <= high and wanted in (None, middle) and (wanted is None or low == high)
        for low, middle, high, wanted in zip(least, usual, most, shape)  # noqa: B905 - Python 3.6
    )
    if not ordered:
        raise Unsupported(
            "the profile {} <= {} <= {} of input {!r} does not fit its sizes {}".format(
                least, usual, most, name, shape
            )
        )
    return least, usual, most


def parsed_shapes(text):
    """Return {"image": (1, 3, 8, 8)} for "image:1x3x8x8"; Unsupported for what is none."""
    found = {}
    for part in filter(None, str(text).split(",")):
        name, _, sizes = part.rpartition(":")
        if not name or not all(size.isdigit() for size in sizes.split("x")):
            raise Unsupported("{!r} is no shape: write NAME:1x3x512x1024".format(part))
        found[name.strip()] = tuple(int(size) for size in sizes.split("x"))
    return found


class _Timings(object):
    """The timings of tactics that a build can take from those before it, and leaves to the next."""

    def __init__(self, path):
        self.kept = b""
        if path is not None:
            with open(path, "rb") as stream:
                self.kept = stream.read()

    def given_to(self, config: "tensorrt.IBuilderConfig"):
        """Give them to the builder: "reused", or "new" where it knows none that it can use.

        It refuses those of another version of TensorRT or of another GPU.
        """
        if self.kept:
            cache = config.create_timing_cache(self.kept)
            if cache is not None and config.set_timing_cache(cache, False):
                return "reused"
        config.set_timing_cache(config.create_timing_cache(b""), False)
        return "new"

    def take_from(self, config: "tensorrt.IBuilderConfig"):
        """Take them back, with what was learnt."""
        self.kept = _content(config.get_timing_cache().serialize())


def _written(path, data):
    with contract.replacing(path) as temporary, open(temporary, "wb") as stream:
        stream.write(data)
    return path


def _content(memory):
    """Return the bytes of TensorRT's host memory, which has Python's buffer interface."""
    return bytes(memoryview(memory))
