// Subscribes with graphql-ws or graphql-sse (argument 1) and prints what comes, one line each:
// {"next": ...}, {"error": ...} and {"complete": true}. Ends after as many
// events as argument 2 says, or with the subscription.
import { createClient as createEvents } from "graphql-sse";
import { createClient as createSocket } from "graphql-ws";
import WebSocket from "ws";

const [, , over, most = "1", query = "subscription { deliveryProcessed { databaseId } }"] =
  process.argv;
const { FACADE_URL, TOKEN } = process.env;
const Authorization = TOKEN ? `Bearer ${TOKEN}` : undefined;
const say = (what) => console.log(JSON.stringify(what));

const client =
  over === "ws"
    ? createSocket({
        url: FACADE_URL.replace("http", "ws"),
        webSocketImpl: WebSocket,
        connectionParams: { Authorization },
        retryAttempts: 0,
      })
    : createEvents({ url: FACADE_URL, headers: { ...(Authorization && { Authorization }) }, retryAttempts: 0 });

let left = Number(most);
const unsubscribe = client.subscribe(
  { query },
  {
    next: (result) => {
      say({ next: result });
      left -= 1;
      if (left === 0) unsubscribe();
    },
    error: (error) => {
      say({ error: Array.isArray(error) ? error : String(error?.message ?? error?.reason ?? error) });
      process.exit();
    },
    complete: () => {
      say({ complete: true });
      client.dispose();
    },
  },
);
