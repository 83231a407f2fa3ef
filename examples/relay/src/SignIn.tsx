import { graphql } from "react-relay";

import type { SignInMutation } from "./__generated__/SignInMutation.graphql";
import type { SignInOutMutation } from "./__generated__/SignInOutMutation.graphql";
import { onFields } from "./form";
import { Problems } from "./Problems";
import { useAnswer } from "./useAnswer";

export function SignIn({ onDone }: { onDone: () => void }) {
  const { send, busy, answer, error } = useAnswer<SignInMutation>(graphql`
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
    send({ input: { email, password, cookie: true } }, ({ signIn }) => signIn.viewer && onDone());
  return (
    <form aria-label="Sign in" onSubmit={onFields(submit)}>
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
      <button disabled={busy}>Sign in</button>
      <Problems of={answer?.signIn.errors} error={error} />
    </form>
  );
}

export function SignOut({ name, onDone }: { name: string; onDone: () => void }) {
  const { send, error } = useAnswer<SignInOutMutation>(graphql`
    mutation SignInOutMutation {
      signOut {
        done
      }
    }
  `);
  return (
    <div>
      {name} <button onClick={() => send({}, onDone)}>Sign out</button>
      <Problems of={undefined} error={error} />
    </div>
  );
}
