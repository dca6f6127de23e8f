"""Wrong requests to ``costopt plan``: a sentence on standard error, exit code 2, nothing else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]

SERVICE = {
    "kind": '"inference_service"',
    "model": '"meta-llama/Llama-3.1-8B-Instruct"',
    "precision": '"bf16"',
    "max_ttft_ms": "1000",
    "max_tpot_ms": "50",
    "traffic": '{trace = "azure-llm-2023-conv", requests_per_second = 5}',
    "limits": '{providers = "aws", regions = "us-east-1"}',
}
ENCODER = {
    "kind": '"inference_service"',
    "model": '"google-bert/bert-base-uncased"',
    "precision": '"fp16"',
    "samples_per_second": "200",
    "tokens_per_sample": "128",
}
FINE_TUNE = {
    "kind": '"fine_tune"',
    "model": '"meta-llama/Llama-3.1-8B"',
    "method": '"full"',
    "tokens": "50_000_000",
    "sequence_length": "4096",
    "deadline_hours": "24",
}
BATCH = {
    "kind": '"batch_inference"',
    "model": '"meta-llama/Llama-3.1-8B-Instruct"',
    "precision": '"bf16"',
    "requests": "1000",
    "trace": '"arxiv-summarization"',
    "deadline_hours": "14",
}
HARDWARE = {"kind": '"requirement"', "accelerators_per_node": "8"}
PRETRAINING = {
    "kind": '"training"',
    "model": '"meta-llama/Llama-2-7b-hf"',
    "tokens": "1e9",
    "sequence_length": "4096",
    "deadline_hours": "24",
}


def document(workload: dict[str, str], top: str = "", **changed: str) -> str:
    """A request file; an empty text leaves a field of the workload out."""
    fields = {name: text for name, text in (workload | changed).items() if text}
    return "\n".join([top, "[workload]", *(f"{name} = {text}" for name, text in fields.items())])


def traffic(text: str) -> str:
    return document(SERVICE, traffic=f"{{{text}}}")


def limits(text: str) -> str:
    return document(SERVICE, limits=f"{{{text}}}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (document(SERVICE, max_ttft_ms='"50ms"'), "max_ttft_ms = '50ms': must be a number"),
        (document(SERVICE, max_ttft_ms="-5"), "max_ttft_ms = -5: must be above 0"),
        (document(SERVICE, max_tpot_ms="0"), "max_tpot_ms = 0: must be above 0"),
        (document(SERVICE, max_tpot_ms="nan"), "max_tpot_ms = nan: must be a finite number"),
        (document(SERVICE, max_tpot_ms="inf"), "max_tpot_ms = inf: must be a finite number"),
        (document(SERVICE, max_tpot_ms="true"), "max_tpot_ms = True: must be a number"),
        (document(SERVICE, max_tftt_ms="5"), "unknown field 'max_tftt_ms'; did you mean max_ttft"),
        (document(SERVICE, model=""), "model is required"),
        (document(SERVICE, precision='"bf17"'), "Unknown precision 'bf17'. Did you mean bf16?"),
        (document(SERVICE, precision="[]"), "precision"),
        (document(SERVICE, precision='["any", "bf16"]'), "'any'"),
        (document(SERVICE, kv_precision='"int9"'), "Unknown kv_precision 'int9'"),
        (document(SERVICE, percentile="100"), "percentile = 100: must be below 100"),
        (document(SERVICE, percentile="0.95"), "percentile = 0.95: must be at least 50"),
        (document(SERVICE, max_utilisation="1.5"), "max_utilisation = 1.5: must be at most 1"),
        (document(SERVICE, kind='"serving"'), "allowed: inference_service, batch_inference"),
        (document(SERVICE, kind=""), "each workload needs a kind"),
        (document(SERVICE, traffic=""), "give either traffic or samples_per_second"),
        (document(SERVICE, traffic='"azure"'), "traffic = 'azure': must be a table"),
        (document(SERVICE, max_latency_ms="5"), "max_latency_ms belongs to samples_per_second"),
        (document(SERVICE, name="5"), "name = 5: must be text"),
        (document(ENCODER, max_ttft_ms="5"), "max_ttft_ms belongs to traffic"),
        (traffic('trace = "azure-llm-2023-conv"'), "requests_per_second is required"),
        (traffic('trace = "a", requests_per_second = 0'), "requests_per_second = 0: must be"),
        (traffic('trace = "a", requests_per_second = "10/s"'), "'10/s': must be a number"),
        (traffic("requests_per_second = 5"), "give either trace or sizes"),
        (traffic("requests_per_second = 5, sizes = []"), "sizes"),
        (
            traffic("requests_per_second = 5, sizes = [{input_tokens = 9, share_fraction = 1}]"),
            "sizes[0]: output_tokens is required",
        ),
        (limits("providers = []"), "providers"),
        (limits("regions = 5"), "regions = 5: must be a list"),
        (limits('provider = "aws"'), "unknown field 'provider'; did you mean providers?"),
        (limits('purchase_options = ["spott"]'), "did you mean spot?"),
        (limits('max_spot_fraction = "50%"'), "max_spot_fraction = '50%': must be a number"),
        (limits("max_spot_fraction = 1.5"), "max_spot_fraction = 1.5: must be at most 1"),
        (limits("budget = -1"), "budget = -1: must be at least 0"),
        (limits('budget = "$100"'), "budget = '$100': must be a number"),
        (limits("max_distinct_types = 1.5"), "must be a whole number"),
        (limits("quota = {'p5.48xlarge' = -3}"), "quota.p5.48xlarge = -3: must be at least 0"),
        (limits("term_years = [-1]"), "term_years[0] = -1: must be above 0"),
        (limits("max_age_months = {ondemand = 3}"), "Did you mean on_demand?"),
        (
            limits('purchase_options = ["spot"], max_spot_fraction = 0'),
            "allows only spot, but max_spot_fraction is 0",
        ),
        (document(FINE_TUNE, method='"dora"'), "did you mean lora?"),
        (document(FINE_TUNE, samples="5"), "give either samples and tokens_per_sample, or tokens"),
        (document(FINE_TUNE, deadline_hours="0"), "deadline_hours = 0: must be above 0"),
        (document(FINE_TUNE, deadline_hours=""), "deadline_hours is required"),
        (document(FINE_TUNE, sequence_length="4096.5"), "4096.5: must be a whole number"),
        (document(PRETRAINING, tokens='"1T"'), "tokens = '1T': must be a number"),
        (document(BATCH, requests="-3"), "requests = -3: must be above 0"),
        (document(BATCH, samples="5"), "give either requests or samples"),
        (document(BATCH, trace=""), "requests need their sizes"),
        (document(HARDWARE, vram_gib_per_accelerator='"80GB"'), "'80GB': must be a number"),
        (document(HARDWARE, nodes="0"), "nodes = 0: must be above 0"),
        (document(HARDWARE, demand_per_second="5"), "belong together"),
        (document(HARDWARE, accelerator_types="[]"), "accelerator_types"),
        (document(SERVICE, "horizon_hours = 0"), "horizon_hours = 0: must be above 0"),
        (document(SERVICE, 'horizon_hours = "1 month"'), "'1 month': must be a number"),
        (document(SERVICE, "gap = 1"), "gap = 1: must be below 1"),
        (document(SERVICE, "confidence = 0"), "confidence = 0: must be at least 0.05"),
        (document(SERVICE, "confidence = 1"), "confidence = 1: must be at most 0.95"),
        (document(SERVICE, "time_limit_seconds = 0"), "time_limit_seconds = 0: must be above 0"),
        (document(SERVICE, 'currency = "usd"'), "three capital letters"),
        (document(SERVICE, "horizn_hours = 5"), "did you mean horizon_hours?"),
        (document(SERVICE, 'limits = "aws"'), "limits = 'aws': must be a table"),
        ("", "a [workload] table is required"),
        ("workload = []", "at least one workload is needed"),
        ("workload = 5", "workload = 5: must be a table"),
        ("cheapest please", "not valid TOML"),
        ("[workload]\n[workload]", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_request_file_that_breaks_a_rule_is_refused_with_the_place_and_the_rule(
    text: str, words: str, refusal: Refusal, tmp_path: Path
) -> None:
    request = tmp_path / "wrong.toml"
    request.write_text(text, encoding="utf-8")
    said = refusal("plan", str(request))
    assert said.startswith(f"costopt: {request}: ")
    assert words in said
    assert list(tmp_path.iterdir()) == [request]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (document(SERVICE, model='"meta-llama/Llama-3.1-8"'), "mean meta-llama/Llama-3.1-8B"),
        (traffic('trace = "azure-llm-2024", requests_per_second = 5'), "azure-llm-2023-conv"),
        (limits('providers = "amazon"'), "Known: alibaba, aws, azure, gcp"),
        (limits('regions = "us-est-1"'), "us-east-1"),
        (limits('countries = "USA"'), "Did you mean US"),
        (limits('accelerator_types = "H100-90GB"'), "H100-80GB"),
        (limits('families = "p9"'), "Unknown family 'p9'"),
        (limits('vendors = "nvida"'), "Did you mean nvidia?"),
        (limits('instance_types = "p5.48xlrge"'), "Did you mean p5.48xlarge"),
        (limits('intra_node_interconnect = "nvlnk"'), "Did you mean nvlink?"),
        (limits('inter_node_fabric = "eefa"'), "Did you mean efa?"),
        (limits("quota = {'p5.48xlrge' = 3}"), "p5.48xlarge"),
        (limits("quota = {'a/b/c/d/e/f' = 1}"), "provider/region/instance_type"),
        (limits("quota = {'gcp/p5.48xlarge' = 1}"), "names no offer"),
        (limits('providers = "gcp", regions = "cn-*"'), "have no offer in common"),
        (limits('regions = "us-east-1", countries = "DE"'), "have no offer in common"),
        (document(SERVICE, "[limits]\nproviders = 'gcp'"), "have no offer in common"),
        (
            "[limits]\npurchase_options = ['on_demand']\n"
            + document(SERVICE, limits="{purchase_options = ['spot']}"),
            "no purchase option is left",
        ),
        (document(SERVICE, 'currency = "EUR"'), "No usable exchange rate from USD to EUR"),
        (document(SERVICE, model='"google-bert/bert-base-uncased"'), "this needs decoder"),
        (document(SERVICE, model='"resnet50"'), "this needs decoder"),
        (document(FINE_TUNE, model='"resnet50"'), "this needs decoder or encoder"),
        (document(BATCH, model='"google-bert/bert-base-uncased"'), "this needs decoder"),
        (document(ENCODER, tokens_per_sample=""), "give tokens_per_sample"),
        (document(ENCODER, tokens_per_sample="513"), "it reads 512 tokens at most, not 513"),
        (
            document(FINE_TUNE, sequence_length="131_073"),
            "it reads 131,072 tokens at most, not 131,073",
        ),
        (document(PRETRAINING, sequence_length="4097"), "4,096 tokens at most, not 4,097"),
        (document(HARDWARE, accelerator_types='"H100-81GB"'), "H100-80GB"),
        (document(HARDWARE, intra_node_interconnect='"nvswich"'), "Did you mean nvswitch?"),
        (
            document(HARDWARE, demand_per_second="5", throughput_per_second="{'p5.48xlrge' = 3}"),
            "Did you mean p5.48xlarge",
        ),
        (
            document(HARDWARE, max_latency_ms="5", latency_ms="{'p5.48xlrge' = 3}"),
            "Did you mean p5.48xlarge",
        ),
    ],
)  # fmt: skip
def test_a_request_that_does_not_fit_the_catalogue_is_refused_with_what_would(
    text: str, words: str, refusal: Refusal, tmp_path: Path
) -> None:
    request = tmp_path / "wrong.toml"
    request.write_text(text, encoding="utf-8")
    assert words in refusal("plan", str(request))
    assert list(tmp_path.iterdir()) == [request]


def test_several_broken_rules_stand_in_one_line(refusal: Refusal, tmp_path: Path) -> None:
    request = tmp_path / "wrong.toml"
    request.write_text(
        document(SERVICE, "gap = 2", max_ttft_ms="-1", percentile="3"), encoding="utf-8"
    )
    said = refusal("plan", str(request))
    for words in ("gap = 2", "max_ttft_ms = -1", "percentile = 3"):
        assert words in said


def test_requests_beyond_the_context_of_the_model_are_infeasible(
    command: Command, tmp_path: Path
) -> None:
    request = tmp_path / "long.toml"
    sizes = "[{input_tokens = 131_000, output_tokens = 100, share_fraction = 1}]"  # of 131,072
    request.write_text(traffic(f"requests_per_second = 5, sizes = {sizes}"), encoding="utf-8")
    code, out, err = command("plan", str(request))
    assert (code, err) == (1, "")
    assert "longer than the model's context" in out


def test_a_type_without_a_measured_latency_is_left_out_for_that(
    command: Command, tmp_path: Path
) -> None:
    request = tmp_path / "measured.toml"
    request.write_text(
        document(HARDWARE, max_latency_ms="5", latency_ms="{'p4d.24xlarge' = 4}"), encoding="utf-8"
    )
    code, out, _ = command("plan", str(request))
    assert code == 0
    assert "p4d.24xlarge" in out
    assert "not in latency_ms" in " ".join(out.split())


def test_a_process_ends_with_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    request = tmp_path / "wrong.toml"
    request.write_text(document(SERVICE, max_ttft_ms="-5"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from costopt.cli import main; main()", "plan", str(request)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    said = " ".join(done.stderr.split())
    assert said == f"costopt: {request}: workload: max_ttft_ms = -5: must be above 0"
    assert list(tmp_path.iterdir()) == [request]


def test_a_long_message_is_wrapped_at_a_hundred_columns(command: Command, tmp_path: Path) -> None:
    request = tmp_path / "request.toml"
    text = document(SERVICE, limits='{purchase_options = ["on_demand", "spot", "sport"]}')
    request.write_text(text, encoding="utf-8")
    code, _, err = command("plan", str(request))
    assert code == 2
    first, *rest = err.splitlines()
    assert first.startswith("costopt: ")
    assert rest
    assert all(len(line) <= 100 for line in rest)


def test_a_fleet_with_an_unknown_type_names_the_nearest(refusal: Refusal, tmp_path: Path) -> None:
    request = tmp_path / "request.toml"
    row = (
        '{provider = "aws", region = "us-east-1", instance_type = "g6.xlarg", '
        'purchase_option = "on_demand", count = 1}'
    )
    text = document(SERVICE, top=f"current_fleet = [{row}]")
    request.write_text(text, encoding="utf-8")
    err = refusal("plan", str(request))
    assert "Unknown instance type 'g6.xlarg'. Did you mean g6.xlarge" in err
    assert "It stands in current_fleet." in err
