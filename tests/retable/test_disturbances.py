"""What telemetry says against a launch, and that a quiet machine says nothing."""

from typing import Any

import pytest

from retable.comparing.disturbances import Disturbance, disturbances

START_S, END_S = 10.0, 15.0
COUNT = 31  # rows at 5 Hz from half a second before the window to half a second after it


def source(facts: dict[str, Any] | None = None, **columns: list[Any]) -> dict[str, Any]:
    """A source with rows every 0.2 s around the window; a column of one value keeps to it."""
    values = [column * COUNT if len(column) == 1 else column for column in columns.values()]
    times = [round(START_S - 0.5 + 0.2 * index, 1) for index in range(COUNT)]
    rows = [list(row) for row in zip(times, *values, strict=True)]
    return {"columns": list(columns), "rows": rows, "facts": facts or {}, "reason": None}


def found(**sources: dict[str, Any]) -> list[Disturbance]:
    return disturbances({"sources": sources, "reason": None}, START_S, END_S)


def texts(kind: str, **sources: dict[str, Any]) -> list[str]:
    """The sentences, all of one kind."""
    all_found = found(**sources)
    assert {each.kind for each in all_found} <= {kind}
    return [each.text for each in all_found]


def during(*values: Any, quiet: Any) -> list[Any]:
    """A column with these values in the middle of the window, and quiet ones around them."""
    before = [quiet] * (COUNT // 2)
    return (before + list(values) + before + [quiet])[:COUNT]


def outside(value: Any, quiet: Any) -> list[Any]:
    """A column with a value before and after the window only."""
    return [value] * 3 + [quiet] * (COUNT - 6) + [value] * 3


QUIET = {
    "nvml": source(
        {"locked_sm_clock_mhz": None},
        sm_clock_mhz=during(1965, 1980, 1965, quiet=1980),
        power_w=[612.5],
        # Idle, the applications clock, sync boost: nothing that the GPU does to itself.
        clock_event_reasons=during(0x1, 0x2, 0x10, 0x100, quiet=0),
    ),
    "jetson": source({"locked_gpu_clock_mhz": 921.6}, gpu_clock_mhz=[921.6], oc3_events=[37]),
    "cpufreq": source({"locked_mhz": None}, cpu0_mhz=[3400.0], cpu1_mhz=[800.0]),
    "thermal": source(
        {"trips_c": {"CPU-therm_c": 97.0}},
        **{"CPU-therm_c": [96.5], "acpitz_c": [99.0], "core_throttle_count": [12]},
    ),
    "steal": source(busy_share=[0.97], steal_share=[0.004]),
    "psi": source(waiting_share=[0.05]),
    "rapl": source(**{"package-0_w": [212.0]}),
}


def test_a_quiet_machine_says_nothing() -> None:
    assert found(**QUIET) == []


def test_what_is_absent_says_nothing() -> None:
    absent = {"columns": [], "rows": [], "facts": {}, "reason": "no such thing"}
    assert found(**dict.fromkeys(QUIET, absent)) == []
    assert found() == []
    assert disturbances({"reason": "the watcher was killed by SIGKILL"}, START_S, END_S) == []


def test_what_is_unknown_now_and_then_says_nothing() -> None:
    unknown = source(sm_clock_mhz=during(None, quiet=1980), clock_event_reasons=[None])
    assert found(nvml=unknown, steal=source(steal_share=[None])) == []


def test_what_was_before_and_after_the_window_says_nothing() -> None:
    assert not found(
        nvml=source(
            sm_clock_mhz=outside(345, quiet=1980), clock_event_reasons=outside(0x20, quiet=0)
        ),
        cpufreq=source(cpu0_mhz=outside(800, quiet=3400)),
        steal=source(steal_share=outside(0.5, quiet=0.0)),
        psi=source(waiting_share=outside(0.9, quiet=0.0)),
    )


@pytest.mark.parametrize(
    ("bits", "name"),
    [
        (0x4, "the software power cap"),
        (0x8, "a hardware slowdown"),
        (0x20, "the software thermal slowdown"),
        (0x40, "the hardware thermal slowdown"),
        (0x80, "the hardware power brake"),
    ],
)
def test_each_reason_of_a_throttled_gpu_is_named(bits: int, name: str) -> None:
    reasons = during(bits, bits | 0x2, quiet=0)
    assert texts("throttled", nvml=source(clock_event_reasons=reasons)) == [
        f"the GPU was throttled by {name} in 2 of 25 readings"
    ]


def test_two_reasons_are_two_disturbances() -> None:
    assert len(found(nvml=source(clock_event_reasons=during(0x48, quiet=0)))) == 2


@pytest.mark.parametrize(
    ("name", "column", "text"),
    [
        ("thermal", "core_throttle_count", "a core was throttled for heat 3 times"),
        ("thermal", "package_throttle_count", "the package was throttled for heat 3 times"),
        ("jetson", "oc1_events", "the hardware throttled for under-voltage 3 times"),
    ],
)
def test_a_count_that_rises_is_throttling(name: str, column: str, text: str) -> None:
    counts = [7] * 10 + [8] * 10 + [10] * (COUNT - 20)
    assert texts("throttled", **{name: source(**{column: counts})}) == [text]


def test_a_count_is_taken_over_the_rows_around_the_window() -> None:
    """What was counted between the last row of the window and its end belongs to it."""
    counts = [7] * (COUNT - 3) + [8] * 3
    assert texts("throttled", thermal=source(core_throttle_count=counts)) == [
        "a core was throttled for heat once"
    ]


def test_a_zone_at_its_trip_point_is_throttled() -> None:
    zone = source({"trips_c": {"GPU-therm_c": 97.0}}, **{"GPU-therm_c": during(97.5, quiet=80)})
    assert texts("throttled", thermal=zone) == [
        "GPU-therm reached 97.5 °C; from 97.0 °C on it is slowed down"
    ]


def test_a_locked_gpu_clock_may_not_fall_by_2_percent() -> None:
    locked = {"locked_sm_clock_mhz": 1500}
    assert texts("clock", nvml=source(locked, sm_clock_mhz=during(1470, quiet=1500))) == []
    assert texts("clock", nvml=source(locked, sm_clock_mhz=during(1350, 1465, quiet=1500))) == [
        "the GPU's clock fell to 1350 MHz, 90.0 % of the locked 1500 MHz, "
        "and was too low in 2 of 25 readings"
    ]


def test_a_gpu_clock_that_is_not_locked_may_not_drift_by_2_percent() -> None:
    assert texts("clock", nvml=source(sm_clock_mhz=during(1755, 1800, quiet=1980))) == [
        "the GPU's clock was between 1755 and 1980 MHz, 11.4 % apart"
    ]
    governed = source({"locked_gpu_clock_mhz": None}, gpu_clock_mhz=during(612.0, quiet=921.6))
    assert texts("clock", jetson=governed) == [
        "the GPU's clock was between 612 and 922 MHz, 33.6 % apart"
    ]


def test_a_cpu_clock_may_take_a_step_but_not_two() -> None:
    half = COUNT // 2
    one, two = ([3500.0] * half + [last] * (COUNT - half) for last in (3400.0, 3300.0))
    idle = [800.0, *during(3000.0, quiet=800.0)[1:]]
    assert texts("clock", cpufreq=source(cpu0_mhz=one, cpu1_mhz=idle)) == []
    assert texts("clock", cpufreq=source(cpu0_mhz=two, cpu1_mhz=idle)) == [
        "the CPU's clock went from 3500 to 3300 MHz (-5.7 %)"
    ]


def test_a_cpu_that_is_locked_has_to_run_at_that_clock() -> None:
    locked = {"locked_mhz": 1479.0}
    assert texts("clock", cpufreq=source(locked, cpu0_mhz=during(900.0, quiet=1479.0))) == []
    assert texts("clock", cpufreq=source(locked, cpu0_mhz=[1224.0])) == [
        "the CPU's clock was 1224 MHz, 82.8 % of the locked 1479 MHz"
    ]


def test_stolen_time_is_of_the_whole_window() -> None:
    """A tenth of the 24 intervals that lie in the window, with 20 % of each: 1.7 %."""
    assert texts("steal", steal=source(steal_share=during(0.2, quiet=0.0))) == []
    assert texts("steal", steal=source(steal_share=during(0.2, 0.2, quiet=0.0))) == [
        "the hypervisor took 1.7 % of the CPUs' time for something else"
    ]


def test_a_crowded_machine_is_contended() -> None:
    assert texts("contended", psi=source(waiting_share=[0.569])) == [
        "some task of the machine waited for a CPU in 56.9 % of the time"
    ]


def test_a_window_between_two_rows_says_nothing() -> None:
    telemetry = {"sources": {"steal": source(steal_share=[0.5])}, "reason": None}
    assert disturbances(telemetry, 11.11, 11.29) == []
