// Mercurius by hand: Fastify, Mercurius with graphql-jit, and loaders of our own on postgres.js.
//
// Sources: https://mercurius.dev/#/docs/api/options (jit, compilerOptions), https://github.com/zalando-incubator/graphql-jit
// (resolverInfoEnricher, disableLeafSerialization), https://github.com/porsager/postgres (prepared statements, types).
// NODE_ENV=production is set by whoever starts this.
//
// What makes it cheap, beyond the defaults:
// - A field's statement has the columns that are asked for. It is made when graphql-jit compiles the document, once.
// - Loaders know a parent by its number. Mercurius's own loaders write each parent as JSON to know it again.
// - Arrays of numbers go as one literal, moments come as text; nothing looks at a value that is only passed on.
// - Who may see what is said once, where posts are listed, for whoever comes with a header that says who asks.
// - Levels are read as they come up, siblings at once, each statement on whichever connection is free: no common view.
import Fastify from "fastify";
import { getNamedType, Kind } from "graphql";
import mercurius from "mercurius";
import postgres from "postgres";

const SCHEMA = `
  scalar DateTime

  type Query {
    posts(first: Int!): [Post!]!
    users(first: Int!): [User!]!
    user(id: ID!): User
    filteredPosts(first: Int!, tag: String!, title: String!): PostPage!
  }

  type Post {
    id: ID!
    slug: String!
    title: String!
    summary: String
    version: Int!
    publishedAt: DateTime
    createdAt: DateTime!
    author: User!
    tags: [Tag!]!
  }

  type PostPage {
    totalCount: Int!
    nodes: [Post!]!
  }

  type User {
    id: ID!
    name: String!
    email: String!
    posts(first: Int): [Post!]!
  }

  type Tag {
    id: ID!
    name: String!
  }
`;

/** What each field needs of its row. */
const COLUMNS = {
  Post: {
    id: "id",
    slug: "slug",
    title: "title",
    summary: "summary",
    version: "version",
    publishedAt: 'published_at AS "publishedAt"',
    createdAt: 'created_at AS "createdAt"',
    author: "author_id",
    tags: "id",
  },
  User: { id: "id", name: "name", email: "email", posts: "id" },
  Tag: { id: "id", name: "name" },
};

/** "2024-01-01 00:23:07+00", as PostgreSQL writes a moment in UTC, in ISO 8601. */
const moment = (text) => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;

const sql = postgres(process.env.DATABASE_URL, {
  max: Number(process.env.POOL_SIZE ?? 15),
  idle_timeout: 0,
  max_lifetime: null,
  fetch_types: false, // arrays are written as literals, and none is read
  connection: { TimeZone: "UTC" },
  types: { moment: { to: 1184, from: [1184], serialize: String, parse: moment } },
});
const PREPARED = { prepare: true };
const run = (text, ...parameters) => sql.unsafe(text, parameters, PREPARED);

const arrayOf = (numbers) => `{${numbers.join(",")}}`;
const escaped = (text) => text.replace(/[\\%_]/g, "\\$&");

// Statements, by the field that reads them: functions of the columns that are asked for.

const NEWEST = "ORDER BY posts.created_at DESC, posts.id DESC";
const FITTING = `
  FROM posts
  WHERE title LIKE '%' || $2 || '%'
    AND EXISTS (SELECT FROM post_tags JOIN tags ON tags.id = tag_id WHERE post_id = posts.id AND slug = $1)`;

const STATEMENTS = {
  Query: {
    posts: (columns) => ({
      all: `SELECT ${columns} FROM posts ${NEWEST} LIMIT $1`,
      forMember: `SELECT ${columns} FROM posts WHERE status = 'published' OR author_id = $2 ${NEWEST} LIMIT $1`,
    }),
    users: (columns) => `SELECT ${columns} FROM users ORDER BY id LIMIT $1`,
    user: (columns) => `SELECT ${columns} FROM users WHERE id = $1`,
  },
  PostPage: {
    totalCount: () => `SELECT count(*)::INT AS total ${FITTING}`,
    nodes: (columns) => `SELECT ${columns} ${FITTING} ${NEWEST} LIMIT $3`,
  },
  Post: {
    author: (columns) => `SELECT id AS parent, ${columns} FROM users WHERE id = ANY ($1::BIGINT[])`,
    tags: (columns) => `
      SELECT post_id AS parent, ${columns} FROM post_tags JOIN tags ON id = tag_id
      WHERE post_id = ANY ($1::BIGINT[]) ORDER BY post_id, id`,
  },
  User: {
    posts: (columns) => ({
      all: `
        SELECT author_id AS parent, ${columns} FROM posts WHERE author_id = ANY ($1::BIGINT[])
        ORDER BY author_id, published_at, id`,
      page: `
        SELECT parent, ${columns} FROM unnest($1::BIGINT[]) AS parents (parent) CROSS JOIN LATERAL (
          SELECT * FROM posts WHERE author_id = parent ORDER BY published_at, id LIMIT $2
        ) AS page
        ORDER BY parent, published_at, id`,
    }),
  },
};

/** The statement of a field, with the columns that its selected fields need. */
function statementOf(info) {
  const { statement, parentType, fieldName, fieldNodes, fragments, returnType } = info;
  return statement ?? STATEMENTS[parentType.name][fieldName](columnsOf(getNamedType(returnType), fieldNodes, fragments));
}

function columnsOf(type, fieldNodes, fragments) {
  const found = new Set();
  const collect = (selectionSet) => {
    for (const selection of selectionSet?.selections ?? []) {
      if (selection.kind === Kind.FIELD) {
        found.add(COLUMNS[type.name][selection.name.value] ?? "id"); // __typename needs none
      } else {
        collect((fragments[selection.name?.value] ?? selection).selectionSet);
      }
    }
  };
  for (const node of fieldNodes) {
    collect(node.selectionSet);
  }
  return [...found].join(", ");
}

/** graphql-jit asks this for each field when it compiles a document; `info` has the answer from then on. */
const resolverInfoEnricher = (info) =>
  STATEMENTS[info.parentType.name]?.[info.fieldName] ? { statement: statementOf(info) } : {};

// Loaders: all parents of one tick in one statement, each of them once.

class Batch {
  #promises = new Map();
  #waiting = [];
  #text;
  #more;
  #group;

  constructor(text, more, group) {
    this.#text = text;
    this.#more = more;
    this.#group = group;
  }

  load(key) {
    let promise = this.#promises.get(key);
    if (promise === undefined) {
      promise = new Promise((resolve, reject) => {
        if (this.#waiting.push({ key, resolve, reject }) === 1) {
          process.nextTick(() => this.#run());
        }
      });
      this.#promises.set(key, promise);
    }
    return promise;
  }

  async #run() {
    const waiting = this.#waiting;
    this.#waiting = [];
    const keys = waiting.map(({ key }) => key);
    try {
      const groups = this.#group(keys, await run(this.#text, arrayOf(keys), ...this.#more));
      for (const { key, resolve } of waiting) {
        resolve(groups.get(key));
      }
    } catch (error) {
      for (const { reject } of waiting) {
        reject(error);
      }
    }
  }
}

function one(_keys, rows) {
  return new Map(rows.map((row) => [row.parent, row]));
}

function many(keys, rows) {
  const groups = new Map(keys.map((key) => [key, []]));
  for (const row of rows) {
    groups.get(row.parent).push(row);
  }
  return groups;
}

/** A request's batches: by how many are asked for of each parent, and by their statement. */
function load({ batches }, key, text, group, first) {
  let byText = batches.get(first);
  if (byText === undefined) {
    batches.set(first, (byText = new Map()));
  }
  let batch = byText.get(text);
  if (batch === undefined) {
    byText.set(text, (batch = new Batch(text, first === undefined ? [] : [first], group)));
  }
  return batch.load(key);
}

const resolvers = {
  Query: {
    posts(_root, { first }, { member }, info) {
      const { all, forMember } = statementOf(info);
      return member === undefined ? run(all, first) : run(forMember, first, member);
    },
    users: (_root, { first }, _context, info) => run(statementOf(info), first),
    user: async (_root, { id }, _context, info) => (await run(statementOf(info), id))[0],
    filteredPosts: (_root, { first, tag, title }) => ({ first, tag, title: escaped(title) }),
  },
  PostPage: {
    totalCount: async ({ tag, title }, _arguments, _context, info) => (await run(statementOf(info), tag, title))[0].total,
    nodes: ({ first, tag, title }, _arguments, _context, info) => run(statementOf(info), tag, title, first),
  },
  Post: {
    author: ({ author_id }, _arguments, context, info) => load(context, author_id, statementOf(info), one),
    tags: ({ id }, _arguments, context, info) => load(context, id, statementOf(info), many),
  },
  User: {
    posts({ id }, { first }, context, info) {
      const { all, page } = statementOf(info);
      return first == null ? load(context, id, all, many) : load(context, id, page, many, first);
    },
  },
};

const app = Fastify({ logger: false });
app.register(mercurius, {
  schema: SCHEMA,
  resolvers,
  context: ({ headers }) => ({ batches: new Map(), member: headers["bench-member"] }),
  jit: 1,
  compilerOptions: { resolverInfoEnricher, disableLeafSerialization: true, disablingCapturingStackErrors: true },
});
process.once("SIGTERM", async () => {
  await app.close();
  await sql.end({ timeout: 5 });
});
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
