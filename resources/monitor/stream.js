// The websocket of events. It comes back by itself, after pauses that grow, and asks for what it missed.

import { token } from "./api.js";

const SHORTEST_MS = 500;
const LONGEST_MS = 15000;
const SILENT_MS = 5000;
const REFUSED = 4401;

export class Stream {
  constructor(handlers) {
    this.handlers = handlers;
    this.known = { stream: "", number: 0 };
    this.pause = SHORTEST_MS;
    this.stopped = false;
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/events`);
    this.socket = socket;
    this.watch(socket);
    socket.onopen = () => socket.send(JSON.stringify({ token: token.get(), ...this.known }));
    socket.onmessage = (message) => {
      this.watch(socket);
      this.take(JSON.parse(message.data));
    };
    socket.onclose = (closed) => this.left(closed);
  }

  take(told) {
    if (told.kind === "hello") {
      this.pause = SHORTEST_MS;
      if (told.stream !== this.known.stream) this.known = { stream: told.stream, number: told.number };
    } else if (told.number) {
      this.known.number = told.number;
    }
    this.handlers.told(told);
  }

  left(closed) {
    clearTimeout(this.silence);
    if (this.stopped) return;
    if (closed.code === REFUSED) return this.handlers.refused(closed.reason);
    const pause = this.pause;
    this.pause = Math.min(LONGEST_MS, pause * 2);
    this.handlers.lost(pause);
    this.again = setTimeout(() => this.open(), pause * (0.75 + Math.random() / 2));
  }

  // A socket that says nothing is none, whatever the system believes.
  watch(socket) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => socket.close(), SILENT_MS);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.again);
    clearTimeout(this.silence);
    this.socket?.close();
  }
}
