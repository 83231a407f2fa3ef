-- postgresql
SELECT count(*) AS count_1, min(posts_1.published_at) AS min_1, CAST(avg(posts_1.version) AS FLOAT(53)) AS avg_1 
FROM posts AS posts_1 
WHERE posts_1.status IS DISTINCT FROM $1;

SELECT grouped.by_0, grouped.by_1, grouped.measure_0, grouped.measure_1 
FROM (SELECT posts_1.status AS by_0, posts_1.author_id AS by_1, count(*) AS measure_0, max(posts_1.published_at) AS measure_1, count(*) AS sort_0 
FROM posts AS posts_1 
WHERE posts_1.status IS DISTINCT FROM $1 GROUP BY 1, 2 
HAVING count(*) >= $2::BIGINT) AS grouped ORDER BY grouped.sort_0 DESC, grouped.by_0 ASC NULLS LAST, grouped.by_1 ASC NULLS LAST 
 LIMIT $3::INTEGER;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

-- sqlite
SELECT count(*) AS count_1, min(CASE WHEN posts_1.published_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN posts_1.published_at ELSE trellis_moment_key(posts_1.published_at) END) AS min_1, trellis_double((trellis_average(posts_1.version) COLLATE trellis_decimal)) AS avg_1 
FROM posts AS posts_1 
WHERE posts_1.status IS NOT ?;

SELECT grouped.by_0, grouped.by_1, grouped.measure_0, grouped.measure_1 
FROM (SELECT posts_1.status AS by_0, posts_1.author_id AS by_1, count(*) AS measure_0, max(CASE WHEN posts_1.published_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN posts_1.published_at ELSE trellis_moment_key(posts_1.published_at) END) AS measure_1, count(*) AS sort_0 
FROM posts AS posts_1 
WHERE posts_1.status IS NOT ? GROUP BY 1, 2 
HAVING count(*) >= ?) AS grouped ORDER BY grouped.sort_0 DESC, grouped.by_0 ASC NULLS LAST, grouped.by_1 ASC NULLS LAST
 LIMIT ? OFFSET ?;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?, ?, ?);
