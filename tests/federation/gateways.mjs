// Composes two subgraphs of Trellis with one of ours here, and asks them through two gateways.
// `node gateways.mjs BLOG MUSIC SLUG HIDDEN`: the addresses of the two, a post's slug, and one that nobody sees.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { ApolloGateway, LocalGraphQLDataSource, RemoteGraphQLDataSource } from '@apollo/gateway';
import { composeServices as composeByApollo } from '@apollo/composition';
import { ApolloServer } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { getStitchedSchemaFromSupergraphSdl } from '@graphql-tools/federation';
import { composeServices as composeByGuild } from '@theguild/federation-composition';
import { execute, parse, print, validate } from 'graphql';

const [blog, music, slug, hidden] = process.argv.slice(2);

const READS = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
  type Query { mostRead: [Post] readsOf(first: Int): Reads! }
  type Reads { nodes: [Post]! pageInfo: PageInfo! }
  type Post @key(fields: "slug") { slug: String! reads: Int! }
  type Artist @key(fields: "id") { id: ID! fans: Int! }
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
`;
const known = [{ __typename: 'Post', slug }, { __typename: 'Post', slug: hidden }, { __typename: 'Post', slug }];
const reads = buildSubgraphSchema([{
  typeDefs: parse(READS),
  resolvers: {
    Query: {
      mostRead: () => known,
      readsOf: () => ({ nodes: known, pageInfo: { hasNextPage: false, hasPreviousPage: false } }),
    },
    Post: { __resolveReference: (given) => given, reads: (post) => post.slug.length },
    Artist: { __resolveReference: (given) => given, fans: (artist) => artist.id.length },
  },
}]);

async function send(url, query, variables) {
  const body = JSON.stringify({ query, variables });
  const headers = { 'content-type': 'application/json' };
  return (await fetch(url, { method: 'POST', headers, body })).json();
}

async function textOf(url) {
  const { data, errors } = await send(url, '{ _service { sdl } }');
  assert.equal(errors, undefined);
  return parse(data._service.sdl);
}

const services = [
  { name: 'blog', url: blog, typeDefs: await textOf(blog) },
  { name: 'music', url: music, typeDefs: await textOf(music) },
  { name: 'reads', url: 'http://reads.invalid', typeDefs: parse(READS) },
];

function composed(by, compose) {
  const { supergraphSdl, errors } = compose(services);
  assert.deepEqual((errors ?? []).map((error) => error.message), [], `${by} does not compose`);
  return supergraphSdl;
}

async function byApollo(supergraphSdl) {
  const buildService = ({ name, url }) =>
    name === 'reads' ? new LocalGraphQLDataSource(reads) : new RemoteGraphQLDataSource({ url });
  const server = new ApolloServer({ gateway: new ApolloGateway({ supergraphSdl, buildService }) });
  await server.start();
  const ask = async (query) => (await server.executeOperation({ query })).body.singleResult;
  return { ask, stop: () => server.stop() };
}

async function byTools(supergraphSdl) {
  const schema = getStitchedSchemaFromSupergraphSdl({
    supergraphSdl,
    onSubschemaConfig(config) {
      config.executor = ({ document, variables }) =>
        config.endpoint === 'http://reads.invalid'
          ? execute({ schema: reads, document, variableValues: variables })
          : send(config.endpoint, print(document), variables);
    },
  });
  const ask = async (query) => {
    const document = parse(query);
    const errors = validate(schema, document);
    return errors.length ? { errors } : execute({ schema, document });
  };
  return { ask, stop: async () => undefined };
}

async function checked(name, { ask, stop }) {
  const plain = async (query) => JSON.parse(JSON.stringify(await ask(query)));

  const theirs = await plain('{ mostRead { reads title author { name } tags(first: 1) { nodes { slug } } } }');
  assert.ok(theirs.data?.mostRead?.[0], JSON.stringify(theirs));
  const [first, nothing, again] = theirs.data.mostRead;
  assert.equal(first.reads, slug.length);
  assert.ok(first.title && first.author.name);
  assert.equal(nothing, null, 'what nobody sees is null');
  assert.deepEqual(again, first, 'in order, and twice the same');

  const ours = await plain('{ posts(first: 3) { nodes { slug title reads } pageInfo { hasNextPage } } }');
  assert.equal(ours.errors, undefined);
  assert.equal(ours.data.posts.nodes.length, 3);
  for (const post of ours.data.posts.nodes) assert.ok(post.reads > 0 && post.title);

  const shared = await plain('{ readsOf { pageInfo { hasNextPage } } artists(first: 2) { nodes { id name fans } } }');
  assert.equal(shared.errors, undefined);
  assert.equal(shared.data.artists.nodes.length, 2);
  for (const artist of shared.data.artists.nodes) assert.equal(artist.fans, artist.id.length);

  const { data } = await plain(`{ post(slug: ${JSON.stringify(slug)}) { id reads } }`);
  const found = await plain(`{ node(id: ${JSON.stringify(data.post.id)}) { id ... on Post { title } } }`);
  assert.equal(found.data.node.title, first.title);

  const internal = await plain(`{ postBySlug(slug: ${JSON.stringify(slug)}) { id } }`);
  assert.ok(internal.errors, 'look-ups for gateways are hidden');
  await stop();
  console.log(`${name}: as it should be`);
}

const supergraph = composed('@apollo/composition', composeByApollo);
await checked('@apollo/gateway', await byApollo(supergraph));
const another = composed('@theguild/federation-composition', composeByGuild);
await checked('@graphql-tools/federation', await byTools(another));
if (process.env.SUPERGRAPH) writeFileSync(process.env.SUPERGRAPH, another);
