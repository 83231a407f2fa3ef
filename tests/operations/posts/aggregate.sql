-- postgresql
SELECT count(*) AS count_1, min(posts_1.published_at) AS min_1, CAST(avg(posts_1.version) AS FLOAT(53)) AS avg_1 
FROM posts AS posts_1 
WHERE posts_1.status IS DISTINCT FROM $1;

SELECT numbered.by_0, numbered.by_1, numbered.measure_0, numbered.measure_1 
FROM (SELECT posts_1.status AS by_0, posts_1.author_id AS by_1, count(*) AS measure_0, max(posts_1.published_at) AS measure_1, row_number() OVER (ORDER BY count(*) DESC, posts_1.status ASC NULLS LAST, posts_1.author_id ASC NULLS LAST) AS number 
FROM posts AS posts_1 
WHERE posts_1.status IS DISTINCT FROM $1 GROUP BY posts_1.status, posts_1.author_id 
HAVING count(*) >= $2::BIGINT) AS numbered 
WHERE numbered.number <= $3::INTEGER ORDER BY numbered.number;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

-- sqlite
SELECT count(*) AS count_1, min(CASE WHEN posts_1.published_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN posts_1.published_at ELSE trellis_moment_key(posts_1.published_at) END) AS min_1, trellis_double((trellis_average(posts_1.version) COLLATE trellis_decimal)) AS avg_1 
FROM posts AS posts_1 
WHERE posts_1.status IS NOT ?;

SELECT numbered.by_0, numbered.by_1, numbered.measure_0, numbered.measure_1 
FROM (SELECT posts_1.status AS by_0, posts_1.author_id AS by_1, count(*) AS measure_0, max(CASE WHEN posts_1.published_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN posts_1.published_at ELSE trellis_moment_key(posts_1.published_at) END) AS measure_1, row_number() OVER (ORDER BY count(*) DESC, posts_1.status ASC NULLS LAST, posts_1.author_id ASC NULLS LAST) AS number 
FROM posts AS posts_1 
WHERE posts_1.status IS NOT ? GROUP BY posts_1.status, posts_1.author_id 
HAVING count(*) >= ?) AS numbered 
WHERE numbered.number <= ? ORDER BY numbered.number;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?, ?, ?);
