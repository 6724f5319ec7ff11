WITH cutoffs AS (
SELECT cutoff FROM (VALUES (TIMESTAMP '2024-07-01 00:00:00'), (TIMESTAMP '2024-10-01 00:00:00')) AS given(cutoff)
),
src_milestones AS NOT MATERIALIZED (
SELECT
  CAST("customer_id" AS VARCHAR) AS customer_id,
  CAST(("planned_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS planned_at,
  CAST("due_date" AS DATE) AS due_date,
  CAST(("reached_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS reached_at,
  CAST(("recorded_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS recorded_at
FROM "milestones"
WHERE "customer_id" IS NOT NULL
),
at_risk AS (
SELECT s.customer_id, c.cutoff
FROM (SELECT DISTINCT customer_id FROM src_milestones) AS s
CROSS JOIN cutoffs AS c
),
steps_milestones_1 AS (
SELECT
  q.customer_id,
  q.cutoff,
  COUNT(CASE WHEN e.reached_at < q.cutoff THEN 1 END) AS c1,
  COUNT(CASE WHEN TRUE THEN 1 END) AS c2,
  MAX(CASE WHEN e.reached_at < q.cutoff THEN e.reached_at END) AS c3,
  MIN(CASE WHEN TRUE THEN e.planned_at END) AS c4,
  COUNT(CASE WHEN e.due_date < CAST(q.cutoff AS DATE) AND (e.reached_at IS NULL OR e.reached_at >= q.cutoff) THEN 1 END) AS c5
FROM at_risk AS q
JOIN src_milestones AS e ON e.customer_id = q.customer_id
WHERE e.planned_at < q.cutoff AND (e.recorded_at IS NULL OR e.recorded_at < q.cutoff)
GROUP BY q.customer_id, q.cutoff
)
SELECT
  a.customer_id,
  a.cutoff,
  CAST(CAST(steps_milestones_1.c1 AS DOUBLE) / NULLIF(steps_milestones_1.c2, 0) AS DOUBLE) AS "onboarding",
  CAST(CASE WHEN steps_milestones_1.c1 = steps_milestones_1.c2 THEN CAST(steps_milestones_1.c3 AS DATE) - CAST(steps_milestones_1.c4 AS DATE) END AS DOUBLE) AS "onboarding_days",
  CAST(COALESCE(steps_milestones_1.c5, 0) AS DOUBLE) AS "late"
FROM at_risk AS a
LEFT JOIN steps_milestones_1 ON steps_milestones_1.customer_id = a.customer_id AND steps_milestones_1.cutoff = a.cutoff
