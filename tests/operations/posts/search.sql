-- postgresql
SELECT few.column_0, few.column_1, count(*) OVER () AS total 
FROM (SELECT posts_1.content AS column_0, posts_1.title AS column_1, hits.rank AS term_0, posts_1.id AS term_1 
FROM posts AS posts_1 JOIN (SELECT id, CAST(ts_rank_cd(search_vector, query) AS double precision) AS rank FROM posts, websearch_to_tsquery('english', $1::VARCHAR) AS query WHERE search_vector @@ query) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = $2 
 LIMIT 501) AS few ORDER BY few.term_0 DESC, few.term_1 DESC 
 LIMIT $3::INTEGER;

-- sqlite
SELECT few.column_0, few.column_1, count(*) OVER () AS total 
FROM (SELECT posts_1.content AS column_0, posts_1.title AS column_1, hits.rank AS term_0, posts_1.id AS term_1 
FROM posts AS posts_1 JOIN (SELECT rowid AS id, CAST(8 * coalesce(length(highlight(posts_search, 0, char(1), '')) - length(title), 0) + 4 * coalesce(length(highlight(posts_search, 1, char(1), '')) - length(summary), 0) + 1 * coalesce(length(highlight(posts_search, 2, char(1), '')) - length(content), 0) AS REAL) AS rank FROM posts_search WHERE posts_search MATCH trellis_fts5_query(?)) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = ?
 LIMIT 501 OFFSET ?) AS few ORDER BY few.term_0 DESC, few.term_1 DESC
 LIMIT ? OFFSET ?;
