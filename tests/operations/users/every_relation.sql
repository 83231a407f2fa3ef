-- postgresql
SELECT users_1.id AS column_0, users_1.name AS column_1 
FROM users AS users_1 ORDER BY users_1.id ASC 
 LIMIT $1::INTEGER;

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

SELECT page.column_0, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT posts_1.title AS column_0, row_number() OVER (ORDER BY posts_1.id ASC) AS number 
FROM posts AS posts_1 
WHERE posts_1.author_id = parent.key_0 ORDER BY posts_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.number;

WITH few AS 
(SELECT posts_1.author_id AS column_0, posts_1.title AS column_1, posts_1.id AS term_0, post_contributors_1.user_id AS key_0 
FROM posts AS posts_1 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.post_id = posts_1.id 
WHERE post_contributors_1.user_id = ANY ($1::BIGINT[]) 
 LIMIT cardinality($1::BIGINT[]) * $2::INTEGER + $3::INTEGER)
 SELECT found.column_0, found.column_1, found.key_0 
FROM (SELECT page.column_0 AS column_0, page.column_1 AS column_1, page.number AS number, page.key_0 AS key_0 
FROM (SELECT few.column_0 AS column_0, few.column_1 AS column_1, few.term_0 AS term_0, few.key_0 AS key_0, row_number() OVER (PARTITION BY few.key_0 ORDER BY few.term_0 ASC) AS number 
FROM few) AS page 
WHERE page.number <= $2::INTEGER AND (SELECT count(*) AS count_1 
FROM few) <= cardinality($1::BIGINT[]) * $2::INTEGER UNION ALL SELECT page.column_0 AS column_0, page.column_1 AS column_1, page.number AS number, parent.key_0 AS key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT posts_1.author_id AS column_0, posts_1.title AS column_1, row_number() OVER (ORDER BY posts_1.id ASC) AS number 
FROM posts AS posts_1 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.post_id = posts_1.id 
WHERE post_contributors_1.user_id = parent.key_0 ORDER BY posts_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true 
WHERE (SELECT count(*) AS count_1 
FROM few) > cardinality($1::BIGINT[]) * $2::INTEGER) AS found ORDER BY found.key_0, found.number;

SELECT page.column_0, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT documents_1.title AS column_0, row_number() OVER (ORDER BY documents_1.id ASC) AS number 
FROM documents AS documents_1 
WHERE documents_1.owner_id = parent.key_0 ORDER BY documents_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.number;

SELECT page.column_0, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT orders_1.status AS column_0, row_number() OVER (ORDER BY orders_1.id ASC) AS number 
FROM orders AS orders_1 
WHERE orders_1.customer_id = parent.key_0 ORDER BY orders_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.number;

SELECT page.column_0, page.column_1, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT accounts_1.balance AS column_0, accounts_1.currency AS column_1, row_number() OVER (ORDER BY accounts_1.id ASC) AS number 
FROM accounts AS accounts_1 
WHERE accounts_1.owner_id = parent.key_0 ORDER BY accounts_1.id ASC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.number;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

-- sqlite
SELECT users_1.id AS column_0, users_1.name AS column_1 
FROM users AS users_1 ORDER BY users_1.id ASC
 LIMIT ? OFFSET ?;

SELECT page.column_0, page.key_0 
FROM (SELECT roles_1.name AS column_0, row_number() OVER (PARTITION BY user_roles_1.user_id ORDER BY roles_1.id ASC) AS number, user_roles_1.user_id AS key_0 
FROM roles AS roles_1 JOIN user_roles AS user_roles_1 ON user_roles_1.role_id = roles_1.id 
WHERE user_roles_1.user_id IN (?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT page.column_0, page.key_0 
FROM (SELECT posts_1.title AS column_0, row_number() OVER (PARTITION BY posts_1.author_id ORDER BY posts_1.id ASC) AS number, posts_1.author_id AS key_0 
FROM posts AS posts_1 
WHERE posts_1.author_id IN (?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT page.column_0, page.column_1, page.key_0 
FROM (SELECT posts_1.author_id AS column_0, posts_1.title AS column_1, row_number() OVER (PARTITION BY post_contributors_1.user_id ORDER BY posts_1.id ASC) AS number, post_contributors_1.user_id AS key_0 
FROM posts AS posts_1 JOIN post_contributors AS post_contributors_1 ON post_contributors_1.post_id = posts_1.id 
WHERE post_contributors_1.user_id IN (?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT page.column_0, page.key_0 
FROM (SELECT documents_1.title AS column_0, row_number() OVER (PARTITION BY documents_1.owner_id ORDER BY documents_1.id ASC) AS number, documents_1.owner_id AS key_0 
FROM documents AS documents_1 
WHERE documents_1.owner_id IN (?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT page.column_0, page.key_0 
FROM (SELECT orders_1.status AS column_0, row_number() OVER (PARTITION BY orders_1.customer_id ORDER BY orders_1.id ASC) AS number, orders_1.customer_id AS key_0 
FROM orders AS orders_1 
WHERE orders_1.customer_id IN (?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT page.column_0, page.column_1, page.key_0 
FROM (SELECT accounts_1.balance AS column_0, accounts_1.currency AS column_1, row_number() OVER (PARTITION BY accounts_1.owner_id ORDER BY accounts_1.id ASC) AS number, accounts_1.owner_id AS key_0 
FROM accounts AS accounts_1 
WHERE accounts_1.owner_id IN (?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?);
