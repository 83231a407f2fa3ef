-- postgresql
SELECT roles_1.id AS column_0, roles_1.name AS column_1 
FROM roles AS roles_1 ORDER BY roles_1.name ASC, roles_1.id ASC 
 LIMIT $1::INTEGER;

WITH few AS 
(SELECT users_1.name AS column_0, users_1.name AS term_0, users_1.id AS term_1, user_roles_1.role_id AS key_0 
FROM users AS users_1 JOIN user_roles AS user_roles_1 ON user_roles_1.user_id = users_1.id 
WHERE user_roles_1.role_id = ANY ($1::BIGINT[]) 
 LIMIT cardinality($1::BIGINT[]) * $2::INTEGER + $3::INTEGER)
 SELECT found.column_0, found.key_0 
FROM (SELECT page.column_0 AS column_0, page.number AS number, page.key_0 AS key_0 
FROM (SELECT few.column_0 AS column_0, few.term_0 AS term_0, few.term_1 AS term_1, few.key_0 AS key_0, row_number() OVER (PARTITION BY few.key_0 ORDER BY few.term_0 ASC, few.term_1 ASC) AS number 
FROM few) AS page 
WHERE page.number <= $2::INTEGER AND (SELECT count(*) AS count_1 
FROM few) <= cardinality($1::BIGINT[]) * $2::INTEGER UNION ALL SELECT page.column_0 AS column_0, page.number AS number, parent.key_0 AS key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT users_1.name AS column_0, row_number() OVER (ORDER BY users_1.name ASC, users_1.id ASC) AS number 
FROM users AS users_1 JOIN user_roles AS user_roles_1 ON user_roles_1.user_id = users_1.id 
WHERE user_roles_1.role_id = parent.key_0 ORDER BY users_1.name ASC, users_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true 
WHERE (SELECT count(*) AS count_1 
FROM few) > cardinality($1::BIGINT[]) * $2::INTEGER) AS found ORDER BY found.key_0, found.number;

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
