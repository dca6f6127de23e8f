"""How a plan is read: text of at most 100 columns, a table for a notebook, a frame."""

from collections.abc import Callable
from html import unescape

import pytest

from costopt.errors import InvalidInputError, NoPlanError
from costopt.plan.beside import Baseline, Exclusion
from costopt.plan.cautions import warnings
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.present import plan_text
from costopt.plan.status import PlanStatus

MakeLine = Callable[..., PlanLine]
MakePlan = Callable[..., Plan]

HOURS = 730.0

LONG_TYPE = "ecs.ebmgn7ix-with-a-name-that-goes-on-and-on.256xlarge"


def table_of(plan: Plan) -> list[str]:
    lines = str(plan).splitlines()
    first = next(i for i, line in enumerate(lines) if "instance type" in line)
    blank = next((i for i in range(first, len(lines)) if not lines[i]), len(lines))
    return [line for line in lines[first:blank] if not line.startswith(("Left out", "Catalogue"))]


def test_a_plan_says_what_to_run_what_it_costs_and_what_it_commits(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    """Two at $50/h over 730 h: 2 x 50 x 730 = $73,000, up to 1.5 times that."""
    text = " ".join(str(make_plan(make_line())).split())
    assert "Run 2 x p5.48xlarge in aws us-east-1, on demand: $73,000/month" in text
    assert "(range $73,000-$109,500)" in text
    assert "no commitment; cash now $0" in text
    assert "Catalogue of 2026-08-22, 12 of 100 offers rated" in text
    assert "0.25 s" in text


def test_the_table_shows_each_column_of_a_line(make_line: MakeLine, make_plan: MakePlan) -> None:
    """59.7 GiB of 79.6 are 75 %."""
    heading, row = table_of(make_plan(make_line(price_age_days=48.0)))
    for name in ("instance type", "region", "payment", "count", "USD/month", "share", "VRAM",
                 "rate", "age"):  # fmt: skip
        assert name in heading
    for text in ("p5.48xlarge", "aws us-east-1", "on demand", "$73,000", "100 %", "75 %",
                 "calibrated", "48 d"):  # fmt: skip
        assert text in row


@pytest.mark.parametrize("count", [1, 5, 6, 40])
def test_the_table_shows_five_lines_and_counts_the_rest(
    count: int, make_line: MakeLine, make_plan: MakePlan
) -> None:
    table = table_of(make_plan(*[make_line() for _ in range(count)]))
    rows = [line for line in table if line.startswith("p5.48xlarge")]
    assert len(rows) == min(count, 5)
    assert any(f"{count - 5} more line" in line for line in table) == (count > 5)


def test_no_line_is_longer_than_a_hundred_columns_however_long_the_names(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    offer = {
        "instance_type": LONG_TYPE,
        "region": "northamerica-northeast1-of-somewhere-far-away",
        "purchase_option": "savings_plan",
        "term_years": 3.0,
        "payment": "partial",
    }
    names = ("a workload with a very long name of its own", "another such workload, and then some")
    lines = [
        make_line(offer, workload=name, count=123_456, line_cost_total=1e12) for name in names
    ]
    text = str(make_plan(*lines, names=names))
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "…" in text
    assert "123456" in text


def test_the_workload_is_named_where_there_are_several(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    names = ("chat", "search")
    several = make_plan(*(make_line(workload=name) for name in names), names=names)
    assert table_of(several)[0].startswith("workload")
    assert "workload" not in table_of(make_plan(make_line()))[0]


@pytest.mark.parametrize(
    ("age", "passed", "warned"), [(30, 0, False), (31, 0, True), (1, 30, True)]
)
def test_old_prices_are_warned_of_on_line_one(
    age: float, passed: int, warned: bool, make_line: MakeLine, make_plan: MakePlan
) -> None:
    text = plan_text(make_plan(make_line(price_age_days=age)), days_since_catalog=passed)
    assert text.startswith("Warning: ") == warned
    assert (f"{age + passed:.0f} days old" in text.splitlines()[0]) == warned


def test_baselines_changes_and_exclusions_follow_in_this_order(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    """$83,950 is 15 % above $73,000."""
    plan = make_plan(
        make_line(),
        baselines=(
            Baseline(
                name="single_type_on_demand",
                text="best single type",
                cost_total=83_950.0,
                horizon_hours=730.0,
                difference=10_950.0,
                difference_fraction=0.15,
            ),
        ),
        exclusions=(
            Exclusion(reason="stale", text="with prices too old", offers=88, instance_types=0),
            Exclusion(reason="no_price", text="without any price", offers=0, instance_types=7),
        ),
    )
    text = plan_text(plan, changes=["stays best unless it rains"])
    parts = ["Run 2 x", "instance type", "best single type: $83,950/month (+15.0 %)",
             "stays best unless it rains", "88 with prices too old", "Catalogue of"]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "7 instance types without any price" in " ".join(text.split())


@pytest.mark.parametrize("count", [0, 1, 5, 7])
def test_five_prices_are_shown_in_their_history_and_the_rest_is_counted(
    count: int, make_line: MakeLine, make_plan: MakePlan
) -> None:
    text = plan_text(make_plan(make_line()), past=[f"offer {n}: cheap" for n in range(count)])
    assert ("Price in its own history" in text) == (count > 0)
    assert text.count(": cheap") == min(count, 5)
    assert (f"... and {count - 5} more" in text) == (count > 5)


def test_a_search_that_was_cut_short_is_not_called_optimal(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    plan = make_plan(make_line(), status=PlanStatus.FEASIBLE_AT_LIMIT, gap=0.07)
    text = " ".join(str(plan).split())
    assert "7 % cheaper may exist" in text
    assert "proven cheapest" not in text
    assert "proven cheapest" in str(make_plan(make_line()))


def test_a_plan_without_lines_says_why(unanswered: Plan) -> None:
    text = str(unanswered)
    assert text.startswith("No plan (infeasible).")
    assert "chat: nothing fits" in text
    assert not unanswered.has_answer


def test_require_raises_without_an_answer_and_returns_the_plan_with_one(
    unanswered: Plan, make_line: MakeLine, make_plan: MakePlan
) -> None:
    answered = make_plan(make_line())
    assert answered.require() is answered
    with pytest.raises(NoPlanError, match=r"infeasible.*nothing fits"):
        unanswered.require()


def test_a_notebook_never_runs_what_a_name_says(make_line: MakeLine, make_plan: MakePlan) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    names = (hostile, "other")
    plan = make_plan(
        *(make_line({"instance_type": hostile}, workload=name) for name in names),
        names=names,
        baselines=(Baseline(name="x", text=hostile, horizon_hours=730.0),),
        exclusions=(Exclusion(reason="x", text=hostile, offers=1, instance_types=0),),
    )
    shown = plan._repr_html_()
    assert "<img" not in shown
    assert unescape(shown).count("<img") >= 4
    assert "<table" in shown


@pytest.mark.parametrize("answered", [True, False])
def test_a_plan_that_was_written_down_reads_as_the_same_plan(
    answered: bool, unanswered: Plan, make_line: MakeLine, make_plan: MakePlan
) -> None:
    plan = make_plan(make_line()) if answered else unanswered
    read = Plan.from_json(plan.to_json())
    assert read == plan
    assert str(read) == str(plan)
    assert read != plan.model_copy(update={"seconds": 9.0})


def test_text_that_is_no_plan_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidInputError, match=r"^my\.json: .*status is required"):
        Plan.from_json("{}", "my.json")


def test_a_frame_has_all_columns_and_units_in_their_names(
    unanswered: Plan, make_line: MakeLine, make_plan: MakePlan
) -> None:
    """2 x $50/h is $100/h."""
    frame = make_plan(make_line()).to_frame()
    assert list(unanswered.to_frame().columns) == list(frame.columns)
    assert len(unanswered.to_frame()) == 0
    assert frame["count"].tolist() == [2]
    assert frame["line_cost_per_hour"].tolist() == [100.0]
    assert frame["vram_peak_gib"].tolist() == [pytest.approx(59.7)]
    assert frame["currency"].tolist() == ["USD"]
    assert frame["rate_low_factor"].tolist() == [0.8]


def test_the_loss_of_a_spot_pool_is_told_once_for_the_workload_it_hits_hardest(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    plan = make_plan(make_line(), names=("chat", "search"))
    figures = {"spot_fraction": 1.0, "worst_pool": "p5.48xlarge spot in aws us-east-1"}
    outcomes = (
        plan.outcomes[0].model_copy(
            update=figures | {"served_after_worst_loss": 0.5, "expected_served_fraction": 0.9}
        ),
        plan.outcomes[1].model_copy(
            update=figures | {"served_after_worst_loss": 0.25, "expected_served_fraction": 0.7}
        ),
    )
    (told,) = warnings(plan.model_copy(update={"outcomes": outcomes}))
    assert "leaves 25 % of search served, 70 % is expected on average" in told


def test_the_age_in_the_table_is_that_of_the_warning(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    plan = make_plan(make_line(price_age_days=10.0))
    today = plan_text(plan, days_since_catalog=35)
    # 10 days at the catalogue's date, and 35 days since.
    assert "prices here are up to 45 days old" in today
    assert "45 d" in today
    assert " 10 d" in plan_text(plan)


def test_a_baseline_that_was_not_searched_to_the_end_may_be_less(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    baseline = Baseline(
        name="single_provider", text="on one cloud, gcp", horizon_hours=HOURS,
        cost_total=80_300.0, difference=7_300.0, difference_fraction=0.1, is_proven=False,
    )  # fmt: skip
    plan = make_plan(make_line(), baselines=(baseline,))
    assert "on one cloud, gcp: $80,300/month (+10.0 %) or less" in plan_text(plan)


def test_a_baseline_beside_a_plan_that_costs_nothing_more_still_tells_its_cost(
    make_line: MakeLine, make_plan: MakePlan
) -> None:
    """What is paid for already costs 0, of which no percentage can be told."""
    baseline = Baseline(
        name="single_type_on_demand", text="on one type", horizon_hours=HOURS,
        cost_total=80_300.0, difference=80_300.0, difference_fraction=None,
    )  # fmt: skip
    plan = make_plan(make_line(), baselines=(baseline,))
    assert "  on one type: $80,300/month\n" in plan_text(plan)


@pytest.mark.parametrize(
    ("used", "window"),
    [(0.0, "oversized"), (39.7, "oversized"), (50.0, "roomy"), (64.0, "ideal"), (75.0, "tight"),
     (77.0, "risky")],
)  # fmt: skip
def test_memory_in_use_falls_into_a_window(used: float, window: str, make_line: MakeLine) -> None:
    # Of 79.6 GiB: 39.7 is 49.9 %, 50 is 63 %, 64 is 80 %, 75 is 94.2 %, 77 is 96.7 %.
    line = make_line(vram_used_gib={"weights": used})
    assert line.vram_window == window


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.02, "leaves 0 % served in the request size that it hits hardest, 90 %"),
        (1.0, "leaves 0 % served, 90 %"),
    ],
)
def test_a_loss_that_hits_some_requests_is_not_told_as_the_loss_of_all(
    share: float, told: str, make_line: MakeLine, make_plan: MakePlan
) -> None:
    line = make_line({"purchase_option": "spot"}, share=share)
    plan = make_plan(line)
    outcome = plan.outcomes[0].model_copy(
        update={
            "spot_fraction": 1.0,
            "worst_pool": line.pool,
            "served_after_worst_loss": 0.0,
            "expected_served_fraction": 0.9,
        }
    )
    (warned,) = warnings(plan.model_copy(update={"outcomes": (outcome,)}))
    assert told in warned


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        (0.0042, "a plan up to 0.42 % cheaper may exist"),
        (1.0, "nothing is proven of the cost, and a far cheaper plan may exist"),
    ],
)
def test_how_much_is_not_proven_is_told_in_a_figure_that_means_something(
    gap: float, told: str, make_line: MakeLine, make_plan: MakePlan
) -> None:
    plan = make_plan(make_line())
    late = plan.model_copy(update={"status": PlanStatus.FEASIBLE_AT_LIMIT, "gap": gap})
    assert any(told in one for one in warnings(late))


def test_no_answer_in_time_says_what_to_raise(unanswered: Plan) -> None:
    late = unanswered.model_copy(update={"status": PlanStatus.NO_ANSWER_IN_TIME})
    assert "No plan (no answer in time): raise time_limit_seconds." in plan_text(late)
