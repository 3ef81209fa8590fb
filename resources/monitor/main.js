// The page: log in, then read what changes each second, and hear at once of what matters.

import { notice, prepareActions } from "./actions.js";
import { token, view } from "./api.js";
import { CandleChart, EquityChart } from "./charts.js";
import { $, element, show } from "./dom.js";
import { age, number } from "./format.js";
import {
  showBanner, showControl, showFills, showLog, showOrders, showPositions, showRisk, showServices, showStrategies,
} from "./panels.js";
import { Stream } from "./stream.js";
import { theme, wear } from "./theme.js";

const EACH_MS = 1000;
const SLOW_MS = 5000;
const STALE_MS = 4000;
const SOON_MS = 150;
const TIMEFRAMES = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14400, "1d": 86400 };

const state = { stream: null, heard: 0, engineStale: false, pricesS: 0, pricesStaleS: Infinity, connection: "", control: null, decimals: {}, running: false,
  timers: {}, wrong: {} };
let candles;
let equity;

async function overview() {
  const told = await view("overview");
  state.heard = performance.now();
  state.engineStale = told.freshness.stale;
  state.pricesS = told.health.feed_age_ms / 1000;
  state.pricesStaleS = told.session.stale_s;
  showSymbols(told.session.instruments);
  showBanner(told.session, told.account, told.risk);
  state.control = told.control;
  showControl(told.control);
  showPositions(told.positions);
  showOrders(told.orders);
  showStrategies(told.strategies);
  showRisk(told.risk);
}

async function slow() {
  const symbol = $("symbol").value;
  const timeframe = $("timeframe").value;
  if (!symbol) return;
  const [bars, fills, points, market, log, services, use] = await Promise.all([
    view(`bars/${symbol}?timeframe=${timeframe}&limit=500&forming=true`), view("trades?limit=500"), view("equity?limit=1500"),
    view(`market/${symbol}?depth=1`), view("logs?limit=200"), view("services"), view("configuration/services"),
  ]);
  const own = fills.filter((fill) => fill.symbol === symbol);
  candles.draw(`${symbol} ${timeframe}`, bars, TIMEFRAMES[timeframe], state.decimals[symbol], own);
  equity.draw(points);
  showFills(fills);
  showLog(log);
  showServices(services, use);
  show("last", number(market.last_price));
}

// Runs again after a while, whatever came of it; never twice at a time.
async function again(name, work, pause) {
  clearTimeout(state.timers[name]);
  const turn = (state.timers[`${name}-turn`] = (state.timers[`${name}-turn`] ?? 0) + 1);
  try {
    await work();
    delete state.wrong[name];
  } catch (error) {
    if (error.status === 401) return leave(error.message);
    // Without a status nobody answered, which the stream tells.
    if (error.status) state.wrong[name] = error.message;
    else delete state.wrong[name];
  }
  if (state.running && turn === state.timers[`${name}-turn`]) {
    state.timers[name] = setTimeout(() => again(name, work, pause), pause);
  }
}

function readSoon() {
  clearTimeout(state.timers.soon);
  state.timers.soon = setTimeout(() => {
    again("overview", overview, EACH_MS);
    again("slow", slow, SLOW_MS);
  }, SOON_MS);
}

function showSymbols(instruments) {
  const names = Object.keys(instruments);
  for (const name of names) state.decimals[name] = (instruments[name].tick.replace(/0+$/, "").split(".")[1] ?? "").length;
  const place = $("symbol");
  if ([...place.options].map((option) => option.value).join() === names.join()) return;
  const chosen = place.value;
  place.replaceChildren(...names.map((name) => element("option", name)));
  if (names.includes(chosen)) place.value = chosen;
  again("slow", slow, SLOW_MS);
}

function showAge() {
  const silent = state.heard ? performance.now() - state.heard : null;
  const stale = silent === null || silent > STALE_MS || state.engineStale;
  // The engine may speak while its feed does not: what follows from prices is old then.
  const pricesOld = !stale && state.pricesS > state.pricesStaleS;
  document.body.classList.toggle("stale", stale);
  document.body.classList.toggle("prices-old", pricesOld);
  const old = pricesOld ? `prices ${age(state.pricesS + silent / 1000)} old` : `${age(silent / 1000)} old`;
  show("age", silent === null ? "–" : old, stale || pricesOld ? "warning" : "");
  document.body.classList.toggle("past-old", Boolean(state.wrong.slow));
  const wrong = Object.values(state.wrong)[0];
  show("connection", wrong ?? state.connection, wrong ? "warning" : "");
}

function hear(told) {
  if (told.kind === "hello" || told.kind === "heartbeat") {
    state.engineStale = told.stale;
    state.connection = `NATS ${told.nats}, engine heard ${age(told.engine_age_s)} ago`;
  }
  if (told.kind !== "heartbeat") readSoon();
}

async function enter() {
  $("login-error").textContent = "";
  let me;
  try {
    me = await view("me");
  } catch (error) {
    if (error.status === 401) return leave(error.message);
    $("login-error").textContent = `${error.message} Trying again.`;
    setTimeout(enter, SLOW_MS);
    return;
  }
  $("login").hidden = true;
  $("monitor").hidden = false;
  $("panic").hidden = $("take").hidden = me.role === "viewer";
  candles ??= new CandleChart($("chart"));
  equity ??= new EquityChart($("equity"));
  state.running = true;
  again("overview", overview, EACH_MS);
  state.stream = new Stream({
    told: hear,
    lost: (pause) => (state.connection = `No connection to the workstation, next try in ${Math.ceil(pause / 1000)} s`),
    refused: leave,
  });
  state.stream.open();
}

function leave(reason = "") {
  state.running = false;
  state.stream?.stop();
  token.forget();
  $("monitor").hidden = true;
  $("login").hidden = false;
  $("login-error").textContent = reason;
  $("token").focus();
}

async function dress(name) {
  await wear(name);
  $("theme").textContent = name === "dark" ? "Light" : "Dark";
  candles?.restyle();
  equity?.restyle();
}

function prepare() {
  $("timeframe").replaceChildren(...Object.keys(TIMEFRAMES).map((name) => element("option", name)));
  $("symbol").onchange = $("timeframe").onchange = () => again("slow", slow, SLOW_MS);
  $("theme").onclick = () => dress(theme() === "dark" ? "light" : "dark");
  $("leave").onclick = () => leave();
  const login = () => {
    token.keep($("token").value.trim());
    $("token").value = "";
    enter();
  };
  $("enter").onclick = login;
  $("token").onkeydown = (event) => event.key === "Enter" && login();
  prepareActions(readSoon, () => state.control);
  notice("");
  setInterval(showAge, 250);
}

prepare();
await dress(theme());
if (token.get()) enter();
else $("token").focus();
