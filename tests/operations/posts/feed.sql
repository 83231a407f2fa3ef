-- postgresql
SELECT posts_1.author_id AS column_0, posts_1.id AS column_1, posts_1.published_at AS column_2, posts_1.title AS column_3 
FROM posts AS posts_1 ORDER BY posts_1.published_at DESC NULLS LAST, posts_1.id DESC 
 LIMIT $1::INTEGER;

SELECT count(*) AS count_1 
FROM posts AS posts_1;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

SELECT page.column_0, page.term_0, page.term_1, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT users_1.name AS column_0, post_contributors_1.position AS term_0, users_1.id AS term_1 
FROM users AS users_1 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_1.id 
WHERE post_contributors_1.post_id = parent.key_0 ORDER BY post_contributors_1.position ASC, users_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.term_0 ASC, page.term_1 ASC;

SELECT page.column_0, page.term_0, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT tags_1.slug AS column_0, tags_1.id AS term_0 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = parent.key_0 ORDER BY tags_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.term_0 ASC;

-- sqlite
SELECT posts_1.author_id AS column_0, posts_1.id AS column_1, posts_1.published_at AS column_2, posts_1.title AS column_3 
FROM posts AS posts_1 ORDER BY posts_1.published_at DESC NULLS LAST, posts_1.id DESC
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
