/* SQL for people: the text of a statement enters, the same with a line for each clause leaves. Nothing is parsed: what is
   not understood stays as it is. */
(() => {
  "use strict";

  const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|[A-Za-z_]\w*|\s+|./gs;
  const BEGINNINGS = [
    "FROM|WHERE|GROUP BY|HAVING|WINDOW|ORDER BY|LIMIT|OFFSET|FOR UPDATE|UNION|VALUES|SET|ON CONFLICT|RETURNING",
    "(?:(?:LEFT|RIGHT|FULL|INNER|CROSS) )?(?:OUTER )?JOIN",
  ];
  const CLAUSE = new RegExp(`^(?:${BEGINNINGS.join("|")})\\b`, "i");
  const WORDS_OF_A_CLAUSE = 5; // LEFT OUTER JOIN, with its spaces

  // `JOIN` of a `LEFT JOIN` has had its line, and `FROM` of these begins no clause.
  const GOES_ON = /\b(LEFT|RIGHT|FULL|INNER|CROSS|OUTER|DELETE|DISTINCT)\s*$/i;

  const isSubquery = (after) => /^\s*(SELECT|WITH)\b/i.test(after.slice(0, 2).join(""));
  const beginsClause = (tokens) =>
    /^[A-Za-z]/.test(tokens[0]) && CLAUSE.test(tokens.slice(0, WORDS_OF_A_CLAUSE).join(""));

  /* Subqueries stand two spaces deeper; texts and names in quotes stay as they are. */
  Trellis.readableSQL = (sql) => {
    const tokens = (sql.match(TOKENS) ?? []).map((token) => (/^\s+$/.test(token) ? " " : token));
    const open = []; // for each open parenthesis, whether a subquery is in it
    let text = "";
    const line = () => {
      text = `${text.trimEnd()}\n${"  ".repeat(open.filter(Boolean).length)}`;
    };
    tokens.forEach((token, index) => {
      if (token === ")" && open.pop()) line();
      else if (open.every(Boolean) && beginsClause(tokens.slice(index)) && !GOES_ON.test(text)) line();
      if (token !== " " || !/\s$/.test(text)) text += token;
      if (token !== "(") return;
      open.push(isSubquery(tokens.slice(index + 1)));
      if (open.at(-1)) line();
    });
    return text.trim();
  };
})();
