-- postgresql
SELECT users_1.id AS column_0, users_1.name AS column_1 
FROM users AS users_1 
WHERE users_1.email = $1::VARCHAR 
 LIMIT $2::INTEGER;

WITH few AS 
(SELECT roles_1.name AS column_0, roles_1.id AS term_0, user_roles_1.user_id AS key_0 
FROM roles AS roles_1 JOIN user_roles AS user_roles_1 ON user_roles_1.role_id = roles_1.id 
WHERE user_roles_1.user_id = ANY ($1::BIGINT[]) 
 LIMIT cardinality($1::BIGINT[]) * $2::INTEGER + $3::INTEGER)
 SELECT found.column_0, found.key_0 
FROM (SELECT page.column_0 AS column_0, page.number AS number, page.key_0 AS key_0 
FROM (SELECT few.column_0 AS column_0, few.term_0 AS term_0, few.key_0 AS key_0, row_number() OVER (PARTITION BY few.key_0 ORDER BY few.term_0 ASC) AS number 
FROM few) AS page 
WHERE page.number <= $2::INTEGER AND (SELECT count(*) AS count_1 
FROM few) <= cardinality($1::BIGINT[]) * $2::INTEGER UNION ALL SELECT page.column_0 AS column_0, page.number AS number, parent.key_0 AS key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT roles_1.name AS column_0, row_number() OVER (ORDER BY roles_1.id ASC) AS number 
FROM roles AS roles_1 JOIN user_roles AS user_roles_1 ON user_roles_1.role_id = roles_1.id 
WHERE user_roles_1.user_id = parent.key_0 ORDER BY roles_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true 
WHERE (SELECT count(*) AS count_1 
FROM few) > cardinality($1::BIGINT[]) * $2::INTEGER) AS found ORDER BY found.key_0, found.number;

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
