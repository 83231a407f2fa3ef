import { startTransition, useState } from "react";
import { graphql, useRefetchableFragment } from "react-relay";

import type { EditPost_post$key } from "./__generated__/EditPost_post.graphql";
import type { EditPostMutation } from "./__generated__/EditPostMutation.graphql";
import type { EditPostQuery } from "./__generated__/EditPostQuery.graphql";
import { onFields } from "./form";
import { Problems } from "./Problems";
import { useAnswer } from "./useAnswer";

export function EditPost({ of, onDone }: { of: EditPost_post$key; onDone: () => void }) {
  const [post, refetch] = useRefetchableFragment<EditPostQuery, EditPost_post$key>(
    graphql`
      fragment EditPost_post on Post @refetchable(queryName: "EditPostQuery") {
        id
        version
        title
      }
    `,
    of,
  );
  // What the person has seen. `post.version` goes on by itself when the store learns of a newer one.
  const [ifVersion, setIfVersion] = useState(post.version);
  const { send, busy, answer, error } = useAnswer<EditPostMutation>(graphql`
    mutation EditPostMutation($input: UpdatePostInput!) {
      updatePost(input: $input) {
        post {
          ...EditPost_post
        }
        errors {
          ...Problems_errors
          ... on VersionConflict {
            currentVersion
          }
        }
      }
    }
  `);
  const submit = ({ title = "" }) =>
    send({ input: { id: post.id, ifVersion, title } }, ({ updatePost }) => {
      const conflict = updatePost.errors.find((problem) => problem.currentVersion !== undefined);
      if (updatePost.post) onDone();
      if (conflict) {
        setIfVersion(conflict.currentVersion!);
        // Shows in the list what the other has saved; what this person has typed stays in the form.
        startTransition(() => void refetch({}, { fetchPolicy: "network-only" }));
      }
    });
  return (
    <form aria-label="Edit post" onSubmit={onFields(submit)}>
      <input name="title" aria-label="Title" defaultValue={post.title} />
      <button disabled={busy}>Save</button>
      <button type="button" onClick={onDone}>
        Cancel
      </button>
      <Problems of={answer?.updatePost.errors} error={error} />
    </form>
  );
}
