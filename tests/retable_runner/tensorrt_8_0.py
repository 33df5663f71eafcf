"""A stand-in for TensorRT 8.0's Python module, which needs a Jetson: what our code touches of it.

Names, arguments and results are those of NVIDIA's API reference of TensorRT 8.0.3, Python
(Core/Builder, BuilderConfig, Engine, ExecutionContext; parsers/Onnx). It computes nothing: it
writes down what it is told, refuses workspaces of more than `free_mib`, and, as 8.0 does, lacks
memory pools, tensors by name and strongly typed networks.
"""

import enum
import json
import types
from pathlib import Path

Severity = enum.IntEnum("Severity", "INTERNAL_ERROR ERROR WARNING INFO VERBOSE", start=0)
DataType = enum.IntEnum("DataType", "FLOAT HALF INT8 INT32 BOOL", start=0)
LayerType = enum.IntEnum("LayerType", "CONVOLUTION QUANTIZE DEQUANTIZE TOPK", start=0)
BuilderFlag = enum.IntEnum("BuilderFlag", "FP16 INT8 DEBUG TF32", start=0)
CreationFlag = enum.IntEnum("NetworkDefinitionCreationFlag", "EXPLICIT_BATCH", start=0)


class ILogger:
    Severity = Severity

    def __init__(self):
        self.started = True


def Tensor(name, dtype, shape):  # noqa: N802 - an ITensor
    return types.SimpleNamespace(name=name, dtype=dtype, shape=shape)


class Network:
    """What the ONNX file holds, here as JSON: layers by type, in a chain; open sizes are -1."""

    num_inputs = 1

    def __init__(self, flags):
        assert flags == 1 << CreationFlag.EXPLICIT_BATCH, "the ONNX parser needs it"
        self.layers = []
        self.shape = ()

    @property
    def num_layers(self):
        return len(self.layers)

    def get_layer(self, index):
        taken, given = (Tensor(f"t{n}", DataType.FLOAT, self.shape) for n in (index, index + 1))
        return types.SimpleNamespace(
            type=LayerType[self.layers[index]],
            num_inputs=2,
            get_input=lambda index: taken,
            get_output=lambda index: given,
        )

    def get_input(self, index):
        return Tensor("x", DataType.FLOAT, self.shape)


class ParserError:
    """Without node_name and node_operator, which came later."""

    def code(self):
        return types.SimpleNamespace(name="UNSUPPORTED_NODE")

    def desc(self):
        return "No importer registered\nfor op: Det"

    def node(self):
        return 3


class OnnxParser:
    def __init__(self, network, logger):
        self.num_errors = 0
        self._network = network

    def parse_from_file(self, path):
        graph = json.loads(Path(path).read_text())
        self.num_errors = graph.get("errors", 0)
        self._network.layers = graph.get("layers", [])
        self._network.shape = tuple(graph.get("shape", (1, 3, 8, 8)))
        return not self.num_errors

    def get_error(self, index):
        return ParserError()


class TimingCache:
    def __init__(self, content):
        self.content = content

    def serialize(self):
        return self.content


class BuilderConfig:
    """Of TensorRT before 8.4: one workspace, no pools. Timings of another GPU are refused."""

    def __init__(self):
        self.max_workspace_size = 0
        self.flags = {BuilderFlag.TF32}
        self.profiles = []
        self._cache = None

    def clear_flag(self, flag):
        self.flags.discard(flag)

    def set_flag(self, flag):
        self.flags.add(flag)

    def get_flag(self, flag):
        return flag in self.flags

    def add_optimization_profile(self, profile):
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def create_timing_cache(self, serialized_timing_cache):
        return TimingCache(serialized_timing_cache)

    def set_timing_cache(self, cache, ignore_mismatch):
        assert not ignore_mismatch
        if cache.content.startswith(b"another GPU"):
            return False
        self._cache = cache
        return True

    def get_timing_cache(self):
        return self._cache


class Profile:
    def __init__(self):
        self.shapes = {}

    def set_shape(self, input, min, opt, max):  # noqa: A002 - theirs
        self.shapes[input] = (min, opt, max)


class Builder:
    free_mib = 1 << 20
    configs = []  # of all builds, as they stood at the end

    def __init__(self, logger):
        assert logger.started, "the base class was not initialised"
        self.logger = logger

    def create_network(self, flags=0):
        return Network(flags)

    def create_builder_config(self):
        return BuilderConfig()

    def create_optimization_profile(self):
        return Profile()

    def build_serialized_network(self, network, config):
        self.configs.append(config)
        if config.max_workspace_size > self.free_mib << 20:
            self.logger.log(
                Severity.WARNING,
                "Requested amount of memory (150994944 bytes) could not be allocated. There may "
                "not be enough free memory for allocation to succeed.",
            )
            self.logger.log(
                Severity.ERROR, "10: Could not find any implementation for node Conv_0."
            )
            return None
        if "TOPK" in network.layers:
            self.logger.log(Severity.ERROR, "2: [a.cpp::b::1] Error Code 2: the cause")
            self.logger.log(Severity.ERROR, "2: [c.cpp::d::2] Error Code 2: what follows from it")
            return None
        config._cache.content += b"+"
        return b"an engine"


class Context:
    """Bindings by number; sizes can be set where the engine leaves them open."""

    def __init__(self, engine, profile):
        self.active_optimization_profile = profile
        self.executed = []
        self._engine = engine
        self._batch = engine.shapes["x"][0]

    def set_binding_shape(self, binding, shape):
        assert -1 in self._engine.get_binding_shape(binding), "no size of it is open"
        self._batch = shape[0]
        return shape[0] <= 8

    def get_binding_shape(self, binding):
        shape = self._engine.get_binding_shape(binding)
        return (self._batch,) + shape[1:]

    def execute_async_v2(self, bindings, stream_handle):
        self.executed.append((list(bindings), stream_handle))
        return not self._engine.fails


class Engine:
    """Outputs before inputs: the order of bindings is the library's own."""

    num_layers = 7
    device_memory_size = 4096
    num_optimization_profiles = 1
    fails = False

    def __init__(self, batch=1):
        self.shapes = {"labels": (batch, 1, 4, 4), "x": (batch, 3, 4, 4), "scale": (1,)}
        self.dtypes = {"labels": DataType.INT32, "x": DataType.FLOAT, "scale": DataType.HALF}
        self.contexts = []
        self.num_bindings = 3

    def _name(self, index):
        return list(self.shapes)[index]

    def get_binding_name(self, index):
        return self._name(index)

    def get_binding_shape(self, index):
        return self.shapes[self._name(index)]

    def get_binding_dtype(self, index):
        return self.dtypes[self._name(index)]

    def binding_is_input(self, index):
        return self._name(index) != "labels"

    def create_execution_context(self):
        is_open = self.shapes["x"][0] < 0
        profile = -1 if is_open and len(self.contexts) > 1 else 0
        self.contexts.append(Context(self, profile))
        return self.contexts[-1]


class Runtime:
    def __init__(self, logger):
        self.logger = logger

    def deserialize_cuda_engine(self, serialized_engine):
        if serialized_engine != b"an engine":
            self.logger.log(Severity.ERROR, "1: Serialization assertion stdVersionRead == failed.")
            self.logger.log(Severity.ERROR, "4: Engine deserialization failed.")
            return None
        return Engine()


def module(free_mib=1 << 20):
    """Return the module, as `import tensorrt` gives it; its Builder remembers its configs."""
    builder = type("Builder", (Builder,), {"free_mib": free_mib, "configs": []})
    return types.SimpleNamespace(
        __version__="8.0.1.6",
        Builder=builder,
        BuilderFlag=BuilderFlag,
        ILogger=ILogger,
        NetworkDefinitionCreationFlag=CreationFlag,
        OnnxParser=OnnxParser,
        Runtime=Runtime,
    )
