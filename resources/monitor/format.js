// Figures as the desktop writes them: a true minus, thousands, signs on results, "–" for what is missing.

const MINUS = "\u2212";

export function number(text, decimals) {
  if (text === null || text === undefined || text === "") return "–";
  const value = String(text);
  const negative = value.startsWith("-");
  let [whole, fraction = ""] = value.replace("-", "").split(".");
  if (decimals !== undefined) [whole, fraction = ""] = rounded(whole, fraction, decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const digits = fraction ? `${grouped}.${fraction}` : grouped;
  return negative && /[1-9]/.test(digits) ? MINUS + digits : digits;
}

// Half up on the digits themselves: money is not rounded as a float.
function rounded(whole, fraction, decimals) {
  if (fraction.length <= decimals) return decimals ? `${whole}.${fraction.padEnd(decimals, "0")}` : whole;
  let digits = BigInt(whole + fraction.slice(0, decimals));
  if (fraction[decimals] >= "5") digits += 1n;
  const text = digits.toString().padStart(decimals + 1, "0");
  return decimals ? `${text.slice(0, -decimals)}.${text.slice(-decimals)}` : text;
}

export function signed(text, decimals) {
  const told = number(text, decimals);
  return told === "–" || told.startsWith(MINUS) || !/[1-9]/.test(told) ? told : `+${told}`;
}

// "up", "down" or "": the class that colours a result as it is shown.
export function direction(text, decimals) {
  const told = number(text, decimals);
  if (!/[1-9]/.test(told)) return "";
  return told.startsWith(MINUS) ? "down" : "up";
}

export function time(text) {
  return text ? text.slice(11, 19) : "–";
}

export function age(seconds) {
  if (seconds === null || seconds === undefined) return "never";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)}m ${Math.floor(seconds % 60)}s` : `${Math.floor(seconds / 3600)} h`;
}
