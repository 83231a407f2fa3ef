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
  const forget = (name, value) => (name === "headers" ? undefined : value);
  const withoutHeaders = (text) => JSON.stringify(parsed(text), forget);
  const withNullHeaders = (text) => JSON.stringify(parsed(text), (name, value) => (name === "headers" ? null : value));
  const ours = (storage) => Object.keys(storage).filter((key) => key.startsWith(PREFIX));

  Trellis.storage = {
    getItem: (key) => sessionStorage.getItem(key) ?? localStorage.getItem(key) ?? DEFAULTS[key] ?? null,
    setItem: (key, value) => {
      if (key === HEADERS) return sessionStorage.setItem(key, value);
      // GraphiQL 4.1.2 keeps headers in its history, whatever `shouldPersistHeaders` says.
      if (HISTORY.includes(key)) return localStorage.setItem(key, withoutHeaders(value));
      if (key !== TABS) return localStorage.setItem(key, value);
      sessionStorage.setItem(key, value);
      localStorage.setItem(key, withNullHeaders(value));
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
