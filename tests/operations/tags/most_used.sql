-- postgresql
SELECT tags_1.id AS column_0, tags_1.slug AS column_1 
FROM tags AS tags_1 ORDER BY (SELECT count(*) AS count_1 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id = tags_1.id) DESC, tags_1.slug ASC, tags_1.id ASC 
 LIMIT $1::INTEGER;

WITH few AS 
(SELECT posts_1.slug AS column_0, posts_1.created_at AS term_0, posts_1.id AS term_1, post_tags_1.tag_id AS key_0 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id = ANY ($1::BIGINT[]) 
 LIMIT cardinality($1::BIGINT[]) * $2::INTEGER + $3::INTEGER)
 SELECT found.column_0, found.key_0 
FROM (SELECT page.column_0 AS column_0, page.number AS number, page.key_0 AS key_0 
FROM (SELECT few.column_0 AS column_0, few.term_0 AS term_0, few.term_1 AS term_1, few.key_0 AS key_0, row_number() OVER (PARTITION BY few.key_0 ORDER BY few.term_0 ASC, few.term_1 ASC) AS number 
FROM few) AS page 
WHERE page.number <= $2::INTEGER AND (SELECT count(*) AS count_1 
FROM few) <= cardinality($1::BIGINT[]) * $2::INTEGER UNION ALL SELECT page.column_0 AS column_0, page.number AS number, parent.key_0 AS key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT posts_1.slug AS column_0, row_number() OVER (ORDER BY posts_1.created_at ASC, posts_1.id ASC) AS number 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id = parent.key_0 ORDER BY posts_1.created_at ASC, posts_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true 
WHERE (SELECT count(*) AS count_1 
FROM few) > cardinality($1::BIGINT[]) * $2::INTEGER) AS found ORDER BY found.key_0, found.number;

SELECT count(*) AS count_1, post_tags_1.tag_id 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id = ANY ($1::BIGINT[]) GROUP BY post_tags_1.tag_id;

-- sqlite
SELECT tags_1.id AS column_0, tags_1.slug AS column_1 
FROM tags AS tags_1 ORDER BY (SELECT count(*) AS count_1 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id = tags_1.id) DESC, tags_1.slug ASC, tags_1.id ASC
 LIMIT ? OFFSET ?;

SELECT page.column_0, page.key_0 
FROM (SELECT posts_1.slug AS column_0, row_number() OVER (PARTITION BY post_tags_1.tag_id ORDER BY CASE WHEN posts_1.created_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN posts_1.created_at ELSE trellis_moment_key(posts_1.created_at) END ASC, posts_1.id ASC) AS number, post_tags_1.tag_id AS key_0 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT count(*) AS count_1, post_tags_1.tag_id 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) GROUP BY post_tags_1.tag_id;
