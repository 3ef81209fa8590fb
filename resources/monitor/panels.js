// What each panel shows of the API's answers.

import { $, element, show, table } from "./dom.js";
import { age, direction, number, signed, time } from "./format.js";

const WARN_AT = 0.7;

export function showBanner(session, account, risk) {
  const mode = account.mode.toUpperCase();
  document.body.dataset.mode = mode.toLowerCase();
  $("mode").textContent = mode;
  document.title = `${mode} ${account.name} – Trading Workstation`;
  show("account", account.name);
  show("venue", account.venue);
  show("equity", `${number(account.equity, 2)} ${account.currency}`);
  show("today", `${signed(account.day_result, 2)}  ${signed(account.day_percent, 2)} %`, direction(account.day_result, 2));
  show("open", signed(account.unrealised, 2), direction(account.unrealised, 2));
  show("exposure", `${number(account.exposure_percent, 1)} %`);
  show("drawdown", `${number(account.drawdown_percent, 2)} % now`);
  const state = risk.killed ? "KILLED" : risk.crisis ? `${risk.trading_state}, crisis` : risk.trading_state;
  show("trading", state, risk.trading_state === "ACTIVE" && !risk.crisis ? "good" : "bad");
  const kill = $("kill");
  kill.textContent = risk.killed ? "KILLED" : "KILL";
  kill.disabled = risk.killed;
}

// Pause and flatten are the one's who has control; kill is everybody's.
export function showControl(control) {
  const { holder, who, yours } = control;
  show("control", yours ? "you" : who || "nobody", yours ? "good" : holder ? "warning" : "");
  $("take").textContent = yours ? "Give up" : "Take control";
  const blocked = holder && !yours ? `${who} has control: take control first.` : "";
  for (const id of ["pause", "flatten"]) {
    $(id).disabled = Boolean(blocked);
    $(id).title = blocked;
  }
}

export function showServices(services, use) {
  const newer = use.waiting.length ? `Newer configuration waits: ${use.waiting.join(", ")}` : "";
  show("configuration", newer, "warning");
  const rows = services.map((service) => {
    const row = element("div", "", "service");
    const well = service.state === "running" && !service.stale;
    const state = service.stale ? `silent for ${age(service.age_s)}` : service.state;
    const hash = element("small", service.configuration.slice(0, 8), use.waiting.includes(service.service) ? "warning" : "");
    hash.title = `Runs with configuration ${service.configuration || "unknown"}`;
    row.append(element("b", service.service), element("span", state, well ? "good" : "bad"), hash);
    row.append(element("span", service.detail, "dim text"));
    return row;
  });
  $("services").replaceChildren(...(rows.length ? rows : [element("p", "No service was heard yet.", "empty")]));
}

export function showPositions(positions) {
  show("positions-count", String(positions.length), "count");
  table($("positions"), [
    ["Symbol", (p) => p.symbol, null, true],
    ["Owner", (p) => p.owner, () => "dim", true],
    ["Size", (p) => signed(p.quantity), (p) => direction(p.quantity)],
    ["Entry", (p) => number(p.entry)],
    ["Mark", (p) => number(p.mark)],
    ["P&L", (p) => signed(p.unrealised, 2), (p) => direction(p.unrealised, 2)],
    ["P&L R", (p) => signed(p.r_multiple, 2), (p) => direction(p.r_multiple, 2)],
    ["Liq.", (p) => (Number(p.liquidation) ? number(p.liquidation) : "–")],
    ["Stop at venue", (p) => (p.stop_at_venue === null ? "none" : number(p.stop_at_venue))],
  ], positions, "No open positions.");
}

export function showOrders(orders) {
  show("orders-count", String(orders.length), "count");
  table($("orders"), [
    ["UTC", (o) => time(o.created), () => "dim", true],
    ["Symbol", (o) => o.symbol, null, true],
    ["Owner", (o) => o.owner, () => "dim", true],
    ["Type", (o) => `${o.side === "buy" ? "Buy" : "Sell"} ${o.type.replaceAll("_", " ")}`,
      (o) => (o.side === "buy" ? "up" : "down"), true],
    ["Size", (o) => number(o.quantity)],
    ["Price", (o) => number(o.price ?? o.stop_price)],
    ["Filled", (o) => number(o.filled)],
    ["State", (o) => o.state.replaceAll("_", " "), (o) => (o.state === "unknown" ? "warning" : "dim"), true],
  ], [...orders].reverse(), "No working orders.");
}

export function showStrategies(strategies) {
  table($("strategies"), [
    ["Strategy", (s) => s.name, null, true],
    ["Symbol", (s) => `${s.symbol} ${s.timeframe}`, () => "dim", true],
    ["State", (s) => s.state, (s) => ({ running: "good", failed: "bad", paused: "warning" })[s.state] ?? "dim", true],
    ["Position", (s) => signed(s.quantity), (s) => direction(s.quantity)],
    ["Today", (s) => signed(s.day_result, 2), (s) => direction(s.day_result, 2)],
  ], strategies, "No strategies.");
}

export function showFills(fills) {
  table($("fills"), [
    ["UTC", (f) => time(f.time), () => "dim", true],
    ["Symbol", (f) => f.symbol, null, true],
    ["Owner", (f) => f.owner, () => "dim", true],
    ["Side", (f) => (f.side === "buy" ? "Buy" : "Sell"), (f) => (f.side === "buy" ? "up" : "down"), true],
    ["Size", (f) => number(f.quantity)],
    ["Price", (f) => number(f.price)],
    ["Realised", (f) => signed(f.realised, 2), (f) => direction(f.realised, 2)],
  ], [...fills].reverse().slice(0, 60), "No fills yet.");
}

export function showRisk(risk) {
  show("denied", `Denied today ${risk.denied_today}`);
  const state = element("p", risk.trading_state, risk.trading_state === "ACTIVE" ? "good" : "bad");
  if (risk.reason) state.append(element("small", ` ${risk.reason}`));
  const lines = [...risk.limits].sort((a, b) => b.use - a.use).map((limit) => {
    const line = element("div", "", `limit ${limit.use >= 1 ? "full" : limit.use >= WARN_AT ? "near" : ""}`);
    line.append(element("span", limit.name), element("b", limit.value), element("small", `of ${limit.limit}`));
    const bar = element("progress");
    bar.max = 1;
    bar.value = Math.min(1, Math.max(0, limit.use));
    bar.setAttribute("aria-label", `${limit.name}: ${limit.value} of ${limit.limit}`);
    line.append(bar);
    return line;
  });
  const pauses = risk.protections.map((p) =>
    element("p", `${p.protection} pauses ${p.owner || "all"} until ${time(p.until)}`, "warning"));
  if (risk.crisis) pauses.unshift(element("p", `Crisis mode: ${risk.crisis_cause}`, "bad"));
  $("risk").replaceChildren(state, ...pauses, ...lines);
}

export function showLog(lines) {
  const rows = [...lines].reverse().map((line) => {
    const row = element("div", "", "line");
    const level = { WARN: "warning", ERROR: "bad" }[line.severity] ?? "dim";
    row.append(element("time", line.time?.slice(11, 23) ?? ""), element("span", line.severity, level));
    row.append(element("span", line.source, "dim"), element("span", line.text, "text"));
    return row;
  });
  $("log").replaceChildren(...(rows.length ? rows : [element("p", "Nothing was logged yet.", "empty")]));
}
