-- postgresql
SELECT users_1.id AS column_0, users_1.name AS column_1 
FROM users AS users_1 ORDER BY users_1.id ASC 
 LIMIT $1::INTEGER;

SELECT page.column_0, page.column_1, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT posts_1.id AS column_0, posts_1.title AS column_1, row_number() OVER (ORDER BY posts_1.published_at DESC NULLS LAST, posts_1.id DESC) AS number 
FROM posts AS posts_1 
WHERE posts_1.author_id = parent.key_0 ORDER BY posts_1.published_at DESC NULLS LAST, posts_1.id DESC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.number;

SELECT count(*) AS count_1, posts_1.author_id 
FROM posts AS posts_1 
WHERE posts_1.author_id = ANY ($1::BIGINT[]) GROUP BY posts_1.author_id;

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
SELECT users_1.id AS column_0, users_1.name AS column_1 
FROM users AS users_1 ORDER BY users_1.id ASC
 LIMIT ? OFFSET ?;

SELECT page.column_0, page.column_1, page.key_0 
FROM (SELECT posts_1.id AS column_0, posts_1.title AS column_1, row_number() OVER (PARTITION BY posts_1.author_id ORDER BY CASE WHEN posts_1.published_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN posts_1.published_at ELSE trellis_moment_key(posts_1.published_at) END DESC NULLS LAST, posts_1.id DESC) AS number, posts_1.author_id AS key_0 
FROM posts AS posts_1 
WHERE posts_1.author_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT count(*) AS count_1, posts_1.author_id 
FROM posts AS posts_1 
WHERE posts_1.author_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) GROUP BY posts_1.author_id;

SELECT page.column_0, page.key_0 
FROM (SELECT tags_1.slug AS column_0, row_number() OVER (PARTITION BY post_tags_1.post_id ORDER BY tags_1.id ASC) AS number, post_tags_1.post_id AS key_0 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;
