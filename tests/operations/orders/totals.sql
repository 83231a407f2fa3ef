-- postgresql
SELECT orders_1.currency AS column_0, orders_1.customer_id AS column_1, orders_1.id AS column_2, (SELECT coalesce(sum(CAST(order_lines.unit_price AS NUMERIC) * order_lines.quantity), $1::INTEGER) AS coalesce_1 
FROM order_lines 
WHERE order_lines.order_id = orders_1.id) AS column_3 
FROM orders AS orders_1 
WHERE orders_1.currency IN ($8::VARCHAR, $9::VARCHAR) AND CAST((SELECT coalesce(sum(CAST(order_lines.unit_price AS NUMERIC) * order_lines.quantity), $1::INTEGER) AS coalesce_1 
FROM order_lines 
WHERE order_lines.order_id = orders_1.id) AS NUMERIC) * CASE WHEN (orders_1.currency IN ($10::VARCHAR, $11::VARCHAR, $12::VARCHAR, $13::VARCHAR, $14::VARCHAR, $15::VARCHAR, $16::VARCHAR, $17::VARCHAR, $18::VARCHAR, $19::VARCHAR, $20::VARCHAR, $21::VARCHAR, $22::VARCHAR, $23::VARCHAR, $24::VARCHAR, $25::VARCHAR, $26::VARCHAR)) THEN $2::NUMERIC WHEN (orders_1.currency IN ($27::VARCHAR, $28::VARCHAR, $29::VARCHAR, $30::VARCHAR, $31::VARCHAR, $32::VARCHAR, $33::VARCHAR)) THEN $3::NUMERIC WHEN (orders_1.currency IN ($34::VARCHAR, $35::VARCHAR)) THEN $4::NUMERIC ELSE $5::NUMERIC END > $6::NUMERIC ORDER BY CAST((SELECT coalesce(sum(CAST(order_lines.unit_price AS NUMERIC) * order_lines.quantity), $1::INTEGER) AS coalesce_1 
FROM order_lines 
WHERE order_lines.order_id = orders_1.id) AS NUMERIC) * CASE WHEN (orders_1.currency IN ($10::VARCHAR, $11::VARCHAR, $12::VARCHAR, $13::VARCHAR, $14::VARCHAR, $15::VARCHAR, $16::VARCHAR, $17::VARCHAR, $18::VARCHAR, $19::VARCHAR, $20::VARCHAR, $21::VARCHAR, $22::VARCHAR, $23::VARCHAR, $24::VARCHAR, $25::VARCHAR, $26::VARCHAR)) THEN $2::NUMERIC WHEN (orders_1.currency IN ($27::VARCHAR, $28::VARCHAR, $29::VARCHAR, $30::VARCHAR, $31::VARCHAR, $32::VARCHAR, $33::VARCHAR)) THEN $3::NUMERIC WHEN (orders_1.currency IN ($34::VARCHAR, $35::VARCHAR)) THEN $4::NUMERIC ELSE $5::NUMERIC END DESC, orders_1.id DESC 
 LIMIT $7::INTEGER;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

SELECT page.column_0, page.column_1, page.column_2, page.column_3, parent.key_0, parent.key_1 
FROM unnest($1::UUID[], $2::VARCHAR[]) WITH ORDINALITY AS parent(key_0, key_1, position) JOIN LATERAL (SELECT order_lines_1.currency AS column_0, order_lines_1.description AS column_1, order_lines_1.quantity AS column_2, order_lines_1.unit_price AS column_3, row_number() OVER (ORDER BY CAST(CAST(order_lines_1.unit_price AS NUMERIC) * order_lines_1.quantity AS NUMERIC) * CASE WHEN (order_lines_1.currency IN ($8::VARCHAR, $9::VARCHAR, $10::VARCHAR, $11::VARCHAR, $12::VARCHAR, $13::VARCHAR, $14::VARCHAR, $15::VARCHAR, $16::VARCHAR, $17::VARCHAR, $18::VARCHAR, $19::VARCHAR, $20::VARCHAR, $21::VARCHAR, $22::VARCHAR, $23::VARCHAR, $24::VARCHAR)) THEN $3::NUMERIC WHEN (order_lines_1.currency IN ($25::VARCHAR, $26::VARCHAR, $27::VARCHAR, $28::VARCHAR, $29::VARCHAR, $30::VARCHAR, $31::VARCHAR)) THEN $4::NUMERIC WHEN (order_lines_1.currency IN ($32::VARCHAR, $33::VARCHAR)) THEN $5::NUMERIC ELSE $6::NUMERIC END DESC, order_lines_1.id DESC) AS number 
FROM order_lines AS order_lines_1 
WHERE order_lines_1.order_id = parent.key_0 AND order_lines_1.currency = parent.key_1 ORDER BY CAST(CAST(order_lines_1.unit_price AS NUMERIC) * order_lines_1.quantity AS NUMERIC) * CASE WHEN (order_lines_1.currency IN ($8::VARCHAR, $9::VARCHAR, $10::VARCHAR, $11::VARCHAR, $12::VARCHAR, $13::VARCHAR, $14::VARCHAR, $15::VARCHAR, $16::VARCHAR, $17::VARCHAR, $18::VARCHAR, $19::VARCHAR, $20::VARCHAR, $21::VARCHAR, $22::VARCHAR, $23::VARCHAR, $24::VARCHAR)) THEN $3::NUMERIC WHEN (order_lines_1.currency IN ($25::VARCHAR, $26::VARCHAR, $27::VARCHAR, $28::VARCHAR, $29::VARCHAR, $30::VARCHAR, $31::VARCHAR)) THEN $4::NUMERIC WHEN (order_lines_1.currency IN ($32::VARCHAR, $33::VARCHAR)) THEN $5::NUMERIC ELSE $6::NUMERIC END DESC, order_lines_1.id DESC 
 LIMIT $7::INTEGER) AS page ON true ORDER BY parent.position, page.number;

-- sqlite
SELECT orders_1.currency AS column_0, orders_1.customer_id AS column_1, orders_1.id AS column_2, (trellis_exactly((SELECT (trellis_exactly(coalesce((trellis_sum((trellis_times((trellis_exactly(order_lines.unit_price) COLLATE trellis_decimal), order_lines.quantity) COLLATE trellis_decimal)) COLLATE trellis_decimal), ?)) COLLATE trellis_decimal) AS coalesce_1 
FROM order_lines 
WHERE order_lines.order_id = orders_1.id)) COLLATE trellis_decimal) AS column_3 
FROM orders AS orders_1 
WHERE orders_1.currency IN (?, ?) AND (trellis_times((trellis_exactly((trellis_exactly((SELECT (trellis_exactly(coalesce((trellis_sum((trellis_times((trellis_exactly(order_lines.unit_price) COLLATE trellis_decimal), order_lines.quantity) COLLATE trellis_decimal)) COLLATE trellis_decimal), ?)) COLLATE trellis_decimal) AS coalesce_1 
FROM order_lines 
WHERE order_lines.order_id = orders_1.id)) COLLATE trellis_decimal)) COLLATE trellis_decimal), (trellis_exactly(CASE WHEN (orders_1.currency IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (orders_1.currency IN (?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (orders_1.currency IN (?, ?)) THEN ? ELSE ? END) COLLATE trellis_decimal)) COLLATE trellis_decimal) > trellis_exactly(?) ORDER BY (trellis_times((trellis_exactly((trellis_exactly((SELECT (trellis_exactly(coalesce((trellis_sum((trellis_times((trellis_exactly(order_lines.unit_price) COLLATE trellis_decimal), order_lines.quantity) COLLATE trellis_decimal)) COLLATE trellis_decimal), ?)) COLLATE trellis_decimal) AS coalesce_1 
FROM order_lines 
WHERE order_lines.order_id = orders_1.id)) COLLATE trellis_decimal)) COLLATE trellis_decimal), (trellis_exactly(CASE WHEN (orders_1.currency IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (orders_1.currency IN (?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (orders_1.currency IN (?, ?)) THEN ? ELSE ? END) COLLATE trellis_decimal)) COLLATE trellis_decimal) DESC, orders_1.id DESC
 LIMIT ? OFFSET ?;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?, ?, ?);

SELECT page.column_0, page.column_1, page.column_2, page.column_3, page.key_0, page.key_1 
FROM (SELECT order_lines_1.currency AS column_0, order_lines_1.description AS column_1, order_lines_1.quantity AS column_2, order_lines_1.unit_price AS column_3, row_number() OVER (PARTITION BY order_lines_1.order_id, order_lines_1.currency ORDER BY (trellis_times((trellis_exactly((trellis_times((trellis_exactly(order_lines_1.unit_price) COLLATE trellis_decimal), order_lines_1.quantity) COLLATE trellis_decimal)) COLLATE trellis_decimal), (trellis_exactly(CASE WHEN (order_lines_1.currency IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (order_lines_1.currency IN (?, ?, ?, ?, ?, ?, ?)) THEN ? WHEN (order_lines_1.currency IN (?, ?)) THEN ? ELSE ? END) COLLATE trellis_decimal)) COLLATE trellis_decimal) DESC, order_lines_1.id DESC) AS number, order_lines_1.order_id AS key_0, order_lines_1.currency AS key_1 
FROM order_lines AS order_lines_1 
WHERE (order_lines_1.order_id, order_lines_1.currency) IN (VALUES (?, ?), (?, ?), (?, ?))) AS page 
WHERE page.number <= ? ORDER BY page.key_0, page.key_1, page.number;
