"""An engine's inputs and outputs by number: the bindings of TensorRT before 8.5.

NVIDIA's API reference of TensorRT 8.0, Python: ICudaEngine, IExecutionContext. They are gone in
TensorRT 10, so that no published type stubs know them.
"""

from retable_runner import cuda
from retable_runner.trt import library


class NumberedBindings(object):
    """As `engine.NamedTensors`. Bindings of further profiles, if any, come after the first's."""

    def __init__(self, loaded):
        self._loaded = loaded
        self._count = loaded.num_bindings // max(1, loaded.num_optimization_profiles)
        # Of the inputs, and of the outputs.
        self._numbers = {True: [], False: []}  # type: ignore[var-annotated]
        for index in range(self._count):
            self._numbers[bool(loaded.binding_is_input(index))].append(index)
        self.inputs = [self._port(index) for index in self._numbers[True]]
        self.outputs = [self._port(index) for index in self._numbers[False]]

    def _port(self, index):
        name = self._loaded.get_binding_name(index)
        return cuda.Port(
            name,
            library.dtype_of(name, self._loaded.get_binding_dtype(index)),
            library.shape_of(self._loaded.get_binding_shape(index)),
        )

    def new_context(self):
        """Return an execution context; None where TensorRT makes none."""
        return self._loaded.create_execution_context()

    def set_sizes(self, context, shapes):
        """Set the sizes of inputs with open ones; ValueError for what the profile does not have."""
        for index, shape in zip(self._numbers[True], shapes):  # noqa: B905 - Python 3.6
            is_open = None in library.shape_of(self._loaded.get_binding_shape(index))
            if is_open and not context.set_binding_shape(index, tuple(shape)):
                raise ValueError(
                    library.outside_profile(self._loaded.get_binding_name(index), shape)
                )

    def output_shapes(self, context):
        """Return the shapes of the outputs for the sizes set."""
        return [
            library.shape_of(context.get_binding_shape(index)) for index in self._numbers[False]
        ]

    def bound(self, context, inputs, outputs):
        """Set all addresses; return `execute(handle) -> bool`: one inference, put on a stream."""
        addresses = [0] * self._count
        for index, address in zip(self._numbers[True], inputs):  # noqa: B905 - Python 3.6
            addresses[index] = address
        for index, address in zip(self._numbers[False], outputs):  # noqa: B905 - Python 3.6
            addresses[index] = address

        def execute(handle):
            return context.execute_async_v2(addresses, handle)

        return execute
