"""Make the pictures of docs/plots.md from its own snippets: `python docs/pictures.py`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from churnhealth.plots import save_picture

DOCS = Path(__file__).parent
SHOWN = ("reliability", "distribution", "matrix", "waterfall")


def run_snippets() -> dict[str, Any]:
    """Run the page's Python, and return every name that it made."""
    names: dict[str, Any] = {}
    page = (DOCS / "plots.md").read_text(encoding="utf-8")
    for snippet in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(snippet, names)  # noqa: S102 - our own page
    return names


if __name__ == "__main__":
    made = run_snippets()
    (DOCS / "pictures").mkdir(exist_ok=True)
    for name in SHOWN:
        save_picture(made[name], DOCS / "pictures" / f"{name}.png", scale=1.5)
