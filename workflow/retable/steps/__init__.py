"""One module a verb of the command line and of the workflow.

Each offers `arguments(parser)`, which adds its options, and `run(arguments)`. A module here and
what it imports are the sources of its rule: keep imports as narrow as the work.
"""
