"""The files under config/, typed: every key is known here, and a wrong one stops with a sentence.

Import from the module of one kind of file (`retable.config.model`), not from here: what a step
imports is what re-runs it.
"""
