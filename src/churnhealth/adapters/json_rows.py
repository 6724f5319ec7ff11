"""Rows as JSON text, thousands at a time."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pyarrow as pa

from churnhealth.features.sql_text import literal


def json_rows(rows: pa.Table) -> pa.Array:
    r"""Write every row as a JSON object; missing values as null.

    Parameters
    ----------
    rows : pyarrow.Table
        Numbers, booleans and text; the columns' names become the names in the objects.

    Returns
    -------
    pyarrow.Array of large_string
        Numbers in the shortest form that reads back as the same number.

    Examples
    --------
    >>> json_rows(pa.table({"logins": [0.1, None], "plan": ["Gold", 'it"s']})).to_pylist()
    ['{"logins":0.1,"plan":"Gold"}', '{"logins":null,"plan":"it\\"s"}']
    """
    with closing(duckdb.connect()) as connection:
        # Columns go in by number, for DuckDB does not tell upper from lower case in names.
        plain = rows.rename_columns([f"c{at}" for at in range(rows.num_columns)])
        connection.register("given", plain)
        pairs = ", ".join(f"{literal(name)}, c{at}" for at, name in enumerate(rows.column_names))
        made = connection.sql(f"SELECT json_object({pairs}) AS text FROM given")  # noqa: S608
        return made.to_arrow_table().column("text").combine_chunks().cast(pa.large_string())
