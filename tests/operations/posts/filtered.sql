-- postgresql
SELECT posts_1.id AS column_0, posts_1.title AS column_1 
FROM posts AS posts_1 
WHERE (EXISTS (SELECT 1 
FROM users AS users_1 
WHERE users_1.id = posts_1.author_id AND (lower(users_1.name) LIKE $1::VARCHAR || '%' ESCAPE '/'))) AND NOT (EXISTS (SELECT 1 
FROM users AS users_2 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_2.id 
WHERE post_contributors_1.post_id = posts_1.id AND users_2.is_active = false)) AND (EXISTS (SELECT 1 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = posts_1.id AND tags_1.slug IN ($4::VARCHAR, $5::VARCHAR))) AND (SELECT count(*) AS count_1 
FROM tags AS tags_2 JOIN post_tags AS post_tags_2 ON post_tags_2.tag_id = tags_2.id 
WHERE post_tags_2.post_id = posts_1.id) >= $2::BIGINT AND (posts_1.summary IS NULL) IS NOT true ORDER BY (SELECT count(*) AS count_2 
FROM tags AS tags_3 JOIN post_tags AS post_tags_3 ON post_tags_3.tag_id = tags_3.id 
WHERE post_tags_3.post_id = posts_1.id) DESC, (SELECT users_3.name 
FROM users AS users_3 
WHERE users_3.id = posts_1.author_id) ASC NULLS LAST, posts_1.title ASC, posts_1.id ASC 
 LIMIT $3::INTEGER;

SELECT count(*) AS count_1 
FROM posts AS posts_1 
WHERE (EXISTS (SELECT 1 
FROM users AS users_1 
WHERE users_1.id = posts_1.author_id AND (lower(users_1.name) LIKE $1::VARCHAR || '%' ESCAPE '/'))) AND NOT (EXISTS (SELECT 1 
FROM users AS users_2 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_2.id 
WHERE post_contributors_1.post_id = posts_1.id AND users_2.is_active = false)) AND (EXISTS (SELECT 1 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = posts_1.id AND tags_1.slug IN ($3::VARCHAR, $4::VARCHAR))) AND (SELECT count(*) AS count_2 
FROM tags AS tags_2 JOIN post_tags AS post_tags_2 ON post_tags_2.tag_id = tags_2.id 
WHERE post_tags_2.post_id = posts_1.id) >= $2::BIGINT AND (posts_1.summary IS NULL) IS NOT true;

SELECT count(*) AS count_1, post_tags_1.post_id 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = ANY ($1::BIGINT[]) GROUP BY post_tags_1.post_id;

-- sqlite
SELECT posts_1.id AS column_0, posts_1.title AS column_1 
FROM posts AS posts_1 
WHERE (EXISTS (SELECT 1 
FROM users AS users_1 
WHERE users_1.id = posts_1.author_id AND (trellis_fold_case(users_1.name) LIKE ? || '%' ESCAPE '/'))) AND NOT (EXISTS (SELECT 1 
FROM users AS users_2 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_2.id 
WHERE post_contributors_1.post_id = posts_1.id AND users_2.is_active = 0)) AND (EXISTS (SELECT 1 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = posts_1.id AND tags_1.slug IN (?, ?))) AND (SELECT count(*) AS count_1 
FROM tags AS tags_2 JOIN post_tags AS post_tags_2 ON post_tags_2.tag_id = tags_2.id 
WHERE post_tags_2.post_id = posts_1.id) >= ? AND (posts_1.summary IS NULL) IS NOT 1 ORDER BY (SELECT count(*) AS count_2 
FROM tags AS tags_3 JOIN post_tags AS post_tags_3 ON post_tags_3.tag_id = tags_3.id 
WHERE post_tags_3.post_id = posts_1.id) DESC, (SELECT users_3.name 
FROM users AS users_3 
WHERE users_3.id = posts_1.author_id) ASC NULLS LAST, posts_1.title ASC, posts_1.id ASC
 LIMIT ? OFFSET ?;

SELECT count(*) AS count_1 
FROM posts AS posts_1 
WHERE (EXISTS (SELECT 1 
FROM users AS users_1 
WHERE users_1.id = posts_1.author_id AND (trellis_fold_case(users_1.name) LIKE ? || '%' ESCAPE '/'))) AND NOT (EXISTS (SELECT 1 
FROM users AS users_2 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.user_id = users_2.id 
WHERE post_contributors_1.post_id = posts_1.id AND users_2.is_active = 0)) AND (EXISTS (SELECT 1 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id = posts_1.id AND tags_1.slug IN (?, ?))) AND (SELECT count(*) AS count_2 
FROM tags AS tags_2 JOIN post_tags AS post_tags_2 ON post_tags_2.tag_id = tags_2.id 
WHERE post_tags_2.post_id = posts_1.id) >= ? AND (posts_1.summary IS NULL) IS NOT 1;

SELECT count(*) AS count_1, post_tags_1.post_id 
FROM tags AS tags_1 JOIN post_tags AS post_tags_1 ON post_tags_1.tag_id = tags_1.id 
WHERE post_tags_1.post_id IN (?, ?, ?) GROUP BY post_tags_1.post_id;
