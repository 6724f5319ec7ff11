WITH cutoffs AS (
SELECT cutoff FROM (VALUES (TIMESTAMP '2024-07-01 00:00:00'), (TIMESTAMP '2024-10-01 00:00:00')) AS given(cutoff)
),
src_subscriptions AS NOT MATERIALIZED (
SELECT
  CAST("subscription_id" AS VARCHAR) AS subscription_id,
  CAST("customer_id" AS VARCHAR) AS customer_id,
  CAST("start_date" AS DATE) AS start_date,
  CAST("end_date" AS DATE) AS end_date,
  CAST(("end_announced_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS end_announced_at,
  CAST("renewal_date" AS DATE) AS renewal_date,
  CAST("plan" AS VARCHAR) AS plan,
  CAST("mrr" AS DOUBLE) AS mrr,
  CAST(("recorded_at" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS recorded_at,
  CAST(("valid_from" AT TIME ZONE 'America/New_York') AS TIMESTAMP) AS valid_from
FROM "subscriptions"
WHERE "customer_id" IS NOT NULL
),
at_risk AS (
SELECT s.customer_id, c.cutoff
FROM (SELECT DISTINCT customer_id FROM src_subscriptions) AS s
CROSS JOIN cutoffs AS c
),
contracts_subscriptions_1 AS (
SELECT
  v.customer_id,
  v.cutoff,
  SUM(v.mrr) AS c1,
  MAX(CASE WHEN v.size_rank = 1 THEN v.plan END) AS c2,
  MIN(CASE WHEN v.renewal_date >= CAST(v.point AS DATE) THEN v.renewal_date END) AS c3
FROM (
SELECT
  i.customer_id,
  i.cutoff,
  i.point,
  i.subscription_id,
  i.start_date,
  i.end_date,
  i.end_announced_at,
  i.renewal_date,
  i.plan,
  i.mrr,
  i.recorded_at,
  i.valid_from,
  ROW_NUMBER() OVER (PARTITION BY i.customer_id, i.cutoff ORDER BY COALESCE(i.mrr, 0) DESC, i.start_date, i.subscription_id) AS size_rank
FROM (
SELECT
  q.customer_id,
  q.cutoff,
  q.cutoff AS point,
  e.subscription_id,
  e.start_date,
  e.end_date,
  e.end_announced_at,
  e.renewal_date,
  e.plan,
  e.mrr,
  e.recorded_at,
  e.valid_from,
  ROW_NUMBER() OVER (PARTITION BY e.subscription_id, q.cutoff ORDER BY e.valid_from DESC NULLS LAST, e.recorded_at DESC NULLS LAST) AS place
FROM at_risk AS q
JOIN src_subscriptions AS e ON e.customer_id = q.customer_id
WHERE (e.valid_from IS NULL OR e.valid_from < q.cutoff) AND (e.recorded_at IS NULL OR e.recorded_at < q.cutoff)
) AS i
WHERE i.place = 1 AND i.start_date <= CAST(i.point AS DATE) AND (i.end_date IS NULL OR i.end_date > CAST(i.point AS DATE) OR i.end_announced_at >= i.point)
) AS v
GROUP BY v.customer_id, v.cutoff
),
contracts_subscriptions_2 AS (
SELECT
  v.customer_id,
  v.cutoff,
  SUM(v.mrr) AS c1
FROM (
SELECT
  i.customer_id,
  i.cutoff,
  i.point,
  i.subscription_id,
  i.start_date,
  i.end_date,
  i.end_announced_at,
  i.renewal_date,
  i.plan,
  i.mrr,
  i.recorded_at,
  i.valid_from,
  ROW_NUMBER() OVER (PARTITION BY i.customer_id, i.cutoff ORDER BY COALESCE(i.mrr, 0) DESC, i.start_date, i.subscription_id) AS size_rank
FROM (
SELECT
  q.customer_id,
  q.cutoff,
  q.cutoff - INTERVAL '14' DAY AS point,
  e.subscription_id,
  e.start_date,
  e.end_date,
  e.end_announced_at,
  e.renewal_date,
  e.plan,
  e.mrr,
  e.recorded_at,
  e.valid_from,
  ROW_NUMBER() OVER (PARTITION BY e.subscription_id, q.cutoff ORDER BY e.valid_from DESC NULLS LAST, e.recorded_at DESC NULLS LAST) AS place
FROM at_risk AS q
JOIN src_subscriptions AS e ON e.customer_id = q.customer_id
WHERE (e.valid_from IS NULL OR e.valid_from < q.cutoff - INTERVAL '14' DAY) AND (e.recorded_at IS NULL OR e.recorded_at < q.cutoff - INTERVAL '14' DAY)
) AS i
WHERE i.place = 1 AND i.start_date <= CAST(i.point AS DATE) AND (i.end_date IS NULL OR i.end_date > CAST(i.point AS DATE) OR i.end_announced_at >= i.point)
) AS v
GROUP BY v.customer_id, v.cutoff
),
changes_subscriptions_1 AS (
SELECT
  v.customer_id,
  v.cutoff,
  COUNT(CASE WHEN v.value <> v.before AND CAST(v.cutoff AS DATE) - CAST(v.valid_from AS DATE) <= 365 THEN 1 END) AS c1
FROM (
SELECT
  q.customer_id,
  q.cutoff,
  e.valid_from,
  e.plan AS value,
  LAG(e.plan) OVER (PARTITION BY q.customer_id, q.cutoff ORDER BY e.valid_from, e.start_date, e.subscription_id) AS before
FROM at_risk AS q
JOIN src_subscriptions AS e ON e.customer_id = q.customer_id
WHERE e.valid_from < q.cutoff AND (e.recorded_at IS NULL OR e.recorded_at < q.cutoff)
) AS v
GROUP BY v.customer_id, v.cutoff
)
SELECT
  a.customer_id,
  a.cutoff,
  CAST(contracts_subscriptions_1.c1 AS DOUBLE) AS "mrr",
  CAST(CAST((contracts_subscriptions_1.c1 - contracts_subscriptions_2.c1) AS DOUBLE) / NULLIF(contracts_subscriptions_2.c1, 0) AS DOUBLE) AS "mrr_change",
  CAST(contracts_subscriptions_1.c2 AS VARCHAR) AS "plan",
  CAST(COALESCE(changes_subscriptions_1.c1, 0) AS DOUBLE) AS "plan_changes",
  CAST(CAST(contracts_subscriptions_1.c3 AS DATE) - CAST(a.cutoff AS DATE) AS DOUBLE) AS "renewal"
FROM at_risk AS a
LEFT JOIN contracts_subscriptions_1 ON contracts_subscriptions_1.customer_id = a.customer_id AND contracts_subscriptions_1.cutoff = a.cutoff
LEFT JOIN contracts_subscriptions_2 ON contracts_subscriptions_2.customer_id = a.customer_id AND contracts_subscriptions_2.cutoff = a.cutoff
LEFT JOIN changes_subscriptions_1 ON changes_subscriptions_1.customer_id = a.customer_id AND changes_subscriptions_1.cutoff = a.cutoff
