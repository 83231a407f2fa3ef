import { graphql, useFragment } from "react-relay";

import type { Problems_errors$key } from "./__generated__/Problems_errors.graphql";

/** Why a mutation was not done, for the person who asked for it. */
export function Problems({ of }: { of: Problems_errors$key }) {
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
  return problems.map(({ message, path, currentVersion }) => (
    <p key={message} role="alert">
      {currentVersion === undefined
        ? `${path.at(-1) ?? "This"}: ${message}`
        : `Somebody else has saved version ${currentVersion} meanwhile. Save again to replace it.`}
    </p>
  ));
}
