WITH cutoffs AS (
  SELECT
    cutoff
  FROM VALUES
    (CAST('2024-07-01 00:00:00' AS TIMESTAMP_NTZ)),
    (CAST('2024-10-01 00:00:00' AS TIMESTAMP_NTZ)) AS given(cutoff)
), src_tickets AS (
  SELECT
    CAST(`customer_id` AS STRING) AS customer_id,
    CAST((
      CONVERT_TIMEZONE('America/New_York', `opened_at`)
    ) AS TIMESTAMP_NTZ) AS opened_at,
    CAST((
      CONVERT_TIMEZONE('UTC', `opened_at`)
    ) AS TIMESTAMP_NTZ) AS opened_at_utc,
    CAST((
      CONVERT_TIMEZONE('America/New_York', `first_replied_at`)
    ) AS TIMESTAMP_NTZ) AS first_replied_at,
    CAST((
      CONVERT_TIMEZONE('UTC', `first_replied_at`)
    ) AS TIMESTAMP_NTZ) AS first_replied_at_utc,
    CAST((
      CONVERT_TIMEZONE('America/New_York', `resolved_at`)
    ) AS TIMESTAMP_NTZ) AS resolved_at,
    CAST((
      CONVERT_TIMEZONE('UTC', `resolved_at`)
    ) AS TIMESTAMP_NTZ) AS resolved_at_utc,
    CAST((
      CONVERT_TIMEZONE('America/New_York', `recorded_at`)
    ) AS TIMESTAMP_NTZ) AS recorded_at
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
    DATE_ADD(CAST(c.cutoff AS DATE), g.age * -1) AS day,
    g.age,
    CASE WHEN g.age BETWEEN 1 AND 14 THEN 1 END AS w1_14
  FROM cutoffs AS c
  CROSS JOIN VALUES
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
    (14) AS g(age)
), rows_tickets_1 AS (
  SELECT
    e.customer_id,
    k.cutoff,
    AVG(
      CASE
        WHEN k.age <= 14
        THEN TIMESTAMPDIFF(MICROSECOND, e.opened_at_utc, e.first_replied_at_utc) / 1000000.0
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
  CAST(rows_tickets_1.c1 / CAST(3600 AS DOUBLE) AS DOUBLE) AS `reply_hours`,
  CAST(COALESCE(rows_tickets_2.c1, 0) AS DOUBLE) AS `unresolved`
FROM at_risk AS a
LEFT JOIN rows_tickets_1
  ON rows_tickets_1.customer_id = a.customer_id AND rows_tickets_1.cutoff = a.cutoff
LEFT JOIN rows_tickets_2
  ON rows_tickets_2.customer_id = a.customer_id AND rows_tickets_2.cutoff = a.cutoff
