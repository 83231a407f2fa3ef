import { ApolloProvider } from "@apollo/client/react";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { App } from "../src/App";
import { createClient } from "../src/client";
import { graphql } from "../src/gql";
import { email, openAccount, password, signedIn } from "./program";

afterEach(cleanup);

test("posts come in pages, and further pages are appended", async () => {
  open();
  expect(await titles()).toHaveLength(5);
  const first = await titles();
  press("More");
  await waitFor(async () => expect(await titles()).toHaveLength(10));
  expect((await titles()).slice(0, 5)).toEqual(first);
});

test("a wrong password is said to the person", async () => {
  open();
  await fill("Sign in", { "E-mail": email, Password: "not this one" }, "Sign in");
  expect(await alert()).toMatch(/password/);
});

test("a person signs in with a cookie, writes, meets a conflict, sends money and signs out", async () => {
  open();
  await fill("Sign in", { "E-mail": email, Password: password }, "Sign in");
  await screen.findByText(/Grace O'Malley/, { selector: "header div" });
  expect(document.cookie).toBe(""); // no script sees it

  await fill("New post", { Title: "", Text: "Dig deep." }, "Create");
  expect(await alert()).toBe("title: This must not be empty; write something.");

  const title = `Roses in clay ${crypto.randomUUID()}`;
  await fill("New post", { Title: title }, "Create");
  const post = (await screen.findByRole("heading", { name: title })).closest("article")!;
  expect(await titles()).toHaveLength(5);

  fireEvent.click(within(post).getByRole("button", { name: "Edit" }));
  const theirs = `Theirs: ${title}`;
  await saveElsewhere(title, theirs);
  await fill("Edit post", { Title: `Mine: ${title}` }, "Save");
  expect(await alert()).toBe("Somebody else has saved version 2 meanwhile. Save again to replace it.");
  await screen.findByRole("heading", { name: theirs });
  press("Save");
  await screen.findByRole("heading", { name: `Mine: ${title}` });

  const to = await openAccount(await signedIn());
  await fill("Transfer", { To: to, Amount: "1000000" }, "Send");
  expect(await alert()).toMatch(/account/);
  await fill("Transfer", { Amount: "0.01" }, "Send");
  expect((await screen.findByRole("status")).textContent).toBe("0.01 EUR sent.");

  press("Sign out");
  await screen.findByRole("form", { name: "Sign in" });
  expect(await titles()).not.toContain(`Mine: ${title}`); // drafts are their author's
});

function open() {
  render(
    <ApolloProvider client={createClient()}>
      <App />
    </ApolloProvider>,
  );
}

async function fill(form: string, fields: Record<string, string>, button: string) {
  const within_ = within(await screen.findByRole("form", { name: form }));
  for (const [label, value] of Object.entries(fields)) {
    fireEvent.change(within_.getByLabelText(label), { target: { value } });
  }
  fireEvent.click(within_.getByRole("button", { name: button }));
}

const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const alert = async () => (await screen.findByRole("alert")).textContent;
const titles = async () => (await screen.findAllByRole("heading", { level: 3 })).map((title) => title.textContent);

/** What the same person does on another device meanwhile. */
async function saveElsewhere(title: string, newTitle: string) {
  const client = await signedIn();
  const { data } = await client.query({
    query: graphql(`
      query PostByTitle($title: String!) {
        posts(where: { title: { eq: $title } }) {
          nodes {
            id
          }
        }
      }
    `),
    variables: { title },
  });
  await client.mutate({
    mutation: graphql(`
      mutation SaveElsewhere($id: ID!, $title: String!) {
        updatePost(input: { id: $id, title: $title }) {
          post {
            version
          }
        }
      }
    `),
    variables: { id: data!.posts.nodes[0]!.id, title: newTitle },
  });
}
