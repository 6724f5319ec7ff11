"""What docs/scheduling.md shows runs: its shell for every exit code, its commands on a real project."""

from __future__ import annotations

import ast
import datetime as dt
import io
import json
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.cli import main, monitor_commands, score_command
from churnhealth.jobs.json_log import JsonLog
from churnhealth.jobs.score import score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.wiring import Workplace

PAGE = (Path(__file__).parents[2] / "docs" / "scheduling.md").read_text(encoding="utf-8")
# Stands for the program: notes what it was called with, and ends with the code that is set for it.
PROGRAM = """#!/bin/sh
echo "$@" >>"$CALLS"
eval "exit \\${CODE_$1:-0}"
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def airflow_commands() -> dict[str, str]:
    """Return the bash_command of every task, with a day where Airflow writes one."""
    (source,) = blocks("python")
    tasks = {}
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "BashOperator":
            given = {one.arg: one.value for one in call.keywords}
            command = given["bash_command"]
            parts = command.values if isinstance(command, ast.JoinedStr) else [command]
            text = "".join(getattr(one, "value", "") if isinstance(one, ast.Constant) else "2026-05-04"
                           for one in parts)  # fmt: skip
            tasks[ast.literal_eval(given["task_id"])] = text
    return tasks


def actions_steps() -> list[str]:
    (workflow,) = map(yaml.safe_load, blocks("yaml"))
    return [step["run"] for step in workflow["jobs"]["health"]["steps"] if "run" in step]


WEEKLY = next(block for block in blocks("sh") if block.startswith("#!"))
PLAIN = [block for block in blocks("sh") if not block.startswith("#!")]
CRON = [line.split(maxsplit=5)[5] for line in blocks("cron")[0].splitlines()[1:]]


class Server:
    """A folder /srv/health with the page's files, and a program that only notes its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        for name in ("churnhealth", "pip"):
            program = folder / "bin" / name
            program.write_text(PROGRAM)
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        (folder / "logs").mkdir()
        (folder / "secrets.env").write_text("export WAREHOUSE=postgresql://scorer:s3cret@db/crm\n")
        (folder / "weekly.sh").write_text(self.here(WEEKLY))

    def here(self, command: str) -> str:
        return command.replace("/srv/health", str(self.folder))

    def run(self, command: str, shell: str = "sh", **codes: int) -> tuple[int, list[str]]:
        """Run as its scheduler would; return the exit code and what the program was called with."""
        calls = self.folder / "calls"
        calls.write_text("")
        told = {f"CODE_{job}": str(code) for job, code in codes.items()}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            [*shell.split(), "-c", self.here(command)],
            env={"PATH": path, "CALLS": str(calls), **told},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "not found" not in done.stderr
        return done.returncode, calls.read_text().splitlines()


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def jobs(calls: list[str]) -> list[str]:
    return [call.split()[0] for call in calls]


CASES = [
    ({}, 0, ["score", "monitor"]),
    ({"monitor": 4}, 0, ["score", "monitor", "retrain"]),
    ({"monitor": 4, "retrain": 3}, 0, ["score", "monitor", "retrain"]),
    ({"monitor": 4, "retrain": 1}, 1, ["score", "monitor", "retrain"]),
    ({"monitor": 1}, 1, ["score", "monitor"]),
    ({"monitor": 2}, 2, ["score", "monitor"]),
    ({"score": 1}, 1, ["score"]),
]


@pytest.mark.parametrize(("codes", "expected", "called"), CASES)
def test_cron_ends_well_with_3_and_4_and_badly_with_1_and_2(
    server: Server, codes: dict[str, int], expected: int, called: list[str]
) -> None:
    (command,) = CRON
    code, calls = server.run(command, **codes)
    assert (code, jobs(calls)) == (expected, called)


def test_cron_is_quiet_while_the_run_before_is_at_work(server: Server) -> None:
    (command,) = CRON
    with subprocess.Popen(
        ["flock", str(server.folder / "weekly.lock"), "sh", "-c", "echo held; read wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert server.run(command) == (0, [])
        holder.communicate("\n")


@pytest.mark.parametrize(("codes", "expected", "called"), CASES)
def test_github_actions_end_well_with_3_and_4_and_badly_with_1_and_2(
    server: Server, codes: dict[str, int], expected: int, called: list[str]
) -> None:
    made: list[str] = []
    for step in actions_steps():
        code, calls = server.run(step, "bash -e", **codes)
        made += [call for call in calls if not call.startswith("install")]
        if code:
            break
    assert (bool(code), jobs(made)) == (bool(expected), called)


@pytest.mark.parametrize(
    ("task", "codes", "expected"),
    [
        ("score", {}, 0),
        ("score", {"score": 1}, 1),
        ("retrain_is_due", {"monitor": 0}, 99),
        ("retrain_is_due", {"monitor": 4}, 0),
        ("retrain_is_due", {"monitor": 1}, 1),
        ("retrain_is_due", {"monitor": 2}, 2),
        ("retrain", {"retrain": 0}, 0),
        ("retrain", {"retrain": 3}, 0),
        ("retrain", {"retrain": 1}, 1),
    ],
)
def test_airflow_skips_with_99_and_fails_with_1_and_2(
    server: Server, task: str, codes: dict[str, int], expected: int
) -> None:
    code, calls = server.run(airflow_commands()[task], "bash", **codes)
    assert (code, len(calls)) == (expected, 1)


def every_call(server: Server) -> list[str]:
    """Return every way in which the page calls the program, when all goes its way."""
    commands = [*PLAIN, *CRON, *actions_steps(), *airflow_commands().values()]
    calls = [server.run(one, "bash -e", monitor=4, retrain=3)[1] for one in commands]
    return [call for made in calls for call in made if not call.startswith("install")]


def test_every_call_of_the_page_runs_on_a_real_project(
    server: Server,
    trained: Workplace,
    reopened: Callable[..., Workplace],
    quick_recipe: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = sorted(set(every_call(server)))
    assert {call.split()[0] for call in calls} == {"score", "monitor", "retrain"}
    training = trained.warehouse.read_table("panel").assign(cutoff="2026-04-01")
    customers = trained.warehouse.read_table("to_score").head(10)
    workplace = reopened(trained, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    trained.warehouse.write_table("panel", training)
    for module in (main, monitor_commands, score_command):
        monkeypatch.setattr(module, "open_project", lambda config, progress=None: workplace)
    # A job that is scored first gives monitoring something to look at.
    for call in sorted(calls, key=lambda one: not one.startswith("score")):
        days = re.findall(r"\d{4}-\d{2}-\d{2}", call)
        if days:
            day = dt.date.fromisoformat(days[0])
            workplace.warehouse.write_table("to_score", customers.assign(cutoff=day.isoformat()))
        result = CliRunner().invoke(main.app, shlex.split(call))
        assert result.exit_code in (0, 3, 4), (call, result.output)
        if "--log-json" in call:
            assert [json.loads(line)["status"] for line in result.stderr.splitlines()][-1] == "done"


def test_the_line_of_the_page_has_the_keys_of_a_real_one(trained: Workplace) -> None:
    (shown,) = map(json.loads, blocks("json"))
    lines = io.StringIO()
    with JsonLog(lines, "score"):
        score(trained)
    real = json.loads(lines.getvalue().splitlines()[-1])
    assert list(shown) == list(real)
    assert [type(one) for one in shown.values()] == [type(one) for one in real.values()]


def test_the_settings_and_the_query_of_the_page_are_understood(tmp_path: Path) -> None:
    head = '[project]\nname = "p"\n[panel]\ntable = "t"\ncustomer_id = "id"\n'
    (tmp_path / "c.toml").write_text(head + "\n".join(blocks("toml")))
    given = {"WAREHOUSE": str(tmp_path / "w.duckdb"), "MLFLOW_TRACKING_URI": "http://mlflow"}
    settings = load_settings(tmp_path / "c.toml", environ=given)
    assert str(settings.warehouse.path) == "env:WAREHOUSE"
    DuckDBWarehouse(tmp_path / "w.duckdb").prepare()
    with duckdb.connect(tmp_path / "w.duckdb", read_only=True) as connection:
        assert connection.execute(blocks("sql")[0]).fetchall() == []


def test_every_exit_code_of_the_page_is_one_that_the_program_tells() -> None:
    told = re.findall(r"^\| (\d) \|", PAGE, flags=re.MULTILINE)
    assert told == ["0", "1", "2", "3", "4"]
    assert all(re.search(rf"\b{code} ", main.EXIT_CODES) for code in told)
