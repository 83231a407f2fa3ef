import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { App } from "../src/App";

const server = process.env["TRELLIS_URL"] ?? "http://127.0.0.1:8000/graphql";
const email = "grace.omalley@example.org";
const password = "trellis demo";

afterEach(cleanup);

test("a connection pages on, at the root and within a post", async () => {
  render(<App />);
  const first = await titles();
  expect(first).toHaveLength(5);
  press("More posts");
  await waitFor(async () => expect(await titles()).toHaveLength(10));
  expect((await titles()).slice(0, 5)).toEqual(first);

  const tags = (await screen.findAllByRole("button", { name: "More tags" }))[0]!.closest("ul")!;
  expect(within(tags).getAllByRole("listitem")).toHaveLength(1);
  fireEvent.click(within(tags).getByRole("button"));
  await waitFor(() => expect(within(tags).getAllByRole("listitem").length).toBeGreaterThan(1));
});

test("a wrong password is said to the person", async () => {
  render(<App />);
  await fill("Sign in", { "E-mail": email, Password: "not this one" }, "Sign in");
  expect(await alert()).toMatch(/password/);
});

test("a person signs in, writes, meets a conflict and signs out", async () => {
  render(<App />);
  await fill("Sign in", { "E-mail": email, Password: password }, "Sign in");
  await screen.findByText(/Grace O'Malley/, { selector: "header div" });

  await fill("New post", { Title: "", Text: "Dig deep." }, "Create");
  expect(await alert()).toBe("title: This must not be empty; write something.");

  const title = `Roses in sand ${crypto.randomUUID()}`;
  await fill("New post", { Title: title }, "Create");
  const post = (await screen.findByRole("heading", { name: title })).closest("article")!;
  expect(await titles()).toHaveLength(6); // it stands in front of what was there
  expect((await titles())[0]).toBe(title);

  fireEvent.click(within(post).getByRole("button", { name: "Edit" }));
  const theirs = `Theirs: ${title}`;
  await saveElsewhere(title, theirs);
  await fill("Edit post", { Title: `Mine: ${title}` }, "Save");
  expect(await alert()).toBe("Somebody else has saved version 2 meanwhile. Save again to replace it.");
  await screen.findByRole("heading", { name: theirs });
  press("Save");
  await screen.findByRole("heading", { name: `Mine: ${title}` });

  press("Sign out");
  await screen.findByRole("form", { name: "Sign in" });
  expect(await titles()).not.toContain(`Mine: ${title}`); // drafts are their author's
});

async function fill(form: string, fields: Record<string, string>, button: string) {
  const found = within(await screen.findByRole("form", { name: form }));
  for (const [label, value] of Object.entries(fields)) {
    fireEvent.change(found.getByLabelText(label), { target: { value } });
  }
  fireEvent.click(found.getByRole("button", { name: button }));
}

const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const alert = async () => (await screen.findByRole("alert")).textContent;
const titles = async () => (await screen.findAllByRole("heading", { level: 3 })).map((title) => title.textContent);

/** What the same person does on another device meanwhile, with a token. */
async function saveElsewhere(title: string, newTitle: string) {
  const { signIn } = await ask(
    "mutation($email: String!, $password: String!) { signIn(input: {email: $email, password: $password}) { accessToken } }",
    { email, password },
  );
  const token: string = signIn.accessToken;
  const { posts } = await ask(
    "query($title: String!) { posts(where: {title: {eq: $title}}) { nodes { id } } }",
    { title },
    token,
  );
  await ask(
    "mutation($id: ID!, $title: String!) { updatePost(input: {id: $id, title: $title}) { post { id } } }",
    { id: posts.nodes[0].id, title: newTitle },
    token,
  );
}

async function ask(query: string, variables: object, token?: string) {
  const response = await fetch(server, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()).data;
}
