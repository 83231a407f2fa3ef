import type { FormEvent } from "react";

/** Gives the fields of a form as texts, and keeps the browser from leaving the page. */
export function onFields(then: (fields: Record<string, string>) => unknown) {
  return (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    then(Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>);
  };
}
