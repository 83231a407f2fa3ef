-- postgresql
SELECT posts_1.title AS column_0 
FROM posts AS posts_1 
WHERE posts_1.slug = $1::VARCHAR 
 LIMIT $2::INTEGER;

-- sqlite
SELECT posts_1.title AS column_0 
FROM posts AS posts_1 
WHERE posts_1.slug = ?
 LIMIT ? OFFSET ?;
