import { useState } from "react";
import { graphql, useMutation } from "react-relay";

import type { SignInMutation, SignInMutation$data } from "./__generated__/SignInMutation.graphql";
import type { SignInOutMutation } from "./__generated__/SignInOutMutation.graphql";
import { onFields } from "./form";
import { Problems } from "./Problems";

export function SignIn({ onDone }: { onDone: () => void }) {
  const [answer, setAnswer] = useState<SignInMutation$data>();
  const [signIn, busy] = useMutation<SignInMutation>(graphql`
    mutation SignInMutation($input: SignInInput!) {
      signIn(input: $input) {
        viewer {
          id
        }
        errors {
          ...Problems_errors
        }
      }
    }
  `);
  const submit = ({ email = "", password = "" }) =>
    signIn({
      variables: { input: { email, password, cookie: true } },
      onCompleted: (data) => (data.signIn.viewer ? onDone() : setAnswer(data)),
    });
  return (
    <form aria-label="Sign in" onSubmit={onFields(submit)}>
      <input name="email" type="email" autoComplete="username" aria-label="E-mail" placeholder="grace.omalley@example.org" required />
      <input name="password" type="password" autoComplete="current-password" aria-label="Password" placeholder="trellis demo" required />
      <button disabled={busy}>Sign in</button>
      {answer && <Problems of={answer.signIn.errors} />}
    </form>
  );
}

export function SignOut({ name, onDone }: { name: string; onDone: () => void }) {
  const [signOut] = useMutation<SignInOutMutation>(graphql`
    mutation SignInOutMutation {
      signOut {
        done
      }
    }
  `);
  return (
    <p>
      {name} <button onClick={() => signOut({ variables: {}, onCompleted: onDone })}>Sign out</button>
    </p>
  );
}
