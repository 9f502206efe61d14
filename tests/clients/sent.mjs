// Counts what goes out through fetch: the methods, and how many requests carry a document's text.
const requests = [];
const fetching = globalThis.fetch;

globalThis.fetch = (url, options = {}) => {
  const method = options.method ?? "GET";
  const { searchParams } = new URL(url);
  const text =
    method === "GET" ? searchParams.has("query") : "query" in JSON.parse(options.body ?? "{}");
  requests.push({ method, text, accept: new Headers(options.headers).get("accept") });
  return fetching(url, options);
};

export const counted = () => ({
  methods: [...new Set(requests.map(({ method }) => method))],
  requests: requests.length,
  withText: requests.filter(({ text }) => text).length,
  accept: [...new Set(requests.map(({ accept }) => accept))],
});
