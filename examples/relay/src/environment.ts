import { Environment, type FetchFunction, Network } from "relay-runtime";

/** Everything that one visitor knows. Who signs in or out gets a new one, for the answers of the old are another's. */
export function createEnvironment(): Environment {
  return new Environment({ network: Network.create(fetchGraphQL) });
}

const fetchGraphQL: FetchFunction = async ({ text, name }, variables) => {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json",
      "content-type": "application/json",
      "graphql-client-name": "example-relay",
      "graphql-client-version": "1.0",
    },
    body: JSON.stringify({ query: text, operationName: name, variables }),
  });
  return response.json();
};
