/* Values that several parts of the page show: each part is drawn again when one changes. Nothing is kept or sent. */
window.Trellis = {};
(() => {
  "use strict";

  Trellis.store = (value) => {
    const listeners = new Set();
    return {
      get: () => value,
      set: (next) => {
        value = next;
        listeners.forEach((listener) => listener());
      },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  };

  Trellis.useStore = (store) => React.useSyncExternalStore(store.subscribe, store.get);
})();
