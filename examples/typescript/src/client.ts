import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";

import possibleTypes from "./gql/possible-types";

type Options = {
  uri?: string;
  /** For programs. A page signs in with a cookie instead, which no script can read. */
  token?: string;
};

export function createClient({ uri = "/graphql", token }: Options = {}): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri, ...(token && { headers: { authorization: `Bearer ${token}` } }) }),
    cache: new InMemoryCache({
      ...possibleTypes,
      // `fetchMore` appends to the list of the same filter and order.
      typePolicies: { Query: { fields: { posts: relayStylePagination(["where", "orderBy"]) } } },
    }),
    clientAwareness: { name: "example-typescript", version: "1.0" },
  });
}
