-- postgresql
SELECT few.column_0, few.column_1, count(*) OVER () AS total 
FROM (SELECT posts_1.id AS column_0, posts_1.title AS column_1, (SELECT count(*) AS count_1 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = posts_1.id) AS term_0, (SELECT users_1.name 
FROM users AS users_1 
WHERE users_1.id = posts_1.author_id) AS term_1, posts_1.title AS term_2, posts_1.id AS term_3 
FROM posts AS posts_1 
WHERE (EXISTS (SELECT 1 
FROM users AS users_2 
WHERE users_2.id = posts_1.author_id AND ((lower(CAST(users_2.name AS TEXT) COLLATE "default") LIKE lower(CAST($1::VARCHAR AS TEXT) COLLATE "default") || '%' ESCAPE '/')))) AND NOT (EXISTS (SELECT 1 
FROM users AS users_3 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_3.id 
WHERE post_contributors_1.post_id = posts_1.id AND (users_3.is_active = $2::BOOLEAN))) AND (EXISTS (SELECT 1 
FROM tags AS tags_2 JOIN post_tags AS post_tags_2 ON post_tags_2.tag_id = tags_2.id 
WHERE post_tags_2.post_id = posts_1.id AND (tags_2.slug IN ($5::VARCHAR, $6::VARCHAR)))) AND (SELECT count(*) >= $3::BIGINT AS anon_1 
FROM tags AS tags_3 JOIN post_tags AS post_tags_3 ON post_tags_3.tag_id = tags_3.id 
WHERE post_tags_3.post_id = posts_1.id) AND (posts_1.summary IS NULL) IS NOT true 
 LIMIT 501) AS few ORDER BY few.term_0 DESC, few.term_1 ASC NULLS LAST, few.term_2 ASC, few.term_3 ASC 
 LIMIT $4::INTEGER;

SELECT count(*) AS count_1, post_tags_1.post_id 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = ANY ($1::BIGINT[]) GROUP BY post_tags_1.post_id;

-- sqlite
SELECT few.column_0, few.column_1, count(*) OVER () AS total 
FROM (SELECT posts_1.id AS column_0, posts_1.title AS column_1, (SELECT count(*) AS count_1 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = posts_1.id) AS term_0, (SELECT users_1.name 
FROM users AS users_1 
WHERE users_1.id = posts_1.author_id) AS term_1, posts_1.title AS term_2, posts_1.id AS term_3 
FROM posts AS posts_1 
WHERE (EXISTS (SELECT 1 
FROM users AS users_2 
WHERE users_2.id = posts_1.author_id AND likely((trellis_fold_case(users_2.name) LIKE trellis_fold_case(?) || '%' ESCAPE '/')) = 1)) AND NOT (EXISTS (SELECT 1 
FROM users AS users_3 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_3.id 
WHERE post_contributors_1.post_id = posts_1.id AND likely(users_3.is_active = ?) = 1)) AND (EXISTS (SELECT 1 
FROM tags AS tags_2 JOIN post_tags AS post_tags_2 ON post_tags_2.tag_id = tags_2.id 
WHERE post_tags_2.post_id = posts_1.id AND likely(tags_2.slug IN (?, ?)) = 1)) AND (SELECT count(*) >= ? AS anon_1 
FROM tags AS tags_3 JOIN post_tags AS post_tags_3 ON post_tags_3.tag_id = tags_3.id 
WHERE post_tags_3.post_id = posts_1.id) AND (posts_1.summary IS NULL) IS NOT 1
 LIMIT 501 OFFSET ?) AS few ORDER BY few.term_0 DESC, few.term_1 ASC NULLS LAST, few.term_2 ASC, few.term_3 ASC
 LIMIT ? OFFSET ?;

SELECT count(*) AS count_1, post_tags_1.post_id 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id IN (?, ?, ?) GROUP BY post_tags_1.post_id;
