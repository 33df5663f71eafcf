"""How the weights that are committed in data/embedded came to be."""
