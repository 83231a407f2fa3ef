import { useState } from "react";
import { graphql, useFragment } from "react-relay";

import type { Post_post$key } from "./__generated__/Post_post.graphql";
import { EditPost } from "./EditPost";
import { Tags } from "./Tags";

export function Post({ of, viewerId }: { of: Post_post$key; viewerId: string | undefined }) {
  const post = useFragment(
    graphql`
      fragment Post_post on Post {
        title
        status
        author {
          id
          name
        }
        ...EditPost_post
        ...Tags_post
      }
    `,
    of,
  );
  const [editing, setEditing] = useState(false);
  return (
    <article>
      <h3>{post.title}</h3>
      <p>
        {post.author.name}
        {post.status !== "PUBLISHED" && ` · ${post.status.toLowerCase()}`}{" "}
        {post.author.id === viewerId && !editing && <button onClick={() => setEditing(true)}>Edit</button>}
      </p>
      <Tags of={post} />
      {editing && <EditPost of={post} onDone={() => setEditing(false)} />}
    </article>
  );
}
