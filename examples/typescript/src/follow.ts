import { createClient } from "graphql-ws";

import type { ChangesSubscription } from "./gql/graphql";

const CHANGES = /* GraphQL */ `
  subscription Changes($after: String) {
    postsChanged(after: $after) {
      kind
      id
      node {
        title
      }
      position
    }
  }
`;

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
/** Errors that pass by themselves. */
const IN_A_MOMENT = ["UNAVAILABLE", "OVERLOADED", "SHUTTING_DOWN"];

export type Change = ChangesSubscription["postsChanged"];

/**
 * Every change of the posts behind a position, or from now on, each once and in order, also after the server was started
 * again. graphql-ws connects again by itself, but would ask again with the variables of the first time: so its retries are
 * off, and each time it is asked for what follows the last change that was dealt with. An error with the code `RESYNC`
 * says that the position is too old: read again what you show, and follow without a position.
 */
export async function* follow(uri: string, after?: string): AsyncGenerator<Change> {
  const client = createClient({ url: uri.replace(/^http/, "ws"), retryAttempts: 0 });
  let wait = FIRST_WAIT_MS;
  try {
    for (;;) {
      try {
        const changes = client.iterate<ChangesSubscription>({ query: CHANGES, variables: { after } });
        for await (const { data, errors } of changes) {
          if (!data) throw errors ?? new Error("no data");
          wait = FIRST_WAIT_MS;
          yield data.postsChanged;
          after = data.postsChanged.position; // after the work: rather twice than not at all
        }
      } catch (error) {
        if (!passes(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  } finally {
    await client.dispose();
  }
}

/** Whether the connection was lost or could not be made, or the server asks to come back in a moment. */
function passes(error: unknown): boolean {
  if (Array.isArray(error)) return error.every((each) => IN_A_MOMENT.includes(each?.extensions?.code));
  if (typeof error === "object" && error !== null && "code" in error) return Number(error.code) < 4400; // of a close
  return !(error instanceof Error); // an event of the socket
}

if (import.meta.main) {
  for await (const { kind, id, node } of follow(process.env["TRELLIS_URL"] ?? "http://127.0.0.1:8000/graphql")) {
    console.log(kind, node?.title ?? id);
  }
}
