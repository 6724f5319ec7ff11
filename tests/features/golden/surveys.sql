WITH cutoffs AS (
SELECT cutoff FROM (VALUES (TIMESTAMP '2024-07-01 00:00:00'), (TIMESTAMP '2024-10-01 00:00:00')) AS given(cutoff)
),
src_surveys AS NOT MATERIALIZED (
SELECT
  CAST("customer_id" AS VARCHAR) AS customer_id,
  CAST("kind" AS VARCHAR) AS kind,
  CAST(("answered_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS answered_at,
  CAST("score" AS DOUBLE) AS score,
  CAST(("recorded_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS recorded_at
FROM "surveys"
WHERE "customer_id" IS NOT NULL
),
at_risk AS (
SELECT s.customer_id, c.cutoff
FROM (SELECT DISTINCT customer_id FROM src_surveys) AS s
CROSS JOIN cutoffs AS c
),
calendar AS (
SELECT
  c.cutoff,
  CAST(c.cutoff AS DATE) - g.age AS day,
  g.age
FROM cutoffs AS c CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14)) AS g(age)
),
newest_surveys_1 AS (
SELECT
  n.customer_id,
  n.cutoff,
  n.value AS c1
FROM (
SELECT
  e.customer_id,
  k.cutoff,
  e.score AS value,
  ROW_NUMBER() OVER (PARTITION BY e.customer_id, k.cutoff ORDER BY e.answered_at DESC) AS place
FROM src_surveys AS e
JOIN calendar AS k ON k.day = CAST(e.answered_at AS DATE)
WHERE k.age <= 14 AND (e.recorded_at IS NULL OR e.recorded_at < k.cutoff) AND e.kind IN ('CES') AND e.score IS NOT NULL
) AS n
WHERE n.place = 1
),
rows_surveys_1 AS (
SELECT
  e.customer_id,
  k.cutoff,
  MIN(CASE WHEN k.age <= 14 AND e.kind IN ('CES') THEN k.age END) AS c1
FROM src_surveys AS e
JOIN calendar AS k ON k.day = CAST(e.answered_at AS DATE)
WHERE k.age <= 14 AND (e.recorded_at IS NULL OR e.recorded_at < k.cutoff)
GROUP BY e.customer_id, k.cutoff
)
SELECT
  a.customer_id,
  a.cutoff,
  CAST(newest_surveys_1.c1 AS DOUBLE) AS "ces",
  CAST(rows_surveys_1.c1 AS DOUBLE) AS "ces_age"
FROM at_risk AS a
LEFT JOIN newest_surveys_1 ON newest_surveys_1.customer_id = a.customer_id AND newest_surveys_1.cutoff = a.cutoff
LEFT JOIN rows_surveys_1 ON rows_surveys_1.customer_id = a.customer_id AND rows_surveys_1.cutoff = a.cutoff
