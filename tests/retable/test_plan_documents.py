"""The five documents as plans: each value finds its case, each case its block."""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from retable.cases import Cell, Ending
from retable.comparing.claims import claim_pairs, published_ratio
from retable.config.load import load_configuration
from retable.config.suite import Suite
from retable.dag.run import Run
from retable.errors import RetableError
from retable.plan import Plan, further_requests, plan_suite
from retable.published import Published, read_published
from retable.selection import Selection

ROOT = Path(__file__).parents[2]
CONFIGURATION = load_configuration(ROOT)

# The devices that measured the published values; "Xavier Nano" names no product.
PUBLISHED_ON = {
    "fast-scnn": ["jetson-nano"],
    "segmentation-split": ["rtx-3090", "xavier-nx"],
    "tf2-detection-zoo": ["gtx-1070"],
    "paddleseg": ["v100"],
    "paddle-keypoints": ["t4"],
    "paddle-keypoints-mobile": ["kirin-980", "snapdragon-660"],
}
# Players beside the one that a value is answered by: no document has them, or only as a way to it.
OURS = ("tensorrt_rtx", "tensorflow_trt", "paddle_tensorrt", "paddle_tensorrt_published")
PLANS = [
    (suite, device)
    for suite, published_on in PUBLISHED_ON.items()
    for device in dict.fromkeys(["cpu", "jetson-nano", "null", *published_on])
]
ON_THEIR_DEVICES = [(suite, device) for suite, names in PUBLISHED_ON.items() for device in names]


def published_values(suite: str) -> list[Published]:
    return read_published(ROOT / "data" / "published" / f"{suite}.csv")


def plan_of(suite: str, device: str) -> Plan:
    return planned(CONFIGURATION.suites[suite], published_values(suite), device)


def planned(suite: Suite, published: list[Published], device: str = "null") -> Plan:
    return plan_suite(
        suite,
        published,
        CONFIGURATION.devices[device],
        CONFIGURATION.models,
        lambda case, model: None,
    )


def chosen(suite: str, selection: Selection) -> Plan:
    return plan_suite(
        CONFIGURATION.suites[suite],
        published_values(suite),
        CONFIGURATION.devices["cpu"],
        CONFIGURATION.models,
        lambda case, model: None,
        selection,
    )


def test_models_that_are_not_chosen_say_so() -> None:
    plan = chosen("tf2-detection-zoo", Selection(models="efficientdet-d0, unet"))
    assert [block.name for block in plan.runnable] == ["efficientdet-d0_512x512"]
    assert [case.label for case in plan.runnable[0].cases] == [
        *("tensorflow", "tensorflow", "tensorflow"),
        *("openvino", "onnxruntime"),
    ]
    endings = {case.ending for block in plan.blocks.values() for case in block.cases}
    assert endings == {None, Ending("unavailable", "not selected (--config models=...)")}


def test_inputs_that_are_not_chosen_say_so() -> None:
    plan = chosen("fast-scnn", Selection(inputs="384x384,768x1344"))
    assert [block.name for block in plan.runnable] == ["fast-scnn_384x384", "fast-scnn_768x1344"]
    cell = cell_at(plan, "latency", "576x576", "FP32")
    assert {case.ending for case in plan.answers[cell]} == {
        Ending("unavailable", "not selected (--config inputs=...)")
    }


def test_engines_answer_beside_the_framework_where_a_table_asks_for_them() -> None:
    plan = plan_of("tf2-detection-zoo", "cpu")
    row = "EfficientDet D0 | 512x512 | Native FP32"
    plain, with_xla = (cell_at(plan, table, row, "AP") for table in ("none", "gpu"))
    assert [case.name for case in plan.shown(plain)] == [
        *("tensorflow.native.fp32.xla=none", "openvino.none.fp32", "onnxruntime.none.fp32")
    ]
    assert [case.name for case in plan.shown(with_xla)] == ["tensorflow.native.fp32.xla=gpu"]
    alone = planned(
        plan.suite.asking("none"), published_values("tf2-detection-zoo"), plan.device.device
    )
    assert {case.label for cell in alone.cells for case in alone.shown(cell)} == {"tensorflow"}


def cell_at(plan: Plan, table: str, row: str, column: str) -> Cell:
    (cell,) = [c for c in plan.cells if (c.table, c.row, c.column) == (table, row, column)]
    return cell


@pytest.mark.parametrize("kind", ["devices", "models", "suites"])
def test_every_configuration_file_loads(kind: str) -> None:
    assert all(getattr(CONFIGURATION, kind).values())


def test_suites_use_every_model() -> None:
    used = {cell.request.model for suite in PUBLISHED_ON for cell in plan_of(suite, "null").cells}
    assert used == set(CONFIGURATION.models)


@pytest.mark.parametrize("suite", PUBLISHED_ON)
def test_suites_name_their_devices(suite: str) -> None:
    named = {cell.measured_on for cell in plan_of(suite, "null").cells} - {None}
    assert sorted(named) == PUBLISHED_ON[suite]


@pytest.mark.parametrize(("suite", "device"), PLANS)
def test_each_value_finds_its_cases_and_each_case_one_block(suite: str, device: str) -> None:
    plan = plan_of(suite, device)
    assert [(c.table, c.row, c.column) for c in plan.cells] == [
        value.place for value in published_values(suite)
    ]
    answering = {case for cell in plan.cells for case in plan.shown(cell)}
    assert all(plan.answers[cell] for cell in plan.cells)
    blocks = Counter(case for block in plan.blocks.values() for case in block.cases)
    further = set(further_requests(plan.suite))
    assert set(blocks) == answering | {case for case in blocks if case.request in further}
    assert set(blocks.values()) == {1}
    assert all(case in plan.block_of(case).cases for case in answering)


@pytest.mark.parametrize(("suite", "device"), PLANS)
def test_names_are_unambiguous(suite: str, device: str) -> None:
    plan = plan_of(suite, device)
    sources: dict[str, str] = {}
    for block in plan.blocks.values():
        names = [case.name for case in block.cases]
        assert len(set(names)) == len(names)
        for case in block.runnable:  # an engine's file holds one graph, or one network
            assert sources.setdefault(case.engine, case.graph) == case.graph


@pytest.mark.parametrize(("suite", "device"), ON_THEIR_DEVICES)
def test_on_its_device_each_value_has_exactly_one_case(suite: str, device: str) -> None:
    plan = plan_of(suite, device)
    for cell in plan.cells:
        (case,) = [case for case in plan.answers[cell] if case.player not in OURS]
        if cell.measured_on == device:
            assert case.player
            assert case.ending is None or case.request.precision == "int8"


@pytest.mark.parametrize(
    ("suite", "device", "sizes"),
    [
        # Table 1's two at every input; table 2's ten at all inputs but the first. None coincide:
        # the plain network with numpy's argmax outside it is another case than without. At one
        # input there are two more, in INT8, which no table has.
        ("fast-scnn", "jetson-nano", {2: 1, 12: 3, 14: 1}),
        # Each row under three settings of XLA, and beside the first as an engine.
        ("tf2-detection-zoo", "gtx-1070", {4: 41}),
        ("paddleseg", "v100", {4: 8}),
        ("paddle-keypoints", "t4", {4: 6, 3: 5}),
        ("paddle-keypoints-mobile", "kirin-980", {2: 3}),
    ],
)
def test_block_sizes(suite: str, device: str, sizes: dict[int, int]) -> None:
    blocks = plan_of(suite, device).blocks
    found = [sum(case.player not in OURS for case in block.cases) for block in blocks.values()]
    assert Counter(found) == sizes


def test_three_tables_share_the_blocks_of_segmentation() -> None:
    plan = plan_of("segmentation-split", "xavier-nx")
    of_tables = Counter(cell.request for cell in plan.cells)
    assert Counter(request.block for request in of_tables) == {
        "ddrnet23-slim_384x768": 5,
        # Xavier Nano's four, and of Xavier NX and 3090 those with the maximum in the engine.
        "ocr-ddrnet23-slim_384x768": 6,
        "ocr-hrnet_384x768": 3,
        "ocr-ddrnet23-slim-2-scales_384x768": 1,
        "ocr-hrnet-w18-small-v2_384x768": 2,
        "ocr-hrnet-3-scales_720x1280": 1,
        "ocr-hrnet-2-scales_720x1280": 1,
        "ocr-hrnet-2-scales_384x768": 1,
        "hrnet-lite_384x768": 1,
        "naive-hrnet-lite_384x768": 1,
        "ocr-hrnet-lite_384x768": 1,
        "ocr-naive-hrnet-lite_384x768": 1,
    }


def test_every_network_is_asked_where_its_post_processing_should_live() -> None:
    """In five ways and two precisions, at 384x768; beside what tables have besides that."""
    plan = plan_of("segmentation-split", "xavier-nx")
    asked = Counter(
        request.model for request in set(further_requests(plan.suite)) if request.input == "384x768"
    )
    assert asked == dict.fromkeys({cell.request.model for cell in plan.cells}, 10)
    sizes = {name: len(block.cases) for name, block in plan.blocks.items()}
    assert sizes["ddrnet23-slim_384x768"] == 10 + 1  # the network alone
    assert sizes["ocr-hrnet_384x768"] == 10 + 1  # INT8
    assert sizes["ocr-hrnet-3-scales_720x1280"] == 1


def test_a_run_of_the_published_rows_alone_asks_for_nothing_else() -> None:
    whole = plan_of("segmentation-split", "cpu").suite
    suite = whole.asking("none")
    assert whole.asking("all") == whole
    assert further_requests(whole)
    assert not further_requests(suite)
    assert suite.splits is None
    assert suite.tables == whole.tables
    run = Run(ROOT, {"suite": "segmentation-split", "further": "none"})
    (plan,) = run.plans.values()
    assert {case.request for block in plan.blocks.values() for case in block.cases} == {
        cell.request for cell in plan.cells
    }


def test_roles_become_backends() -> None:
    def backends(suite: str, device: str, *place: str) -> list[str]:
        plan = plan_of(suite, device)
        return [case.player for case in plan.answers[cell_at(plan, *place)]]

    native = ("cityscapes", "UNet | N | FP32", "time(s/img)")
    engine = ("cityscapes", "UNet | Y | FP32", "time(s/img)")
    assert backends("paddleseg", "v100", *native) == ["paddle"]
    own = ["paddle_tensorrt", "paddle_tensorrt_published"]
    assert backends("paddleseg", "v100", *engine) == ["tensorrt", *own]
    assert set(backends("paddleseg", "cpu", *engine)) == {"onnxruntime", "openvino"}


def test_engines_answer_for_the_cpu_with_the_columns_threads() -> None:
    plan = plan_of("paddle-keypoints", "cpu")
    cases = plan.answers[cell_at(plan, "python", "PP-TinyPose-128x96", "CPU + MKLDNN")]
    assert {case.name: case.graph for case in cases} == {
        "paddle.native_cpu.fp32.threads=1": "tinypose-128x96/native",
        "openvino_cpu.native_cpu.fp32.threads=1": "tinypose-128x96/128x96/none/fp32",
        "onnxruntime_cpu.native_cpu.fp32.threads=1": "tinypose-128x96/128x96/none/fp32",
    }


def test_an_engine_may_be_made_of_the_frameworks_own_files() -> None:
    plan = plan_of("paddleseg", "v100")
    cases = plan.answers[cell_at(plan, "cityscapes", "UNet | Y | FP16", "time(s/img)")]
    assert {case.player: (case.backend, case.graph) for case in cases} == {
        "tensorrt": ("tensorrt", "unet/1024x2048/argmax/fp16"),
        "paddle_tensorrt": ("paddle", "unet/native"),
        "paddle_tensorrt_published": ("paddle", "unet/native"),
    }
    plan = plan_of("fast-scnn", "v100")  # which is no Paddle network
    assert not any(
        case.player.startswith("paddle") for one in plan.answers.values() for case in one
    )


def test_another_size_is_that_of_every_row() -> None:
    suite = CONFIGURATION.suites["paddleseg"]
    plan = plan_suite(
        suite,
        published_values("paddleseg"),
        CONFIGURATION.devices["cpu"],
        CONFIGURATION.models,
        lambda case, model: None,
        size="256x512",
    )
    assert {cell.request.input for cell in plan.cells} == {"256x512"}
    assert set(plan.blocks) == {
        name.replace("1024x2048", "256x512") for name in plan_of("paddleseg", "cpu").blocks
    }
    assert plan.size == "256x512"


def test_options_and_batch_are_part_of_the_case() -> None:
    plan = plan_of("paddle-keypoints", "t4")
    cell = cell_at(plan, "cpp", "HRNet_w32-256x192", "CPU + MKLDNN")
    assert plan.answers[cell][0].name == "paddle_cpu.native_cpu.fp32.batch=8.threads=1"
    assert cell.measure.unit == "ms/item"
    plan = plan_of("tf2-detection-zoo", "gtx-1070")
    cell = cell_at(
        plan, "gpu-and-cpu", "EfficientDet D0 | 512x512 | Native FP32", "latency_mean(ms)"
    )
    assert plan.answers[cell][0].name == "tensorflow.native.fp32.xla=gpu+cpu"


@pytest.mark.parametrize("suite", PUBLISHED_ON)
def test_claims_are_what_the_published_values_say(suite: str) -> None:
    published = {value.place: value for value in published_values(suite)}
    plan = plan_of(suite, "null")
    for claim in plan.suite.claims:
        low, high = claim.expect.bounds()
        found = [published_ratio(claim, pair, plan, published) for pair in claim_pairs(claim, plan)]
        ratios = [ratio for ratio in found if ratio is not None]
        assert ratios, claim.name
        assert all(low <= ratio <= high for ratio in ratios), claim.name


@pytest.mark.parametrize("suite", PUBLISHED_ON)
def test_claims_compare_cases_of_one_block(suite: str) -> None:
    plan = plan_of(suite, "null")
    for claim in plan.suite.claims:
        for upper, lower in claim_pairs(claim, plan):
            assert upper.request.block == lower.request.block


def assert_one_sentence(error: RetableError, *parts: str) -> None:
    assert "\n" not in str(error)
    assert all(part in str(error) for part in parts), str(error)


@pytest.mark.parametrize("suite", PUBLISHED_ON)
def test_a_misspelt_label_names_the_file_and_the_nearest(suite: str) -> None:
    entry = CONFIGURATION.suites[suite]
    table = entry.tables[0]
    label, *others = table.columns
    columns = {f"{label}x": table.columns[label], **{name: table.columns[name] for name in others}}
    faulty = entry.model_copy(
        update={"tables": [table.model_copy(update={"columns": columns}), *entry.tables[1:]]}
    )
    with pytest.raises(RetableError) as caught:
        planned(faulty, published_values(suite))
    assert_one_sentence(
        caught.value, f"config/suites/{suite}.yaml has no column", f"did you mean '{label}x'?"
    )


@pytest.mark.parametrize("suite", PUBLISHED_ON)
def test_a_value_without_a_row_is_one_sentence(suite: str) -> None:
    values = published_values(suite)
    stray = dataclasses.replace(values[0], row=f"{values[0].row}x")
    with pytest.raises(RetableError) as caught:
        planned(CONFIGURATION.suites[suite], [*values, stray])
    assert_one_sentence(caught.value, f"data/published/{suite}.csv", "has no row", stray.row)


@pytest.mark.parametrize("suite", PUBLISHED_ON)
def test_a_row_without_a_value_is_one_sentence(suite: str) -> None:
    values = published_values(suite)
    lost = values[-1]
    kept = [value for value in values if (value.table, value.row) != (lost.table, lost.row)]
    with pytest.raises(RetableError) as caught:
        planned(CONFIGURATION.suites[suite], kept)
    assert_one_sentence(
        caught.value, f"config/suites/{suite}.yaml", lost.row, "has no published value"
    )
