/* What the browser keeps for GraphiQL. Headers are kept as long as the browser's tab, for a token may be among them:
   they never reach what the browser keeps for good. */
(() => {
  "use strict";

  const PREFIX = "graphiql:";
  const HEADERS = `${PREFIX}headers`;
  const TABS = `${PREFIX}tabState`;
  const HISTORY = [`${PREFIX}queries`, `${PREFIX}favorites`];

  // The explorer takes a quarter of the window, not a third: at 1400 pixels, the editor has 50 columns then.
  const DEFAULTS = { [`${PREFIX}docExplorerFlex`]: "0.27" };

  const parsed = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return null; // what another page has written here is nothing that GraphiQL has kept
    }
  };
  const withoutHeaders = (text) =>
    JSON.stringify(parsed(text), (name, value) => (name === "headers" ? undefined : value));
  const withNullHeaders = (text) => JSON.stringify(parsed(text), (name, value) => (name === "headers" ? null : value));

  // GraphiQL 4.1.2 empties its copy of the headers when it starts; those of the tab that is shown stay.
  const headersShown = () => {
    const state = parsed(sessionStorage.getItem(TABS));
    return state?.tabs?.[state.activeTabIndex]?.headers ?? null;
  };
  const ours = (storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX) || key.startsWith("trellis:"));

  Trellis.storage = {
    getItem: (key) => {
      if (key === HEADERS) return headersShown();
      return sessionStorage.getItem(key) ?? localStorage.getItem(key) ?? DEFAULTS[key] ?? null;
    },
    setItem: (key, value) => {
      if (key === HEADERS) return;
      // GraphiQL 4.1.2 keeps headers in its history, whatever `shouldPersistHeaders` says.
      if (HISTORY.includes(key)) return localStorage.setItem(key, withoutHeaders(value));
      if (key === TABS) sessionStorage.setItem(key, value);
      localStorage.setItem(key, key === TABS ? withNullHeaders(value) : value);
    },
    removeItem: (key) => [sessionStorage, localStorage].forEach((storage) => storage.removeItem(key)),
    clear: () => [sessionStorage, localStorage].forEach((it) => ours(it).forEach((key) => it.removeItem(key))),
    get length() {
      return ours(localStorage).length;
    },
  };

  // A version that did not know may have left headers behind.
  for (const key of HISTORY) if (localStorage.getItem(key)) Trellis.storage.setItem(key, localStorage.getItem(key));
  localStorage.removeItem(HEADERS);
})();
