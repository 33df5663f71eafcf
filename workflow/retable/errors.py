"""Errors that a user can mend: shown as one sentence, without a traceback, with exit status 1."""


class RetableError(Exception):
    """What is wrong, where (file, key, case), and what to do, in one sentence."""


class ConnectionLost(RetableError):
    """A device that answered does not any more: worth another attempt."""
