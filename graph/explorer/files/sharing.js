/* Links that share a query: `/graphql#query=…&variables=…`. What stands behind `#` never reaches the server, headers
   are never in it, and nothing runs by itself. */
(() => {
  "use strict";
  const h = React.createElement;
  const { ToolbarButton, useEditorContext } = GraphiQL.React;
  const SHOWN_MS = 2_500;

  const fragment = new URLSearchParams(location.hash.slice(1));

  /* What the address brought: `{query, variables}`, or null. It is taken out of the address, for a page that is loaded
     again shows what people have made of it. */
  Trellis.link = fragment.get("query")
    ? { query: fragment.get("query"), variables: fragment.get("variables") ?? "" }
    : null;
  if (Trellis.link) history.replaceState(null, "", location.pathname + location.search);
  addEventListener("hashchange", () => location.reload()); // a link that is opened in a page that is open

  Trellis.linkTo = (query, variables) => {
    const parts = new URLSearchParams({ query, ...(variables?.trim() ? { variables } : {}) });
    return `${location.origin}${location.pathname}${location.search}#${parts}`;
  };

  const share = async (link) => {
    try {
      await navigator.clipboard.writeText(link);
      return "The link is copied; headers are not in it";
    } catch {
      history.replaceState(null, "", link); // browsers have a clipboard only behind https and on this machine
      return "The link is in the address bar; headers are not in it";
    }
  };

  const Icon = () =>
    h(
      "svg",
      {
        viewBox: "0 0 24 24",
        fill: "none",
        stroke: "currentColor",
        strokeWidth: 1.7,
        strokeLinecap: "round",
        className: "graphiql-toolbar-icon",
        "aria-hidden": true,
      },
      h("path", { d: "M10 14a4.5 4.5 0 0 0 6.5.2l3-3a4.5 4.5 0 0 0-6.4-6.4l-1.4 1.4" }),
      h("path", { d: "M14 10a4.5 4.5 0 0 0-6.5-.2l-3 3a4.5 4.5 0 0 0 6.4 6.4l1.4-1.4" }),
    );

  Trellis.ShareButton = () => {
    const { queryEditor, variableEditor } = useEditorContext({ nonNull: true });
    const [said, say] = React.useState(null);
    const click = async () => {
      say(await share(Trellis.linkTo(queryEditor.getValue(), variableEditor?.getValue())));
      setTimeout(() => say(null), SHOWN_MS);
    };
    return h(
      React.Fragment,
      null,
      h(ToolbarButton, { label: "Copy a link to this query", onClick: click }, h(Icon)),
      said ? h("p", { className: "trellis-said", role: "status" }, said) : null,
    );
  };
})();
