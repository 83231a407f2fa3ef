-- postgresql
SELECT roles_1.id AS column_0, roles_1.name AS column_1 
FROM roles AS roles_1 ORDER BY roles_1.name ASC, roles_1.id ASC 
 LIMIT $1::INTEGER;

SELECT page.column_0, page.term_0, page.term_1, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT users_1.name AS column_0, users_1.name AS term_0, users_1.id AS term_1 
FROM users AS users_1 JOIN user_roles AS user_roles_1 ON user_roles_1.user_id = users_1.id 
WHERE user_roles_1.role_id = parent.key_0 ORDER BY users_1.name ASC, users_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.term_0 ASC, page.term_1 ASC;

SELECT count(*) AS count_1, user_roles_1.role_id 
FROM users AS users_1 JOIN user_roles AS user_roles_1 ON user_roles_1.user_id = users_1.id 
WHERE user_roles_1.role_id = ANY ($1::BIGINT[]) GROUP BY user_roles_1.role_id;

-- sqlite
SELECT roles_1.id AS column_0, roles_1.name AS column_1 
FROM roles AS roles_1 ORDER BY roles_1.name ASC, roles_1.id ASC
 LIMIT ? OFFSET ?;

SELECT page.column_0, page.key_0 
FROM (SELECT users_1.name AS column_0, row_number() OVER (PARTITION BY user_roles_1.role_id ORDER BY users_1.name ASC, users_1.id ASC) AS number, user_roles_1.role_id AS key_0 
FROM users AS users_1 JOIN user_roles AS user_roles_1 ON user_roles_1.user_id = users_1.id 
WHERE user_roles_1.role_id IN (?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT count(*) AS count_1, user_roles_1.role_id 
FROM users AS users_1 JOIN user_roles AS user_roles_1 ON user_roles_1.user_id = users_1.id 
WHERE user_roles_1.role_id IN (?, ?, ?, ?) GROUP BY user_roles_1.role_id;
