import { graphql, usePaginationFragment } from "react-relay";

import type { Posts_query$key } from "./__generated__/Posts_query.graphql";
import type { PostsPageQuery } from "./__generated__/PostsPageQuery.graphql";
import { NewPost } from "./NewPost";
import { Post } from "./Post";

export function Posts({ of, viewerId }: { of: Posts_query$key; viewerId: string | undefined }) {
  const { data, hasNext, isLoadingNext, loadNext } = usePaginationFragment<PostsPageQuery, Posts_query$key>(
    graphql`
      fragment Posts_query on Query
      @argumentDefinitions(count: { type: "Int", defaultValue: 5 }, cursor: { type: "String" })
      @refetchable(queryName: "PostsPageQuery") {
        posts(first: $count, after: $cursor, orderBy: [{ createdAt: DESC }]) @connection(key: "Posts_posts") {
          __id
          edges {
            node {
              id
              ...Post_post
            }
          }
        }
      }
    `,
    of,
  );
  const { __id, edges } = data.posts;
  return (
    <>
      {viewerId && <NewPost into={__id} />}
      {edges.map(({ node }) => (
        <Post key={node.id} of={node} viewerId={viewerId} />
      ))}
      {hasNext && (
        <button disabled={isLoadingNext} onClick={() => loadNext(5)}>
          More posts
        </button>
      )}
    </>
  );
}
