// Reads and writes messages by the published schemas alone.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import Ajv from "ajv/dist/2020.js";

const SUFFIX = ".schema.json";

export class Messages {
  #validators = new Map();
  #numbers = new Map();
  #session;
  counts = {};

  constructor(folder, session) {
    this.#session = session;
    // The times have a pattern beside their format, so no plug-in for formats is needed.
    const ajv = new Ajv({ strict: true, allErrors: true, formats: { "date-time": true } });
    for (const name of readdirSync(folder).filter((name) => name.endsWith(SUFFIX))) {
      const schema = JSON.parse(readFileSync(join(folder, name), "utf8"));
      this.#validators.set(name.slice(0, -SUFFIX.length), ajv.compile(schema));
    }
  }

  // The envelope of a message. Throws where it is none of those that the schemas describe.
  read(payload) {
    const envelope = JSON.parse(new TextDecoder().decode(payload));
    this.#check(envelope, "received");
    this.counts[envelope.type] = (this.counts[envelope.type] ?? 0) + 1;
    return envelope;
  }

  // A message as it travels; `seq` counts up on each subject.
  write(type, subject, body) {
    const seq = (this.#numbers.get(subject) ?? 0) + 1;
    this.#numbers.set(subject, seq);
    const envelope = { v: 1, type, session: this.#session, seq, ts: new Date().toISOString(), body };
    this.#check(envelope, "to be sent");
    return new TextEncoder().encode(JSON.stringify(envelope));
  }

  #check(envelope, what) {
    const valid = this.#validators.get(envelope.type);
    if (valid === undefined) throw new Error(`A message of the unknown type ${envelope.type} was ${what}.`);
    if (!valid(envelope)) {
      const errors = valid.errors.map((error) => `${error.instancePath} ${error.message}`).join("; ");
      throw new Error(`A message of type ${envelope.type} ${what} breaks its schema: ${errors}`);
    }
  }
}
