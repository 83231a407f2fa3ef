/* Operations over HTTP, subscriptions and live queries over a WebSocket: what GraphiQL hands over goes to the API, its
   answer comes back; time, size and what the doctor says are kept for the panels. Nothing goes to another address than
   the page's own. */
(() => {
  "use strict";

  const API = new URL(location.pathname, location.origin).href;

  // All that the schema can say. GraphiQL 4.1.2 does not ask which inputs take one field alone.
  const INTROSPECTION = "IntrospectionQuery";
  const QUESTION = GraphiQL.GraphQL.getIntrospectionQuery({
    inputValueDeprecation: true,
    oneOf: true,
    schemaDescription: true,
    specifiedByUrl: true,
  });

  // More digits than a double holds are shown as they came.
  const exact = (_name, value, context) =>
    typeof value === "number" && JSON.rawJSON && context?.source.length > 15 && String(value) !== context.source
      ? JSON.rawJSON(context.source)
      : value;

  const failed = (message) => ({ errors: [{ message }] });

  const read = (text, response) => {
    try {
      return JSON.parse(text, exact);
    } catch {
      const shown = text.slice(0, 200).trim() || "nothing at all";
      return failed(`The answer is not JSON; its status is ${response.status}, and it says: ${shown}`);
    }
  };

  /* Send one operation. The result never rejects: a server that cannot be reached is an error in the answer. */
  Trellis.send = async (operation, headers = {}) => {
    const began = performance.now();
    try {
      const response = await fetch(API, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/graphql-response+json, application/json;q=0.9",
          ...headers,
        },
        body: JSON.stringify(operation),
      });
      const text = await response.text();
      const ms = performance.now() - began;
      return { result: read(text, response), status: response.status, ms, bytes: new Blob([text]).size };
    } catch (error) {
      const message = `The API at ${API} cannot be reached (${error.message}); look whether the server is running.`;
      return { result: failed(message), status: null, ms: performance.now() - began, bytes: 0 };
    }
  };

  /* The last answer to an operation that somebody ran: `{ms, bytes, status, doctor, asked, errors}`. */
  Trellis.answer = Trellis.store(null);

  /* Functions that are told each operation that was answered, with its headers. */
  Trellis.afterwards = [];

  const NOTHING = { kind: "SelectionSet", selections: [] };
  let hasLive = true; // where the schema is not told, the server says what it does not know

  // The documentation lists types in the order in which they come. A schema that is not told is one sentence, not an
  // error for each word of the question.
  const introspected = (result) => {
    if (!result.data?.__schema) {
      const reason = result.errors?.[0]?.message ?? "no reason is given";
      return failed(`The server does not tell its schema, so there is no documentation and no completion: ${reason}`);
    }
    hasLive = result.data.__schema.directives.some((it) => it.name === "live");
    result.data.__schema.types.sort((one, other) => (one.name < other.name ? -1 : 1));
    return result;
  };

  /* The operations of a document; none of one that cannot be parsed, about which the server says what is wrong. */
  Trellis.operationsOf = (query) => {
    try {
      return GraphiQL.GraphQL.parse(query).definitions.filter((it) => it.kind === "OperationDefinition");
    } catch {
      return [];
    }
  };

  // GraphiQL learns the name of an operation a moment after its text has changed, and would send the name before.
  const withNameOfItsOwn = ({ operationName, ...others }) => {
    const names = Trellis.operationsOf(others.query).map((it) => it.name?.value);
    return names.length === 1 && names[0] !== operationName
      ? { ...others, operationName: names[0] }
      : { ...others, operationName };
  };

  // A page sends no headers with a WebSocket: GraphiQL sends them as the payload of its first message.
  const socketFetcher = GraphiQL.createFetcher({ url: API, subscriptionUrl: API.replace(/^http/, "ws") });

  /* Run an operation over the WebSocket. GraphiQL's fetcher takes that for operations that `documentAST` calls
     subscriptions, and sends the text of the operation, which may be a query. */
  const overSocket = (operation, options) => {
    const name = operation.operationName && { kind: "Name", value: operation.operationName };
    const definition = { kind: "OperationDefinition", operation: "subscription", name, selectionSet: NOTHING };
    return socketFetcher(operation, { ...options, documentAST: { kind: "Document", definitions: [definition] } });
  };

  /* Whether an operation has more than one answer: a subscription, or a query with `@live`. */
  const goesOn = ({ query, operationName }) => {
    const operations = Trellis.operationsOf(query);
    const asked = operations.find((it) => it.name?.value === operationName) ?? operations[0];
    if (asked?.operation === "subscription") return true;
    return hasLive && Boolean(asked?.directives.some((it) => it.name.value === "live"));
  };

  const withDoctor = (operation) => {
    const doctor = Trellis.doctor?.asked();
    return doctor ? { ...operation, extensions: { ...operation.extensions, doctor } } : operation;
  };

  /* Take the doctor's part out of an answer: it has a panel of its own. */
  const takeDoctor = (result) => {
    const { doctor, ...others } = result.extensions ?? {};
    if (doctor === undefined) return null;
    if (Object.keys(others).length) result.extensions = others;
    else delete result.extensions;
    return doctor;
  };

  Trellis.fetcher = async (given, options = {}) => {
    if (given.operationName === INTROSPECTION) {
      return introspected((await Trellis.send({ ...given, query: QUESTION }, options.headers)).result);
    }
    const operation = withNameOfItsOwn(given);
    if (goesOn(operation)) return overSocket(operation, options);
    const sent = withDoctor(operation);
    const { result, ...measured } = await Trellis.send(sent, options.headers);
    const asked = sent !== operation;
    Trellis.answer.set({ ...measured, asked, doctor: takeDoctor(result), errors: result.errors ?? [] });
    Trellis.afterwards.forEach((hear) => hear(operation, options.headers ?? {}));
    return result;
  };
})();
