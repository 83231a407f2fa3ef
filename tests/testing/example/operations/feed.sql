-- postgresql
SELECT posts_1.author_id AS column_0, posts_1.id AS column_1, posts_1.title AS column_2 
FROM posts AS posts_1 
WHERE posts_1.status = $1 ORDER BY posts_1.title ASC, posts_1.id ASC 
 LIMIT $2::INTEGER;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

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
SELECT posts_1.author_id AS column_0, posts_1.id AS column_1, posts_1.title AS column_2 
FROM posts AS posts_1 
WHERE posts_1.status = ? ORDER BY posts_1.title ASC, posts_1.id ASC
 LIMIT ? OFFSET ?;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?);

SELECT page.column_0, page.key_0 
FROM (SELECT tags_1.slug AS column_0, row_number() OVER (PARTITION BY post_tags_1.post_id ORDER BY tags_1.id ASC) AS number, post_tags_1.post_id AS key_0 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id IN (?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;
