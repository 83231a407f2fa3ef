// Subscribes with graphql-ws, graphql-sse and Apollo's parts at the address given; prints what each saw, as JSON.
import { createClient as createSocketClient } from 'graphql-ws';
import { createClient as createStreamClient } from 'graphql-sse';
import WebSocket from 'ws';

const url = process.argv[2];
const socketUrl = url.replace('http', 'ws');

async function collect(client, query, variables) {
  const seen = [];
  try {
    for await (const result of client.iterate({ query, variables })) seen.push(result);
  } catch (error) {
    seen.push({ error: Array.isArray(error) ? error.map((one) => one.extensions.code) : String(error.code ?? error.message) });
  }
  return seen;
}

async function abandoned(client) {
  const iterator = client.iterate({ query: 'subscription { count(to: 1000000) }' });
  const first = await iterator.next();
  await iterator.return();
  return [first.value];
}

async function suite(client) {
  return {
    counted: await collect(client, 'subscription ($to: Int!) { count(to: $to) }', { to: 3 }),
    query: await collect(client, '{ __typename }'),
    mutation: await collect(client, 'mutation { say(number: 2) }'),
    invalid: await collect(client, 'subscription { nonsense }'),
    noise: await collect(client, 'subscription { noise(after: 1) }'),
    abandoned: await abandoned(client),
  };
}

const options = { url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true };
const socket = createSocketClient(options);
const known = createSocketClient({ ...options, connectionParams: { authorization: 'Bearer ada' } });
const refused = createSocketClient({ ...options, connectionParams: { authorization: 'Bearer nobody' } });
const stream = createStreamClient({ url, retryAttempts: 0 });
const found = {
  ws: await suite(socket),
  sse: await suite(stream),
  known: await collect(known, '{ __typename }'),
  refused: await collect(refused, '{ __typename }'),
};
console.log(JSON.stringify(found));
for (const client of [socket, known, refused, stream]) client.dispose();
process.exit(0);
