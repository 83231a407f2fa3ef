-- postgresql
SELECT posts_1.status AS column_0, posts_1.title AS column_1 
FROM posts AS posts_1 
WHERE posts_1.status = $1 ORDER BY posts_1.id ASC 
 LIMIT $2::INTEGER;

-- sqlite
SELECT posts_1.status AS column_0, posts_1.title AS column_1 
FROM posts AS posts_1 
WHERE posts_1.status = ? ORDER BY posts_1.id ASC
 LIMIT ? OFFSET ?;
