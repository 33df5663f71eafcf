"""What a job is told of a phone: the runner is not on it, but on the machine with its cable."""

from retable.contract import Message


class Phone(Message):
    """A phone that adb reaches; without a `serial`, the only one."""

    serial: str | None


class ReachesPhone(Message):
    """A job of a device, which may be a phone: then it is the phone that is meant."""

    phone: Phone | None = None
