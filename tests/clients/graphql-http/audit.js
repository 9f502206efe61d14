// Runs all audits of GraphQL over HTTP against one address, and prints each result as JSON.
import { auditServer } from "graphql-http";

const results = await auditServer({ url: process.argv[2] });
const told = await Promise.all(
  results.map(async (result) => ({
    id: result.id,
    name: result.name,
    status: result.status,
    reason: result.status === "ok" ? null : result.reason,
    answer: result.status === "ok" ? null : await result.response.text(),
  })),
);
console.log(JSON.stringify(told));
