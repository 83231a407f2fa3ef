import { useState } from "react";
import { useMutation } from "react-relay";
import type { GraphQLTaggedNode, MutationParameters } from "relay-runtime";

/** `useMutation`, with what a form shows of it: the last answer, or what went wrong on the way. */
export function useAnswer<T extends MutationParameters>(mutation: GraphQLTaggedNode) {
  const [answer, setAnswer] = useState<T["response"]>();
  const [error, setError] = useState<Error>();
  const [commit, busy] = useMutation<T>(mutation);
  const send = (variables: T["variables"], then?: (answer: T["response"]) => void) => {
    setError(undefined);
    commit({
      variables,
      onError: setError,
      onCompleted: (data) => {
        setAnswer(data);
        then?.(data);
      },
    });
  };
  return { send, busy, answer, error };
}
