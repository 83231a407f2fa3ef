import { type FragmentType, getFragmentData, graphql } from "./gql";
import type { ProblemFragment } from "./gql/graphql";

const Problem = graphql(`
  fragment Problem on UserError {
    __typename
    message
    path
    ... on VersionConflict {
      currentVersion
    }
    ... on TooManyAttempts {
      retryAfterSeconds
    }
  }
`);

type Props = {
  /** The `errors` of a payload. */
  of: readonly FragmentType<typeof Problem>[] | undefined;
  /** What went wrong on the way: no network, no answer, a mistake of ours. */
  error: Error | undefined;
};

/** Why a mutation was not done, for the person who asked for it. */
export function Problems({ of, error }: Props) {
  const sentences = [...(error ? [error.message] : []), ...(getFragmentData(Problem, of) ?? []).map(explain)];
  return sentences.map((sentence) => (
    <p key={sentence} role="alert">
      {sentence}
    </p>
  ));
}

/** A sentence for each case. The compiler refuses to build the page when the schema gets a case that is not here. */
function explain(problem: ProblemFragment): string {
  switch (problem.__typename) {
    case "InvalidInput":
    case "AlreadyExists":
      return `${problem.path.at(-1)}: ${problem.message}`;
    case "VersionConflict":
      return `Somebody else has saved version ${problem.currentVersion} meanwhile. Save again to replace it.`;
    case "TooManyAttempts":
      return `Too many attempts; wait ${problem.retryAfterSeconds} seconds.`;
    case "NotSignedIn":
      return "Sign in first.";
    case "CurrencyMismatch":
    case "Forbidden":
    case "IdempotencyConflict":
    case "InsufficientFunds":
    case "InvalidState":
    case "NotFound":
    case "SignInFailed":
    case "StillReferenced":
    case "Undone":
      return problem.message;
    default:
      problem satisfies never;
      return "This was not done. Reload the page: the server is newer, and has a reason that the page does not know.";
  }
}
