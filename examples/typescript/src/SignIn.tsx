import { useApolloClient, useMutation } from "@apollo/client/react";

import { onFields } from "./form";
import { graphql } from "./gql";
import { Problems } from "./Problems";

const SignInMutation = graphql(`
  mutation SignIn($email: String!, $password: String!) {
    signIn(input: { email: $email, password: $password, cookie: true }) {
      viewer {
        id
      }
      errors {
        ...Problem
      }
    }
  }
`);

const SignOutMutation = graphql(`
  mutation SignOut {
    signOut {
      errors {
        ...Problem
      }
    }
  }
`);

export function SignIn() {
  const client = useApolloClient();
  const [signIn, { data, error, loading }] = useMutation(SignInMutation, {
    // Who signs in sees other things: everything is asked for again.
    onCompleted: ({ signIn }) => signIn.viewer && client.resetStore(),
  });
  return (
    <form
      aria-label="Sign in"
      onSubmit={onFields(({ email = "", password = "" }) => signIn({ variables: { email, password } }))}
    >
      <input
        name="email"
        type="email"
        autoComplete="username"
        aria-label="E-mail"
        placeholder="grace.omalley@example.org"
        required
      />
      <input
        name="password"
        type="password"
        autoComplete="current-password"
        aria-label="Password"
        placeholder="trellis demo"
        required
      />
      <button disabled={loading}>Sign in</button>
      <Problems of={data?.signIn.errors} error={error} />
    </form>
  );
}

export function SignOut({ name }: { name: string }) {
  const client = useApolloClient();
  const [signOut, { data, error }] = useMutation(SignOutMutation, { onCompleted: () => client.resetStore() });
  return (
    <div>
      {name} <button onClick={() => signOut()}>Sign out</button>
      <Problems of={data?.signOut.errors} error={error} />
    </div>
  );
}
