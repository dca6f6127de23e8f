"""Which runs are worth making: where a choice flips, and what knowing is expected to save."""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from time import perf_counter

import pytest

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.candidate.job import JobCandidates
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.catalog import Catalog
from costopt.cli.plan_command import read_request
from costopt.errors import InvalidInputError
from costopt.explain import next_measurements as asked
from costopt.explain.doubt import Choice, Doubt, DoubtField
from costopt.explain.doubts import picks
from costopt.explain.flip import Flip
from costopt.explain.measurements import NextMeasurements
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request, optimize
from costopt.workload.batch import BatchInference
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService

PICK, RIVAL, HOPELESS = "g5.xlarge", "g6.xlarge", "g6e.xlarge"

START_HOURS = 0.2
"""From request to ready on firm capacity: interruption_defaults.csv, no signal."""

WIDE = InferenceService(
    model="google-bert/bert-base-uncased",
    precision=("fp16",),
    samples_per_second=1_000_000,
    tokens_per_sample=128,
    max_latency_ms=50,
)
"""Many samples; a plan asks for those of 1,000 picks, so that nothing is left to round off."""

PILE = BatchInference(
    model="google-bert/bert-base-uncased",
    precision=("fp16",),
    samples=100_000_000,
    tokens_per_sample=128,
    deadline_hours=1_000,
)

PlanAt = Callable[[float], Plan]
FlipWithin = Callable[..., None]

STAYING, CHEAPER = 100.0, 90.0
"""What a plan costs in these scripts, and where another is cheaper."""


@pytest.fixture(scope="module")
def three(bundled: Catalog) -> Catalog:
    """Three types with three accelerators, on demand in one region."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=[PICK, RIVAL, HOPELESS],
        purchase_options=["on_demand"],
    )
    assert len(found) == 3
    return found


@pytest.fixture(scope="module")
def rates(three: Catalog) -> dict[str, float]:
    """Planned samples per second of one instance of each type."""
    (item,) = all_candidates(PlanRequest(workloads=(WIDE,)), three)
    service = item.candidates
    assert isinstance(service, ServiceCandidates)
    return {
        service.types[kind].name: float(rate)
        for kind, rate in zip(
            service.type_of_layout, service.layout_rates.rates[:, 0], strict=True
        )
    }


@pytest.fixture(scope="module")
def planned_at(three: Catalog, rates: dict[str, float]) -> PlanAt:
    """Plan at prices with which the rival costs 1 / factor of the pick for each sample."""

    def plan(factor: float) -> Plan:
        each = 1.0 / rates[PICK]
        prices = {
            PICK: 1.0,
            RIVAL: each * rates[RIVAL] / factor,
            HOPELESS: 10 * each * rates[HOPELESS],
        }
        keys = {f"aws/us-east-1/{name}/on_demand": price for name, price in prices.items()}
        whole = WIDE.model_copy(update={"samples_per_second": 999.99 * rates[PICK]})
        return optimize(whole, three.with_prices(prices_per_hour=keys)).require()

    return plan


@pytest.fixture(scope="module")
def near(planned_at: PlanAt) -> Plan:
    """The rival is one ninth dearer: at 0.9 of its rate the pick costs as much."""
    return planned_at(0.9)


@pytest.fixture(scope="module")
def runs(near: Plan) -> NextMeasurements:
    return near.next_measurements()


def test_a_pick_that_a_lower_rate_flips_is_measured_first(
    near: Plan, runs: NextMeasurements
) -> None:
    assert [line.offer.instance_type for line in near.lines] == [PICK]
    assert runs[0].instance_type == PICK
    assert runs[0].is_pick
    assert runs[0].instead == (RIVAL,)


def test_the_choice_flips_where_both_cost_the_same_for_each_sample(
    near: Plan, runs: NextMeasurements
) -> None:
    """1 / (f r) = (1 / 0.9) / r at f = 0.9."""
    assert runs[0].flip_factor == pytest.approx(0.9, rel=0.01)
    planned = near.lines[0].rate_per_instance
    assert planned is not None
    assert runs[0].rate_planned == planned
    assert runs[0].flip_rate == pytest.approx(0.9 * planned, rel=0.01)


def test_a_rival_is_measured_where_a_higher_rate_of_it_flips_the_choice(
    runs: NextMeasurements, rates: dict[str, float]
) -> None:
    """(1 / 0.9) / (f r) = 1 / r at f = 1.111."""
    (rival,) = [run for run in runs if not run.is_pick]
    assert rival.instance_type == RIVAL
    assert rival.flip_factor == pytest.approx(1 / 0.9, rel=0.01)
    assert rival.rate_planned == pytest.approx(rates[RIVAL], rel=1e-6)


def test_a_run_that_cannot_flip_the_choice_is_absent(runs: NextMeasurements) -> None:
    """Ten times as dear for each sample; no band reaches so far."""
    assert HOPELESS not in {run.instance_type for run in runs}


def test_nothing_is_measured_where_no_band_reaches_the_other_choice(planned_at: PlanAt) -> None:
    found = planned_at(0.3).next_measurements()
    assert len(found) == 0
    assert "No measurement would change this plan" in str(found)


def test_the_expected_saving_is_the_mean_over_the_band_of_what_staying_costs_too_much(
    near: Plan, runs: NextMeasurements
) -> None:
    """At rate f the pick costs C / f and the rival C / 0.9; in ten equally likely parts.

    The rates tried beside them (0.95, 0.9, 0.85) move the sum by less than a tenth.
    """
    band = near.lines[0].rate_band
    assert band is not None
    assert near.cost_total is not None
    deviations = [NormalDist().inv_cdf((part + 0.5) / 10) / 1.2816 for part in range(10)]
    truths = [band.low**-d if d < 0 else band.high**d for d in deviations]
    saved = [near.cost_total * max(1 / f - 1 / 0.9, 0.0) for f in truths]
    assert runs[0].expected_saving == pytest.approx(sum(saved) / 10, rel=0.1)
    assert runs[0].expected_saving_per_month == pytest.approx(runs[0].expected_saving)


@pytest.fixture
def flip_within(near: Plan, monkeypatch: pytest.MonkeyPatch) -> FlipWithin:
    """Script between which rates of the pick another choice is cheaper."""

    def script(*windows: tuple[float, float]) -> None:
        def best(field: DoubtField, doubt: Doubt, factor: float) -> Choice:
            flips = doubt.is_pick and any(low <= factor <= high for low, high in windows)
            return Choice(cost=CHEAPER if flips else STAYING, rented=(), is_proven=True)

        def staying(field: DoubtField, doubt: Doubt, factor: float) -> Choice:
            return Choice(cost=STAYING, rented=(), is_proven=True)

        monkeypatch.setattr(DoubtField, "best", best)
        monkeypatch.setattr(DoubtField, "staying", staying)

    return script


def probability(plan: Plan, low: float, high: float) -> float:
    """That the true rate lies between two multiples of the planned one, each at most 1."""
    band = plan.lines[0].rate_band
    assert band is not None
    assert band.expected == 1.0
    # factor = low end ** deviations, and the low end is 1.2816 standard deviations down
    spread = [1.2816 * math.log(factor) / -math.log(band.low) for factor in (low, high)]
    return NormalDist().cdf(spread[1]) - NormalDist().cdf(spread[0])


def test_a_choice_that_flips_back_further_out_is_still_found(
    near: Plan, flip_within: FlipWithin
) -> None:
    """Whole counts: dearer between 0.80 and 0.97, and the cheapest again below."""
    flip_within((0.80, 0.97))
    (run,) = near.next_measurements()
    assert run.is_pick
    assert run.flip_factor == pytest.approx(0.97, rel=0.006)
    saving = (STAYING - CHEAPER) * probability(near, 0.80, 0.97)
    assert run.expected_saving == pytest.approx(saving, rel=0.15)


def test_a_choice_that_flips_about_15_percent_less_alone_is_found(
    near: Plan, flip_within: FlipWithin
) -> None:
    """No middle of a tenth of the band need lie between 0.845 and 0.855."""
    flip_within((0.845, 0.855))
    (run,) = near.next_measurements()
    assert run.flip_factor == pytest.approx(0.855, rel=0.006)
    assert run.expected_saving > 0


def test_a_choice_that_a_higher_rate_of_the_pick_flips_is_found(
    near: Plan, flip_within: FlipWithin
) -> None:
    flip_within((1.1, 9.0))
    (run,) = near.next_measurements()
    assert run.is_pick
    assert run.flip_factor == pytest.approx(1.1, rel=0.006)
    assert "Just above" in str(run)


def test_a_pick_that_15_percent_less_flips_ranks_before_dearer_surprises(
    near: Plan, flip_within: FlipWithin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second workload saves ten times as much, though not at 0.85 of its rate."""
    doubts = [
        Doubt(
            workload=0,
            accelerator=name,
            is_pick=True,
            low_factor=0.75,
            high_factor=1.25,
            planned_factor=1.0,
        )
        for name in ("often", "likely")
    ]
    ranked: list[str] = []

    def best(field: DoubtField, doubt: Doubt, factor: float) -> Choice:
        low, high = (0.849, 0.851) if doubt.accelerator == "likely" else (0.2, 0.84)
        flips = low <= factor <= high
        return Choice(cost=CHEAPER if flips else STAYING, rented=(), is_proven=True)

    def told(field: DoubtField, flip: Flip) -> None:
        ranked.append(flip.doubt.accelerator)

    flip_within()
    monkeypatch.setattr(DoubtField, "best", best)
    monkeypatch.setattr(asked, "picks", lambda plan, found: doubts)
    monkeypatch.setattr(asked, "rivals", lambda plan, found, deviations: [])
    monkeypatch.setattr(asked, "_measurement", told)
    near.next_measurements()
    assert ranked == ["likely", "often"]


@pytest.mark.parametrize("name", ["chat-70b", "china", "eu", "chat-70b-h200"])
def test_what_flips_at_any_rate_of_a_shipped_example_is_worth_measuring(
    bundled: Catalog, name: str
) -> None:
    """Each pick at fourteen rates, compared here without the search for the flip."""
    plan = answer_request(read_request(None, name), bundled)
    found = all_candidates(plan.request, bundled)
    flipping = {
        found[doubt.workload].name + " " + doubt.accelerator
        for doubt in picks(plan, found)
        if flips_somewhere(plan, found, bundled, doubt)
    }
    runs = plan.next_measurements()
    told = {f"{run.workload} {run.accelerator}" for run in runs if run.is_pick}
    assert runs.is_complete
    assert told == flipping
    assert bool(flipping) == (name != "chat-70b-h200")


def flips_somewhere(
    plan: Plan, found: Sequence[NamedWorkload], catalog: Catalog, doubt: Doubt
) -> bool:
    """True where, at some rate in the band, another plan saves 1 % more than it does today."""
    field = DoubtField(
        plan=plan, workloads=found, catalog=catalog, deadline=perf_counter() + 3_600
    )

    def saving(factor: float) -> float:
        return field.staying(doubt, factor).cost - field.best(doubt, factor).cost

    rates = (0.7, 0.75, 0.8, 0.825, 0.85, 0.875, 0.9, 0.925, 0.95, 0.975, 1.05, 1.1, 1.2, 1.3)
    least = max(saving(1.0), 0.0) + 0.01 * (plan.cost_total or 0.0)
    return any(saving(factor) > least for factor in rates)


def test_a_run_costs_its_minutes_at_the_cheapest_price_by_the_hour(
    runs: NextMeasurements,
) -> None:
    """0.2 h to start, 110 M weights of 2 B at 0.5 GB/s, 2 min to warm up and 10 min measured."""
    loading = 110e6 * 2 / 0.5e9 / 60
    assert runs[0].minutes == pytest.approx(60 * START_HOURS + loading + 2 + 10, rel=1e-3)
    assert runs[0].price_per_hour == 1.0
    assert runs[0].cost == pytest.approx(runs[0].minutes / 60)
    assert runs[0].pays


def test_a_job_flips_where_its_hours_on_both_types_cost_the_same(three: Catalog) -> None:
    """p_A (S + W_A / f) = p_B (S + W_B), with S to start and W the hours of work on one."""
    (item,) = all_candidates(PlanRequest(workloads=(PILE,)), three)
    job = item.candidates
    assert isinstance(job, JobCandidates)
    alone = job.gangs.take(job.gangs.nodes == 1)
    hours = {
        job.types[job.type_of_offer[offer]].name: float(hours) - START_HOURS
        for offer, hours in zip(alone.offer, alone.hours, strict=True)
    }
    dear = (START_HOURS + hours[PICK] / 0.9) / (START_HOURS + hours[RIVAL])
    keys = {PICK: 1.0, RIVAL: dear, HOPELESS: 1_000.0}
    own = three.with_prices(
        prices_per_hour={f"aws/us-east-1/{k}/on_demand": price for k, price in keys.items()}
    )
    plan = optimize(PILE, own).require()
    assert [line.offer.instance_type for line in plan.lines] == [PICK]
    first = plan.next_measurements()[0]
    assert first.instance_type == PICK
    assert first.flip_factor == pytest.approx(0.9, rel=0.01)
    assert first.expected_saving_per_month is None
    assert first.expected_saving > 0


def test_rates_that_people_bring_along_need_no_measurement(three: Catalog) -> None:
    measured = Requirement(
        demand_per_second=100, throughput_per_second={PICK: 9.0, RIVAL: 7.0, HOPELESS: 20.0}
    )
    plan = optimize(measured, three).require()
    assert {line.rate_origin for line in plan.lines} == {"measured"}
    assert len(plan.next_measurements()) == 0


def test_a_pick_whose_rate_was_measured_needs_no_measurement(near: Plan) -> None:
    lines = [line.model_copy(update={"rate_origin": "measured"}) for line in near.lines]
    known = near.model_copy(update={"lines": tuple(lines)})
    assert all(not run.is_pick for run in known.next_measurements())


def test_a_plan_without_lines_has_nothing_to_measure(three: Catalog) -> None:
    impossible = WIDE.model_copy(update={"max_latency_ms": 1e-6})
    plan = answer_request(PlanRequest(workloads=(impossible,)), three)
    assert len(plan.next_measurements()) == 0


def test_a_plan_from_a_file_needs_its_catalogue_to_be_measured(near: Plan) -> None:
    with pytest.raises(InvalidInputError, match=r"next_measurements\(catalog="):
        Plan.from_json(near.to_json()).next_measurements()


def test_what_could_not_be_looked_at_in_time_is_said(
    near: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "TIME_LIMIT_SECONDS", -1.0)
    found = near.next_measurements()
    assert not found.is_complete
    assert "Time ran out" in str(found)


def test_a_run_is_told_in_plain_words(runs: NextMeasurements) -> None:
    text = str(runs)
    assert text.startswith("Worth measuring next:\n  1. ")
    assert f"1 instance of {PICK} in aws us-east-1, on demand: 24 min, $0.4" in text
    assert f"{RIVAL} is cheaper. Knowing it is expected to save $" in text
    assert text.count("/month") == len(runs)
    assert f"of {PICK} in" in runs._repr_html_()


def test_an_explanation_names_the_runs_that_pay_in_one_line(near: Plan) -> None:
    (line,) = [line for line in str(near.explain()).splitlines() if PICK + " for 24 min" in line]
    assert line.startswith(f"  - {PICK} for 24 min ($0.4")
    assert "expected to save $" in line
    assert "Worth measuring:\n" + line in str(near.explain())
