import type { ApolloClient } from "@apollo/client";

import { createClient } from "../src/client";
import { graphql } from "../src/gql";

export const uri = process.env["TRELLIS_URL"] ?? "http://127.0.0.1:8000/graphql";
export const email = "grace.omalley@example.org";
export const password = "trellis demo";

/** A program that acts for Grace, with a token. */
export async function signedIn(): Promise<ApolloClient> {
  const { data } = await createClient({ uri }).mutate({
    mutation: graphql(`
      mutation GetToken($email: String!, $password: String!) {
        signIn(input: { email: $email, password: $password }) {
          accessToken
          errors {
            ...Problem
          }
        }
      }
    `),
    variables: { email, password },
  });
  const token = data?.signIn.accessToken;
  if (!token) throw new Error(`Grace cannot sign in: ${JSON.stringify(data?.signIn.errors)}`);
  return createClient({ uri, token });
}

/** A new account of Grace's, with nothing in it; its id. */
export async function openAccount(client: ApolloClient): Promise<string> {
  const { data } = await client.mutate({
    mutation: graphql(`
      mutation OpenAccount {
        openAccount(input: { currency: "EUR" }) {
          account {
            id
          }
        }
      }
    `),
  });
  return data!.openAccount.account!.id;
}
