// PostGraphile 5 as a library: the recommended presets, Grafserv on Node's own HTTP server, nothing for developers.
//
// Sources: https://postgraphile.org/postgraphile/5/usage-library, https://postgraphile.org/postgraphile/5/config,
// https://grafast.org/grafserv/servers/node, https://postgraphile.org/postgraphile/5/security. NODE_ENV=production is set by whoever starts this.
import { createServer } from "node:http";

import { PgManyToManyPreset } from "@graphile-contrib/pg-many-to-many";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const MEMBERS = `${new URL(process.env.DATABASE_URL).pathname.slice(1)}_members`;

/** Whoever comes with a header that says who asks is a member, and row security hides what members may not see. */
function settingsOf({ node }) {
  const member = node?.req.headers["bench-member"];
  return member === undefined ? {} : { pgSettings: { role: MEMBERS, "bench.member": member } };
}

const preset = {
  extends: [
    PostGraphileAmberPreset,
    PgSimplifyInflectionPreset,
    PgManyToManyPreset,
    PostGraphileConnectionFilterPreset,
  ],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ["public"],
      poolConfig: { max: 15 },
    }),
  ],
  schema: { connectionFilterRelations: true },
  grafast: { explain: false, context: settingsOf },
  grafserv: {
    watch: false,
    websockets: false,
    graphiql: false,
    graphiqlOnGraphQLGET: false,
  },
};

const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
