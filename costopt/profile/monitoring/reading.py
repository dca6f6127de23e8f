"""Which tool wrote a file of monitoring, told by its content, and what it shows."""

from pathlib import Path

from costopt.errors import InvalidInputError
from costopt.profile.measured import Watched
from costopt.profile.monitoring import dcgm, nvidia_smi
from costopt.profile.monitoring.readings import watched
from costopt.profile.readers.document import file_text


def read_monitoring(path: str | Path, accelerators: int) -> tuple[Watched, str]:
    """Return what a file of monitoring shows of a deployment, and where it comes from.

    Args:
        path: of the file.
        accelerators: of the deployment [1].

    Raises:
        InvalidInputError: the file is of no tool that is known, or shows nothing of use.
    """
    text, place = file_text(path), str(path)
    if nvidia_smi.is_nvidia_smi(text):
        tool, readings = "nvidia-smi", nvidia_smi.read_nvidia_smi(text, accelerators, place)
    elif dcgm.is_prometheus(text):
        tool, readings = "DCGM exporter", dcgm.read_prometheus(text, place)
    elif dcgm.is_dmon(text):
        tool, readings = "dcgmi dmon", dcgm.read_dmon(text, place)
    else:
        raise InvalidInputError(
            place,
            [
                "neither a table of nvidia-smi with its header, nor of dcgmi dmon, nor metrics of "
                f"DCGM's exporter; log with {nvidia_smi.COMMAND}, or with {dcgm.COMMAND}, or save "
                "what the exporter serves at /metrics"
            ],
        )
    return watched(readings, accelerators, place), f"{Path(place).name}: {tool}"
