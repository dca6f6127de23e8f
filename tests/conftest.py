"""What tests of several folders share."""

import pytest

from costopt.catalog.catalog import Catalog


@pytest.fixture(scope="session")
def bundled() -> Catalog:
    """The snapshot that is installed with costopt, read once."""
    return Catalog.bundled()
