import { useQuery } from "@apollo/client/react";
import { useState } from "react";

import { EditPost } from "./EditPost";
import { type FragmentType, getFragmentData, graphql } from "./gql";

export const PostsQuery = graphql(`
  query Posts($after: String) {
    posts(first: 5, after: $after, orderBy: [{ createdAt: DESC }]) {
      totalCount
      edges {
        node {
          id
          ...PostItem
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const PostItem = graphql(`
  fragment PostItem on Post {
    title
    status
    author {
      id
      name
    }
    ...EditablePost
  }
`);

export function Posts({ viewerId }: { viewerId: string | undefined }) {
  const { data, error, fetchMore, loading } = useQuery(PostsQuery);
  if (error) return <p role="alert">{error.message}</p>;
  if (!data) return <p>Loading …</p>;
  const { edges, pageInfo, totalCount } = data.posts;
  return (
    <section aria-label="Posts">
      <h2>
        {edges.length} of {totalCount} posts
      </h2>
      {edges.map(({ node }) => (
        <Post key={node.id} of={node} viewerId={viewerId} />
      ))}
      {pageInfo.hasNextPage && (
        <button disabled={loading} onClick={() => fetchMore({ variables: { after: pageInfo.endCursor } })}>
          More
        </button>
      )}
    </section>
  );
}

function Post({ of, viewerId }: { of: FragmentType<typeof PostItem>; viewerId: string | undefined }) {
  const post = getFragmentData(PostItem, of);
  const [editing, setEditing] = useState(false);
  return (
    <article>
      <h3>{post.title}</h3>
      <p>
        {post.author.name}
        {post.status !== "PUBLISHED" && ` · ${post.status.toLowerCase()}`}{" "}
        {post.author.id === viewerId && !editing && <button onClick={() => setEditing(true)}>Edit</button>}
      </p>
      {editing && <EditPost of={post} onDone={() => setEditing(false)} />}
    </article>
  );
}
