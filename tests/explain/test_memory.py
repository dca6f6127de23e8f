"""What memory is used for, which knobs save it, and what makes a refused type fit."""

import pytest

from costopt.catalog.catalog import Catalog
from costopt.explain.memory import MemoryReasons
from costopt.explain.refused_memory import Knob, RefusedMemory
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic
from costopt.workload.training import FineTuneJob

GIB = 2**30

LINEAR = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
"""Llama-3.1-8B: 32 layers of queries and outputs, keys and values, and three matrices."""

VOCABULARY = 2 * 128_256 * 4096
"""Embedding and output head."""

WORKING_GIB = 2 * 2048 * (3 * 14_336 + 4 * 4096) / GIB
"""2 B for 2,048 prompt tokens of width 3 f + 4 h."""

LOGITS_GIB = 6 * 256 * 128_256 / GIB
"""6 B for each score of 256 sequences."""

CONTEXT_GIB = 0.6

TERMS = {
    "weights",
    "gradients",
    "optimizer",
    "activations",
    "logits",
    "kv_cache",
    "adapters",
    "overhead",
}

CHAT = InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=2),
    max_tpot_ms=200,
)
LONG = CHAT.model_copy(
    update={
        "traffic": Traffic(
            requests_per_second=0.1,
            sizes=(RequestSize(input_tokens=60_000, output_tokens=100, share_fraction=1.0),),
        )
    }
)
FULL = FineTuneJob(
    model="meta-llama/Llama-3.1-8B",
    method="full",
    samples=1_000,
    tokens_per_sample=1_024,
    deadline_hours=1_000,
)


@pytest.fixture(scope="module")
def virginia(bundled: Catalog) -> Catalog:
    return bundled.filter(providers=["aws"], regions=["us-east-1"], purchase_options=["on_demand"])


def planned(workload: AnyWorkload, catalog: Catalog, *types: str) -> Plan:
    return optimize(workload, catalog, limits=Limits(instance_types=types))


def reasons(workload: AnyWorkload, catalog: Catalog, *types: str) -> MemoryReasons:
    return planned(workload, catalog, *types).explain().memory


def refused(memory: MemoryReasons, name: str) -> RefusedMemory:
    (found,) = [one for one in memory.refused if one.instance_type == name]
    return found


def knob(memory: MemoryReasons, type_name: str, name: str) -> Knob:
    (found,) = [one for one in refused(memory, type_name).knobs if one.name == name]
    return found


@pytest.fixture(scope="module")
def small(virginia: Catalog) -> MemoryReasons:
    """A T4 holds the model neither in 16 bit, nor with any format of the cache."""
    return reasons(CHAT, virginia, "g4dn.xlarge")


def test_a_smaller_format_of_the_weights_is_said_with_what_it_leaves(
    virginia: Catalog, small: MemoryReasons
) -> None:
    """8 bits and a scale for 128 weights take 1.02 B, the vocabulary stays in 2 B."""
    weights = (1.02 * LINEAR + 2 * VOCABULARY) / GIB
    used = weights + WORKING_GIB + LOGITS_GIB + CONTEXT_GIB
    found = knob(small, "g4dn.xlarge", "precision")
    assert found.value == "int8_weight_only"
    assert found.used_fraction == pytest.approx(used / 15.6, rel=0.005)
    assert f"{used:.1f} of 15.6 GiB" in found.fits


def test_the_shortfall_is_what_the_engine_finds_missing(small: MemoryReasons) -> None:
    """The engine takes 0.9 of 15.6 GiB; in 16 bit the model needs 2 B for each weight."""
    needed = 2 * (LINEAR + VOCABULARY) / GIB + WORKING_GIB + LOGITS_GIB + CONTEXT_GIB
    short = needed - 0.9 * 15.6
    assert f"{short:.1f} GiB short on each accelerator" in refused(small, "g4dn.xlarge").missing


def test_more_of_the_same_accelerators_are_named_with_the_type_that_has_them(
    virginia: Catalog,
) -> None:
    """In 32 bit two of four A10G hold half of the weights and of the inner width each."""
    exact = CHAT.model_copy(update={"precision": ("fp32",)})
    memory = reasons(exact, virginia, "g5.xlarge", "g5.12xlarge")
    weights = 4 * (LINEAR + VOCABULARY) / 2 / GIB
    working = 2 * 2048 * (3 * 14_336 / 2 + 4 * 4096) / GIB
    used = weights + working + LOGITS_GIB + CONTEXT_GIB + 0.35
    found = knob(memory, "g5.xlarge", "accelerators")
    assert found.value == "4 (g5.12xlarge)"
    assert found.used_fraction == pytest.approx(used / 22.4, rel=0.005)
    assert "tensor parallel 2" in found.fits


def test_a_cache_that_is_too_small_is_helped_by_the_first_format_that_suffices(
    virginia: Catalog,
) -> None:
    """8 KV heads of 128 in 32 layers, twice: 65,536 numbers a token.

    In 16 bit the room of R bytes holds R / 131,072 tokens, fewer than 60,100; in 8 bit, 1.016 B
    with a scale for 128 numbers, it holds 1.97 times as many, which is enough.
    """
    memory = reasons(LONG, virginia, "g5.xlarge")
    missing = refused(memory, "g5.xlarge").missing
    held = int(missing.rsplit(" ", 1)[1].replace(",", ""))
    room = 0.9 * 22.4 - 2 * (LINEAR + VOCABULARY) / GIB - WORKING_GIB - LOGITS_GIB - CONTEXT_GIB
    assert held == pytest.approx(room * GIB / 131_072, rel=0.02)
    assert held < 60_100 < 2 / 1.016 * held
    found = knob(memory, "g5.xlarge", "kv_precision")
    assert found.value == "int8"
    cache = int(found.fits.split("a cache of ")[1].split(" tokens")[0].replace(",", ""))
    assert cache == pytest.approx(2 / 1.016 * held, rel=1e-3)


def test_a_knob_that_makes_an_infeasible_request_feasible_is_proven_by_planning(
    virginia: Catalog,
) -> None:
    (change,) = reasons(CHAT, virginia, "g4dn.xlarge").changes
    assert change.startswith("inference_service with precision int8_weight_only: ")
    changed = CHAT.model_copy(update={"precision": ("int8_weight_only",)})
    plan = planned(changed, virginia, "g4dn.xlarge").require()
    assert f"{plan.lines[0].count} x g4dn.xlarge in aws us-east-1" in change


DRAFT = {"speculative_tokens": 3, "acceptance_fraction": 0.7, "draft_time_fraction": 0.4}
"""A draft of 0.4 times the weights and the cache."""


@pytest.mark.parametrize("small_type", ["g4dn.xlarge", "g6.xlarge"])
@pytest.mark.parametrize(
    "served",
    [
        DRAFT,
        {**DRAFT, "kv_precision": "fp8"},
        {**DRAFT, "precision": ("fp16",), "prefix_cache_fraction": 0.5},
        {"precision": ("fp32",), "software": "framework"},
        {"precision": ("fp32",), "software": "vendor_tuned"},
    ],
    ids=["draft", "draft-kv-fp8", "draft-prefix", "framework", "vendor_tuned"],
)
def test_every_change_that_is_said_to_make_a_service_fit_is_proven_by_planning(
    virginia: Catalog, small_type: str, served: dict[str, object]
) -> None:
    """Weights of a draft, and the memory that other software keeps, count as they do in a plan."""
    service = CHAT.model_copy(update={"max_tpot_ms": None, **served})
    larger = small_type.replace("xlarge", "12xlarge")
    found = refused(reasons(service, virginia, small_type, larger), small_type)
    assert found.knobs
    for change in found.knobs:
        if change.name == "accelerators":
            assert planned(service, virginia, larger).has_answer
        else:
            value = (change.value,) if change.name == "precision" else change.value
            changed = service.model_copy(update={change.name: value})
            assert planned(changed, virginia, small_type).has_answer, change.text


def test_nothing_is_promised_where_no_single_change_helps(virginia: Catalog) -> None:
    huge = CHAT.model_copy(update={"model": "meta-llama/Llama-3.1-405B-Instruct"})
    found = refused(reasons(huge, virginia, "g4dn.xlarge"), "g4dn.xlarge")
    assert found.knobs == ()
    assert "no single change makes it fit" in found.text


def test_the_longest_sequence_that_fits_is_planned_and_a_longer_one_is_not(
    virginia: Catalog,
) -> None:
    long = FineTuneJob(
        model="meta-llama/Llama-3.1-8B",
        method="full",
        tokens=1e6,
        sequence_length=32_768,
        deadline_hours=1_000,
    )
    memory = reasons(long, virginia, "g5.xlarge")
    length = int(knob(memory, "g5.xlarge", "sequence_length").value.replace(",", ""))
    assert length < 32_768
    for tokens, fits in ((length, True), (length + 64, False)):
        job = long.model_copy(update={"sequence_length": tokens})
        assert planned(job, virginia, "g5.xlarge").has_answer == fits


def test_a_lighter_method_is_named_where_it_fits(virginia: Catalog) -> None:
    large = FULL.model_copy(
        update={"model": "meta-llama/Llama-3.1-70B", "tokens_per_sample": 4_096}
    )
    memory = reasons(large, virginia, "g5.xlarge")
    found = knob(memory, "g5.xlarge", "method")
    assert found.value == "lora"
    for method, fits in (("full", False), ("lora", True)):
        job = large.model_copy(update={"method": method})
        assert planned(job, virginia, "g5.xlarge").has_answer == fits


def test_sharding_saves_what_each_rank_no_longer_holds(virginia: Catalog) -> None:
    """DDP holds 16 B of each of P weights; ZeRO-2 holds 2 P + 14 P / 8 on eight ranks."""
    memory = reasons(FULL, virginia, "g6e.48xlarge")
    (found,) = [one for one in memory.at_work if one.name == "ZeRO-2"]
    saved = 14 * (LINEAR + VOCABULARY) * (1 - 1 / 8) / GIB
    assert found.without_gib - found.with_gib == pytest.approx(saved, rel=0.005)
    assert found.is_needed
    assert "needs ZeRO-2: 128.5 GiB without it" in found.text


def test_memory_is_told_term_by_term(virginia: Catalog) -> None:
    """ZeRO-2 on eight ranks: weights 2 P, gradients 2 P / 8, optimizer 12 P / 8."""
    plan = planned(FULL, virginia, "g6e.48xlarge")
    (use,) = plan.explain().memory.uses
    each = (LINEAR + VOCABULARY) / GIB
    assert use.terms_gib["weights"] == pytest.approx(2 * each, rel=0.005)
    assert use.terms_gib["gradients"] == pytest.approx(2 * each / 8, rel=0.005)
    assert use.terms_gib["optimizer"] == pytest.approx(12 * each / 8, rel=0.005)
    assert use.used_gib == pytest.approx(sum(plan.lines[0].vram_used_gib.values()))
    text = str(plan.explain())
    assert "Memory:\n  - fine_tune on g6e.48xlarge (ZeRO-2, micro-batch 1): 36.8 of 44.7 " in text
    assert "weights 15.0, optimizer 11.2, activations 6.5, gradients 1.9, logits 1.3" in text


@pytest.mark.parametrize("name", ["chat", "classify", "summaries", "adapters", "pretraining"])
def test_every_method_names_its_terms_alike(name: str, request: pytest.FixtureRequest) -> None:
    plan = request.getfixturevalue("planned")(name)
    uses = plan.explain().memory.uses
    assert uses
    for use in uses:
        assert set(use.terms_gib) <= TERMS
        assert {"weights", "overhead"} <= set(use.terms_gib)


def test_weights_of_a_model_of_samples_stand_apart_from_what_the_driver_takes(
    request: pytest.FixtureRequest,
) -> None:
    """110 M weights in 2 B each; 0.6 GiB of driver context."""
    plan = request.getfixturevalue("planned")("classify")
    (terms,) = {tuple(use.terms_gib.items()) for use in plan.explain().memory.uses}
    assert dict(terms)["weights"] == pytest.approx(110e6 * 2 / GIB, rel=0.01)
    assert dict(terms)["overhead"] == 0.6
