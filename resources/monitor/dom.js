// Small helpers; text is always set as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function show(name, text, kind = "") {
  for (const place of document.querySelectorAll(`[data-value="${name}"]`)) {
    if (place.textContent !== text) place.textContent = text;
    place.className = kind;
  }
}

export function element(tag, text = "", kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// Columns: [title, (row) => text, (row) => class]. An empty table says so.
export function table(place, columns, rows, empty) {
  const head = element("tr");
  for (const [title, , , left] of columns) head.append(element("th", title, left ? "left" : ""));
  const body = rows.map((row) => {
    const line = element("tr");
    for (const [, text, kind, left] of columns) {
      line.append(element("td", text(row), `${kind ? kind(row) : ""}${left ? " left" : ""}`.trim()));
    }
    return line;
  });
  if (!rows.length) {
    const cell = element("td", empty, "empty left");
    cell.colSpan = columns.length;
    const line = element("tr");
    line.append(cell);
    body.push(line);
  }
  place.replaceChildren(head, ...body);
}
