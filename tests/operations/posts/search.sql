-- postgresql
SELECT posts_1.content AS column_0, posts_1.title AS column_1 
FROM posts AS posts_1 JOIN (SELECT id, CAST(ts_rank_cd(search_vector, query) AS double precision) AS rank FROM posts, websearch_to_tsquery('english', $1::VARCHAR) AS query WHERE search_vector @@ query) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = $2 ORDER BY hits.rank DESC, posts_1.id DESC 
 LIMIT $3::INTEGER;

SELECT count(*) AS count_1 
FROM posts AS posts_1 JOIN (SELECT id, CAST(ts_rank_cd(search_vector, query) AS double precision) AS rank FROM posts, websearch_to_tsquery('english', $1::VARCHAR) AS query WHERE search_vector @@ query) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = $2;

-- sqlite
SELECT posts_1.content AS column_0, posts_1.title AS column_1 
FROM posts AS posts_1 JOIN (SELECT rowid AS id, -bm25(posts_search, 8.0, 4.0, 1.0) AS rank FROM posts_search WHERE posts_search MATCH trellis_fts5_query(?)) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = ? ORDER BY hits.rank DESC, posts_1.id DESC
 LIMIT ? OFFSET ?;

SELECT count(*) AS count_1 
FROM posts AS posts_1 JOIN (SELECT rowid AS id, -bm25(posts_search, 8.0, 4.0, 1.0) AS rank FROM posts_search WHERE posts_search MATCH trellis_fts5_query(?)) AS hits ON posts_1.id = hits.id 
WHERE posts_1.status = ?;
