WITH cutoffs AS (
SELECT cutoff FROM (VALUES (TIMESTAMP '2024-07-01 00:00:00'), (TIMESTAMP '2024-10-01 00:00:00')) AS given(cutoff)
),
src_usage_events AS NOT MATERIALIZED (
SELECT
  CAST("customer_id" AS VARCHAR) AS customer_id,
  CAST("user_id" AS VARCHAR) AS user_id,
  CAST(("occurred_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS occurred_at,
  CAST(("recorded_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS recorded_at
FROM "usage_events"
WHERE "customer_id" IS NOT NULL
),
at_risk AS (
SELECT s.customer_id, c.cutoff
FROM (SELECT DISTINCT customer_id FROM src_usage_events) AS s
CROSS JOIN cutoffs AS c
),
calendar AS (
SELECT
  c.cutoff,
  CAST(c.cutoff AS DATE) - g.age AS day,
  g.age,
  CASE WHEN g.age BETWEEN 1 AND 7 THEN 1 END AS w1_7,
  CASE WHEN g.age BETWEEN 8 AND 14 THEN 1 END AS w8_14,
  CAST(g.bit AS BIGINT) AS bit
FROM cutoffs AS c CROSS JOIN (VALUES (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 64), (8, 128), (9, 256), (10, 512), (11, 1024), (12, 2048), (13, 4096), (14, 8192)) AS g(age, bit)
),
rows_usage_events_1 AS (
SELECT
  e.customer_id,
  k.cutoff,
  COUNT(k.w1_7) AS c1,
  COUNT(k.w8_14) AS c2,
  SUM(CASE WHEN k.age <= 14 THEN 15 - 2 * k.age ELSE 0 END) AS c3,
  BIT_OR(CASE WHEN k.age BETWEEN 1 AND 14 THEN k.bit END) AS c4
FROM src_usage_events AS e
JOIN calendar AS k ON k.day = CAST(e.occurred_at AS DATE)
WHERE k.age <= 14 AND (e.recorded_at IS NULL OR e.recorded_at < k.cutoff)
GROUP BY e.customer_id, k.cutoff
),
things_usage_events_1 AS (
SELECT
  t.customer_id,
  t.cutoff,
  COUNT(CASE WHEN t.a1 <= 14 THEN 1 END) AS c1
FROM (
SELECT
  e.customer_id,
  k.cutoff,
  MIN(k.age) AS a1
FROM src_usage_events AS e
JOIN calendar AS k ON k.day = CAST(e.occurred_at AS DATE)
WHERE k.age <= 14 AND (e.recorded_at IS NULL OR e.recorded_at < k.cutoff) AND e.user_id IS NOT NULL
GROUP BY e.customer_id, k.cutoff, e.user_id
) AS t
GROUP BY t.customer_id, t.cutoff
),
ever_usage_events_1 AS (
SELECT
  o.customer_id,
  o.cutoff,
  o.c1
FROM (
SELECT
  r.customer_id,
  r.cutoff,
  MAX(r.a1) OVER (PARTITION BY r.customer_id ORDER BY r.cutoff) AS c1,
  r.asked
FROM (
SELECT
  b.customer_id,
  b.cutoff,
  MAX(b.a1) AS a1,
  MAX(b.asked) AS asked
FROM (
SELECT
  e.customer_id,
  e.cutoff,
  MAX(e.day) AS a1,
  0 AS asked
FROM (
SELECT
  w.customer_id,
  w.day,
  CASE WHEN w.known < TIMESTAMP '2024-07-01 00:00:00' THEN TIMESTAMP '2024-07-01 00:00:00' ELSE TIMESTAMP '2024-10-01 00:00:00' END AS cutoff
FROM (
SELECT
  s.customer_id,
  CAST(s.occurred_at AS DATE) AS day,
  CASE WHEN s.recorded_at > CAST(s.occurred_at AS TIMESTAMP) THEN s.recorded_at ELSE CAST(s.occurred_at AS TIMESTAMP) END AS known
FROM src_usage_events AS s
) AS w
WHERE w.known < TIMESTAMP '2024-10-01 00:00:00'
) AS e
GROUP BY e.customer_id, e.cutoff
UNION ALL
SELECT
  q.customer_id,
  q.cutoff,
  CAST(NULL AS DATE) AS a1,
  1 AS asked
FROM at_risk AS q
) AS b
GROUP BY b.customer_id, b.cutoff
) AS r
) AS o
WHERE o.asked = 1
)
SELECT
  a.customer_id,
  a.cutoff,
  CAST(COALESCE(rows_usage_events_1.c1, 0) AS DOUBLE) AS "events",
  CAST(CAST(rows_usage_events_1.c1 AS DOUBLE) / NULLIF(rows_usage_events_1.c2, 0) AS DOUBLE) AS "ratio",
  CAST(COALESCE(rows_usage_events_1.c3, 0) * CAST(6 AS DOUBLE) / 2730 AS DOUBLE) AS "trend",
  CAST(COALESCE(things_usage_events_1.c1, 0) AS DOUBLE) AS "users",
  CAST((COALESCE(BIT_COUNT(rows_usage_events_1.c4), 0)) AS DOUBLE) AS "days",
  CAST(CAST(a.cutoff AS DATE) - CAST(ever_usage_events_1.c1 AS DATE) AS DOUBLE) AS "since"
FROM at_risk AS a
LEFT JOIN rows_usage_events_1 ON rows_usage_events_1.customer_id = a.customer_id AND rows_usage_events_1.cutoff = a.cutoff
LEFT JOIN things_usage_events_1 ON things_usage_events_1.customer_id = a.customer_id AND things_usage_events_1.cutoff = a.cutoff
LEFT JOIN ever_usage_events_1 ON ever_usage_events_1.customer_id = a.customer_id AND ever_usage_events_1.cutoff = a.cutoff
