"""What profiles and workloads are of, in the words of messages."""

from costopt.profile.profile import Profile
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.training import FineTuneJob


def told(profile: Profile) -> str:
    """What a profile is of, in words."""
    if profile.job is None:
        return (
            f"a serving run of {profile.model} in {profile.precision}, cache in "
            f"{profile.kv_precision},"
        )
    kind = profile.job.kind.replace("_", "-")
    method = f" ({profile.job.method})" if profile.job.method else ""
    return f"a {kind} run{method} of {profile.model} in {profile.precision}"


def asked(workload: AnyWorkload) -> str:
    """What a workload asks for, in words."""
    kind = workload.kind.replace("_", " ")
    if isinstance(workload, Requirement):
        return f"{kind} without a model"
    text = f"{kind} of {workload.model} in {' or '.join(workload.precision)}"
    if isinstance(workload, FineTuneJob):
        return f"{text} ({workload.method})"
    if isinstance(workload, InferenceService | BatchInference):
        return f"{text}, cache in {workload.kv_precision}"
    return text
