"""Google's SDK, loaded when it is needed and not before."""

from importlib import import_module
from typing import Any

from costopt.errors import MissingDependencyError


def sdk_module(name: str) -> Any:
    """Return a module of the SDK, such as ``google.cloud.compute_v1``.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingDependencyError("google-cloud-compute, google-cloud-billing", "gcp") from None
