"""Network architectures, each readable by itself, with the parameter names of its weights."""
