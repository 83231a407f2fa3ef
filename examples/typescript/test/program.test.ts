// @vitest-environment node
import type { ApolloClient } from "@apollo/client";
import { expect, test } from "vitest";

import { createClient } from "../src/client";
import { getFragmentData, graphql } from "../src/gql";
import { PostsQuery } from "../src/Posts";
import { ProblemFragmentDoc } from "../src/gql/graphql";
import { TransferMutation } from "../src/Transfer";
import { openAccount, signedIn, uri } from "./program";

test("pages follow each other until every post has come once", async () => {
  const client = createClient({ uri });
  const ids: string[] = [];
  let after: string | null | undefined;
  let total: number | undefined;
  do {
    const { data } = await client.query({ query: PostsQuery, variables: { after }, fetchPolicy: "no-cache" });
    const page = data!.posts;
    ids.push(...page.edges.map(({ node }) => node.id));
    total = page.totalCount;
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : undefined;
  } while (after);
  expect(ids.length).toBeGreaterThan(5);
  expect(ids).toHaveLength(total!);
  expect(new Set(ids).size).toBe(total);
});

test("a transfer that is sent twice moves the money once", async () => {
  const client = await signedIn();
  const from = await euroAccount(client);
  const to = await openAccount(client);
  const idempotencyKey = crypto.randomUUID();
  const send = async (amount: string) => {
    const variables = { from, to, amount, idempotencyKey };
    const { data } = await client.mutate({ mutation: TransferMutation, variables });
    return data!.transferFunds;
  };
  const first = await send("0.02");
  const again = await send("0.02");
  expect(first.transfer).toMatchObject({ amount: "0.02", currency: "EUR" });
  expect(again.transfer?.id).toBe(first.transfer?.id);
  expect(again.toAccount?.balance).toBe("0.02");

  const other = await send("0.01");
  expect(other.transfer).toBeNull();
  expect(getFragmentData(ProblemFragmentDoc, other.errors)[0]?.__typename).toBe("IdempotencyConflict");
});

async function euroAccount(client: ApolloClient): Promise<string> {
  const { data } = await client.query({
    query: graphql(`
      query EuroAccount {
        accounts(first: 1, where: { currency: { eq: "EUR" }, balance: { gt: "0" } }) {
          nodes {
            id
          }
        }
      }
    `),
  });
  return data!.accounts.nodes[0]!.id;
}
