// The desktop's own colours, dark or light.

const KEY = "workstation.theme";
let tokens = {};

export const colour = (name) => tokens[name] ?? "";

export function theme() {
  return localStorage.getItem(KEY) ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
}

export async function wear(name) {
  const answer = await fetch(`/monitor/themes/${name}.json`);
  tokens = (await answer.json()).tokens;
  const root = document.documentElement;
  for (const [token, value] of Object.entries(tokens)) {
    if (typeof value === "string") root.style.setProperty(`--${token.replaceAll("_", "-")}`, value);
  }
  root.style.colorScheme = name;
  localStorage.setItem(KEY, name);
}
