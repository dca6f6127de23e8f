"""What a user with a type checker writes; checked by mypy --strict, not run."""

import costopt as co

catalog = co.Catalog.bundled()
chat = co.InferenceService(
    model="meta-llama/Llama-3.1-70B-Instruct",
    precision="fp8",
    traffic=co.Traffic.from_trace("azure-llm-2023-conv", requests_per_second=10),
    max_ttft_ms=1000,
    max_tpot_ms=50,
)
limits = co.Limits(
    providers=["aws", "gcp"],
    regions="us-*",
    purchase_options=["on_demand", "reserved"],
    term_years=[1],
    quota={"aws/p5.48xlarge": 2},
)
need = co.Requirement(
    accelerators_per_node=8,
    accelerator_types=["A100-40GB"],
    intra_node_interconnect="nvswitch",
)
plan: co.Plan = co.optimize([chat, need], catalog, limits=limits)
cost_per_hour: float | None = plan.require().cost_per_hour
types: list[str] = [line.offer.instance_type for line in plan.lines]
mix: co.Mix = co.cheapest_mix([2.0, 1.0], [[1.0, 0.5], [0.0, 2.0]], [1.5, 4.0])
night: co.Plan = co.optimize(need, catalog, current_fleet=plan, switching_cost={"start": 2.0})
between: co.PlanDiff = plan.diff(night)
moved: float | None = between.choice_difference
by_hand = co.RunningInstances(
    provider="aws",
    region="us-east-1",
    instance_type="p5.48xlarge",
    purchase_option="spot",
    count=1,
)
rows: co.Frontier = co.frontier(
    chat,
    catalog,
    over="max_ttft_ms",
    values=[500, 1000],
    current_fleet=[by_hand],
    switching_cost=co.SwitchingCost(stop=1.0),
)
most: co.LargestDemand = co.most_demand(chat, catalog, limits=co.Limits(budget=5000.0))
