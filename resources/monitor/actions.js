// Kill, flatten, pause, take control: each is asked back once, and says what came of it.

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

const TAKE = {
  title: "Take control",
  button: "Take control", kind: "primary", path: "control/take", body: () => undefined,
};

export function prepareActions(done, control) {
  for (const [id, action] of Object.entries(ACTIONS)) $(id).onclick = () => confirm(action, done);
  $("take").onclick = () => (control()?.yours ? giveUp(done) : confirm({ ...TAKE, text: taken(control()) }, done));
  $("confirm-no").onclick = () => $("confirm").close();
}

function taken(control) {
  const loses = control?.who ? `${control.who} has control now and loses it.` : "Nobody has control now.";
  return `${loses} Orders and strategies can then be commanded with this token only; everybody can kill.`;
}

async function giveUp(done) {
  try {
    notice((await command("control/give-up", undefined)).text);
  } catch (error) {
    notice(`Give up control: ${error.message}`, "bad");
  }
  done();
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
