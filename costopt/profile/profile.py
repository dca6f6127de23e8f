"""Profile: what one deployment did when somebody measured it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.precision import formats_named
from costopt.profile.diagnosis import diagnose
from costopt.profile.measured import FineTuneMethod, ObservedJob, ServedLoad, Watched
from costopt.profile.monitoring.reading import read_monitoring
from costopt.profile.present import profile_html, profile_text
from costopt.profile.readers.reading import read_run
from costopt.profile.readers.run import deployment, problems_of
from costopt.written import Count, Name, Several, Written

__all__ = ["ObservedJob", "Profile", "ServedLoad", "Watched"]


class Profile(Written):
    """What one deployment did when somebody measured it: a serving run, or a job.

    Attributes:
        model: name in the catalogue, or an alias.
        accelerator: name in the catalogue, such as H100-80GB.
        accelerators: of the whole deployment [1].
        instance_type: where it ran; None where that is not known.
        tensor_parallel: accelerators that share each layer of one replica [1].
        pipeline_parallel: stages of one replica [1].
        precision: format of the weights.
        kv_precision: format of the key-value cache.
        loads: load levels of a serving run; empty for a job.
        job: rate of a job; None for a serving run.
        watched: what monitoring showed; None where nothing watched.
        source: file, tool and version that the figures come from.
    """

    model: Name
    accelerator: Name
    accelerators: Count
    instance_type: Name | None = None
    tensor_parallel: Count = 1
    pipeline_parallel: Count = 1
    precision: Name
    kv_precision: Name = "bf16"
    loads: Annotated[tuple[ServedLoad, ...], Several] = ()
    job: ObservedJob | None = None
    watched: Watched | None = None
    source: Name

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        model: str | None = None,
        accelerator: str | None = None,
        accelerators: int | None = None,
        tensor_parallel: int | None = None,
        precision: str | None = None,
        instance_type: str | None = None,
        pipeline_parallel: int | None = None,
        kv_precision: str | None = None,
    ) -> Self:
        """Read the result file of a benchmark; its tool is told by its own fields.

        Read are results of ``vllm bench serve``, reports of GuideLLM (version 2), profile
        exports of aiperf and genai-perf, lifecycle reports of inference-perf, and plain CSV with
        one row for each load level. What the file does not say must be given.

        Args:
            path: of the file.
            model: name in the catalogue; only where the file names none, or to be compared.
            accelerator: name in the catalogue, such as H100-80GB.
            accelerators: of the whole deployment [1].
            tensor_parallel: accelerators that share each layer of one replica [1].
            precision: format of the weights.
            instance_type: where it ran, where that is known.
            pipeline_parallel: stages of one replica; one when left out [1].
            kv_precision: format of the key-value cache; bf16 when left out.

        Raises:
            InvalidInputError: the file is of no known tool, or of a run that was cut short or
                measured nothing, its figures contradict each other, or something is missing;
                one sentence for each fault.
        """
        run = read_run(path)
        given: Mapping[str, Any] = {
            "model": model,
            "accelerator": accelerator,
            "accelerators": accelerators,
            "instance_type": instance_type,
            "tensor_parallel": tensor_parallel,
            "pipeline_parallel": pipeline_parallel,
            "precision": precision,
            "kv_precision": kv_precision,
        }
        told = deployment(run, given)
        with problems_of(run.place):
            return cls(loads=run.loads, source=run.source, **told)

    @classmethod
    def from_utilisation(
        cls,
        monitoring: str | Path,
        *,
        model: str,
        accelerator: str,
        accelerators: int,
        precision: str,
        kind: Literal["training", "fine_tune", "samples", "serving"],
        method: FineTuneMethod | None = None,
        samples_per_second: float | None = None,
        tokens_per_second: float | None = None,
        tokens_per_sample: float | None = None,
        loads: Sequence[ServedLoad] = (),
        instance_type: str | None = None,
        tensor_parallel: int = 1,
        pipeline_parallel: int = 1,
        kv_precision: str = "bf16",
    ) -> Self:
        """Make a profile of a deployment that was watched while it ran.

        Args:
            monitoring: file of readings: CSV of nvidia-smi, table of ``dcgmi dmon``, or metrics
                of DCGM's exporter; told by its content.
            model: name in the catalogue, or an alias.
            accelerator: name in the catalogue, such as H100-80GB.
            accelerators: of the whole deployment [1].
            precision: format of the weights.
            kind: training, fine_tune, samples for encoders, vision and speech, or serving.
            method: of a fine-tune: full, lora or qlora.
            samples_per_second: observed, over all accelerators [samples/s].
            tokens_per_second: observed, over all accelerators [tokens/s].
            tokens_per_sample: length of a sequence or sample [tokens].
            loads: of serving: its load levels, as ``Profile.read(...).loads`` gives them.
            instance_type: where it ran, where that is known.
            tensor_parallel: accelerators that share each layer of one replica [1].
            pipeline_parallel: stages of one replica [1].
            kv_precision: format of the key-value cache.

        Raises:
            InvalidInputError: the file is of no known tool or shows nothing of the deployment,
                or the rates do not fit the kind; one sentence for each fault.
        """
        rates: Mapping[str, Any] = {
            "method": method,
            "samples_per_second": samples_per_second,
            "tokens_per_second": tokens_per_second,
            "tokens_per_sample": tokens_per_sample,
        }
        seen, source = read_monitoring(monitoring, _at_least_one(accelerators))
        return cls(
            model=model,
            accelerator=accelerator,
            accelerators=accelerators,
            instance_type=instance_type,
            tensor_parallel=tensor_parallel,
            pipeline_parallel=pipeline_parallel,
            precision=precision,
            kv_precision=kv_precision,
            loads=_loads(kind, loads, rates),
            job=None if kind == "serving" else ObservedJob(kind=kind, **rates),
            watched=seen,
            source=source,
        )

    @property
    def replicas(self) -> int:
        """Copies of the model that shared the load [1]."""
        return self.accelerators // (self.tensor_parallel * self.pipeline_parallel)

    @property
    def diagnosis(self) -> tuple[str, ...]:
        """What monitoring says of the deployment, in plain sentences."""
        return diagnose(self)

    def __str__(self) -> str:
        return profile_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return profile_html(self)

    @model_validator(mode="after")
    def _run_or_job(self) -> Self:
        if bool(self.loads) == (self.job is not None):
            raise ValueError("give either loads, of a serving run, or job")
        return self

    @model_validator(mode="after")
    def _known_formats(self) -> Self:
        try:
            formats_named(self.precision, self.kv_precision)
        except UnknownNameError as error:
            raise ValueError(str(error)) from None
        return self

    @model_validator(mode="after")
    def _whole_replicas(self) -> Self:
        of_one = self.tensor_parallel * self.pipeline_parallel
        if self.accelerators % of_one:
            raise ValueError(
                f"accelerators = {self.accelerators} are not whole replicas of tensor_parallel x "
                f"pipeline_parallel = {self.tensor_parallel} x {self.pipeline_parallel} = {of_one}"
            )
        return self


def _at_least_one(accelerators: int) -> int:
    """Refuse a number of accelerators that no file can be compared with."""
    if accelerators < 1:
        raise InvalidInputError("Profile", [f"accelerators = {accelerators}: must be above 0"])
    return accelerators


def _loads(
    kind: str, loads: Sequence[ServedLoad], rates: Mapping[str, object]
) -> tuple[ServedLoad, ...]:
    """Return the load levels of serving; refuse them, or rates, where they do not belong."""
    if kind != "serving":
        if loads:
            raise InvalidInputError("Profile", [f"loads belong to kind serving, not to {kind}"])
        return ()
    if misplaced := [name for name, value in rates.items() if value is not None]:
        raise InvalidInputError(
            "Profile",
            [
                f"{', '.join(misplaced)} does not say at which concurrency and lengths a service "
                "ran: read the file of a benchmark, and give loads=Profile.read(...).loads"
            ],
        )
    if not loads:
        raise InvalidInputError(
            "Profile",
            ["kind serving needs loads, as Profile.read(...).loads gives them"],
        )
    return tuple(loads)
