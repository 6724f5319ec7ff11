WITH cutoffs AS (
  SELECT
    cutoff
  FROM (VALUES
    (CAST('2024-07-01 00:00:00' AS TIMESTAMP)),
    (CAST('2024-10-01 00:00:00' AS TIMESTAMP))) AS given(cutoff)
), src_tickets AS NOT MATERIALIZED (
  SELECT
    CAST("customer_id" AS TEXT) AS customer_id,
    CAST((
      "opened_at" AT TIME ZONE 'America/New_York'
    ) AS TIMESTAMP) AS opened_at,
    CAST((
      "opened_at" AT TIME ZONE 'UTC'
    ) AS TIMESTAMP) AS opened_at_utc,
    CAST((
      "first_replied_at" AT TIME ZONE 'America/New_York'
    ) AS TIMESTAMP) AS first_replied_at,
    CAST((
      "first_replied_at" AT TIME ZONE 'UTC'
    ) AS TIMESTAMP) AS first_replied_at_utc,
    CAST((
      "resolved_at" AT TIME ZONE 'America/New_York'
    ) AS TIMESTAMP) AS resolved_at,
    CAST((
      "resolved_at" AT TIME ZONE 'UTC'
    ) AS TIMESTAMP) AS resolved_at_utc,
    CAST((
      "recorded_at" AT TIME ZONE 'America/New_York'
    ) AS TIMESTAMP) AS recorded_at
  FROM "tickets"
  WHERE
    NOT "customer_id" IS NULL
), at_risk AS (
  SELECT
    s.customer_id,
    c.cutoff
  FROM (
    SELECT DISTINCT
      customer_id
    FROM src_tickets
  ) AS s
  CROSS JOIN cutoffs AS c
), calendar AS (
  SELECT
    c.cutoff,
    CAST(c.cutoff AS DATE) - g.age AS day,
    g.age,
    CASE WHEN g.age BETWEEN 1 AND 14 THEN 1 END AS w1_14
  FROM cutoffs AS c
  CROSS JOIN (VALUES
    (1),
    (2),
    (3),
    (4),
    (5),
    (6),
    (7),
    (8),
    (9),
    (10),
    (11),
    (12),
    (13),
    (14)) AS g(age)
), rows_tickets_1 AS (
  SELECT
    e.customer_id,
    k.cutoff,
    AVG(
      CASE
        WHEN k.age <= 14
        THEN EXTRACT(EPOCH FROM (
          e.first_replied_at_utc - e.opened_at_utc
        ))
      END
    ) AS c1
  FROM src_tickets AS e
  JOIN calendar AS k
    ON k.day = CAST(e.first_replied_at AS DATE)
  WHERE
    k.age <= 14 AND (
      e.recorded_at IS NULL OR e.recorded_at < k.cutoff
    )
  GROUP BY
    e.customer_id,
    k.cutoff
), rows_tickets_2 AS (
  SELECT
    e.customer_id,
    k.cutoff,
    COUNT(
      CASE WHEN (
        e.resolved_at IS NULL OR e.resolved_at >= k.cutoff
      ) THEN k.w1_14 END
    ) AS c1
  FROM src_tickets AS e
  JOIN calendar AS k
    ON k.day = CAST(e.opened_at AS DATE)
  WHERE
    k.age <= 14 AND (
      e.recorded_at IS NULL OR e.recorded_at < k.cutoff
    )
  GROUP BY
    e.customer_id,
    k.cutoff
)
SELECT
  a.customer_id,
  a.cutoff,
  CAST(rows_tickets_1.c1 / CAST(3600 AS DOUBLE PRECISION) AS DOUBLE PRECISION) AS "reply_hours",
  CAST(COALESCE(rows_tickets_2.c1, 0) AS DOUBLE PRECISION) AS "unresolved"
FROM at_risk AS a
LEFT JOIN rows_tickets_1
  ON rows_tickets_1.customer_id = a.customer_id AND rows_tickets_1.cutoff = a.cutoff
LEFT JOIN rows_tickets_2
  ON rows_tickets_2.customer_id = a.customer_id AND rows_tickets_2.cutoff = a.cutoff
