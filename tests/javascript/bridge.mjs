// SPDX-License-Identifier: Apache-2.0
// Calls AWS's JavaScript SDK (v3) for tests that are written in Python: a call as a line of JSON in, its outcome as a line
// out. In JSON, {"$bytes": base64} stands for bytes and {"$seconds": number} for a date. Credentials come from the environment.
import { createInterface } from "node:readline";

const packages = { kms: "@aws-sdk/client-kms" };

function toSdk(value) {
  if (Array.isArray(value)) return value.map(toSdk);
  if (value === null || typeof value !== "object") return value;
  if ("$bytes" in value) return Uint8Array.from(Buffer.from(value.$bytes, "base64"));
  if ("$seconds" in value) return new Date(value.$seconds * 1000);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toSdk(member)]));
}

function fromSdk(value) {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Date) return { $seconds: value.getTime() / 1000 };
  if (Array.isArray(value)) return value.map(fromSdk);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)
    .map(([name, member]) => [name, fromSdk(member)]));
}

const [, , service, region, endpoint] = process.argv;
const sdk = await import(packages[service]);
const clientName = Object.keys(sdk).find((name) => name.toLowerCase() === service + "client");
const client = new sdk[clientName]({ region, endpoint, maxAttempts: 4 });

async function outcome({ operation, input }) {
  const Command = sdk[operation + "Command"];
  if (Command === undefined) return { unknown: operation };
  try {
    return { answer: fromSdk(await client.send(new Command(toSdk(input)))) };
  } catch (error) {
    if (error.$metadata?.httpStatusCode === undefined) return { failure: String(error.stack ?? error) };
    const message = error.message === "UnknownError" ? "" : error.message; // the SDK's own word for no message
    return { error: { Code: error.name, Message: message, status: error.$metadata.httpStatusCode } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await outcome(JSON.parse(line))) + "\n");
}
