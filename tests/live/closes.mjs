// Breaks each rule of the protocol with graphql-ws; prints how each socket was closed, and how often it was opened.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, hurried] = process.argv.slice(2).map((address) => address.replace('http', 'ws'));

class OtherProtocol extends WebSocket {
  constructor(address) {
    super(address, 'graphql-ws');
  }
}

/* Send another message in the place of those of a type. */
const instead = (type, message) => (key, value) => (key === '' && value.type === type ? message : value);

async function closed(options, operations = 1) {
  let opened = 0;
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    retryAttempts: 2,
    retryWait: async () => {},
    on: { opened: () => (opened += 1) },
    ...options,
  });
  const ends = Array.from({ length: operations }, async () => {
    try {
      for await (const _ of client.iterate({ query: 'subscription { news { number } }' }));
      return 'complete';
    } catch (error) {
      return error.code ?? error.message;
    }
  });
  const codes = await Promise.all(ends);
  client.dispose();
  return [...new Set(codes), opened];
}

const QUERY = { id: 'a', type: 'subscribe', payload: { query: '{ __typename }' } };
const found = {
  nonsense: await closed({ jsonMessageReplacer: instead('subscribe', { type: 'nonsense' }) }),
  early: await closed({ jsonMessageReplacer: instead('connection_init', QUERY) }),
  unknown: await closed({ connectionParams: { authorization: 'Bearer nobody' } }),
  protocol: await closed({ webSocketImpl: OtherProtocol }),
  silent: await closed({ url: hurried, jsonMessageReplacer: instead('connection_init', { type: 'pong' }) }),
  twice: await closed({ generateID: () => 'same' }, 2),
  again: await closed({ jsonMessageReplacer: instead('subscribe', { type: 'connection_init' }) }),
};
console.log(JSON.stringify(found));
process.exit(0);
