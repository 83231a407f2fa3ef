import { createClient } from "graphql-ws";

import type { LatestQuery } from "./gql/graphql";

const LATEST = /* GraphQL */ `
  query Latest @live {
    posts(first: 5, orderBy: [{ publishedAt: DESC }]) {
      nodes {
        title
      }
    }
  }
`;

/**
 * The titles of the newest posts, now and whenever they are others, also after the server was started again: graphql-ws
 * connects and asks again, and a query with `@live` is answered at once. Stop iterating, and it ends. Node.js runs this
 * file as it is: `node src/live.ts`.
 */
export async function* follow(uri: string): AsyncGenerator<string[]> {
  const client = createClient({
    url: uri.replace(/^http/, "ws"),
    retryAttempts: Infinity,
    shouldRetry: () => true, // a server that starts again refuses connections for a moment, which is no close code
  });
  let told: string | undefined;
  try {
    for await (const { data, errors } of client.iterate<LatestQuery>({ query: LATEST })) {
      if (!data) throw new Error(errors?.[0]?.message ?? "no data");
      const titles = data.posts.nodes.map(({ title }) => title);
      if (titles.join("\n") === told) continue;
      told = titles.join("\n");
      yield titles;
    }
  } finally {
    await client.dispose();
  }
}

if (import.meta.main) {
  for await (const titles of follow(process.env["TRELLIS_URL"] ?? "http://127.0.0.1:8000/graphql")) {
    console.log(titles.join(" · "));
  }
}
