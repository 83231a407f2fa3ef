// What urql's `subscriptionExchange` asks for, of a client of graphql-ws or graphql-sse.

/* graphql-ws fails with a list of errors where an operation is refused; urql wants them as a result. */
export const forwardTo = (client) => (request) => ({
  subscribe: (sink) => ({
    unsubscribe: client.subscribe({ ...request, query: request.query ?? '' }, {
      next: (result) => sink.next(result),
      complete: () => sink.complete(),
      error: (reason) => {
        if (!Array.isArray(reason)) return sink.error(reason);
        sink.next({ errors: reason });
        sink.complete();
      },
    }),
  }),
});
