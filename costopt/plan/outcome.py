"""What a plan means for one workload."""

from costopt.plan.line import PlanRecord


class WorkloadOutcome(PlanRecord):
    """What the plan means for one workload.

    Attributes:
        workload: its name.
        kind: its kind.
        cost_per_hour: of its lines [plan currency/h].
        cost_total: of its lines, over the horizon or until it is done [plan currency].
        duration_hours: until a job is done; None for what runs over the horizon [h].
        ttft_ms: time to first token of all requests, at the percentile [ms].
        tpot_ms: slowest time per output token of a line, at the percentile [ms].
        latency_ms: slowest latency of a line at the percentile [ms].
        unit: what ``cost_per_unit`` counts, such as 1M tokens or run.
        cost_per_unit: cost of one such unit [plan currency].
        spot_fraction: largest share of a bucket's demand on spot; for jobs, of
            accelerator-hours [0..1].
        worst_pool: spot pool whose loss costs most; empty without spot.
        served_after_worst_loss: smallest share of a bucket still served without that pool,
            nothing re-routed [0..1].
        expected_served_fraction: share of the demand served on average when each spot pool is
            there as often as its line's availability says, nothing re-routed; 1 for jobs, whose
            hours already count it [0..1].
        worst_loss: failure groups whose loss at once costs most, as many as the limits speak of;
            empty where they do not.
        worst_loss_factor: over time, factor on the mean rate in the kind of hour that this loss
            hits hardest; None without a loss, and where every hour is the same [1].
        served_after_losses: smallest share of a bucket still served without these [0..1].
        availability: P(capacity >= demand), nothing re-routed, or a lower bound of it; None
            where no limit asks for it [0..1].
    """

    workload: str
    kind: str
    cost_per_hour: float
    cost_total: float
    duration_hours: float | None
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    latency_ms: float | None = None
    unit: str = ""
    cost_per_unit: float | None = None
    spot_fraction: float = 0.0
    worst_pool: str = ""
    served_after_worst_loss: float = 1.0
    expected_served_fraction: float = 1.0
    worst_loss: tuple[str, ...] = ()
    worst_loss_factor: float | None = None
    served_after_losses: float = 1.0
    availability: float | None = None
