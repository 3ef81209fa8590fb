// Kill, flatten, pause: each is asked back once, and says what came of it.

import { command } from "./api.js";
import { $ } from "./dom.js";

const ACTIONS = {
  kill: {
    title: "Engage the kill switch",
    text: "No new order leaves and entries are cancelled; protective stops stay. An admin resumes.",
    button: "Kill", kind: "danger", path: "kill", flatten: true,
    body: () => ({ reason: "web monitor", flatten: $("confirm-flatten-box").checked }),
  },
  flatten: {
    title: "Close every position",
    text: "What rests is cancelled and every position is closed at the market, strategies' too.",
    button: "Flatten", kind: "danger", path: "flatten", body: () => ({}),
  },
  pause: {
    title: "Pause every strategy",
    text: "No new entries; exits and stops go on.",
    button: "Pause", kind: "primary", path: "strategies/pause-all", body: () => undefined,
  },
};

export function notice(text, kind = "") {
  const place = $("notice");
  place.textContent = text;
  place.className = kind;
  place.hidden = !text;
}

export function prepareActions(done) {
  for (const [id, action] of Object.entries(ACTIONS)) $(id).onclick = () => confirm(action, done);
  $("confirm-no").onclick = () => $("confirm").close();
}

function confirm(action, done) {
  $("confirm-title").textContent = action.title;
  $("confirm-text").textContent = action.text;
  $("confirm-flatten").hidden = !action.flatten;
  $("confirm-flatten-box").checked = false;
  const yes = $("confirm-yes");
  yes.textContent = action.button;
  yes.className = action.kind;
  yes.disabled = false;
  yes.onclick = async () => {
    yes.disabled = true;
    try {
      const told = await command(action.path, action.body());
      notice(told.text || `${action.title}: done.`);
    } catch (error) {
      notice(`${action.title}: ${error.message}`, "bad");
    }
    $("confirm").close();
    done();
  };
  $("confirm").showModal();
  $("confirm-no").focus();
}
