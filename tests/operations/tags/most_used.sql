-- postgresql
SELECT tags_1.id AS column_0, tags_1.slug AS column_1 
FROM tags AS tags_1 ORDER BY (SELECT count(*) AS count_1 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id = tags_1.id) DESC, tags_1.slug ASC, tags_1.id ASC 
 LIMIT $1::INTEGER;

SELECT page.column_0, page.term_0, page.term_1, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT posts_1.slug AS column_0, posts_1.created_at AS term_0, posts_1.id AS term_1 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id = parent.key_0 ORDER BY posts_1.created_at ASC, posts_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.term_0 ASC, page.term_1 ASC;

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
FROM (SELECT posts_1.slug AS column_0, row_number() OVER (PARTITION BY post_tags_1.tag_id ORDER BY posts_1.created_at ASC, posts_1.id ASC) AS number, post_tags_1.tag_id AS key_0 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT count(*) AS count_1, post_tags_1.tag_id 
FROM posts AS posts_1 JOIN post_tags AS post_tags_1 ON post_tags_1.post_id = posts_1.id 
WHERE post_tags_1.tag_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) GROUP BY post_tags_1.tag_id;
