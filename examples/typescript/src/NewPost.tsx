import { useMutation } from "@apollo/client/react";
import { useState } from "react";

import { onFields } from "./form";
import { graphql } from "./gql";
import { PostsQuery } from "./Posts";
import { Problems } from "./Problems";

const CreatePostMutation = graphql(`
  mutation CreatePost($title: String!, $content: String!) {
    createPost(input: { title: $title, content: $content }) {
      post {
        id
      }
      errors {
        ...Problem
      }
    }
  }
`);

export function NewPost() {
  const [count, setCount] = useState(0);
  const [createPost, { data, error, loading }] = useMutation(CreatePostMutation, {
    // A new post stands where the server puts it: the list begins again from its first page.
    refetchQueries: [PostsQuery],
    onCompleted: ({ createPost }) => createPost.post && setCount(count + 1),
  });
  return (
    <form
      key={count} // the next post begins with empty fields
      aria-label="New post"
      onSubmit={onFields(({ title = "", content = "" }) => createPost({ variables: { title, content } }))}
    >
      <input name="title" aria-label="Title" placeholder="Title" />
      <textarea name="content" aria-label="Text" placeholder="Text, in Markdown" />
      <button disabled={loading}>Create</button>
      <Problems of={data?.createPost.errors} error={error} />
    </form>
  );
}
