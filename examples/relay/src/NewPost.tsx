import { useState } from "react";
import { graphql, useMutation } from "react-relay";

import type { NewPostMutation, NewPostMutation$data } from "./__generated__/NewPostMutation.graphql";
import { onFields } from "./form";
import { Problems } from "./Problems";

/** `into` is the connection that a new post begins. */
export function NewPost({ into }: { into: string }) {
  const [answer, setAnswer] = useState<NewPostMutation$data>();
  const [createPost, busy] = useMutation<NewPostMutation>(graphql`
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
  const submit = ({ title = "", content = "" }) =>
    createPost({
      variables: { input: { title, content }, connections: [into] },
      onCompleted: setAnswer,
    });
  return (
    <form
      key={answer?.createPost.post?.id} // the next post begins with empty fields
      aria-label="New post"
      onSubmit={onFields(submit)}
    >
      <input name="title" aria-label="Title" placeholder="Title" />
      <textarea name="content" aria-label="Text" placeholder="Text, in Markdown" />
      <button disabled={busy}>Create</button>
      {answer && <Problems of={answer.createPost.errors} />}
    </form>
  );
}
