"""In the image: TensorFlow finds the GPU that the container was given."""

import tensorflow

gpus = tensorflow.config.list_physical_devices("GPU")
if not gpus:
    raise SystemExit(f"TensorFlow {tensorflow.__version__} finds no GPU")
print(tensorflow.__version__, tensorflow.config.experimental.get_device_details(gpus[0]))
