"""The TensorFlow 2 detection zoo: its architectures as pipelines of the Object Detection API.

One module a family writes the text of a pipeline's `model` from a model file's options; `networks`
has the API build it with weights from a seed, `saved_models` keeps it. Options that all families
take: `family`, `backbone`, `classes`, and `height` and `width`, what the network itself resizes
every image to. The facts are those of the zoo's own pipelines (tensorflow/models, Apache-2.0).
"""
