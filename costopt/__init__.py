"""costopt: the cheapest set of cloud instances that runs an ML workload within its limits.

Public names load when they are first used, so that ``import costopt`` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costopt.accelerator import Accelerator
    from costopt.account.account import Account
    from costopt.backtest.backtest import backtest_commitments
    from costopt.backtest.result import CommitmentBacktest
    from costopt.backtest.rules import CommitmentRule
    from costopt.catalog.catalog import Catalog
    from costopt.commitment.commitment import Commitment
    from costopt.errors import CostoptError
    from costopt.evaluate.check import Evaluation, evaluate_plan
    from costopt.model import ModelSpec
    from costopt.performance.scoring.validation import Validation, validate_predictions
    from costopt.plan.diff import diff
    from costopt.plan.diff_record import PlanDiff
    from costopt.plan.plan import Plan
    from costopt.plan.status import PlanStatus
    from costopt.planning.earliest_finish import EarliestFinish, earliest_finish
    from costopt.planning.frontier import Frontier, frontier
    from costopt.planning.frontier_point import FrontierPoint
    from costopt.planning.largest_demand import LargestDemand
    from costopt.planning.most_demand import most_demand
    from costopt.planning.optimize_request import optimize
    from costopt.planning.pulp_of_plan import to_pulp
    from costopt.planning.replan import Replanned, replan
    from costopt.profile.profile import Profile
    from costopt.refresh.run import refresh_catalog
    from costopt.solve.mix import Mix, cheapest_mix
    from costopt.watch.settings import WatchSettings
    from costopt.watch.verdict import Verdict
    from costopt.watch.watch import watch_plans
    from costopt.workload.batch import BatchInference
    from costopt.workload.demand_profile import DemandProfile, DemandScenario
    from costopt.workload.eligible_usage import EligibleUsage
    from costopt.workload.fleet import RunningInstances, SwitchingCost
    from costopt.workload.limits import Limits
    from costopt.workload.request import PlanRequest
    from costopt.workload.requirement import Requirement
    from costopt.workload.serving import InferenceService
    from costopt.workload.traffic import RequestSize, Traffic
    from costopt.workload.training import FineTuneJob, TrainingJob

__version__ = "0.1.0"

_HOMES = {
    "Accelerator": "accelerator",
    "Account": "account.account",
    "BatchInference": "workload.batch",
    "Catalog": "catalog.catalog",
    "Commitment": "commitment.commitment",
    "CommitmentBacktest": "backtest.result",
    "CommitmentRule": "backtest.rules",
    "CostoptError": "errors",
    "DemandProfile": "workload.demand_profile",
    "DemandScenario": "workload.demand_profile",
    "EarliestFinish": "planning.earliest_finish",
    "EligibleUsage": "workload.eligible_usage",
    "Evaluation": "evaluate.check",
    "FineTuneJob": "workload.training",
    "Frontier": "planning.frontier",
    "FrontierPoint": "planning.frontier_point",
    "InferenceService": "workload.serving",
    "LargestDemand": "planning.largest_demand",
    "Limits": "workload.limits",
    "Mix": "solve.mix",
    "ModelSpec": "model",
    "Plan": "plan.plan",
    "PlanDiff": "plan.diff_record",
    "PlanRequest": "workload.request",
    "PlanStatus": "plan.status",
    "Profile": "profile.profile",
    "Replanned": "planning.replan",
    "RequestSize": "workload.traffic",
    "Requirement": "workload.requirement",
    "RunningInstances": "workload.fleet",
    "SwitchingCost": "workload.fleet",
    "Traffic": "workload.traffic",
    "TrainingJob": "workload.training",
    "Validation": "performance.scoring.validation",
    "Verdict": "watch.verdict",
    "WatchSettings": "watch.settings",
    "backtest_commitments": "backtest.backtest",
    "cheapest_mix": "solve.mix",
    "diff": "plan.diff",
    "earliest_finish": "planning.earliest_finish",
    "evaluate_plan": "evaluate.check",
    "frontier": "planning.frontier",
    "most_demand": "planning.most_demand",
    "optimize": "planning.optimize_request",
    "refresh_catalog": "refresh.run",
    "replan": "planning.replan",
    "to_pulp": "planning.pulp_of_plan",
    "validate_predictions": "performance.scoring.validation",
    "watch_plans": "watch.watch",
}

__all__ = [
    "Accelerator",
    "Account",
    "BatchInference",
    "Catalog",
    "Commitment",
    "CommitmentBacktest",
    "CommitmentRule",
    "CostoptError",
    "DemandProfile",
    "DemandScenario",
    "EarliestFinish",
    "EligibleUsage",
    "Evaluation",
    "FineTuneJob",
    "Frontier",
    "FrontierPoint",
    "InferenceService",
    "LargestDemand",
    "Limits",
    "Mix",
    "ModelSpec",
    "Plan",
    "PlanDiff",
    "PlanRequest",
    "PlanStatus",
    "Profile",
    "Replanned",
    "RequestSize",
    "Requirement",
    "RunningInstances",
    "SwitchingCost",
    "Traffic",
    "TrainingJob",
    "Validation",
    "Verdict",
    "WatchSettings",
    "backtest_commitments",
    "cheapest_mix",
    "diff",
    "earliest_finish",
    "evaluate_plan",
    "frontier",
    "most_demand",
    "optimize",
    "refresh_catalog",
    "replan",
    "to_pulp",
    "validate_predictions",
    "watch_plans",
]


def __getattr__(name: str) -> object:
    """Load the home of a public name when the name is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'costopt' has no attribute {name!r}")
    value: object = getattr(import_module(f"costopt.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
