import pandas as pd
import pytest

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.performance.scoring.table import REQUIRED, TableKind, read_measurements


def test_kind_is_recognised_by_the_columns() -> None:
    for kind in TableKind:
        frame = pd.DataFrame([dict.fromkeys(REQUIRED[kind], "1")])
        assert read_measurements(frame).kind is kind


def test_missing_column_is_named_with_the_nearest_that_is_there() -> None:
    columns = [name for name in REQUIRED[TableKind.PERFORMANCE] if name != "accelerator"]
    frame = pd.DataFrame([dict.fromkeys([*columns, "acelerator"], "1")])

    with pytest.raises(InvalidInputError, match=r"needs the columns accelerator \(is it aceler"):
        read_measurements(frame)


def test_table_of_neither_kind_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="neither a table of performance nor of memory"):
        read_measurements(pd.DataFrame({"a": [1]}))


def test_table_of_both_kinds_needs_the_kind() -> None:
    both = {*REQUIRED[TableKind.PERFORMANCE], *REQUIRED[TableKind.MEMORY]}
    frame = pd.DataFrame([dict.fromkeys(both, "1")])

    with pytest.raises(InvalidInputError, match="columns of both kinds"):
        read_measurements(frame)
    assert read_measurements(frame, "memory").kind is TableKind.MEMORY


def test_unknown_kind_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean memory"):
        read_measurements(pd.DataFrame({"a": [1]}), "memry")


def test_table_without_rows_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no rows"):
        read_measurements(pd.DataFrame(columns=list(REQUIRED[TableKind.MEMORY])))
