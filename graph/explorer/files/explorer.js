/* Starts GraphiQL. The page's address is the API's address; the page carries the first query. */
(() => {
  "use strict";

  const page = document.getElementById("explorer");
  const api = new URL(location.pathname, location.origin);
  const socket = new URL(api);
  socket.protocol = socket.protocol.replace("http", "ws");

  // GraphiQL's dialogs keep the page from scrolling with a style element of their own. Under this name their library
  // looks for the nonce that the Content-Security-Policy asks of such an element.
  window.__webpack_nonce__ = document.querySelector("meta[property=csp-nonce]").nonce;

  const explorer = GraphiQLPluginExplorer.explorerPlugin();

  // The pane that was open last is opened again; at the first visit it is the explorer. GraphiQL has the property
  // `visiblePlugin` for this, but 4.1.2 marks the pane as open and leaves it hidden. So we press the button, once
  // there is a schema to show.
  const OPEN_PANE = "trellis:open-pane";
  const remember = (pane) => localStorage.setItem(OPEN_PANE, pane?.title ?? "");
  let opened = false;
  const open = () => {
    if (opened) return;
    opened = true;
    const title = localStorage.getItem(OPEN_PANE) ?? explorer.title;
    document.querySelector(`.graphiql-sidebar button[aria-label="Show ${CSS.escape(title)}"]`)?.click();
  };

  // GraphiQL 4.1.2 keeps headers in its history, whatever `shouldPersistHeaders` says. So the history is stored without.
  const HISTORY = ["graphiql:queries", "graphiql:favorites"];
  const withoutHeaders = (name, value) => (name === "headers" ? undefined : value);
  const storage = {
    getItem: (key) => localStorage.getItem(key),
    setItem: (key, value) =>
      localStorage.setItem(key, HISTORY.includes(key) ? JSON.stringify(JSON.parse(value, withoutHeaders)) : value),
    removeItem: (key) => localStorage.removeItem(key),
    clear: () => Object.keys(localStorage).filter((key) => key.startsWith("graphiql:")).forEach(storage.removeItem),
    get length() {
      return Object.keys(localStorage).filter((key) => key.startsWith("graphiql:")).length;
    },
  };
  for (const key of HISTORY) {
    const kept = storage.getItem(key); // by a version that did not know
    if (kept) storage.setItem(key, kept);
  }

  // A link may bring its own query, /graphql#query=…; it is shown, never run, and the server does not see it.
  const link = new URLSearchParams(location.hash.slice(1));

  ReactDOM.createRoot(page).render(
    React.createElement(
      GraphiQL,
      {
        fetcher: GraphiQL.createFetcher({ url: api.href, subscriptionUrl: socket.href }),
        defaultQuery: page.dataset.query,
        query: link.get("query") ?? undefined,
        variables: link.get("variables") ?? undefined,
        plugins: [explorer],
        onSchemaChange: open,
        onTogglePluginVisibility: remember,
        inputValueDeprecation: true, // ask for all that the schema can say, deprecated arguments
        schemaDescription: true, // and the schema's own description included
        isHeadersEditorEnabled: true,
        shouldPersistHeaders: false, // a token is forgotten with the tab in which it was typed
        storage,
      },
      React.createElement(GraphiQL.Logo, null, "Trellis"),
    ),
  );
})();
