-- postgresql
SELECT users_1.id AS column_0, users_1.name AS column_1 
FROM users AS users_1 
WHERE users_1.email = $1::VARCHAR 
 LIMIT $2::INTEGER;

SELECT page.column_0, page.term_0, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT roles_1.name AS column_0, roles_1.id AS term_0 
FROM roles AS roles_1 JOIN user_roles AS user_roles_1 ON user_roles_1.role_id = roles_1.id 
WHERE user_roles_1.user_id = parent.key_0 ORDER BY roles_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.term_0 ASC;

-- sqlite
SELECT users_1.id AS column_0, users_1.name AS column_1 
FROM users AS users_1 
WHERE users_1.email = ?
 LIMIT ? OFFSET ?;

SELECT page.column_0, page.key_0 
FROM (SELECT roles_1.name AS column_0, row_number() OVER (PARTITION BY user_roles_1.user_id ORDER BY roles_1.id ASC) AS number, user_roles_1.user_id AS key_0 
FROM roles AS roles_1 JOIN user_roles AS user_roles_1 ON user_roles_1.role_id = roles_1.id 
WHERE user_roles_1.user_id IN (?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;
