"""TensorRT, for all its backends: from TensorRT 8.0 to 11, and TensorRT-RTX.

`library` is what is used of the library's Python module, `build` makes engines, `engine` runs
them. Where versions differ, the code asks the module for the newer part and does without it
where it is missing: no version numbers are compared. The module is handed in by the backend.
"""
