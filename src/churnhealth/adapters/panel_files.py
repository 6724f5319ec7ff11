"""Read a panel from a CSV, TSV or Parquet file, as it is."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import warnings
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from churnhealth.errors import ConfigError, SchemaError, listed, nearest

SEPARATORS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
PARQUET = (".parquet", ".pq")
# cp932 is what Japanese Excel writes.
ENCODINGS = ("utf-8", "cp932")
# What stands for a missing value in CSV; in text columns only an empty field does.
MISSING_TEXT = (
    *("", "NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "NaN", "nan", "-NaN", "-nan"),
    *("NULL", "null", "None", "#N/A N/A", "1.#IND", "1.#QNAN", "-1.#IND", "-1.#QNAN"),
)


def read_panel_file(path: Path | str, *, text_columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read a panel file; nothing is checked but that it can be read.

    Parameters
    ----------
    path : Path or str
        Ends in .csv, .tsv (both also with .gz) or .parquet. CSV is read as UTF-8, with or without
        byte order mark, else as cp932.
    text_columns : sequence of str
        Columns of CSV that are read as text, so that customer '00123' stays '00123', and a customer
        named 'NA' is not missing. Columns that are not there are passed over.

    Returns
    -------
    DataFrame
        With `attrs["encoding"]` "utf-8", "utf-8-sig" or "cp932" when it came from CSV.

    Raises
    ------
    ConfigError
        No such file (the nearest name is given), not a file, or an unknown suffix.
    SchemaError
        The file is empty or damaged, its encoding is unknown, or a column name stands twice.
    """
    path = Path(path)
    suffix = _suffix(path)
    _require_file(path)
    try:
        if suffix in PARQUET:
            return _read_parquet(path)
        return _read_text(path, SEPARATORS[suffix], text_columns)
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise SchemaError(str(path), [f"the file cannot be read: {error}"]) from error


def _suffix(path: Path) -> str:
    name = path.name.lower()
    known = (*SEPARATORS, *PARQUET)
    found = [suffix for suffix in known if name.endswith(suffix)]
    if not found:
        raise ConfigError(f"panel file: expected a name that ends in one of {listed(known)}, got {path}")
    return found[0]


def _require_file(path: Path) -> None:
    if path.is_file():
        return
    if path.is_dir():
        raise ConfigError(f"panel file: expected a file, got the folder {path}")
    if not path.parent.is_dir():
        raise ConfigError(f"panel file: no file {path}; there is no folder {path.parent}")
    others = sorted(one.name for one in path.parent.iterdir() if one.is_file())
    raise ConfigError(f"panel file: no file {path}{nearest(path.name, others)}")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except ValueError as error:  # what Arrow raises for a file that is no Parquet
        raise SchemaError(str(path), [f"expected a Parquet file: {error}"]) from error
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index() if named else frame


def _read_text(path: Path, separator: str, text_columns: Sequence[str]) -> pd.DataFrame:
    raw = gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
    text, encoding = _decoded(path, raw)
    names = _header(path, text, separator)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # lines longer than the header
        try:
            frame = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype={name: str for name in text_columns if name in names},
                index_col=False,
                keep_default_na=False,
                na_values=_missing_words(names, text_columns),
                low_memory=False,
            )
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            fault = f"expected {len(names)} fields in every line: {str(error).strip()}"
            raise SchemaError(str(path), [fault]) from error
    frame.attrs["encoding"] = encoding
    return frame


def _missing_words(names: Sequence[str], text_columns: Collection[str]) -> dict[str, list[str]]:
    return {name: [""] if name in text_columns else list(MISSING_TEXT) for name in names}


def _decoded(path: Path, raw: bytes) -> tuple[str, str]:
    if raw.startswith(codecs.BOM_UTF8):
        return raw.decode("utf-8-sig"), "utf-8-sig"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SchemaError(str(path), ["the file is UTF-16; save it as UTF-8"])
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise SchemaError(str(path), ["expected UTF-8 or cp932 text, got neither; save it as UTF-8"])


def _header(path: Path, text: str, separator: str) -> list[str]:
    """Return the column names; pandas would rename one that stands twice without a word."""
    first = next(filter(None, csv.reader(io.StringIO(text), delimiter=separator)), [])
    if not any(first):
        raise SchemaError(str(path), ["expected a line with column names, got an empty file"])
    nameless = [str(number) for number, name in enumerate(first, start=1) if not name.strip()]
    if nameless:
        raise SchemaError(
            str(path),
            [f"column {', '.join(nameless)} has no name (a row number?); name it, or write without it"],
        )
    twice = sorted({name for name in first if first.count(name) > 1})
    if twice:
        raise SchemaError(
            str(path), [f"expected every column name once, twice or more: {listed(twice)}"]
        )
    if len(first) == 1 and any(other in first[0] for other in ",;\t"):
        raise SchemaError(
            str(path), [f"expected fields between {separator!r}, got the one column {first[0]!r}"]
        )
    return first
