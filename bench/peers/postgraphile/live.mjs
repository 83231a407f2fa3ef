// PostGraphile 5 with a subscription by LISTEN/NOTIFY: what of `server.mjs` matters here, WebSockets, and one topic.
//
// Sources: https://postgraphile.org/postgraphile/5/subscriptions, https://grafast.org/grafserv.
// A trigger of the bench notifies of each updated post. NODE_ENV=production is set by whoever starts this.
import { createServer } from "node:http";

import { postgraphile } from "postgraphile";
import { jsonParse } from "postgraphile/@dataplan/json";
import { makePgService } from "postgraphile/adaptors/pg";
import { context, listen } from "postgraphile/grafast";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema, gql } from "postgraphile/utils";

const ChangesPlugin = extendSchema((build) => {
  const { posts } = build.pgResources;
  return {
    typeDefs: gql`
      extend type Subscription {
        postsChanged: PostChange
      }
      type PostChange {
        node: Post
      }
    `,
    objects: {
      Subscription: {
        plans: {
          postsChanged: {
            subscribePlan: () => listen(context().get("pgSubscriber"), "bench_posts", jsonParse),
            plan: ($event) => $event,
          },
        },
      },
      PostChange: {
        plans: { node: ($event) => posts.get({ id: $event.get("id") }) },
      },
    },
  };
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [ChangesPlugin],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ["public"],
      pubsub: true,
      poolConfig: { max: 15 },
    }),
  ],
  grafast: { explain: false },
  grafserv: { watch: false, websockets: true, graphiql: false, graphiqlOnGraphQLGET: false },
};

const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
