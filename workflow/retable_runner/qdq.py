"""Q/DQ graphs as libraries for CPUs take them: with unsigned activations.

The graphs of the step `precision` have INT8 activations with zero points of 0, TensorRT's only
form. On x86 UINT8 is multiplied by INT8: ONNX Runtime takes a Relu into the layer before it only
where what follows saturates at zero as a Relu does, and OpenVINO, which makes them unsigned by
itself, then loses the zero point of a Concat before a layer (seen with 2026.4.1 on a CPU without
AMX: a third of the output's mean). Both need another type, not other values:

- behind a Relu, and what keeps numbers from being negative, UINT8 with a zero point of 0: the same
  steps, of which those beyond INT8's 127 are now there, so that a value is clipped later;
- elsewhere UINT8 with a zero point of 128: the same steps.
"""

import numpy as np

ABOVE_ZERO, MIDDLE = "retable/zero_u8", "retable/middle_u8"
# Operators that give no negative numbers if they get none.
KEEPING = (
    *("Add", "AveragePool", "Concat", "Flatten", "GlobalAveragePool", "MaxPool", "Mul", "Reshape"),
    *("QuantizeLinear", "DequantizeLinear", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"),
)
MAKING = ("Relu", "Sigmoid", "Softmax")


def make_unsigned(source, target):
    """Write the graph of the file `source` with unsigned activations to the file `target`.

    Returns how many activations are now UINT8. ImportError without onnx.
    """
    import onnx

    model = onnx.load(source)
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    positive = not_negative(model.graph.node)
    retyped = {}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and _is_symmetric_int8(node, constants):
            retyped[node.output[0]] = ABOVE_ZERO if node.input[0] in positive else MIDDLE
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and node.output[0] in retyped:
            node.input[2] = retyped[node.output[0]]
        elif node.op_type == "DequantizeLinear" and node.input[0] in retyped:
            node.input[2] = retyped[node.input[0]]
    for name, value in ((ABOVE_ZERO, 0), (MIDDLE, 128)):
        model.graph.initializer.append(
            onnx.numpy_helper.from_array(np.array(value, np.uint8), name)
        )
    read = {name for node in model.graph.node for name in node.input}
    used = [one for one in model.graph.initializer if one.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(used)
    # What was inferred of the tensors between told their old type.
    kept = [value for value in model.graph.value_info if value.name not in retyped]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)
    onnx.save(model, target)
    return len(retyped)


def _is_symmetric_int8(node, constants):
    """Say whether a node quantizes an activation, no constant, to INT8 around a zero of 0."""
    zero = constants.get(node.input[2]) if len(node.input) > 2 else None
    return (
        node.input[0] not in constants
        and zero is not None
        and zero.dtype == np.int8
        and not zero.any()
    )


def not_negative(nodes):
    """Return the tensors that cannot hold negative numbers, given nodes in the graph's order."""
    found = set()
    for node in nodes:
        read = list(node.input)
        if node.op_type in ("Reshape", "Slice", "Split", "Squeeze", "Unsqueeze", "Resize"):
            read = read[:1]  # the others are sizes
        elif node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            read = read[:1]
        keeps = node.op_type in KEEPING or (node.op_type == "Resize" and _is_between(node))
        if node.op_type in MAKING or (keeps and all(name in found for name in read)):
            found.update(node.output)
    return found


def _is_between(node):
    """Say whether a Resize gives numbers between those it gets: linear and nearest do."""
    modes = [one.s.decode() for one in node.attribute if one.name == "mode"]
    return (modes or ["nearest"])[0] in ("nearest", "linear")
