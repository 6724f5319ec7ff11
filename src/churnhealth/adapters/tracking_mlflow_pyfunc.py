"""The artifact once more as an MLflow pyfunc for serving tools: code and data, no pickle."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

ARTIFACT = "health_model"
ARTIFACT_PATH = f"artifacts/{ARTIFACT}"
OUTPUTS = {"churn_probability": "double", "health_score": "double", "drivers": "string"}

_CODE = Path(__file__).with_name("pyfunc_model.py")
RUNTIME = ("churnhealth", "mlflow", "lightgbm", "numpy", "pandas", "scikit-learn", "scipy")
_EXAMPLE_ROWS = 5


def save_pyfunc(
    mlflow: ModuleType, folder: Path, artifact_folder: Path, example: pd.DataFrame | None, **ids: str
) -> Path:
    """Write the model folder that MLflow's serving tools read; return it.

    Parameters
    ----------
    mlflow : module
        Imported by the caller.
    folder : Path
        An empty folder to work in; the model lies in its `model`.
    artifact_folder : Path
        The saved model; its files stand unchanged under `artifacts/health_model`.
    example : DataFrame, optional
        Rows of indicators, for the signature and the example that the serving tools show.
    **ids : str
        `run_id` and `model_id` to note in the model.
    """
    # A copy with a fixed name: MLflow names the folder in the model after the folder it is given.
    artifact = shutil.copytree(artifact_folder, folder / ARTIFACT)
    mlflow.pyfunc.save_model(
        path=str(folder / "model"),
        python_model=str(_CODE),
        artifacts={ARTIFACT: str(artifact)},
        mlflow_model=mlflow.models.Model(model_uuid=ids["model_id"], **ids),
        **({} if example is None else described(mlflow, example)),
        # Inferring them would load the model in a fresh process, which takes half a minute.
        pip_requirements=[f"{name}=={version(name)}" for name in RUNTIME],
    )
    return folder / "model"


def described(mlflow: ModuleType, example: pd.DataFrame) -> dict[str, Any]:
    """Return what MLflow's pages and serving tools are told of the indicators."""
    return {
        "signature": signature(mlflow, example),
        "input_example": plain_example(example),
        "metadata": {"indicator_types": indicator_types(example)},
    }


def signature(mlflow: ModuleType, example: pd.DataFrame) -> Any:
    """Return the signature: every indicator by name, required, of any type.

    The types are left to the model's own door, which knows them. MLflow's are too narrow for real
    tables: its `double` refuses int64 and nullable columns, `long` refuses the floats that missing
    values make, `boolean` refuses nullable booleans with gaps, `string` refuses categories. Every
    column is required, for a column that is absent is an error and not a missing value.
    """
    of_any_type: Any = mlflow.types.schema.AnyType()
    column, schema = mlflow.types.ColSpec, mlflow.types.Schema
    return mlflow.models.ModelSignature(
        inputs=schema([column(of_any_type, name=name) for name in example.columns]),
        outputs=schema([column(kind, name=name) for name, kind in OUTPUTS.items()]),
    )


def indicator_types(example: pd.DataFrame) -> dict[str, str]:
    """Return what each indicator is, for people: "double", "boolean" or "string".

    Examples
    --------
    >>> indicator_types(pd.DataFrame({"tenure": [1, 2], "plan": ["a", None]}))
    {'tenure': 'double', 'plan': 'string'}
    """
    return {str(name): _type(column) for name, column in example.items()}


def plain_example(example: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows with None for every kind of missing value, so that they become JSON."""
    rows = example.head(_EXAMPLE_ROWS).reset_index(drop=True).astype(object)
    return rows.where(rows.notna(), None)


def _type(column: pd.Series) -> str:
    values = column.dropna().infer_objects()
    if pd.api.types.is_bool_dtype(values.dtype) and len(values):
        return "boolean"
    return "double" if pd.api.types.is_numeric_dtype(values.dtype) else "string"
