/* Starts GraphiQL. The page's address is the API's address; the page carries the tabs that it opens with. */
(() => {
  "use strict";
  const h = React.createElement;
  const { useEditorContext } = GraphiQL.React;

  const page = document.getElementById("explorer");
  const { tabs, signIn } = JSON.parse(page.dataset.content);

  // GraphiQL's dialogs keep the page from scrolling with a style element of their own. Under this name their library
  // looks for the nonce that the Content-Security-Policy asks of such an element.
  window.__webpack_nonce__ = document.querySelector("meta[property=csp-nonce]").nonce;

  const explorer = GraphiQLPluginExplorer.explorerPlugin();

  // The pane that was open last is opened again; at the first visit it is the explorer, where there is room for it.
  // GraphiQL has the property `visiblePlugin` for this, but 4.1.2 marks the pane as open and leaves it hidden. So we
  // press the button, once there is a schema to show.
  const OPEN_PANE = "trellis:open-pane";
  const ROOM_FOR_A_PANE = matchMedia("(min-width: 1000px)");
  let opened = false;
  const open = () => {
    if (opened) return;
    opened = true;
    const title = localStorage.getItem(OPEN_PANE) ?? (ROOM_FOR_A_PANE.matches ? explorer.title : "");
    document.querySelector(`.graphiql-sidebar button[aria-label="Show ${CSS.escape(title)}"]`)?.click();
  };
  const toggled = (pane) => {
    localStorage.setItem(OPEN_PANE, pane?.title ?? "");
    // All panes share one scrollbar, which would stay where the last pane was read.
    requestAnimationFrame(() => document.querySelector(".graphiql-plugin")?.scrollTo(0, 0));
  };

  /* Let lines that are too long go on in the next line, two characters deeper than they begin.
     Source: codemirror.net/5/demo/indentwrap.html */
  const wrap = (editor) => {
    editor.setOption("lineWrapping", true);
    editor.on("renderLine", (_editor, { text }, element) => {
      const deep = (text.search(/\S|$/) + 2) * editor.defaultCharWidth();
      element.style.textIndent = `-${deep}px`;
      element.style.paddingLeft = `${deep + 4}px`; // 4: CodeMirror's own
    });
    editor.refresh();
  };

  /* Say to screen readers what an editor is for: GraphiQL leaves its field without a name. */
  const named = (editor, name) =>
    React.useEffect(() => void editor?.getInputField().setAttribute("aria-label", name), [editor, name]);

  /* The editor of operations has the focus at first. */
  const EditorCare = () => {
    const { queryEditor, variableEditor, headerEditor, responseEditor } = useEditorContext({ nonNull: true });
    React.useEffect(() => {
      if (!queryEditor) return;
      wrap(queryEditor);
      queryEditor.focus();
    }, [queryEditor]);
    React.useEffect(() => void (responseEditor && wrap(responseEditor)), [responseEditor]);
    named(queryEditor, "Operation");
    named(variableEditor, "Variables");
    named(headerEditor, "Headers");
    named(responseEditor, "Answer");
    return null;
  };

  const opening = Trellis.link ? [Trellis.link, ...tabs] : tabs;

  ReactDOM.createRoot(page).render(
    h(
      GraphiQL,
      {
        fetcher: Trellis.fetcher,
        defaultQuery: "",
        defaultTabs: opening,
        query: Trellis.link?.query,
        variables:
          Trellis.link?.variables ?? (Trellis.storage.getItem("graphiql:tabState") ? undefined : opening[0].variables),
        plugins: [explorer, Trellis.doctor.plugin],
        onSchemaChange: open,
        onTogglePluginVisibility: toggled,
        isHeadersEditorEnabled: true,
        shouldPersistHeaders: true, // until the browser's tab is closed (storage.js)
        storage: Trellis.storage,
      },
      h(
        GraphiQL.Logo,
        null,
        h(EditorCare),
        h("h1", { className: "trellis-name" }, "Trellis"),
        signIn ? h(Trellis.SessionBar, { operations: signIn }) : null,
      ),
      h(GraphiQL.Toolbar, null, ({ prettify, merge, copy }) =>
        h(React.Fragment, null, prettify, merge, copy, h(Trellis.ShareButton)),
      ),
      h(GraphiQL.Footer, null, h(Trellis.Measured)),
    ),
  );
})();
