import { graphql, useFragment } from "react-relay";

import type { Problems_errors$key } from "./__generated__/Problems_errors.graphql";

type Props = {
  /** The `errors` of a payload. */
  of: Problems_errors$key | undefined;
  /** What went wrong on the way: no network, no answer, a mistake of ours. */
  error: Error | undefined;
};

/** Why a mutation was not done, for the person who asked for it. */
export function Problems({ of, error }: Props) {
  const problems = useFragment(
    graphql`
      fragment Problems_errors on UserError @relay(plural: true) {
        message
        path
        ... on VersionConflict {
          currentVersion
        }
      }
    `,
    of,
  );
  const sentences = problems?.map(({ message, path, currentVersion }) =>
    currentVersion === undefined
      ? `${path.at(-1) ?? "This"}: ${message}`
      : `Somebody else has saved version ${currentVersion} meanwhile. Save again to replace it.`,
  );
  return [...(error ? [error.message] : []), ...(sentences ?? [])].map((sentence) => (
    <p key={sentence} role="alert">
      {sentence}
    </p>
  ));
}
