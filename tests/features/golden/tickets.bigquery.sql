WITH cutoffs AS (
  SELECT
    cutoff
  FROM UNNEST([
    STRUCT(CAST('2024-07-01 00:00:00' AS DATETIME) AS cutoff),
    STRUCT(CAST('2024-10-01 00:00:00' AS DATETIME) AS cutoff)
  ]) AS given
), src_tickets AS (
  SELECT
    CAST(`customer_id` AS STRING) AS customer_id,
    CAST((
      DATETIME(`opened_at`, 'America/New_York')
    ) AS DATETIME) AS opened_at,
    CAST((
      DATETIME(`opened_at`, 'UTC')
    ) AS DATETIME) AS opened_at_utc,
    CAST((
      DATETIME(`first_replied_at`, 'America/New_York')
    ) AS DATETIME) AS first_replied_at,
    CAST((
      DATETIME(`first_replied_at`, 'UTC')
    ) AS DATETIME) AS first_replied_at_utc,
    CAST((
      DATETIME(`resolved_at`, 'America/New_York')
    ) AS DATETIME) AS resolved_at,
    CAST((
      DATETIME(`resolved_at`, 'UTC')
    ) AS DATETIME) AS resolved_at_utc,
    CAST((
      DATETIME(`recorded_at`, 'America/New_York')
    ) AS DATETIME) AS recorded_at
  FROM `tickets`
  WHERE
    NOT `customer_id` IS NULL
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
    DATE_SUB(CAST(c.cutoff AS DATE), INTERVAL g.age DAY) AS day,
    g.age,
    CASE WHEN g.age BETWEEN 1 AND 14 THEN 1 END AS w1_14
  FROM cutoffs AS c
  CROSS JOIN UNNEST([
    STRUCT(1 AS age),
    STRUCT(2 AS age),
    STRUCT(3 AS age),
    STRUCT(4 AS age),
    STRUCT(5 AS age),
    STRUCT(6 AS age),
    STRUCT(7 AS age),
    STRUCT(8 AS age),
    STRUCT(9 AS age),
    STRUCT(10 AS age),
    STRUCT(11 AS age),
    STRUCT(12 AS age),
    STRUCT(13 AS age),
    STRUCT(14 AS age)
  ]) AS g
), rows_tickets_1 AS (
  SELECT
    e.customer_id,
    k.cutoff,
    AVG(
      CASE
        WHEN k.age <= 14
        THEN DATETIME_DIFF(e.first_replied_at_utc, e.opened_at_utc, MICROSECOND) / 1000000.0
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
  CAST(rows_tickets_1.c1 / CAST(3600 AS FLOAT64) AS FLOAT64) AS `reply_hours`,
  CAST(COALESCE(rows_tickets_2.c1, 0) AS FLOAT64) AS `unresolved`
FROM at_risk AS a
LEFT JOIN rows_tickets_1
  ON rows_tickets_1.customer_id = a.customer_id AND rows_tickets_1.cutoff = a.cutoff
LEFT JOIN rows_tickets_2
  ON rows_tickets_2.customer_id = a.customer_id AND rows_tickets_2.cutoff = a.cutoff
