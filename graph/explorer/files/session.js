/* Who one is, and how one becomes somebody: a bar at the head of the page. The application names three operations for
   it; the sign-in is a cookie that no script can read, so that nothing of it is kept here. */
(() => {
  "use strict";
  const h = React.createElement;
  const { Button, Dialog, useEditorContext } = GraphiQL.React;

  const root = (result) => Object.values(result.data ?? {})[0];
  const texts = (object) => Object.values(object ?? {}).filter((value) => typeof value === "string");
  const isMutation = ({ query, operationName }) => {
    const operations = Trellis.operationsOf(query);
    return (operations.find((it) => it.name?.value === operationName) ?? operations[0])?.operation === "mutation";
  };

  /* What keeps a sign-in from being done, in the words of the server; empty if nothing does. */
  const refusals = (result) =>
    [...(result.errors ?? []), ...(root(result)?.errors ?? [])].map((error) => error.message);

  const byHeader = (headers) => Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
  const parsedHeaders = (text) => {
    try {
      return JSON.parse(text || "{}") ?? {};
    } catch {
      return {}; // not finished yet
    }
  };

  // A name of a variable as the label of its field: `currentPassword` is "Current password".
  const label = (name) => {
    const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
    return words[0].toUpperCase() + words.slice(1);
  };
  const kind = (name) => (/password|secret/i.test(name) ? "password" : /e-?mail/i.test(name) ? "email" : "text");
  const AUTOCOMPLETE = { password: "current-password", email: "username", text: "on" };

  const Field = ({ name }) =>
    h(
      "label",
      { className: "trellis-field" },
      label(name),
      h("input", { name, type: kind(name), autoComplete: AUTOCOMPLETE[kind(name)], required: true, spellCheck: false }),
    );

  const SignInDialog = ({ document, onClose, onSignedIn }) => {
    const [problems, setProblems] = React.useState([]);
    const [waiting, setWaiting] = React.useState(false);
    const names = Trellis.operationsOf(document)[0].variableDefinitions.map((it) => it.variable.name.value);
    const submit = async (event) => {
      event.preventDefault();
      setWaiting(true);
      const variables = Object.fromEntries(new FormData(event.currentTarget));
      const { result } = await Trellis.send({ query: document, variables });
      setWaiting(false);
      setProblems(refusals(result));
      if (!refusals(result).length) onSignedIn();
    };
    return h(
      Dialog,
      { open: true, onOpenChange: (open) => open || onClose() },
      h(
        "div",
        { className: "graphiql-dialog-header" },
        h(Dialog.Title, { className: "graphiql-dialog-title" }, "Sign in"),
        h(Dialog.Close),
      ),
      h(
        "form",
        { className: "trellis-form", onSubmit: submit },
        h(
          Dialog.Description,
          { className: "graphiql-dialog-section-caption" },
          "The browser keeps it in a cookie that no script can read.",
        ),
        names.map((name) => h(Field, { key: name, name })),
        problems.map((problem) => h("p", { key: problem, className: "trellis-problem", role: "alert" }, problem)),
        h(Button, { type: "submit", disabled: waiting }, "Sign in"),
      ),
    );
  };

  const Somebody = ({ viewer, headers, signOut }) => {
    const [name, ...others] = texts(viewer);
    return h(
      React.Fragment,
      null,
      h("span", { className: "trellis-viewer", title: others.join(", ") }, name ?? "Signed in"),
      byHeader(headers)
        ? h("span", { className: "trellis-by", title: "Take the header away to be somebody else." }, "by header")
        : h(Button, { type: "button", onClick: signOut }, "Sign out"),
    );
  };

  const Nobody = ({ problems, headers, ask }) =>
    byHeader(headers) && problems.length
      ? h("span", { className: "trellis-problem", title: problems.join(" ") }, "Header refused")
      : h(Button, { type: "button", title: problems.join(" "), onClick: ask }, "Sign in");

  /* The bar. `operations` has `viewer` (its first field is who asks, or null), `signIn` (whose variables are the fields
     of the form) and `signOut`. */
  Trellis.SessionBar = ({ operations }) => {
    const { headerEditor } = useEditorContext({ nonNull: true });
    const [state, setState] = React.useState({ viewer: undefined, headers: {}, problems: [] });
    const [asking, setAsking] = React.useState(false);
    const asked = React.useRef(0);

    const refresh = React.useCallback(
      async (headers) => {
        const number = ++asked.current;
        const { result } = await Trellis.send({ query: operations.viewer }, headers);
        if (number === asked.current) setState({ viewer: root(result) ?? null, headers, problems: refusals(result) });
      },
      [operations],
    );

    const now = () => parsedHeaders(headerEditor?.getValue());
    React.useEffect(() => void (headerEditor && refresh(now())), [headerEditor, refresh]);
    React.useEffect(() => {
      const hear = (sent, headers) => {
        const changed = JSON.stringify(headers) !== JSON.stringify(state.headers);
        const ended = Trellis.answer.get().status === 401;
        if (changed || ended || isMutation(sent)) refresh(headers);
      };
      Trellis.afterwards.push(hear);
      return () => void Trellis.afterwards.splice(Trellis.afterwards.indexOf(hear), 1);
    }, [state.headers, refresh]);

    const signedIn = () => {
      setAsking(false);
      refresh(now());
    };
    const signOut = async () => {
      await Trellis.send({ query: operations.signOut });
      refresh(now());
    };
    if (state.viewer === undefined) return null;
    return h(
      "div",
      { className: "trellis-session" },
      state.viewer
        ? h(Somebody, { viewer: state.viewer, headers: state.headers, signOut })
        : h(Nobody, { ...state, ask: () => setAsking(true) }),
      asking
        ? h(SignInDialog, { document: operations.signIn, onClose: () => setAsking(false), onSignedIn: signedIn })
        : null,
    );
  };
})();
