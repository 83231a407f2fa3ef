import { useMutation } from "@apollo/client/react";
import { useState } from "react";

import { onFields } from "./form";
import { type FragmentType, getFragmentData, graphql } from "./gql";
import { Problems } from "./Problems";

const Accounts = graphql(`
  fragment Accounts on User {
    accounts(first: 100) {
      nodes {
        id
        balance
        currency
      }
    }
  }
`);

export const TransferMutation = graphql(`
  mutation Transfer($from: ID!, $to: ID!, $amount: Decimal!, $idempotencyKey: String!) {
    transferFunds(input: { fromAccountId: $from, toAccountId: $to, amount: $amount, idempotencyKey: $idempotencyKey }) {
      transfer {
        id
        amount
        currency
      }
      fromAccount {
        id
        balance
      }
      toAccount {
        id
        balance
      }
      errors {
        ...Problem
      }
    }
  }
`);

export function Transfer({ of }: { of: FragmentType<typeof Accounts> }) {
  const accounts = getFragmentData(Accounts, of).accounts.nodes;
  // One key for one intention: when an answer is lost, the same transfer sent again is done once.
  const [idempotencyKey, setIdempotencyKey] = useState(newKey);
  const [transfer, { data, error, loading }] = useMutation(TransferMutation, {
    onCompleted: ({ transferFunds }) => transferFunds.transfer && setIdempotencyKey(newKey),
  });
  const done = data?.transferFunds.transfer;
  return (
    <form
      aria-label="Transfer"
      onChange={() => setIdempotencyKey(newKey)}
      onSubmit={onFields(({ from = "", to = "", amount = "" }) =>
        transfer({ variables: { from, to, amount, idempotencyKey } }),
      )}
    >
      <h2>Send money</h2>
      <select name="from" aria-label="From">
        {accounts.map(({ id, balance, currency }) => (
          <option key={id} value={id}>
            {balance} {currency}
          </option>
        ))}
      </select>
      <input name="to" aria-label="To" placeholder="The other account's id" />
      <input name="amount" aria-label="Amount" inputMode="decimal" placeholder="12.50" />
      <button disabled={loading}>Send</button>
      {done && (
        <p role="status">
          {done.amount} {done.currency} sent.
        </p>
      )}
      <Problems of={data?.transferFunds.errors} error={error} />
    </form>
  );
}

const newKey = () => crypto.randomUUID();
