import { useQuery } from "@apollo/client/react";

import { graphql } from "./gql";
import { NewPost } from "./NewPost";
import { Posts } from "./Posts";
import { SignIn, SignOut } from "./SignIn";
import { Transfer } from "./Transfer";

const ViewerQuery = graphql(`
  query Viewer {
    viewer {
      id
      name
      ...Accounts
    }
  }
`);

export function App() {
  const { data, error, previousData } = useQuery(ViewerQuery);
  if (error) return <p role="alert">{error.message}</p>;
  const known = data ?? previousData; // while everything is asked for again, the page stays
  if (!known) return <p>Loading …</p>;
  const { viewer } = known;
  return (
    <>
      <header>
        <h1>The garden club</h1>
        {viewer ? <SignOut name={viewer.name} /> : <SignIn />}
      </header>
      <main>
        {viewer && <NewPost />}
        <Posts viewerId={viewer?.id} />
        {viewer && <Transfer of={viewer} />}
      </main>
    </>
  );
}
