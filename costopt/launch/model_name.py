"""Names of models as a model hub knows them."""

import re
from typing import Final

from costopt.catalog.catalog import Catalog

REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
"""An owner and a name. Source: Hugging Face Hub documentation, repositories."""


def repository_of(name: str, catalog: Catalog) -> str | None:
    """Return the repository that a workload's model is loaded from; None where none is known.

    The name that was written is kept, because an alias often is the model that is meant: a
    catalogue has one row for a model and the one that was tuned from it.

    Args:
        name: as written in the workload.
        catalog: where the name may be an alias.
    """
    names = (name, catalog.model(name).name)
    return next((one for one in names if REPOSITORY.fullmatch(one)), None)


def short_name(name: str) -> str:
    """Return the name without its owner, fit for a file.

    >>> short_name("meta-llama/Llama-3.1-8B")
    'Llama-3.1-8B'
    """
    return re.sub(r"[^\w.-]+", "-", name.rpartition("/")[2]).strip("-")
