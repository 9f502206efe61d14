// Composes the subgraphs that come in as JSON ([{name, url, sdl}]) with each of the three composers,
// and prints what each says: its errors and, where there is one, the supergraph.
import { readFileSync } from "node:fs";
import { composeServices as apollo } from "@apollo/composition";
import { composeServices as guild } from "@theguild/federation-composition";
import { federateSubgraphs as wundergraph } from "@wundergraph/composition";
import { parse, print } from "graphql";

const subgraphs = JSON.parse(readFileSync(0, "utf8"));
const services = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));

function told({ errors, supergraphSdl }) {
  return {
    codes: (errors ?? []).map((error) => error.extensions.code),
    errors: (errors ?? []).map((error) => error.message),
    supergraph: supergraphSdl ?? null,
  };
}

function toldByWundergraph(result) {
  return {
    codes: [],
    errors: result.success ? [] : result.errors.map((error) => error.message),
    supergraph: result.success ? print(result.federatedGraphAST) : null,
  };
}

console.log(
  JSON.stringify({
    apollo: told(apollo(services)),
    guild: told(guild(services)),
    wundergraph: toldByWundergraph(
      wundergraph({
        subgraphs: services.map(({ name, url, typeDefs }) => ({ name, url, definitions: typeDefs })),
      }),
    ),
  }),
);
