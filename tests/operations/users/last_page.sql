-- postgresql
SELECT users_1.name AS column_0, users_1.name AS term_0, users_1.id AS term_1 
FROM users AS users_1 ORDER BY users_1.name DESC, users_1.id DESC 
 LIMIT $1::INTEGER;

-- sqlite
SELECT users_1.name AS column_0, users_1.name AS term_0, users_1.id AS term_1 
FROM users AS users_1 ORDER BY users_1.name DESC, users_1.id DESC
 LIMIT ? OFFSET ?;
