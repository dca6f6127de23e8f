"""PlanRequest: one question, the same from Python, from TOML and from JSON."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.errors import InvalidInputError
from costopt.units import HOURS_PER_MONTH
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.request import KINDS, PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob, TrainingJob

quick = settings(max_examples=60, deadline=None, derandomize=True)

ONE = '[workload]\nkind = "requirement"\n'


def as_toml(value: Any) -> str:
    """Write a value as TOML; tables in one line."""
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(key)} = {as_toml(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    return json.dumps(value)


def document(request: PlanRequest) -> str:
    """Write a request as the TOML document that a person could write."""
    fields = request.model_dump(mode="json", exclude_none=True)
    workloads = fields.pop("workloads")
    lines = [f"{name} = {as_toml(value)}" for name, value in fields.items()]
    for workload in workloads:
        lines.append("[[workload]]")
        lines += [f"{name} = {as_toml(value)}" for name, value in workload.items()]
    return "\n".join(lines)


NUMBERS = st.floats(min_value=1e-3, max_value=1e9, allow_nan=False)
COUNTS = st.integers(1, 10**12)
NAMES = st.text('abcXYZ019-_./*?" \\é', min_size=1, max_size=12)
LIMITS = st.builds(
    Limits,
    providers=st.none() | st.lists(NAMES, min_size=1, max_size=3),
    regions=st.none() | NAMES,
    purchase_options=st.none() | st.just(("on_demand", "reserved")),
    max_spot_fraction=st.floats(0, 1),
    quota=st.none() | st.dictionaries(NAMES, st.integers(0, 99), max_size=3),
    budget=st.none() | NUMBERS,
    max_distinct_types=st.none() | st.integers(1, 9),
    max_age_months=st.none() | st.dictionaries(st.sampled_from(["spot", "reserved"]), NUMBERS),
)
TRAFFIC = st.builds(Traffic, trace=NAMES, requests_per_second=NUMBERS) | st.builds(
    Traffic,
    sizes=st.just(
        (
            RequestSize(input_tokens=10, output_tokens=5, share_fraction=0.25),
            RequestSize(input_tokens=99.5, output_tokens=1, share_fraction=0.75),
        )
    ),
    requests_per_second=NUMBERS,
)
PRECISIONS = st.sampled_from(["fp8", "any", ("bf16", "fp16")])
WORKLOADS = st.one_of(
    st.builds(
        InferenceService, model=NAMES, precision=PRECISIONS, traffic=TRAFFIC, limits=LIMITS,
        max_ttft_ms=st.none() | NUMBERS, percentile=st.floats(50, 99.9),
    ),
    st.builds(
        BatchInference, model=NAMES, precision=PRECISIONS, samples=COUNTS, deadline_hours=NUMBERS,
    ),
    st.builds(
        FineTuneJob, model=NAMES, method=st.sampled_from(["full", "lora", "qlora"]),
        samples=COUNTS, tokens_per_sample=COUNTS, epochs=NUMBERS, deadline_hours=NUMBERS,
    ),
    st.builds(
        TrainingJob, model=NAMES, tokens=NUMBERS, sequence_length=COUNTS, deadline_hours=NUMBERS,
        limits=LIMITS,
    ),
    st.builds(
        Requirement, accelerators_per_node=NUMBERS, accelerator_types=st.none() | NAMES,
        demand_per_second=st.just(5.0),
        throughput_per_second=st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=3),
    ),
)  # fmt: skip


@quick
@given(
    workload=WORKLOADS,
    limits=LIMITS,
    currency=st.sampled_from(["USD", "CNY"]),
    horizon_hours=NUMBERS,
    gap=st.floats(0, 0.99),
    confidence=st.floats(0.05, 0.95),
)
def test_request_written_as_toml_reads_back_the_same(workload: Any, **fields: Any) -> None:
    request = PlanRequest(workloads=(workload,), **fields)
    assert PlanRequest.from_toml(document(request), "request.toml") == request


@quick
@given(workloads=st.lists(WORKLOADS, min_size=1, max_size=3), limits=LIMITS)
def test_request_written_as_json_reads_back_the_same(workloads: Any, limits: Limits) -> None:
    alone = [each.model_copy(update={"limits": Limits()}) for each in workloads]
    request = PlanRequest(workloads=tuple(alone), limits=limits)
    assert PlanRequest.model_validate_json(request.model_dump_json()) == request


def test_every_shipped_example_survives_toml_and_json() -> None:
    folder = files("costopt").joinpath("examples")
    texts = {item.name: item.read_text(encoding="utf-8") for item in folder.iterdir()}
    examples = {name: text for name, text in texts.items() if name.endswith(".toml")}
    assert len(examples) >= 12
    for name, text in examples.items():
        request = PlanRequest.from_toml(text, name)
        assert PlanRequest.from_toml(document(request), name) == request, name
        assert PlanRequest.model_validate_json(request.model_dump_json()) == request, name


def test_file_of_a_service_reads_into_the_record_that_python_makes() -> None:
    text = """
    currency = "CNY"
    confidence = 0.9
    [workload]
    kind = "inference_service"
    model = "m"
    precision = "fp8"
    max_ttft_ms = 1_000
    [workload.traffic]
    requests_per_second = 10
    [[workload.traffic.sizes]]
    input_tokens = 100
    output_tokens = 50
    share_fraction = 1
    [limits]
    regions = "us-*"
    purchase_options = "on_demand"
    quota = { "aws/us-east-1/p5.48xlarge" = 2 }
    """
    sizes = [{"input_tokens": 100, "output_tokens": 50, "share_fraction": 1}]
    assert PlanRequest.from_toml(text, "chat.toml") == PlanRequest(
        workloads=(
            InferenceService(
                model="m", precision=("fp8",), max_ttft_ms=1000,
                traffic=Traffic.from_sizes(sizes, requests_per_second=10),
            ),
        ),
        limits=Limits(
            regions=("us-*",), purchase_options=("on_demand",),
            quota={"aws/us-east-1/p5.48xlarge": 2},
        ),
        currency="CNY",
        confidence=0.9,
    )  # fmt: skip


def test_defaults_of_a_request_are_one_month_in_dollars_on_the_expected_rate() -> None:
    request = PlanRequest.from_toml(ONE, "one.toml")
    assert (request.horizon_hours, request.currency) == (HOURS_PER_MONTH, "USD")
    assert (request.gap, request.time_limit_seconds, request.confidence) == (1e-4, 10, 0.5)
    assert request.limits == Limits()


def test_kinds_are_those_of_the_five_records() -> None:
    assert KINDS == (
        "inference_service",
        "batch_inference",
        "fine_tune",
        "training",
        "requirement",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a [workload] table is required"),
        ('[workloads]\nkind = "requirement"', "a [workload] table is required"),
        (f"workloads = 5\n{ONE}", "unknown field 'workloads'; write [[workload]] instead"),
        ('workload = "chat"', "workload = 'chat': must be a table of names and values"),
        ("workload = []", "at least one workload is needed"),
        ("workload = [5]", "workload = 5: must be a table of names and values"),
        ("[workload]\nnodes = 1", "workloads: each workload needs a kind; allowed: inference_"),
        ("[workload]\nkind = 5", "workload.kind = '5': allowed: inference_service, "),
        (f"limits = 5\n{ONE}", "limits = 5: must be a table of names and values"),
        (f'{ONE}[limits]\nregion = "a"', "limits: unknown field 'region'; did you mean regions?"),
        (f"{ONE}[workload.limits]\nbudget = -1", "workload: limits: budget = -1: must be at leas"),
        (f"{ONE}node = 2", "workload: unknown field 'node'; did you mean nodes"),
        (f'currency = "US"\n{ONE}', "currency: 'US' is no currency code; three capital letters"),
        (f'currency = "usd"\n{ONE}', "currency: 'usd' is no currency code"),
        (f'currency = "ÜSD"\n{ONE}', "currency: 'ÜSD' is no currency code"),
        (f"currency = 5\n{ONE}", "currency = 5: must be text"),
        (f"horizon_hours = 0\n{ONE}", "horizon_hours = 0: must be above 0"),
        (f"horizon_hours = inf\n{ONE}", "horizon_hours = inf: must be a finite number"),
        (f"horizon_hours = 2026-01-01\n{ONE}", "horizon_hours = datetime.date(2026, 1, 1): must"),
        (f"gap = 1\n{ONE}", "gap = 1: must be below 1"),
        (f"gap = -0.1\n{ONE}", "gap = -0.1: must be at least 0"),
        (f"confidence = 0\n{ONE}", "confidence = 0: must be at least 0.05"),
        (f"confidence = 1\n{ONE}", "confidence = 1: must be at most 0.95"),
        (f"time_limit_seconds = true\n{ONE}", "time_limit_seconds = True: must be a number"),
        (f"horizont_hours = 5\n{ONE}", "unknown field 'horizont_hours'; did you mean horizon_"),
        ("[workload", "not valid TOML: "),
        (f"{ONE}nodes = 1\nnodes = 2", "not valid TOML: "),
    ],
)
def test_wrong_file_is_one_sentence_that_starts_with_its_name(text: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        PlanRequest.from_toml(text, "ask.toml")
    assert str(caught.value).startswith(f"ask.toml: {problem}")
    assert len(caught.value.problems) == 1


def test_wrong_workload_of_several_is_named_by_its_place() -> None:
    text = (
        '[[workload]]\nkind = "requirement"\n'
        '[[workload]]\nkind = "inference_service"\nmodel = "m"\nprecision = "bf16"\n'
        "traffic = { trace = 'a', requests_per_second = -1 }\n"
    )
    with pytest.raises(InvalidInputError) as caught:
        PlanRequest.from_toml(text, "ask.toml")
    assert str(caught.value) == (
        "ask.toml: workload 2: traffic: requests_per_second = -1: must be above 0"
    )


def test_several_workloads_are_numbered_unless_they_have_names() -> None:
    request = PlanRequest(
        workloads=(Requirement(), Requirement(name="own"), Requirement(), TrainingJob(
            model="m", tokens=1, sequence_length=1, deadline_hours=1,
        )),
    )  # fmt: skip
    names = [name for name, _ in request.named_workloads]
    assert names == ["requirement 1", "own", "requirement 2", "training"]


def test_one_switching_cost_in_a_file_is_of_a_start_and_of_a_stop_as_in_python() -> None:
    request = PlanRequest.from_toml(
        'switching_cost = 3.5\ncurrent_fleet = []\n[workload]\nkind = "requirement"\n', "x.toml"
    )
    assert (request.switching_cost.start, request.switching_cost.stop) == (3.5, 3.5)


def test_two_workloads_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="two workloads have the same name"):
        PlanRequest(workloads=(Requirement(name="a"), Requirement(name="a")))
    # the second and third would be called requirement 1 and requirement 2
    with pytest.raises(InvalidInputError, match="two workloads have the same name"):
        PlanRequest(workloads=(Requirement(name="requirement 1"), Requirement(), Requirement()))


def test_number_of_types_of_several_workloads_belongs_to_the_request() -> None:
    narrow = Requirement(limits=Limits(max_distinct_types=1))
    assert PlanRequest(workloads=(narrow,)).limits == Limits()
    with pytest.raises(InvalidInputError, match=r"max_distinct_types belongs to \[limits\]"):
        PlanRequest(workloads=(narrow, Requirement()))


def test_request_needs_a_workload() -> None:
    with pytest.raises(InvalidInputError, match="PlanRequest: at least one workload is needed"):
        PlanRequest(workloads=())


def test_request_cannot_be_changed() -> None:
    request = PlanRequest(workloads=(Requirement(),))
    with pytest.raises(Exception, match="frozen"):
        request.currency = "CNY"
