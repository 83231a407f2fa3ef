import { useState } from "react";
import { graphql } from "react-relay";

import type { NewPostMutation } from "./__generated__/NewPostMutation.graphql";
import { onFields } from "./form";
import { Problems } from "./Problems";
import { useAnswer } from "./useAnswer";

/** `into` is the connection that a new post begins. */
export function NewPost({ into }: { into: string }) {
  const { send, busy, answer, error } = useAnswer<NewPostMutation>(graphql`
    mutation NewPostMutation($input: CreatePostInput!, $connections: [ID!]!) {
      createPost(input: $input) {
        post @prependNode(connections: $connections, edgeTypeName: "PostEdge") {
          id
          ...Post_post
        }
        errors {
          ...Problems_errors
        }
      }
    }
  `);
  const [count, setCount] = useState(0);
  const submit = ({ title = "", content = "" }) =>
    send(
      { input: { title, content }, connections: [into] },
      ({ createPost }) => createPost.post && setCount(count + 1),
    );
  return (
    <form
      key={count} // the next post begins with empty fields
      aria-label="New post"
      onSubmit={onFields(submit)}
    >
      <input name="title" aria-label="Title" placeholder="Title" />
      <textarea name="content" aria-label="Text" placeholder="Text, in Markdown" />
      <button disabled={busy}>Create</button>
      <Problems of={answer?.createPost.errors} error={error} />
    </form>
  );
}
