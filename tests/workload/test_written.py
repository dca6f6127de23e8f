"""What people write is checked once, and each broken rule is one sentence."""

import pytest

from costopt.errors import InvalidInputError
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits, joined_options
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

TRAFFIC = Traffic.from_trace("azure-llm-2023-conv", requests_per_second=10)


def service(**fields: object) -> InferenceService:
    """An inference service with some fields replaced."""
    given = {"model": "m", "precision": "fp8", "traffic": TRAFFIC} | fields
    return InferenceService(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"max_ttft_ms": -1}, "max_ttft_ms = -1: must be above 0"),
        ({"max_ttft_ms": 0}, "max_ttft_ms = 0: must be above 0"),
        ({"max_tpot_ms": float("nan")}, "max_tpot_ms = nan: must be a finite number"),
        ({"max_tpot_ms": "50 ms"}, "max_tpot_ms = '50 ms': must be a number"),
        ({"max_tpot_ms": True}, "max_tpot_ms = True: must be a number"),
        ({"precision": "fp9"}, "precision: Unknown precision 'fp9'. Did you mean fp8"),
        ({"kv_precision": "fp88"}, "kv_precision: Unknown kv_precision 'fp88'. Did you mean fp8"),
        ({"max_tttf_ms": 5}, "unknown field 'max_tttf_ms'; did you mean max_ttft_ms"),
        ({"percentile": 100}, "percentile = 100: must be below 100"),
        ({"max_utilisation": 1.2}, "max_utilisation = 1.2: must be at most 1"),
        ({"samples_per_second": 5}, "give either traffic or samples_per_second"),
        ({"max_latency_ms": 5}, "max_latency_ms belongs to samples_per_second"),
        ({"limits": {"regions": []}}, "limits: regions: must not be empty"),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_what_is_allowed(
    fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        service(**fields)
    assert sentence in str(caught.value)


def test_every_broken_rule_is_reported_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Limits(providers=3, max_spot_fraction=1.5, purchase_options=("spott",))  # type: ignore[arg-type]
    assert len(caught.value.problems) == 3
    assert "did you mean spot?" in str(caught.value)


def test_one_name_stands_for_a_list_of_one() -> None:
    assert Limits(providers="aws").providers == ("aws",)  # type: ignore[arg-type]


def test_precision_keeps_every_format_to_choose_from() -> None:
    assert service(precision=["bf16", "fp16"]).precision == ("bf16", "fp16")
    assert service(precision="any").precision == ("any",)


def test_records_are_frozen() -> None:
    with pytest.raises(Exception, match="frozen"):
        TRAFFIC.requests_per_second = 5


def test_shares_of_a_histogram_must_add_up_to_one() -> None:
    half = RequestSize(input_tokens=10, output_tokens=10, share_fraction=0.5)
    with pytest.raises(InvalidInputError, match=r"adds up to 0\.5 instead of 1"):
        Traffic.from_sizes([half], requests_per_second=1)
    both = Traffic.from_sizes([half, half], requests_per_second=1)
    assert both.sizes is not None
    assert len(both.sizes) == 2


def test_traffic_needs_a_trace_or_sizes() -> None:
    with pytest.raises(InvalidInputError, match="give either trace or sizes"):
        Traffic(requests_per_second=5)


def test_only_spot_and_no_spot_contradict_each_other() -> None:
    with pytest.raises(InvalidInputError, match="allows only spot, but max_spot_fraction is 0"):
        Limits(purchase_options=("spot",), max_spot_fraction=0)


def test_purchase_options_of_workload_and_request_both_apply() -> None:
    firm = Limits(purchase_options=("on_demand", "reserved"))
    assert joined_options(Limits(), Limits()) == ("on_demand", "spot")
    assert joined_options(firm, Limits()) == ("on_demand", "reserved")
    assert joined_options(firm, Limits(purchase_options=("reserved",))) == ("reserved",)
    with pytest.raises(InvalidInputError, match="no purchase option is left"):
        joined_options(firm, Limits(purchase_options=("spot",)))
    with pytest.raises(InvalidInputError, match="only spot is allowed"):
        joined_options(Limits(purchase_options=("spot",)), Limits(max_spot_fraction=0))


def test_an_unknown_age_key_suggests_the_nearest() -> None:
    with pytest.raises(InvalidInputError, match="Did you mean on_demand"):
        Limits(max_age_months={"ondemand": 3})


def test_a_fine_tune_job_counts_its_tokens() -> None:
    job = FineTuneJob(
        model="m",
        method="qlora",
        samples=10_000,
        tokens_per_sample=1_024,
        epochs=3,
        deadline_hours=24,
    )
    assert job.total_tokens == 10_000 * 1_024 * 3 == 30_720_000
    assert job.tokens_per_sequence == 1_024


def test_a_fine_tune_job_takes_one_way_to_say_how_much() -> None:
    with pytest.raises(InvalidInputError, match="give either samples"):
        FineTuneJob(model="m", method="full", tokens=5e7, samples=3, deadline_hours=24)
    with pytest.raises(InvalidInputError, match="leave epochs out"):
        FineTuneJob(
            model="m", method="full", tokens=5e7, sequence_length=4096, epochs=2, deadline_hours=24
        )


def test_batch_requests_need_their_sizes() -> None:
    with pytest.raises(InvalidInputError, match="requests need their sizes"):
        BatchInference(model="m", precision="bf16", requests=5, deadline_hours=1)


def test_requirement_tables_belong_together() -> None:
    with pytest.raises(InvalidInputError, match="belong together"):
        Requirement(demand_per_second=5)
    with pytest.raises(InvalidInputError, match="belong together"):
        Requirement(max_latency_ms=5)


def test_a_request_file_reads_into_the_same_records() -> None:
    text = """
    horizon_hours = 100
    [workload]
    kind = "inference_service"
    model = "m"
    precision = "fp8"
    max_ttft_ms = 1000
    [workload.traffic]
    trace = "azure-llm-2023-conv"
    requests_per_second = 10
    [limits]
    regions = "us-*"
    """
    request = PlanRequest.from_toml(text, "chat.toml")
    assert request.workloads == (service(max_ttft_ms=1000.0),)
    assert request.limits == Limits(regions=("us-*",))
    assert request.horizon_hours == 100


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[workload", "chat.toml: not valid TOML"),
        ("horizon_hours = 5", r"a \[workload\] table is required"),
        ('[workload]\nkind = "inference"', "did you mean batch_inference"),
        ('currency = "usd"\n[workload]\nkind = "requirement"', "three capital letters"),
        ('gap = 1.5\n[workload]\nkind = "requirement"', "gap = 1.5: must be below 1"),
        ('horizon = 5\n[workload]\nkind = "requirement"', "did you mean horizon_hours"),
    ],
)
def test_a_wrong_request_file_says_what_and_where(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence) as caught:
        PlanRequest.from_toml(text, "chat.toml")
    assert str(caught.value).startswith("chat.toml: ")
