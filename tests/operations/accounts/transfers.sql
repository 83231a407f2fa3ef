-- postgresql
SELECT accounts_1.balance AS column_0, accounts_1.currency AS column_1, accounts_1.id AS column_2, accounts_1.owner_id AS column_3 
FROM accounts AS accounts_1 ORDER BY CAST(accounts_1.balance AS NUMERIC) * CASE WHEN (accounts_1.currency IN ($6::VARCHAR, $7::VARCHAR, $8::VARCHAR, $9::VARCHAR, $10::VARCHAR, $11::VARCHAR, $12::VARCHAR, $13::VARCHAR, $14::VARCHAR, $15::VARCHAR, $16::VARCHAR, $17::VARCHAR, $18::VARCHAR, $19::VARCHAR, $20::VARCHAR, $21::VARCHAR, $22::VARCHAR)) THEN $1::NUMERIC WHEN (accounts_1.currency IN ($23::VARCHAR, $24::VARCHAR, $25::VARCHAR, $26::VARCHAR, $27::VARCHAR, $28::VARCHAR, $29::VARCHAR)) THEN $2::NUMERIC WHEN (accounts_1.currency IN ($30::VARCHAR, $31::VARCHAR)) THEN $3::NUMERIC ELSE $4::NUMERIC END DESC, accounts_1.id DESC 
 LIMIT $5::INTEGER;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

SELECT count(*) AS count_1, sum(CAST(transfers_1.amount AS NUMERIC) * CASE WHEN (transfers_1.currency IN ($6::VARCHAR, $7::VARCHAR, $8::VARCHAR, $9::VARCHAR, $10::VARCHAR, $11::VARCHAR, $12::VARCHAR, $13::VARCHAR, $14::VARCHAR, $15::VARCHAR, $16::VARCHAR, $17::VARCHAR, $18::VARCHAR, $19::VARCHAR, $20::VARCHAR, $21::VARCHAR, $22::VARCHAR)) THEN $1::NUMERIC WHEN (transfers_1.currency IN ($23::VARCHAR, $24::VARCHAR, $25::VARCHAR, $26::VARCHAR, $27::VARCHAR, $28::VARCHAR, $29::VARCHAR)) THEN $2::NUMERIC WHEN (transfers_1.currency IN ($30::VARCHAR, $31::VARCHAR)) THEN $3::NUMERIC ELSE $4::NUMERIC END) AS sum_1, transfers_1.from_account_id 
FROM transfers AS transfers_1 
WHERE transfers_1.from_account_id = ANY ($5::BIGINT[]) GROUP BY transfers_1.from_account_id;

SELECT page.column_0, page.column_1, page.column_2, parent.key_0 
FROM unnest($1::BIGINT[]) WITH ORDINALITY AS parent(key_0, position) JOIN LATERAL (SELECT transfers_1.amount AS column_0, transfers_1.currency AS column_1, transfers_1.to_account_id AS column_2, row_number() OVER (ORDER BY transfers_1.created_at DESC, transfers_1.id DESC) AS number 
FROM transfers AS transfers_1 
WHERE transfers_1.from_account_id = parent.key_0 ORDER BY transfers_1.created_at DESC, transfers_1.id DESC 
 LIMIT $2::INTEGER) AS page ON true ORDER BY parent.position, page.number;

SELECT count(*) AS count_1, transfers_1.to_account_id 
FROM transfers AS transfers_1 
WHERE transfers_1.to_account_id = ANY ($1::BIGINT[]) GROUP BY transfers_1.to_account_id;

SELECT accounts_1.owner_id, accounts_1.id 
FROM accounts AS accounts_1 
WHERE accounts_1.id = ANY ($1::BIGINT[]);

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

-- sqlite
SELECT accounts_1.balance AS column_0, accounts_1.currency AS column_1, accounts_1.id AS column_2, accounts_1.owner_id AS column_3 
FROM accounts AS accounts_1 ORDER BY (trellis_times((trellis_exactly(accounts_1.balance) COLLATE trellis_decimal), (trellis_exactly(CASE WHEN (accounts_1.currency IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (accounts_1.currency IN (?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (accounts_1.currency IN (?, ?)) THEN ? ELSE ? END) COLLATE trellis_decimal)) COLLATE trellis_decimal) DESC, accounts_1.id DESC
 LIMIT ? OFFSET ?;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?);

SELECT count(*) AS count_1, (trellis_sum((trellis_times((trellis_exactly(transfers_1.amount) COLLATE trellis_decimal), (trellis_exactly(CASE WHEN (transfers_1.currency IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (transfers_1.currency IN (?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (transfers_1.currency IN (?, ?)) THEN ? ELSE ? END) COLLATE trellis_decimal)) COLLATE trellis_decimal)) COLLATE trellis_decimal) AS sum_1, transfers_1.from_account_id 
FROM transfers AS transfers_1 
WHERE transfers_1.from_account_id IN (?, ?, ?, ?) GROUP BY transfers_1.from_account_id;

SELECT page.column_0, page.column_1, page.column_2, page.key_0 
FROM (SELECT transfers_1.amount AS column_0, transfers_1.currency AS column_1, transfers_1.to_account_id AS column_2, row_number() OVER (PARTITION BY transfers_1.from_account_id ORDER BY CASE WHEN transfers_1.created_at GLOB '????-??-?? ??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]' THEN transfers_1.created_at ELSE trellis_moment_key(transfers_1.created_at) END DESC, transfers_1.id DESC) AS number, transfers_1.from_account_id AS key_0 
FROM transfers AS transfers_1 
WHERE transfers_1.from_account_id IN (?, ?, ?, ?)) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.number;

SELECT count(*) AS count_1, transfers_1.to_account_id 
FROM transfers AS transfers_1 
WHERE transfers_1.to_account_id IN (?, ?, ?, ?) GROUP BY transfers_1.to_account_id;

SELECT accounts_1.owner_id, accounts_1.id 
FROM accounts AS accounts_1 
WHERE accounts_1.id IN (?, ?, ?, ?);

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?, ?, ?);
