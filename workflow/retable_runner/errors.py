"""What can go wrong here in a way that has a name; `outcomes` turns the rest into results."""


class JobError(Exception):
    """The job itself is broken (a file missing or changed, a key absent): one sentence, exit 2."""


class Unavailable(Exception):  # noqa: N818 - an outcome's name
    """Something that the backend needs is not on this machine: the reason, in one sentence."""


class Unsupported(Exception):  # noqa: N818 - an outcome's name
    """The backend is there and cannot do what is asked: the reason, in one sentence."""


class ConnectionLost(Exception):  # noqa: N818 - what happened
    """A phone that answered does not any more: worth another attempt, by whoever began this."""
