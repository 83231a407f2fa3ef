import { useLazyQuery, useMutation } from "@apollo/client/react";
import { useState } from "react";

import { onFields } from "./form";
import { type FragmentType, getFragmentData, graphql } from "./gql";
import { Problems } from "./Problems";

const EditablePost = graphql(`
  fragment EditablePost on Post {
    id
    version
    title
  }
`);

const PostQuery = graphql(`
  query Post($id: ID!) {
    post(id: $id) {
      ...EditablePost
    }
  }
`);

const UpdatePostMutation = graphql(`
  mutation UpdatePost($id: ID!, $ifVersion: Int!, $title: String!) {
    updatePost(input: { id: $id, ifVersion: $ifVersion, title: $title }) {
      post {
        ...EditablePost
      }
      errors {
        __typename
        ...Problem
        ... on VersionConflict {
          currentVersion
        }
      }
    }
  }
`);

type Props = { of: FragmentType<typeof EditablePost>; onDone: () => void };

export function EditPost({ of, onDone }: Props) {
  const post = getFragmentData(EditablePost, of);
  const [showTheirs] = useLazyQuery(PostQuery, { fetchPolicy: "network-only" });
  // What the person has seen. `post.version` goes on by itself when the cache learns of a newer one.
  const [ifVersion, setIfVersion] = useState(post.version);
  const [updatePost, { data, error, loading }] = useMutation(UpdatePostMutation, {
    onCompleted: ({ updatePost }) => {
      const conflict = updatePost.errors.find((problem) => problem.__typename === "VersionConflict");
      if (updatePost.post) onDone();
      if (conflict) {
        setIfVersion(conflict.currentVersion);
        // Shows in the list what the other has saved; what this person has typed stays in the form.
        showTheirs({ variables: { id: post.id } });
      }
    },
  });
  return (
    <form
      aria-label="Edit post"
      onSubmit={onFields(({ title = "" }) => updatePost({ variables: { id: post.id, ifVersion, title } }))}
    >
      <input name="title" aria-label="Title" defaultValue={post.title} />
      <button disabled={loading}>Save</button>
      <button type="button" onClick={onDone}>
        Cancel
      </button>
      <Problems of={data?.updatePost.errors} error={error} />
    </form>
  );
}
