-- postgresql
SELECT posts_1.author_id AS column_0, posts_1.id AS column_1, posts_1.published_at AS column_2, posts_1.title AS column_3 
FROM posts AS posts_1 ORDER BY posts_1.published_at DESC NULLS LAST, posts_1.id DESC 
 LIMIT $1::INTEGER;

SELECT count(*) AS count_1 
FROM posts AS posts_1;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

WITH few AS 
(SELECT users_1.name AS column_0, post_contributors_1.position AS term_0, users_1.id AS term_1, post_contributors_1.post_id AS key_0 
FROM users AS users_1 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_1.id 
WHERE post_contributors_1.post_id = ANY ($1::BIGINT[]) 
 LIMIT cardinality($1::BIGINT[]) * $2::INTEGER + $3::INTEGER)
 SELECT found.column_0, found.key_0 
FROM (SELECT page.column_0 AS column_0, page.number AS number, page.key_0 AS key_0 
FROM (SELECT few.column_0 AS column_0, few.term_0 AS term_0, few.term_1 AS term_1, few.key_0 AS key_0, row_number() OVER (PARTITION BY few.key_0 ORDER BY few.term_0 ASC, few.term_1 ASC) AS number 
FROM few) AS page 
WHERE page.number <= $2::INTEGER AND (SELECT count(*) AS count_1 
FROM few) <= cardinality($1::BIGINT[]) * $2::INTEGER UNION ALL SELECT page.column_0 AS column_0, page.number AS number, parent.key_0 AS key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT users_1.name AS column_0, row_number() OVER (ORDER BY post_contributors_1.position ASC, users_1.id ASC) AS number 
FROM users AS users_1 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_1.id 
WHERE post_contributors_1.post_id = parent.key_0 ORDER BY post_contributors_1.position ASC, users_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true 
WHERE (SELECT count(*) AS count_1 
FROM few) > cardinality($1::BIGINT[]) * $2::INTEGER) AS found ORDER BY found.key_0, found.number;

WITH few AS 
(SELECT tags_1.slug AS column_0, tags_1.id AS term_0, post_tags_1.post_id AS key_0 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = ANY ($1::BIGINT[]) 
 LIMIT cardinality($1::BIGINT[]) * $2::INTEGER + $3::INTEGER)
 SELECT found.column_0, found.key_0 
FROM (SELECT page.column_0 AS column_0, page.number AS number, page.key_0 AS key_0 
FROM (SELECT few.column_0 AS column_0, few.term_0 AS term_0, few.key_0 AS key_0, row_number() OVER (PARTITION BY few.key_0 ORDER BY few.term_0 ASC) AS number 
FROM few) AS page 
WHERE page.number <= $2::INTEGER AND (SELECT count(*) AS count_1 
FROM few) <= cardinality($1::BIGINT[]) * $2::INTEGER UNION ALL SELECT page.column_0 AS column_0, page.number AS number, parent.key_0 AS key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT tags_1.slug AS column_0, row_number() OVER (ORDER BY tags_1.id ASC) AS number 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = parent.key_0 ORDER BY tags_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true 
WHERE (SELECT count(*) AS count_1 
FROM few) > cardinality($1::BIGINT[]) * $2::INTEGER) AS found ORDER BY found.key_0, found.number;

-- sqlite
SELECT posts_1.author_id AS column_0, posts_1.id AS column_1, posts_1.published_at AS column_2, posts_1.title AS column_3 
FROM posts AS posts_1 
WHERE posts_1.published_at >= coalesce((SELECT CASE WHEN (count(near.value) < ?) THEN NULL WHEN (count(near.value) = ?) THEN x'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' ELSE trellis_day_beside(min(near.value), ?) END AS anon_1 
FROM (SELECT posts_1.published_at AS value 
FROM posts AS posts_1 ORDER BY posts_1.published_at DESC NULLS LAST
 LIMIT ? OFFSET ?) AS near), -9e999) OR posts_1.published_at IS CASE WHEN ((SELECT CASE WHEN (count(near.value) < ?) THEN NULL WHEN (count(near.value) = ?) THEN x'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' ELSE trellis_day_beside(min(near.value), ?) END AS anon_1 
FROM (SELECT posts_1.published_at AS value 
FROM posts AS posts_1 ORDER BY posts_1.published_at DESC NULLS LAST
 LIMIT ? OFFSET ?) AS near) IS NULL) THEN NULL ELSE x'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff' END ORDER BY CASE WHEN posts_1.published_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN posts_1.published_at ELSE trellis_moment_key(posts_1.published_at) END DESC NULLS LAST, posts_1.id DESC
 LIMIT ? OFFSET ?;

SELECT count(*) AS count_1 
FROM posts AS posts_1;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?, ?, ?, ?);

SELECT page.column_0, page.key_0 
FROM (SELECT users_1.name AS column_0, row_number() OVER (PARTITION BY post_contributors_1.post_id ORDER BY post_contributors_1.position ASC, users_1.id ASC) AS number, post_contributors_1.post_id AS key_0 
FROM users AS users_1 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_1.id 
WHERE post_contributors_1.post_id IN (?, ?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT page.column_0, page.key_0 
FROM (SELECT tags_1.slug AS column_0, row_number() OVER (PARTITION BY post_tags_1.post_id ORDER BY tags_1.id ASC) AS number, post_tags_1.post_id AS key_0 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id IN (?, ?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;
