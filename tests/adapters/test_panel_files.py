"""Panel files as people write them: CSV of every kind, Parquet, and files that are neither."""

from __future__ import annotations

import codecs
import gzip

import pandas as pd
import pytest

from churnhealth.adapters.panel_files import read_panel_file
from churnhealth.errors import ConfigError, SchemaError

LINES = "customer_id,都市,logins\n00123,東京,4\nNA,,\n"


def write(folder, name: str, content: str | bytes, encoding: str = "utf-8"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_csv_is_read_in_the_encodings_that_people_use(tmp_path, encoding):
    frame = read_panel_file(
        write(tmp_path, "p.csv", LINES, encoding), text_columns=["customer_id", "absent"]
    )
    assert frame.columns.tolist() == ["customer_id", "都市", "logins"]
    assert frame["customer_id"].tolist() == ["00123", "NA"]
    assert frame["都市"].iloc[0] == "東京"
    assert frame["logins"].isna().tolist() == [False, True]
    assert frame.attrs["encoding"] == encoding


def test_columns_that_are_not_text_columns_are_read_as_they_look(tmp_path):
    frame = read_panel_file(write(tmp_path, "p.csv", "id,plan,nps\n007,NULL,9\n,None,N/A\n"))
    assert frame["id"].iloc[0] == 7
    assert frame["plan"].isna().all()
    assert frame["nps"].tolist()[0] == 9.0


def test_an_empty_field_of_a_text_column_is_missing(tmp_path):
    frame = read_panel_file(write(tmp_path, "p.csv", "id,x\n,1\nnull,2\n"), text_columns=["id"])
    assert frame["id"].isna().tolist() == [True, False]


@pytest.mark.parametrize("name", ["p.CSV", "p.csv.gz", "p.tsv", "p.tsv.gz"])
def test_the_suffix_says_how_to_read(tmp_path, name):
    content = "\n\na,b\r\n1,2\r\n".replace(",", "\t" if "tsv" in name else ",").encode()
    path = write(tmp_path, name, gzip.compress(content) if name.endswith("gz") else content)
    assert read_panel_file(str(path)).to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize("name", ["p.parquet", "p.pq"])
def test_parquet_keeps_its_types(tmp_path, name):
    frame = pd.DataFrame({"customer_id": ["00123"], "seats": pd.array([None], dtype="Int64")})
    frame.to_parquet(tmp_path / name)
    read = read_panel_file(tmp_path / name)
    assert read["customer_id"].tolist() == ["00123"]
    assert str(read["seats"].dtype) == "Int64"


def test_an_index_with_a_name_is_a_column_of_parquet(tmp_path):
    pd.DataFrame({"x": [1]}, index=pd.Index(["a"], name="customer_id")).to_parquet(
        tmp_path / "p.parquet"
    )
    assert read_panel_file(tmp_path / "p.parquet").columns.tolist() == ["customer_id", "x"]


def test_a_missing_file_names_its_nearest_neighbour(tmp_path):
    write(tmp_path, "customers.csv", LINES)
    with pytest.raises(
        ConfigError, match=r"no file .*custmers\.csv \(did you mean 'customers\.csv'\?\)"
    ):
        read_panel_file(tmp_path / "custmers.csv")
    with pytest.raises(ConfigError, match="there is no folder"):
        read_panel_file(tmp_path / "nowhere" / "p.csv")


def test_a_folder_is_no_panel(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigError, match="expected a file, got the folder"):
        read_panel_file(tmp_path / "folder.csv")


@pytest.mark.parametrize("name", ["panel.xlsx", "panel", "panel.gz"])
def test_an_unknown_suffix_lists_the_known_ones(tmp_path, name):
    with pytest.raises(ConfigError, match=r"ends in one of '\.csv', '\.csv\.gz'"):
        read_panel_file(write(tmp_path, name, LINES))


BROKEN = {
    "nothing in it": (b"", "got an empty file"),
    "only blank lines": (b"\n\n", "got an empty file"),
    "a name twice": (b"id,x,x\n1,2,3\n", "twice or more: 'x'"),
    "a nameless column": (b",x\n0,2\n", r"column 1 has no name \(a row number\?\)"),
    "another separator": (b"id;x\n1;2\n", "expected fields between ',', got the one column 'id;x'"),
    "one long line": (b"id,x\n1,2\n3,4,5\n", r"expected 2 fields in every line: .*line 3, saw 3"),
    "only long lines": (b"id,x\n1,2,3\n4,5,6\n", "expected 2 fields in every line"),
    "an open quote": (b'id,x\n1,"2\n3,4\n', "expected 2 fields in every line"),
    "UTF-16": (codecs.BOM_UTF16_LE + "id".encode("utf-16-le"), "save it as UTF-8"),
    "no known encoding": (b"id,x\n\xff\x81,2\n", "expected UTF-8 or cp932 text, got neither"),
    "a field without end": (b'"' + b"x" * 200_000, "the file cannot be read: field larger"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_csv_says_what_is_wrong(tmp_path, content, message):
    path = write(tmp_path, "p.csv", content)
    with pytest.raises(SchemaError, match=message) as error:
        read_panel_file(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv.gz", b"plain", "Not a gzipped file"),
        ("p.csv.gz", gzip.compress(b"a,b\n" * 99, mtime=0)[:20], "end-of-stream"),
        ("p.parquet", b"PAR1 no", "expected a Parquet file"),
        ("p.parquet", b"", "expected a Parquet file"),
    ],
)
def test_a_damaged_file_says_what_was_expected(tmp_path, name, content, message):
    with pytest.raises(SchemaError, match=message):
        read_panel_file(write(tmp_path, name, content))


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    frame = read_panel_file(write(tmp_path, "p.csv", "id,x\n"), text_columns=["id"])
    assert frame.columns.tolist() == ["id", "x"]
    assert frame.empty
