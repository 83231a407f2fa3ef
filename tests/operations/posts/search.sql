-- postgresql
SELECT few.column_0, few.column_1, count(*) OVER () AS total 
FROM (SELECT posts_1.content AS column_0, posts_1.title AS column_1, hits.rank AS term_0, posts_1.id AS term_1 
FROM posts AS posts_1 JOIN (SELECT id, CAST((SELECT sum(4 * CAST(title_vector @@ query AND (patterns IS NULL OR title LIKE ANY (string_to_array(patterns, '|'))) AS int) + 2 * CAST(summary_vector @@ query AND (patterns IS NULL OR summary LIKE ANY (string_to_array(patterns, '|'))) AS int)) FROM unnest((SELECT CAST(string_to_array($2::VARCHAR, chr(10), '') AS tsquery[])), (SELECT CAST(string_to_array($3::VARCHAR, chr(10), '') AS text[]))) AS part (query, patterns)) AS double precision) AS rank FROM posts_search WHERE vector @@ CAST($1::VARCHAR AS tsquery) AND NOT EXISTS (SELECT FROM unnest((SELECT CAST(string_to_array($3::VARCHAR, chr(10), '') AS text[]))) AS patterns WHERE NOT (title LIKE ANY (string_to_array(patterns, '|')) OR summary LIKE ANY (string_to_array(patterns, '|')) OR content LIKE ANY (string_to_array(patterns, '|')))) AND NOT EXISTS (SELECT FROM unnest((SELECT CAST(string_to_array($4::VARCHAR, chr(10), '') AS text[]))) AS patterns WHERE title LIKE ANY (string_to_array(patterns, '|')) OR summary LIKE ANY (string_to_array(patterns, '|')) OR content LIKE ANY (string_to_array(patterns, '|')))) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = $5 
 LIMIT 501) AS few ORDER BY few.term_0 DESC, few.term_1 DESC 
 LIMIT $6::INTEGER;

-- sqlite
SELECT few.column_0, few.column_1, count(*) OVER () AS total 
FROM (SELECT posts_1.content AS column_0, posts_1.title AS column_1, hits.rank AS term_0, posts_1.id AS term_1 
FROM posts AS posts_1 JOIN (SELECT posts_search.rowid AS id, total(json_extract(asked.value, '$[0]')) AS rank FROM json_each(?) AS asked CROSS JOIN posts_search ON posts_search MATCH json_extract(asked.value, '$[1]') GROUP BY posts_search.rowid HAVING min(asked.key) = 0) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = ?
 LIMIT 501 OFFSET ?) AS few ORDER BY few.term_0 DESC, few.term_1 DESC
 LIMIT ? OFFSET ?;
