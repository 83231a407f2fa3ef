// Asks a live query with each client, over each transport that it has, until standard input ends.
// Prints a line of JSON for each thing that a client is told: whose it is, and the names in it or the error.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createStreamClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { pipe, subscribe } from 'wonka';
import WebSocket from 'ws';
import { forwardTo } from './forward.mjs';

const [url, query] = process.argv.slice(2);
const socketUrl = url.replace('http', 'ws');

const tell = (way, data, errors, error) => {
  const told = data ? data.tags.nodes.map(({ name }) => name) : errors?.map(({ message }) => message) ?? `${error}`;
  console.log(JSON.stringify([way, told]));
};

const apollo = (link) => new ApolloClient({ link, cache: new InMemoryCache() });
const urql = (...exchanges) => new Client({ url, exchanges, preferGetMethod: false, fetchSubscriptions: true });
const all = (client) => subscriptionExchange({ enableAllOperations: true, forwardSubscription: forwardTo(client) });

/* How a client follows a query: each returns how to leave. */
const watched = (way, client) => {
  const following = client.watchQuery({ query: gql(query), fetchPolicy: 'network-only' }).subscribe({
    next: ({ data, error, loading }) => loading || tell(way, data, error?.errors, error),
    error: (error) => tell(way, null, error.errors, error),
  });
  return () => following.unsubscribe();
};
const piped = (way, client) =>
  pipe(
    client.query(query, {}, { requestPolicy: 'network-only' }),
    subscribe(({ data, error }) => tell(way, data, error?.graphQLErrors, error)),
  ).unsubscribe;

const socket = createSocketClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
const stream = createStreamClient({ url, retryAttempts: 0 });
const leave = [
  watched('Apollo Client, WebSocket', apollo(new GraphQLWsLink(socket))),
  watched('Apollo Client, HttpLink', apollo(new HttpLink({ uri: url }))),
  piped('urql, WebSocket', urql(all(socket))),
  piped('urql, graphql-sse', urql(all(stream))),
  piped('urql, its own', urql(fetchExchange)),
];

process.stdin.resume().once('end', () => {
  for (const one of leave) one();
});
