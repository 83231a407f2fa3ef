// Subscribes with Apollo Client and urql, over each transport they have; prints what each saw, as JSON.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createStreamClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { onEnd, pipe, subscribe } from 'wonka';
import WebSocket from 'ws';
import { forwardTo } from './forward.mjs';

const url = process.argv[2];
const socketUrl = url.replace('http', 'ws');
const DEFERRED = `query Shelves { shelves { nodes { id name ...Rest @defer } } }
fragment Rest on Shelf { loud }`;

const codes = (errors) => errors?.map((error) => error.extensions?.code);

const seen = ({ data, error }, errors) => (error ? { error: codes(errors) ?? error.message } : { data });

/* Each operation of the suite, by a client's own way to collect what it sees of one. */
async function suite(collect) {
  return {
    counted: await collect('subscription ($to: Int!) { count(to: $to) }', { to: 3 }),
    invalid: await collect('subscription { nonsense }'),
    noise: await collect('subscription { noise(after: 1) }'),
    abandoned: await collect('subscription { count(to: 1000000) }', {}, 1),
  };
}

/* Apollo Client: an observable. `most`: leave after so many. */
const withApollo = (client) => (text, variables, most) =>
  new Promise((resolve) => {
    const found = [];
    const subscription = client.subscribe({ query: gql(text), variables, errorPolicy: 'all' }).subscribe({
      next: (result) => {
        if (found.length === most) return; // what had arrived already
        found.push(seen(result, result.error?.errors));
        if (found.length !== most) return;
        queueMicrotask(() => {
          subscription.unsubscribe();
          resolve(found);
        });
      },
      error: (error) => resolve([...found, { error: codes(error.errors) ?? error.message }]),
      complete: () => resolve(found),
    });
  });

/* urql: a source of wonka. It hands over its last result once more, without `hasNext`, when there are no more. */
const withUrql = (client) => (text, variables = {}, most) =>
  new Promise((resolve) => {
    const found = [];
    const { unsubscribe } = pipe(
      client.subscription(text, variables),
      onEnd(() => resolve(found)),
      subscribe((result) => {
        if (found.length === most) return;
        const one = seen(result, result.error?.graphQLErrors);
        if (JSON.stringify(one) !== JSON.stringify(found.at(-1))) found.push(one);
        if (!result.hasNext) resolve(found);
        if (found.length === most) queueMicrotask(() => unsubscribe());
      }),
    );
  });

const urql = (...exchanges) =>
  new Client({ url, exchanges, preferGetMethod: false, fetchSubscriptions: true });
const apollo = (link) =>
  new ApolloClient({ link, cache: new InMemoryCache(), incrementalHandler: new GraphQL17Alpha9Handler() });

async function deferredByApollo(link) {
  const parts = [];
  await new Promise((resolve, reject) => {
    const query = apollo(link).watchQuery({ query: gql(DEFERRED), fetchPolicy: 'network-only' });
    query.subscribe({
      next: ({ data, dataState, loading, networkStatus, error }) => {
        if (error) reject(error);
        if (data) parts.push(dataState);
        if (dataState === 'complete') resolve(parts.push(data));
      },
      error: reject,
    });
  });
  return parts;
}

async function deferredByUrql(client) {
  const parts = [];
  await new Promise((resolve, reject) => {
    pipe(
      client.query(DEFERRED, {}),
      subscribe(({ data, hasNext, error }) => {
        if (error) return reject(error);
        parts.push(hasNext);
        if (!hasNext) resolve(parts.push(data));
      }),
    );
  });
  return parts;
}

// urql's own reader of streams leaves the promise of a read that it gives up to nobody.
process.on('unhandledRejection', (reason) => {
  if (reason.name !== 'AbortError') throw reason;
});

const socket = createSocketClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
const stream = createStreamClient({ url, retryAttempts: 0 });
const found = {
  'Apollo Client, WebSocket': await suite(withApollo(apollo(new GraphQLWsLink(socket)))),
  'Apollo Client, parts': await suite(withApollo(apollo(new HttpLink({ uri: url })))),
  'urql, WebSocket': await suite(withUrql(urql(subscriptionExchange({ forwardSubscription: forwardTo(socket) })))),
  'urql, graphql-sse': await suite(withUrql(urql(subscriptionExchange({ forwardSubscription: forwardTo(stream) })))),
  'urql, its own': await suite(withUrql(urql(fetchExchange))),
};
const deferred = {
  'Apollo Client': await deferredByApollo(new HttpLink({ uri: url })),
  urql: await deferredByUrql(urql(fetchExchange)),
};
console.log(JSON.stringify({ found, deferred }));
socket.dispose();
stream.dispose();
process.exit(0);
