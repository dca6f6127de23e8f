"""Plans made with an account: prices, quotas, what is told and what is not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from costopt.account.account import Account
from costopt.account.records import PriceStep, Quota
from costopt.catalog.catalog import Catalog
from costopt.cli import main
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

NINE_OFF = PriceStep(key="aws/*/p5.*", step="percent", amount=9.0, name="agreement of 2026")
ACCOUNT_ID = "123456789012"


def rented(plan: Plan) -> dict[str, int]:
    """Instance type -> instances."""
    return {line.offer.instance_type: line.count for line in plan.lines}


def test_nine_percent_off_p5_flips_the_type_and_the_trail_says_why(
    three: Catalog, seventy: Requirement
) -> None:
    """List: 7 x 1.861 = 13.027 < 2 x 6.88 = 13.76. Own: 2 x 6.88 x 0.91 = 12.5216 < 13.027."""
    listed = optimize(seventy, three)
    own = optimize(seventy, three, account=Account(steps=(NINE_OFF,)))
    assert rented(listed) == {"g6e.xlarge": 7}
    assert listed.cost_per_hour == pytest.approx(13.027)
    assert rented(own) == {"p5.4xlarge": 2}
    assert own.cost_per_hour == pytest.approx(12.5216)
    trail = "list 6.88 USD/h -> 9 % off (agreement of 2026) -> paid 6.2608 USD/h"
    assert own.lines[0].price_trail == trail
    assert f"p5.4xlarge in us-east-1: {trail}" in " ".join(str(own).split())
    assert trail.replace(">", "&gt;") in own._repr_html_()


def test_a_plan_with_an_account_reads_back_and_holds_against_the_list_catalogue(
    three: Catalog, seventy: Requirement
) -> None:
    quota = Quota(key="aws/us-east-1/g6e.*", limit=9, used=1, name="G instances")
    plan = optimize(seventy, three, account=Account(steps=(NINE_OFF,), quotas=(quota,)))
    read = Plan.from_json(plan.to_json())
    assert read == plan
    assert evaluate_plan(read, three).violations == ()
    assert read.explain(three).switch_sentences == plan.explain().switch_sentences
    assert plan.catalog.fingerprint == three.fingerprint


def test_a_changed_discount_or_a_dropped_quota_does_not_hold(
    three: Catalog, seventy: Requirement
) -> None:
    quota = Quota(key="aws/us-east-1/g6e.*", limit=9, name="G instances")
    plan = optimize(seventy, three, account=Account(steps=(NINE_OFF,), quotas=(quota,)))
    more = NINE_OFF.model_copy(update={"amount": 10.0})
    changed = plan.model_copy(update={"account": Account(steps=(more,), quotas=(quota,))})
    told = " ".join(evaluate_plan(changed, three).violations)
    assert "the request was changed after the plan was made" in told
    assert "price_per_hour is 6.192, the plan says 6.2608" in told
    free = plan.request.model_copy(update={"limits": Limits()})
    told = " ".join(evaluate_plan(plan.model_copy(update={"request": free}), three).violations)
    assert "the limits of the request lack quotas" in told


def test_what_is_left_of_a_quota_limits_the_plan(three: Catalog, seventy: Requirement) -> None:
    """Of 8 g6e 3 are in use: 5 x 10 do not serve 70, and 2 x p5 at 13.76 are the cheapest left."""
    quota = Quota(key="aws/us-east-1/g6e.xlarge/on_demand", limit=8, used=3, name="G instances")
    plan = optimize(seventy, three, account=Account(quotas=(quota,)))
    assert plan.request.limits.quota == {"aws/us-east-1/g6e.xlarge/on_demand": 5}
    assert rented(plan) == {"p5.4xlarge": 2}
    assert plan.cost_per_hour == pytest.approx(13.76)


def test_the_smaller_of_two_quotas_for_a_key_counts(three: Catalog) -> None:
    quota = Quota(key="aws/us-east-1/p5.4xlarge", limit=4, name="P instances")
    account = Account(quotas=(quota,))
    key = "aws/us-east-1/p5.4xlarge"
    for own, joined in ((2, 2), (9, 4)):
        limits = account.limiting(Limits(quota={key: own}), three)
        assert limits.quota == {key: joined}
        assert account.limiting(limits, three) == limits


def test_a_quota_of_0_excludes_with_the_words_of_the_increase_request(
    three: Catalog, seventy: Requirement
) -> None:
    quota = Quota(key="aws/us-east-1/g6e.*/on_demand", limit=0, name="L-DB2E81BA G instances")
    plan = optimize(seventy, three, account=Account(quotas=(quota,)))
    words = (
        "raise 'L-DB2E81BA G instances' for aws/us-east-1/g6e.*/on_demand at the provider: 0 of "
        "0 instances are left"
    )
    (excluded,) = (item for item in plan.exclusions if item.reason == "quota")
    assert (excluded.offers, excluded.text) == (2, f"with no quota left for one ({words})")
    assert rented(plan) == {"p5.4xlarge": 2}
    only = Requirement(throughput_per_second={"g6e.xlarge": 10.0}, demand_per_second=70.0)
    refused = optimize(only, three, account=Account(quotas=(quota,)))
    assert not refused.has_answer
    assert refused.unanswered_because[-1] == words
    assert words in " ".join(str(refused).split())


def test_a_quota_elsewhere_is_not_spoken_of(three: Catalog, seventy: Requirement) -> None:
    quota = Quota(key="gcp/europe-west4/a3-highgpu-8g", limit=0, name="NVIDIA_H100_GPUS")
    plan = optimize(seventy, three, account=Account(quotas=(quota,)))
    assert plan.request.limits.quota is None
    assert "NVIDIA_H100_GPUS" not in str(plan)


def test_only_quotas_of_what_could_run_the_work_are_named_and_only_the_nearest(
    bundled: Catalog,
) -> None:
    """Of 8 x H100 a p5.48xlarge takes 192 vCPUs; a quota of c6i.* is not worth a word."""
    found = bundled.filter(
        providers=["aws"], instance_types=["p5.48xlarge", "c6i.xlarge"],
        purchase_options=["on_demand"],
    )  # fmt: skip
    regions = sorted(set(found.filter(instance_types=["p5.48xlarge"]).offers["region"]))[:5]
    quotas = [
        Quota(key=f"aws/{region}/{kind}", limit=limit, unit="vcpus", name=f"{kind} of {region}")
        for kind, most in (("c6i.*", 0), ("p5.*", 190))
        for limit, region in enumerate(regions, start=most)
    ]
    eight = Requirement(accelerator_types=("H100-80GB",), accelerators_per_node=8)
    limits = Limits(regions=regions)
    plan = optimize(eight, found, limits=limits, account=Account(quotas=tuple(quotas)))
    (text,) = (item.text for item in plan.exclusions if item.reason == "quota")
    assert "c6i" not in text
    assert (
        f"191 of 191 vCPUs are left, one p5.48xlarge takes 192; raise 'p5.* of {regions[0]}"
        in text
    )
    assert [line.offer.region in regions[2:] for line in plan.lines] == [True]
    none = tuple(one.model_copy(update={"limit": 0}) for one in quotas)
    refused = optimize(eight, found, limits=limits, account=Account(quotas=none))
    assert len(refused.unanswered_because) == 5
    assert refused.unanswered_because[-1] == "and 2 more quotas likewise"


def test_quotas_that_were_read_long_ago_are_said_to_be(
    three: Catalog, seventy: Requirement
) -> None:
    """The catalogue is of 2026-08-22; 8 days before is too long for what is in use."""
    for read, notes in (("2026-08-15", 0), ("2026-08-14", 1)):
        quota = Quota(key="aws/us-east-1/g6e.*", limit=50, name="G", as_of=read)
        plan = optimize(seventy, three, account=Account(quotas=(quota,)))
        assert len(plan.account_notes) == notes
        assert evaluate_plan(Plan.from_json(plan.to_json()), three).violations == ()
    assert plan.account_notes[0].startswith("1 of its quotas and commitments were read up to 8 da")


@pytest.mark.parametrize("name", ["aws", "p5", "2027", "us-east-1"])
def test_an_account_whose_name_stands_in_keys_and_days_is_planned_with(
    name: str, three: Catalog, seventy: Requirement
) -> None:
    step = NINE_OFF.model_copy(update={"expires": "2027-01-31", "name": f"EDP {name.upper()}"})
    plan = optimize(seventy, three, account=Account(account_id=name, steps=(step,)))
    assert rented(plan) == {"p5.4xlarge": 2}
    assert "9 % off (EDP account)" in plan.lines[0].price_trail


@pytest.fixture
def telling() -> Account:
    """An account whose own texts hold its identifier."""
    step = NINE_OFF.model_copy(update={"name": f"EDP of {ACCOUNT_ID}"})
    quota = Quota(key="aws/us-east-1/g6e.12xlarge", limit=0, name=f"arn:{ACCOUNT_ID}:G")
    return Account(account_id=ACCOUNT_ID, steps=(step,), quotas=(quota,))


def test_no_account_id_reaches_a_plan_unless_asked(
    telling: Account, three: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, three, account=telling)
    told = (plan.to_json(), str(plan), plan._repr_html_(), str(plan.explain()),
            plan.to_frame().to_csv(), repr(telling.for_plan()))  # fmt: skip
    assert not [text for text in told if ACCOUNT_ID in text]
    assert plan.lines[0].price_trail.count("EDP of account") == 1
    assert evaluate_plan(plan, three).violations == ()


def test_the_account_id_stands_in_the_plan_when_it_is_asked_for(
    telling: Account, three: Catalog, seventy: Requirement
) -> None:
    asked = telling.model_copy(update={"show_id": True})
    plan = optimize(seventy, three, account=asked)
    assert json.loads(plan.to_json())["account"]["account_id"] == ACCOUNT_ID


def test_a_plan_without_an_account_says_nothing_of_one(
    three: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, three)
    assert plan.account is None
    assert "Your prices" not in str(plan)
    with pytest.raises(InvalidInputError, match=r"Account\.from_csv\(path\)"):
        optimize(seventy, three, account="account.csv")  # type: ignore[arg-type]


def test_the_command_plans_with_an_account_and_verify_agrees(
    written: Callable[..., Path],
    three: Catalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Catalog, "bundled", lambda: three)
    request, plan_file = tmp_path / "request.toml", tmp_path / "plan.json"
    request.write_text(
        "[workload]\nkind = 'requirement'\ndemand_per_second = 70.0\n"
        "[workload.throughput_per_second]\n'p5.4xlarge' = 35.0\n'g6e.xlarge' = 10.0\n",
        encoding="utf-8",
    )
    account = written(
        "account,,,,,,,,,,,123456789012,,", "discount,aws/*/p5.*,percent,9,,,,,,,,EDP,,"
    )

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["costopt", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        return int(stopped.value.code or 0), *capsys.readouterr()

    code, out, _ = run("plan", str(request), "--account", str(account), "--json")
    assert (code, rented(Plan.from_json(out))) == (0, {"p5.4xlarge": 2})
    assert ACCOUNT_ID not in out
    plan_file.write_text(out, encoding="utf-8")
    assert run("verify", str(plan_file))[0] == 0
    account.write_text("fact,key\nrebate,aws\n", encoding="utf-8")
    code, _, told = run("plan", str(request), "--account", str(account))
    assert code == 2
    assert "line 2: Unknown fact 'rebate'" in " ".join(told.split())


@pytest.mark.parametrize("higher", [0.5, 5.0, 50.0])
def test_a_larger_discount_never_raises_the_cost(
    higher: float, three: Catalog, seventy: Requirement
) -> None:
    def cost(percent: float) -> float:
        step = PriceStep(key="aws/*/p5.*", step="percent", amount=percent)
        return optimize(seventy, three, account=Account(steps=(step,))).require().cost_total or 0.0

    assert cost(higher + 1) <= cost(higher) * (1 + 1e-9)
