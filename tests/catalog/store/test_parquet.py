"""A table as parquet and back."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costopt.catalog.columns import Table, flag, number, text, whole
from costopt.catalog.store.parquet import decode_tables, encode_table
from costopt.errors import CatalogFileError, InvalidInputError

TABLE = Table(
    "things",
    (
        text("name", "key", required=True),
        whole("number", "key, null when unknown"),
        text("note", "may be empty"),
        number("price", "null when unknown"),
        flag("known", "null when unknown"),
    ),
    ("name", "number"),
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
ROW = st.tuples(
    TEXT.filter(bool),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    TEXT,
    st.none() | st.floats(allow_nan=False),
    st.none() | st.booleans(),
)


def frame(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """Return rows in the types of the schema."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    types = ("str", "Int64", "str", "float64", "boolean")
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=kind)
            for name, values, kind in zip(TABLE.column_names, columns, types, strict=True)
        }
    )


def decoded(*payloads: bytes) -> pd.DataFrame:
    """Read the parts of the table."""
    return decode_tables(TABLE, [("place", payload) for payload in payloads])


@given(st.lists(ROW, max_size=12, unique_by=lambda row: row[:2]))
def test_reading_gives_what_was_written_in_the_order_of_the_key(
    rows: list[tuple[object, ...]],
) -> None:
    written = frame(rows)
    in_order = written.sort_values(
        ["name", "number"], kind="stable", na_position="first", ignore_index=True
    )
    pd.testing.assert_frame_equal(decoded(encode_table(TABLE, written, "things")), in_order)


@given(st.lists(ROW, min_size=2, max_size=6, unique_by=lambda row: row[:2]), st.randoms())
def test_same_rows_in_any_order_are_the_same_bytes(
    rows: list[tuple[object, ...]], random: st.DrawFn
) -> None:
    payload = encode_table(TABLE, frame(rows), "things")
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert encode_table(TABLE, frame(rows), "things") == payload


def test_parts_come_one_after_another() -> None:
    first = encode_table(TABLE, frame([("b", 1, "", 1.0, None)]), "things")
    second = encode_table(TABLE, frame([("a", 1, "", 2.0, None)]), "things")
    assert decoded(first, second)["name"].tolist() == ["b", "a"]
    assert decoded().dtypes.equals(decoded(first).dtypes)


def test_columns_of_a_later_version_are_passed_over() -> None:
    rows = frame([("a", 1, "", 1.0, True)])
    later = Table("things", (*TABLE.columns, text("more", "new")), TABLE.key)
    payload = encode_table(later, rows.assign(more="x"), "things")
    pd.testing.assert_frame_equal(decoded(payload), rows)


def test_column_that_is_lacking_is_refused() -> None:
    earlier = Table("things", TABLE.columns[:-1], TABLE.key)
    payload = encode_table(earlier, frame([("a", 1, "", 1.0, True)]).drop(columns="known"), "old")
    with pytest.raises(CatalogFileError, match=r"place: does not fit the schema.*known"):
        decoded(payload)


@pytest.mark.parametrize("payload", [b"", b"PAR1 and then nothing"])
def test_bytes_that_are_not_parquet_are_refused(payload: bytes) -> None:
    with pytest.raises(CatalogFileError, match="place: does not fit the schema"):
        decoded(payload)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (frame([("a", 1, "", 1.0, True)]).drop(columns="price"), "not exactly the columns.*price"),
        (frame([("a", 1, "", 1.0, True)]).assign(odd=1), "not exactly the columns.*odd"),
        (frame([("a", 1, "", 1.0, True), ("a", 1, "", 2.0, True)]), "two rows are a/1"),
        (frame([("a", None, "", 1.0, None), ("a", None, "", 2.0, None)]), "two rows are a/"),
        (frame([("a", 1, None, 1.0, True)]), "column note: text is empty, never null"),
        (frame([("a", 1, "", 1.0, True)]).assign(price="much"), "column price"),
        (frame([("a", 1, "", 1.0, True)]).assign(number=1.5), "column number"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows: pd.DataFrame, told: str) -> None:
    with pytest.raises(InvalidInputError, match=f"things: {told}"):
        encode_table(TABLE, rows, "things")


def test_row_without_a_required_fact_is_refused() -> None:
    with pytest.raises(CatalogFileError, match="things: has rows without name"):
        encode_table(TABLE, frame([("", 1, "", 1.0, True)]), "things")
