-- What a day knows of itself and the week before it, and whether it rains on the next.
CREATE TABLE days AS
SELECT date AS day, * EXCLUDE (date), (precipitation > 0)::INT AS rain_today
FROM read_csv('data/clean/days.csv', header = true);

CREATE TABLE features AS
SELECT
    day,
    rain_today,
    precipitation,
    temp_max,
    temp_max - temp_min AS temp_range,
    wind,
    sum(rain_today) OVER week AS rainy_days_of_week,
    temp_max - avg(temp_max) OVER week AS warming,
    sin(2 * pi() * dayofyear(day) / 365.25) AS season_sine,
    cos(2 * pi() * dayofyear(day) / 365.25) AS season_cosine,
    lead(rain_today) OVER (ORDER BY day) AS rain_tomorrow
FROM days
WINDOW week AS (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW);

COPY (
    SELECT day, round(COLUMNS(* EXCLUDE (day)), 6)
    FROM features
    WHERE rain_tomorrow IS NOT NULL
    ORDER BY day
) TO 'data/featurize/days.csv' (header);
