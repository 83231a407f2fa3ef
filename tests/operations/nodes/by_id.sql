-- postgresql
SELECT users_1.id, users_1.name, users_1.id AS id__1 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

SELECT posts_1.author_id, posts_1.id, posts_1.title, posts_1.id AS id__1 
FROM posts AS posts_1 
WHERE posts_1.id = ANY ($1::BIGINT[]);

SELECT tags_1.id, tags_1.id AS id__1 
FROM tags AS tags_1 
WHERE tags_1.id = ANY ($1::BIGINT[]);

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

-- sqlite
SELECT users_1.id, users_1.name, users_1.id AS id__1 
FROM users AS users_1 
WHERE users_1.id IN (?, ?);

SELECT posts_1.author_id, posts_1.id, posts_1.title, posts_1.id AS id__1 
FROM posts AS posts_1 
WHERE posts_1.id IN (?);

SELECT tags_1.id, tags_1.id AS id__1 
FROM tags AS tags_1 
WHERE tags_1.id IN (?);

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?);
