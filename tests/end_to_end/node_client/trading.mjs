// Orders on their stream, and what becomes of them.

import { headers } from "nats";

export class Trading {
  #connection;
  #messages;
  #subjects;
  #jetstream;
  #reading = null;
  executions = [];
  streamNumbers = [];
  failure = null;

  constructor(connection, messages, subjects) {
    this.#connection = connection;
    this.#messages = messages;
    this.#subjects = subjects;
    this.#jetstream = connection.jetstream();
  }

  // Read every execution that the stream has, and each that comes.
  async listen() {
    const manager = await this.#connection.jetstreamManager();
    const stream = await manager.streams.find(this.#subjects.executions);
    const consumer = await this.#jetstream.consumers.get(stream);
    this.#reading = await consumer.consume();
    (async () => {
      for await (const message of this.#reading) {
        this.executions.push(this.#messages.read(message.data).body);
        this.streamNumbers.push(message.seq);
      }
    })().catch((problem) => (this.failure ??= problem));
  }

  stop() {
    this.#reading?.stop();
  }

  of(clientId) {
    return this.executions.filter((execution) => execution.client_id === clientId);
  }

  // Wait for a step of an order's life.
  async step(clientId, statuses, timeoutMs = 10_000) {
    const ends = Date.now() + timeoutMs;
    for (;;) {
      if (this.failure) throw this.failure;
      const found = this.of(clientId).find((execution) => statuses.includes(execution.status));
      if (found) return found;
      if (Date.now() > ends) throw new Error(`${clientId} came to ${JSON.stringify(this.of(clientId))}.`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  // Whether the stream had the message already.
  async send(type, body, id = body.id) {
    const about = headers();
    about.set("Nats-Msg-Id", id);
    const payload = this.#messages.write(type, this.#subjects.orders, body);
    const kept = await this.#jetstream.publish(this.#subjects.orders, payload, { headers: about });
    return kept.duplicate;
  }

  // Past the schemas, as a client with a fault would.
  async sendRaw(text) {
    await this.#jetstream.publish(this.#subjects.orders, new TextEncoder().encode(text));
  }
}
