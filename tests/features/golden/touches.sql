WITH cutoffs AS (
SELECT cutoff FROM (VALUES (TIMESTAMP '2024-07-01 00:00:00'), (TIMESTAMP '2024-10-01 00:00:00')) AS given(cutoff)
),
src_touches AS NOT MATERIALIZED (
SELECT
  CAST("touch_id" AS VARCHAR) AS touch_id,
  CAST("customer_id" AS VARCHAR) AS customer_id,
  CAST(("occurred_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS occurred_at,
  CAST("channel" AS VARCHAR) AS channel,
  CAST("participant_role" AS VARCHAR) AS participant_role,
  CAST(("recorded_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS recorded_at
FROM "touches"
WHERE "customer_id" IS NOT NULL
),
at_risk AS (
SELECT s.customer_id, c.cutoff
FROM (SELECT DISTINCT customer_id FROM src_touches) AS s
CROSS JOIN cutoffs AS c
),
calendar AS (
SELECT
  c.cutoff,
  CAST(c.cutoff AS DATE) - g.age AS day,
  g.age
FROM cutoffs AS c CROSS JOIN (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14)) AS g(age)
),
things_touches_1 AS (
SELECT
  t.customer_id,
  t.cutoff,
  COUNT(CASE WHEN t.a1 <= 14 THEN 1 END) AS c1,
  COUNT(CASE WHEN t.a2 <= 14 THEN 1 END) AS c2
FROM (
SELECT
  e.customer_id,
  k.cutoff,
  MIN(k.age) AS a1,
  MIN(CASE WHEN e.channel IN ('mail') THEN k.age END) AS a2
FROM src_touches AS e
JOIN calendar AS k ON k.day = CAST(e.occurred_at AS DATE)
WHERE k.age <= 14 AND (e.recorded_at IS NULL OR e.recorded_at < k.cutoff) AND e.touch_id IS NOT NULL
GROUP BY e.customer_id, k.cutoff, e.touch_id
) AS t
GROUP BY t.customer_id, t.cutoff
),
ever_touches_1 AS (
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
  MAX(CASE WHEN e.participant_role IN ('management') THEN e.day END) AS a1,
  0 AS asked
FROM (
SELECT
  w.customer_id,
  w.participant_role,
  w.day,
  CASE WHEN w.known < TIMESTAMP '2024-07-01 00:00:00' THEN TIMESTAMP '2024-07-01 00:00:00' ELSE TIMESTAMP '2024-10-01 00:00:00' END AS cutoff
FROM (
SELECT
  s.customer_id,
  s.participant_role,
  CAST(s.occurred_at AS DATE) AS day,
  CASE WHEN s.recorded_at > CAST(s.occurred_at AS TIMESTAMP) THEN s.recorded_at ELSE CAST(s.occurred_at AS TIMESTAMP) END AS known
FROM src_touches AS s
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
  CAST(COALESCE(things_touches_1.c1, 0) AS DOUBLE) AS "contacts",
  CAST(COALESCE(things_touches_1.c2, 0) AS DOUBLE) AS "mails",
  CAST(CAST(a.cutoff AS DATE) - CAST(ever_touches_1.c1 AS DATE) AS DOUBLE) AS "management"
FROM at_risk AS a
LEFT JOIN things_touches_1 ON things_touches_1.customer_id = a.customer_id AND things_touches_1.cutoff = a.cutoff
LEFT JOIN ever_touches_1 ON ever_touches_1.customer_id = a.customer_id AND ever_touches_1.cutoff = a.cutoff
