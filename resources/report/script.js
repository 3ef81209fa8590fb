"use strict";
const data = JSON.parse(document.getElementById("data").textContent);

function signed(value, decimals) {
  if (value === null) return "–";
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  if (!/[1-9]/.test(text)) return text;
  return (value < 0 ? "−" : "+") + text;
}
function plain(value, decimals) {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace("-", "−");
}
function time(seconds) {
  return seconds === null ? "open" : new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

// One crosshair over all plots; its values stand beside the headings.
const plots = [...document.querySelectorAll("svg.plot")];
const notes = Object.fromEntries([...document.querySelectorAll("[data-note]")].map((n) => [n.dataset.note, n]));
const resting = Object.fromEntries(Object.entries(notes).map(([name, n]) => [name, n.textContent]));
function show(event) {
  const box = event.currentTarget.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * data.width;
  const columns = data.columns.time.length;
  const i = Math.min(columns - 1, Math.max(0, Math.floor((x / data.plot) * columns)));
  for (const plot of plots) {
    const line = plot.querySelector(".cursor");
    const at = Math.min(data.plot, Math.max(0, x));
    line.setAttribute("x1", at);
    line.setAttribute("x2", at);
  }
  const c = data.columns;
  const when = time(c.time[i]);
  notes.equity.textContent = `${when}  Equity ${plain(c.equity[i], 2)}  Buy and hold ${plain(c.hold[i], 2)}`;
  notes.fall.textContent = `${when}  ${signed(c.fall[i], 1)} %`;
  notes.price.textContent = `${when}  Close ${plain(c.price[i], data.decimals)}`;
}
function rest() {
  for (const [name, note] of Object.entries(notes)) note.textContent = resting[name];
  for (const plot of plots) {
    plot.querySelector(".cursor").setAttribute("x1", -9);
    plot.querySelector(".cursor").setAttribute("x2", -9);
  }
}
for (const plot of plots) {
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerleave", rest);
}

// The table of trades: sorted on a click, two hundred rows at a time.
const PAGE = 200;
const [NUMBER, ENTRY, EXIT, SIDE, QUANTITY, ENTRY_PRICE, EXIT_PRICE, FEES, NET, R, BARS, ENTERED, LEFT] = [...Array(13).keys()];
const body = document.querySelector(".trades tbody");
const more = document.querySelector("button.more");
const heads = [...document.querySelectorAll(".trades th")];
let rows = data.trades.slice();
let shown = 0;

function cell(row, text, css) {
  const made = row.insertCell();
  made.textContent = text;
  if (css) made.className = css;
  return made;
}
function tone(value) {
  return value === null || value === 0 ? "plain" : value > 0 ? "good" : "bad";
}
function grow() {
  for (const t of rows.slice(shown, shown + PAGE)) {
    const row = body.insertRow();
    cell(row, t[NUMBER]);
    cell(row, time(t[ENTRY]), "text");
    cell(row, time(t[EXIT]), "text");
    cell(row, t[SIDE] > 0 ? "Long" : "Short", "text " + (t[SIDE] > 0 ? "good" : "bad"));
    cell(row, t[QUANTITY]);
    cell(row, plain(Number(t[ENTRY_PRICE]), data.decimals)).title = t[ENTRY_PRICE];
    cell(row, plain(Number(t[EXIT_PRICE]), data.decimals)).title = t[EXIT_PRICE];
    cell(row, signed(-t[FEES], 2), "secondary");
    cell(row, signed(t[NET], 2), tone(t[NET]));
    cell(row, signed(t[R], 2), tone(t[R]));
    cell(row, t[BARS] === null ? "–" : plain(t[BARS], 0), "secondary");
    for (const reason of [data.reasons[t[ENTERED]], data.reasons[t[LEFT]]]) {
      cell(row, reason || "–", "text reason secondary").title = reason;
    }
  }
  shown = Math.min(rows.length, shown + PAGE);
  more.hidden = shown === rows.length;
  more.textContent = `Show ${Math.min(PAGE, rows.length - shown)} more of ${rows.length - shown}`;
}
function sort(column) {
  const head = heads[column];
  const down = head.getAttribute("aria-sort") !== "descending";
  heads.forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = column === ENTERED || column === LEFT ? (t) => data.reasons[t[column]]
    : column === EXIT ? (t) => t[EXIT] ?? Infinity
    : (t) => (t[column] === null ? -Infinity : Number(t[column]));
  const sign = down ? -1 : 1;
  rows.sort((a, b) => (key(a) < key(b) ? -sign : key(a) > key(b) ? sign : a[NUMBER] - b[NUMBER]));
  body.replaceChildren();
  shown = 0;
  grow();
}
heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => sort(column)));
more.addEventListener("click", grow);
grow();
