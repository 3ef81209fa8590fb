// node client.mjs TASK.json: reads a market, trades on it, and prints what it saw as JSON.
//
// The task names the servers, the user, the folder of the schemas, the subjects and a symbol; the password comes from
// the environment. Nothing else is known of the other side.

import { readFileSync } from "node:fs";

import { connect } from "nats";

import { Market } from "./market.mjs";
import { Messages } from "./messages.mjs";
import { Trading } from "./trading.mjs";

const task = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { subjects, symbol } = task;
const session = `node-${process.pid}`;
const messages = new Messages(task.schemas, session);
const connection = await connect({
  servers: task.servers,
  user: task.user,
  pass: process.env.WORKSTATION_NATS_PASSWORD,
  name: "node client",
});
const seen = {};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, condition, timeoutMs = 20_000) {
  const ends = Date.now() + timeoutMs;
  while (!condition()) {
    if (market.failure) throw market.failure;
    if (Date.now() > ends) throw new Error(`Nothing of this came in time: ${what}.`);
    await pause(10);
  }
}

// --- The market: a late joiner with a snapshot and the changes after it ----------------------------------------------

const market = new Market(connection, messages, subjects, symbol);
market.listen();
const first = await market.ask({ "1m": 5 });
market.begin(first);
seen.bars_of_the_past = first.body.bars["1m"].length;
await until("changes and trades", () => market.deltas >= 40 && market.trades >= 3 && market.enriched !== null);

seen.book_agrees = null;
for (let attempt = 0; attempt < 20 && seen.book_agrees === null; attempt += 1) {
  seen.book_agrees = market.agrees(await market.ask());
}

// --- Orders and executions -------------------------------------------------------------------------------------------

const trading = new Trading(connection, messages, subjects);
await trading.listen();

const order = (name, terms) => ({
  id: `${session}-${name}-order`,
  client_id: `${session}-${name}`,
  symbol,
  quantity: task.quantity,
  strategy: "node",
  expires_at: new Date(Date.now() + 10_000).toISOString(),
  ...terms,
});

const bought = order("buy", { type: "market", side: "buy", reference: market.best("asks") });
seen.first_was_duplicate = await trading.send("order", bought);
seen.filled = await trading.step(bought.client_id, ["filled"]);
seen.again_was_duplicate = await trading.send("order", bought);
seen.under_another_id_was_duplicate = await trading.send("order", { ...bought, id: `${session}-other` });

// So far below the market that it rests, with as many decimals as prices have.
const below = (share) => (Number(market.best("bids")) * share).toFixed(market.best("bids").split(".")[1]?.length ?? 0);
const resting = order("rest", { type: "limit", side: "buy", price: below(0.97), post_only: true });
await trading.send("order", resting);
await trading.step(resting.client_id, ["accepted"]);
const price = below(0.96);
await trading.send("amend", {
  id: `${resting.client_id}-amend-1`,
  client_id: resting.client_id,
  amendment: 1,
  price,
});
seen.amended = await trading.step(resting.client_id, ["amended", "amend_rejected"]);
seen.wanted_price = price;
await trading.send("cancel", { id: `${resting.client_id}-cancel`, client_id: resting.client_id, reason: "enough" });
seen.cancelled = await trading.step(resting.client_id, ["cancelled"]);

const late = order("late", { type: "market", side: "buy", expires_at: new Date(Date.now() - 1000).toISOString() });
await trading.send("order", late);
seen.late = await trading.step(late.client_id, ["denied"]);

const uneven = order("uneven", { type: "limit", side: "buy", price: "12345.000000001" });
await trading.send("order", uneven);
seen.uneven = await trading.step(uneven.client_id, ["rejected"]);

const huge = order("huge", { type: "market", side: "buy", quantity: "9".repeat(400) });
await trading.send("order", huge);
seen.huge = await trading.step(huge.client_id, ["rejected", "denied"]);

const never = order("never", { type: "market", side: "sell", reduce_only: true, expires_at: "9999-12-31T23:59:59Z" });
await trading.send("order", never);
seen.closed = await trading.step(never.client_id, ["filled"]);

await trading.send("query", { id: `${session}-q`, client_id: `${session}-nothing`, asked_at: new Date().toISOString() });
seen.unknown = await trading.step(`${session}-nothing`, ["rejected"]);

await trading.sendRaw('{"v":1,"type":"order","session":"node","seq":1,"ts":"2024-01-01T00:00:00Z","body":{"id":"x"}}');
await trading.sendRaw("\u0000 no JSON at all");

// --- What else is told -----------------------------------------------------------------------------------------------

let health = null;
connection.subscribe(`${subjects.health}.execution`, {
  callback: (error, message) => {
    try {
      if (error) throw error;
      health = messages.read(message.data).body;
    } catch (problem) {
      market.failure ??= problem;
    }
  },
});
await until("the service's health with what it refused", () => health !== null && health.refused >= 2);
seen.health = health;

const manager = await connection.jetstreamManager();
const positions = await manager.streams.find(`${subjects.positions}.${symbol}`);
const last = await manager.streams.getMessage(positions, { last_by_subj: `${subjects.positions}.${symbol}` });
seen.position = messages.read(last.data).body;

seen.steps = Object.fromEntries(
  [bought, resting, late, uneven, huge, never].map(({ client_id: id }) => [
    id,
    trading.of(id).map((execution) => execution.status),
  ]),
);
seen.session = session;
seen.gaps = market.gaps;
seen.deltas = market.deltas;
seen.stream_in_order = trading.streamNumbers.every((seq, index) => index === 0 || seq === trading.streamNumbers[index - 1] + 1);
seen.counts = messages.counts;
seen.enriched = market.enriched;
trading.stop();
await connection.close();
if (market.failure ?? trading.failure) throw market.failure ?? trading.failure;
process.stdout.write(`${JSON.stringify(seen)}\n`);
