import relay from "relay-runtime";

const { FACADE_URL, TOKEN } = process.env;
const headers = { "Content-Type": "application/json", Authorization: `Bearer ${TOKEN}` };

async function ask({ text: query }, variables) {
  const body = JSON.stringify({ query, variables });
  return (await fetch(FACADE_URL, { method: "POST", headers, body })).json();
}

export const environment = new relay.Environment({
  network: relay.Network.create(ask),
  store: new relay.Store(new relay.RecordSource()),
});
