/* The query doctor's panel: what the operation that was run last cost, statement by statement. The request asks for it
   (`extensions.doctor`), the server measures; nothing is computed here. Its form: docs/query-doctor.md. */
(() => {
  "use strict";
  const h = React.createElement;
  const { Button, useExecutionContext } = GraphiQL.React;

  const KEPT = "trellis:doctor";
  const DEFAULTS = { on: false, explain: true, analyze: false, values: true };
  const CHOICES = [
    ["explain", "EXPLAIN", "Show the plan of each statement."],
    ["analyze", "ANALYZE", "Run each query once more, so that its plan says how long each step took."],
    ["values", "Bound values", "Show what was bound to the parameters."],
  ];
  const SHOWN_MS = 1_500;

  const kept = () => {
    try {
      return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
    } catch {
      return DEFAULTS;
    }
  };
  const choices = Trellis.store(kept());
  const choose = (change) => {
    choices.set({ ...choices.get(), ...change });
    localStorage.setItem(KEPT, JSON.stringify(choices.get()));
  };

  /* What a request asks of the doctor; null if nobody wants it. */
  const asked = () => {
    const { on, ...wanted } = choices.get();
    return on ? { ...wanted, explain: wanted.explain || wanted.analyze } : null;
  };

  const Copy = ({ text, label }) => {
    const [said, say] = React.useState(null);
    const click = async () => {
      const done = await navigator.clipboard?.writeText(text).then(
        () => "Copied",
        () => null,
      );
      say(done ?? "Select the text and copy it");
      setTimeout(() => say(null), SHOWN_MS);
    };
    return h("button", { type: "button", className: "trellis-copy", onClick: click }, said ?? label);
  };

  const Hint = ({ hint }) =>
    h(
      "div",
      { className: "trellis-hint" },
      h("p", null, hint.message),
      hint.sql ? h("pre", { className: "trellis-sql", tabIndex: 0 }, hint.sql) : null,
      hint.sql ? h(Copy, { text: hint.sql, label: "Copy" }) : null,
    );

  const Folded = ({ title, children }) => h("details", null, h("summary", null, title), children);

  const rows = ({ rows, kind }) =>
    kind === "transaction" ? null : rows === null ? "no answer" : Trellis.counted(rows, "row");
  const numbers = (statement) =>
    [
      rows(statement),
      statement.batch > 1 ? `for ${Trellis.counted(statement.batch, "key")}` : null,
      typeof statement.ms === "number" ? Trellis.milliseconds(statement.ms) : null,
      statement.database && statement.database !== "primary" ? statement.database : null,
    ].filter(Boolean);

  const Numbers = ({ statement }) =>
    h(
      "div",
      { className: "trellis-numbers" },
      numbers(statement).map((text) => h("span", { key: text }, text)),
    );

  /* BEGIN, COMMIT and the like: they count, and there is nothing more to say of them. */
  const Transaction = ({ statement }) =>
    h(
      "li",
      { value: statement.number, className: "trellis-transaction" },
      h("code", null, statement.sql),
      h(Numbers, { statement }),
    );

  const WITHOUT_FIELDS = { driver: "the driver, once for each connection", read: "a read", change: "a change" };
  const Askers = ({ statement: { paths, kind } }) =>
    h(
      "div",
      { className: "trellis-paths" },
      paths.length ? paths.map((path) => h("code", { key: path }, path)) : (WITHOUT_FIELDS[kind] ?? kind),
    );

  const Statement = ({ statement }) =>
    h(
      "li",
      { value: statement.number },
      h(Askers, { statement }),
      h(Numbers, { statement }),
      h(
        Folded,
        { title: "SQL" },
        h("pre", { className: "trellis-sql", tabIndex: 0 }, Trellis.readableSQL(statement.sql)),
        h(Copy, { text: statement.sql, label: "Copy" }),
      ),
      statement.parameters?.length
        ? h(
            Folded,
            { title: "Bound values" },
            h("pre", { tabIndex: 0 }, statement.parameters.map((it, index) => `${index + 1}: ${JSON.stringify(it)}`).join("\n")),
          )
        : null,
      statement.plan
        ? h(
            Folded,
            { title: statement.plan.analyzed ? "Plan, as it ran" : "Plan" },
            h("pre", { tabIndex: 0 }, statement.plan.text),
          )
        : null,
      (statement.hints ?? []).map((hint) => h(Hint, { key: hint.sql ?? hint.message, hint })),
    );

  const MEASURES = [
    ["statements", "Statements"],
    ["rows", "Rows"],
    ["values", "Values"],
  ];
  const shown = (number) => (typeof number === "number" ? number.toLocaleString("en") : "–");

  /* What was needed, beside the price that was computed before and the most that is allowed. */
  const Costs = ({ doctor: { real, cost, limits } }) =>
    h(
      "table",
      { className: "trellis-costs" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          h("td", null), // above the names of the rows
          ["needed", "priced", "limit"].map((title) => h("th", { key: title, scope: "col" }, title)),
        ),
      ),
      h(
        "tbody",
        null,
        MEASURES.map(([name, title]) =>
          h(
            "tr",
            { key: name },
            h("th", { scope: "row" }, title),
            [real, cost, limits].map((of, index) => h("td", { key: index }, shown(of?.[name]))),
          ),
        ),
      ),
    );

  const PHASES = [
    ["prepareMs", "prepared in"],
    ["executeMs", "executed in"],
    ["totalMs", "in all"],
  ];
  const DATABASES = { postgresql: "PostgreSQL", sqlite: "SQLite" };

  // The total is what the database's own log shows; the price has no BEGIN and COMMIT in it.
  const OTHERS = [
    ["transaction", "for the transaction"],
    ["driver", "by the driver"],
  ];
  const others = (statements) => {
    const parts = OTHERS.map(([kind, text]) => [statements.filter((it) => it.kind === kind).length, text]);
    const some = parts.filter(([count]) => count).map((part) => part.join(" "));
    return some.length ? ` (${some.join(", ")})` : "";
  };
  const Summary = ({ doctor: { statements, totals, phases, dialect } }) =>
    h(
      "div",
      { className: "trellis-summary" },
      h(
        "p",
        null,
        h("strong", null, Trellis.counted(totals.statements, "statement")),
        others(statements),
        `, ${Trellis.counted(totals.rows, "row")}`,
        `, ${Trellis.milliseconds(totals.ms)} in ${DATABASES[dialect] ?? dialect}`,
      ),
      h("p", null, PHASES.map(([name, title]) => `${title} ${Trellis.milliseconds(phases[name])}`).join(", ")),
    );

  const Findings = ({ doctor }) =>
    h(
      React.Fragment,
      null,
      h(Summary, { doctor }),
      h(Costs, { doctor }),
      h(
        "ol",
        { className: "trellis-statements" },
        doctor.statements.map((it) =>
          h(it.kind === "transaction" ? Transaction : Statement, { key: it.number, statement: it }),
        ),
      ),
      doctor.leftOut
        ? h(
            "p",
            null,
            `${Trellis.counted(doctor.leftOut, "statement")} more ${doctor.leftOut === 1 ? "is" : "are"} counted and not shown.`,
          )
        : null,
    );

  const Refused = ({ errors }) =>
    h(
      "div",
      { className: "trellis-problem", role: "alert" },
      errors.length
        ? errors.map((error) =>
            h(
              "p",
              { key: error.message },
              error.message,
              error.extensions?.code ? h("code", null, ` ${error.extensions.code}`) : null,
            ),
          )
        : h("p", null, "The answer says nothing of it; this server has no doctor."),
    );

  const Found = ({ on }) => {
    const answer = Trellis.useStore(Trellis.answer);
    if (answer?.doctor) return h(Findings, { doctor: answer.doctor });
    if (on && answer?.asked) return h(Refused, { errors: answer.errors });
    return h(
      "p",
      { className: "trellis-summary" },
      on ? "Run an operation, and see here what it costs." : "Switch it on, and run an operation.",
    );
  };

  const Choice = ({ name, title, hint, value }) =>
    h(
      "label",
      { title: hint },
      h("input", { type: "checkbox", checked: value, onChange: (event) => choose({ [name]: event.target.checked }) }),
      title,
    );

  const Panel = () => {
    const chosen = Trellis.useStore(choices);
    const { run, isFetching } = useExecutionContext({ nonNull: true });
    return h(
      "section",
      { className: "trellis-doctor", "aria-label": "Doctor" },
      h("h2", null, "Doctor"),
      h(
        "div",
        { className: "trellis-choices" },
        h(Choice, {
          name: "on",
          title: "Examine what I run",
          hint: "Ask the server with each operation what it cost.",
          value: chosen.on,
        }),
        chosen.on
          ? CHOICES.map(([name, title, hint]) => h(Choice, { key: name, name, title, hint, value: chosen[name] }))
          : null,
        chosen.on ? h(Button, { type: "button", disabled: isFetching, onClick: run }, "Run") : null,
      ),
      h(Found, { on: chosen.on }),
    );
  };

  const Icon = () =>
    h(
      "svg",
      {
        viewBox: "0 0 24 24",
        fill: "none",
        stroke: "currentColor",
        strokeWidth: 1.5,
        strokeLinecap: "round",
        strokeLinejoin: "round",
      },
      h("path", { d: "M5 3H4a1 1 0 0 0-1 1v4a5 5 0 0 0 10 0V4a1 1 0 0 0-1-1h-1" }),
      h("path", { d: "M8 13v2.5a5.5 5.5 0 0 0 11 0V13" }),
      h("circle", { cx: 19, cy: 10.5, r: 2.5 }),
    );

  Trellis.doctor = { asked, plugin: { title: "Doctor", icon: Icon, content: Panel } };
})();
