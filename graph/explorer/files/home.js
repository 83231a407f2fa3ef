/* The page at `/`: who one is, and becoming somebody. The page carries the operations for it; the sign-in is a cookie
   that no script can read. Nothing goes to another address than the API's. */
(() => {
  "use strict";

  const API = "graphql";

  // Links to operations were given out when this address led on to GraphiQL.
  if (location.hash.includes("query=")) {
    location.replace(API + location.hash);
    return;
  }

  const { signIn } = JSON.parse(document.body.dataset.content);
  const viewer = document.getElementById("viewer");
  const problem = document.getElementById("problem");
  if (!signIn || !viewer) return;

  const root = (result) => Object.values(result.data ?? {})[0];
  const refusals = (result) =>
    [...(result.errors ?? []), ...(root(result)?.errors ?? [])].map((error) => error.message).join(" ");

  /* Send one operation. The result never rejects: what went wrong is an error in it. */
  const send = async (query, variables = {}) => {
    try {
      const response = await fetch(API, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ query, variables }),
      });
      return await response.json();
    } catch (error) {
      return { errors: [{ message: `The API cannot be reached (${error.message}); look whether the server is running.` }] };
    }
  };

  const show = async () => {
    const result = await send(signIn.viewer);
    const name = Object.values(root(result) ?? {}).find((value) => typeof value === "string");
    viewer.replaceChildren(name ? `You are ${name}. ` : "You are nobody: what is public is shown.");
    if (!name) return;
    const out = document.createElement("button");
    out.type = "button";
    out.textContent = "Sign out";
    out.addEventListener("click", () => change(signIn.signOut));
    const on = document.createElement("a");
    on.href = API;
    on.textContent = "Go on in GraphiQL";
    viewer.append(out, on);
  };

  const change = async (query, variables) => {
    problem.textContent = refusals(await send(query, variables));
    await show();
  };

  for (const button of document.querySelectorAll("#people button")) {
    button.addEventListener("click", () => change(signIn.signIn, JSON.parse(button.dataset.variables)));
  }
  show();
})();
