"""A suite's plan as the configuration and a run's settings have it.

Said here once: what the workflow makes and what a page tells must be of the same plan.
"""

from retable.availability import PlugIns
from retable.config.device import Device
from retable.config.load import Configuration
from retable.plan import Plan, plan_suite
from retable.published import Published, read_published
from retable.selection import Selection


def published_values(configuration: Configuration, suite: str) -> list[Published]:
    """The values of a suite's document, in its order."""
    return read_published(configuration.root / "data" / "published" / f"{suite}.csv")


def planned(
    configuration: Configuration,
    available: PlugIns,
    device: Device,
    *,
    suite: str,
    further: str,
    selection: Selection,
    size: str | None,
) -> Plan:
    """The plan of a suite, with its `further` cases or without: what is not selected ends so."""
    return plan_suite(
        configuration.suites[suite].asking(further),
        published_values(configuration, suite),
        device,
        configuration.models,
        available.ending,
        selection,
        size,
    )
