-- What FraiseQL reads: views with a JSON document for each row, always current, as its documentation shows them. Columns
-- beside the document are what rows are found and put in order by.
CREATE SCHEMA IF NOT EXISTS fraiseql;

CREATE OR REPLACE VIEW fraiseql.v_user AS
SELECT id, jsonb_build_object('id', id, 'name', name, 'email', email) AS data
FROM public.users;

CREATE OR REPLACE VIEW fraiseql.v_post AS
SELECT id, created_at, jsonb_build_object(
    'id', id, 'slug', slug, 'title', title, 'summary', summary, 'version', version, 'created_at', created_at
) AS data
FROM public.posts;

CREATE OR REPLACE VIEW fraiseql.v_feed AS
SELECT posts.id, posts.created_at, jsonb_build_object(
    'id', posts.id, 'title', title, 'created_at', posts.created_at,
    'author', (SELECT jsonb_build_object('id', id, 'name', name) FROM public.users WHERE id = author_id),
    'tags', (
        SELECT jsonb_agg(jsonb_build_object('id', id, 'name', name) ORDER BY id)
        FROM public.post_tags JOIN public.tags ON id = tag_id WHERE post_id = posts.id
    )
) AS data
FROM public.posts;

CREATE OR REPLACE VIEW fraiseql.v_author AS
SELECT users.id, jsonb_build_object(
    'id', users.id, 'name', name,
    'posts', (
        SELECT jsonb_agg(jsonb_build_object(
            'id', posts.id, 'title', title, 'published_at', published_at,
            'tags', (
                SELECT jsonb_agg(jsonb_build_object('id', tags.id, 'name', tags.name) ORDER BY tags.id)
                FROM public.post_tags JOIN public.tags ON tags.id = tag_id WHERE post_id = posts.id
            )
        ) ORDER BY published_at, posts.id)
        FROM public.posts WHERE author_id = users.id
    )
) AS data
FROM public.users;
