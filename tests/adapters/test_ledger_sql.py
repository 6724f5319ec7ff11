from __future__ import annotations

from churnhealth.adapters import ledger_sql


def test_only_started_runs_can_be_changed() -> None:
    assert ledger_sql.change_run("", ("status",), ("run_id",)) == (
        """UPDATE "health_runs" SET "status" = $1 WHERE status = 'started' AND "run_id" = $2 """
        "RETURNING run_id"
    )


def test_an_end_is_bound_like_every_value_and_lies_behind_other_moments() -> None:
    statement = ledger_sql.change_run("emea_", ("status", "finished_at"), ("run_id", "job"))
    assert '"finished_at" = GREATEST($2, "emea_health_runs".started_at, ' in statement
    assert statement.endswith('AND "run_id" = $3 AND "job" = $4 RETURNING run_id')
