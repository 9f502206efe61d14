// Hive Gateway in front of the facade: the supergraph, and what of a request goes on to subgraphs.
export const gatewayConfig = {
  supergraph: process.env.SUPERGRAPH ?? "./supergraph.graphql",
  // The supergraph is a file: it is read again when the gateway starts again.
  pollingInterval: 0,
  // Who asks, how long they wait and what they call their request; all else stays at the gateway.
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => {
      const sent = {};
      for (const name of ["authorization", "x-deadline-ms", "x-request-id"]) {
        const value = request.headers.get(name);
        if (value) sent[name] = value;
      }
      return sent;
    },
  },
  transportEntries: {
    // Subscriptions come from the facade as server-sent events.
    "*.http": {
      headers: [["accept", "application/graphql-response+json, application/json, text/event-stream"]],
      options: { subscriptions: { kind: "http", options: { method: "POST" } } },
    },
  },
  // More than the facade's own deadline, so that it is the facade that says what failed; for a
  // subscription it would be the time after which it ends.
  upstreamTimeout: ({ executionRequest }) =>
    executionRequest.operationType === "subscription" ? undefined : 12_000,
  // What an operation may cost, by the @cost and @listSize of the supergraph.
  demandControl: { maxCost: Number(process.env.MOST_COST ?? 10_000), includeExtensionMetadata: true },
  landingPage: false,
};
