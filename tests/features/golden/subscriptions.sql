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
  customer_id,
  cutoff,
  valid_from,
  value,
  LAG(value) OVER (PARTITION BY customer_id, cutoff, subscription_id ORDER BY valid_from, start_date) AS before
FROM (
SELECT
  q.customer_id,
  q.cutoff,
  e.subscription_id,
  e.start_date,
  e.valid_from,
  e.plan AS value,
  CASE WHEN e.end_announced_at IS NULL OR e.end_announced_at < q.cutoff THEN e.end_date END AS end_date
FROM at_risk AS q
JOIN src_subscriptions AS e ON e.customer_id = q.customer_id
WHERE e.valid_from < q.cutoff AND (e.recorded_at IS NULL OR e.recorded_at < q.cutoff)
) AS versions
UNION ALL
SELECT
  customer_id,
  cutoff,
  valid_from,
  value,
  CASE WHEN MAX(CASE WHEN other = value THEN 1 ELSE 0 END) = 1 THEN value ELSE MIN(other) END AS before
FROM (
SELECT
  n.customer_id,
  n.cutoff,
  n.subscription_id,
  n.valid_from,
  n.first_value AS value,
  p.last_value AS other,
  p.end_date,
  MAX(CASE WHEN p.end_date <= n.start_date THEN p.end_date END) OVER (PARTITION BY n.customer_id, n.cutoff, n.subscription_id) AS last_end,
  MAX(CASE WHEN p.start_date < n.start_date THEN p.start_date END) OVER (PARTITION BY n.customer_id, n.cutoff, n.subscription_id) AS last_start
FROM (
SELECT
  customer_id,
  cutoff,
  subscription_id,
  MIN(valid_from) AS valid_from,
  MAX(CASE WHEN oldest = 1 THEN value END) AS first_value,
  MAX(CASE WHEN newest = 1 THEN value END) AS last_value,
  MAX(CASE WHEN newest = 1 THEN start_date END) AS start_date,
  MAX(CASE WHEN newest = 1 THEN end_date END) AS end_date
FROM (
SELECT versions.*, ROW_NUMBER() OVER (PARTITION BY customer_id, cutoff, subscription_id ORDER BY valid_from, start_date) AS oldest, ROW_NUMBER() OVER (PARTITION BY customer_id, cutoff, subscription_id ORDER BY valid_from DESC, start_date DESC) AS newest
FROM (
SELECT
  q.customer_id,
  q.cutoff,
  e.subscription_id,
  e.start_date,
  e.valid_from,
  e.plan AS value,
  CASE WHEN e.end_announced_at IS NULL OR e.end_announced_at < q.cutoff THEN e.end_date END AS end_date
FROM at_risk AS q
JOIN src_subscriptions AS e ON e.customer_id = q.customer_id
WHERE e.valid_from < q.cutoff AND (e.recorded_at IS NULL OR e.recorded_at < q.cutoff)
) AS versions
) AS ranked
GROUP BY customer_id, cutoff, subscription_id
) AS n
JOIN (
SELECT
  customer_id,
  cutoff,
  subscription_id,
  MIN(valid_from) AS valid_from,
  MAX(CASE WHEN oldest = 1 THEN value END) AS first_value,
  MAX(CASE WHEN newest = 1 THEN value END) AS last_value,
  MAX(CASE WHEN newest = 1 THEN start_date END) AS start_date,
  MAX(CASE WHEN newest = 1 THEN end_date END) AS end_date
FROM (
SELECT versions.*, ROW_NUMBER() OVER (PARTITION BY customer_id, cutoff, subscription_id ORDER BY valid_from, start_date) AS oldest, ROW_NUMBER() OVER (PARTITION BY customer_id, cutoff, subscription_id ORDER BY valid_from DESC, start_date DESC) AS newest
FROM (
SELECT
  q.customer_id,
  q.cutoff,
  e.subscription_id,
  e.start_date,
  e.valid_from,
  e.plan AS value,
  CASE WHEN e.end_announced_at IS NULL OR e.end_announced_at < q.cutoff THEN e.end_date END AS end_date
FROM at_risk AS q
JOIN src_subscriptions AS e ON e.customer_id = q.customer_id
WHERE e.valid_from < q.cutoff AND (e.recorded_at IS NULL OR e.recorded_at < q.cutoff)
) AS versions
) AS ranked
GROUP BY customer_id, cutoff, subscription_id
) AS p
  ON p.customer_id = n.customer_id AND p.cutoff = n.cutoff
  AND p.subscription_id <> n.subscription_id
) AS beside
WHERE end_date = last_end AND last_start < last_end
GROUP BY customer_id, cutoff, subscription_id, valid_from, value
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
