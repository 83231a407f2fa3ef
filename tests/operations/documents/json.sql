-- postgresql
SELECT count(*) AS count_1 
FROM documents AS documents_1 
WHERE (documents_1.body ? $1::VARCHAR);

SELECT count(*) AS count_1 
FROM documents AS documents_1 
WHERE (documents_1.body @> CAST($1::VARCHAR AS jsonb));

SELECT documents_1.body AS column_0, documents_1.kind AS column_1, documents_1.owner_id AS column_2, documents_1.title AS column_3 
FROM documents AS documents_1 
WHERE (CASE WHEN jsonb_typeof((documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($1::VARCHAR AS jsonb))))) = jsonb_typeof(CAST($2::VARCHAR AS jsonb)) THEN CASE WHEN (documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($1::VARCHAR AS jsonb)))) < CAST($2::VARCHAR AS jsonb) THEN -1 WHEN (documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($1::VARCHAR AS jsonb)))) = CAST($2::VARCHAR AS jsonb) THEN 0 ELSE 1 END END) <= $3::INTEGER AND (CASE WHEN jsonb_typeof((documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($1::VARCHAR AS jsonb))))) = jsonb_typeof(CAST($4::VARCHAR AS jsonb)) THEN CASE WHEN (documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($1::VARCHAR AS jsonb)))) < CAST($4::VARCHAR AS jsonb) THEN -1 WHEN (documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($1::VARCHAR AS jsonb)))) = CAST($4::VARCHAR AS jsonb) THEN 0 ELSE 1 END END) > $5::INTEGER AND (lower(CAST((CASE jsonb_typeof((documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($6::VARCHAR AS jsonb))))) WHEN 'string' THEN (documents_1.body #> ARRAY(SELECT jsonb_array_elements_text(CAST($6::VARCHAR AS jsonb)))) #>> '{}' END) AS TEXT) COLLATE "default") LIKE '%' || lower(CAST($7::VARCHAR AS TEXT) COLLATE "default") || '%' ESCAPE '/') ORDER BY documents_1.kind DESC, documents_1.title ASC, documents_1.id ASC 
 LIMIT $8::INTEGER;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id = ANY ($1::BIGINT[]);

-- sqlite
SELECT count(*) AS count_1 
FROM documents AS documents_1 
WHERE trellis_json_has_key(documents_1.body, ?) = 1;

SELECT count(*) AS count_1 
FROM documents AS documents_1 
WHERE trellis_json_contains(documents_1.body, ?) = 1;

SELECT documents_1.body AS column_0, documents_1.kind AS column_1, documents_1.owner_id AS column_2, documents_1.title AS column_3 
FROM documents AS documents_1 
WHERE trellis_json_order(trellis_json_at(documents_1.body, ?), ?) <= ? AND trellis_json_order(trellis_json_at(documents_1.body, ?), ?) > ? AND (trellis_fold_case(trellis_json_text(trellis_json_at(documents_1.body, ?))) LIKE '%' || trellis_fold_case(?) || '%' ESCAPE '/') ORDER BY documents_1.kind DESC, documents_1.title ASC, documents_1.id ASC
 LIMIT ? OFFSET ?;

SELECT users_1.name, users_1.id 
FROM users AS users_1 
WHERE users_1.id IN (?);
