// One symbol as the feed handler tells it: a snapshot on request, then every change in its order.

export class Market {
  #connection;
  #messages;
  #subjects;
  #held = [];
  #numbers = null;
  #session = "";
  book = { bids: new Map(), asks: new Map(), sequence: 0 };
  deltas = 0;
  trades = 0;
  bars = 0;
  enriched = null;
  gaps = 0;
  failure = null;

  constructor(connection, messages, subjects, symbol) {
    this.#connection = connection;
    this.#messages = messages;
    this.#subjects = subjects;
    this.symbol = symbol;
    this.bookSubject = `${subjects.market_book}.${symbol}`;
    this.tradesSubject = `${subjects.market_trades}.${symbol}`;
  }

  listen() {
    const hear = (subject, take) =>
      this.#connection.subscribe(subject, {
        callback: (error, message) => {
          try {
            if (error) throw error;
            take(this.#messages.read(message.data), message.subject);
          } catch (problem) {
            this.failure ??= problem;
          }
        },
      });
    hear(this.bookSubject, (envelope, subject) => this.#take(envelope, subject));
    hear(this.tradesSubject, (envelope, subject) => this.#take(envelope, subject));
    hear(`${this.#subjects.market_bars}.${this.symbol}.*`, () => (this.bars += 1));
    hear(this.#subjects.market_data, (envelope) => {
      if (envelope.body.symbol === this.symbol) this.enriched = envelope.body;
    });
  }

  // Begin with a snapshot, or compare with one: whether the book that was kept by changes alone is the same.
  async ask(bars = {}) {
    const subject = `${this.#subjects.market_snapshot}.${this.symbol}`;
    const request = this.#messages.write("market_request", subject, { symbol: this.symbol, bars });
    const reply = await this.#connection.request(subject, request, { timeout: 5000 });
    const answer = this.#messages.read(reply.data);
    if (answer.type !== "market_answer") throw new Error(answer.body.text);
    return answer;
  }

  begin(answer) {
    this.#session = answer.session;
    this.#numbers = { ...answer.body.numbers };
    this.#replace(answer.body.book);
    const held = this.#held;
    this.#held = [];
    for (const [envelope, subject] of held) {
      if (envelope.session === this.#session && envelope.seq > this.#numbers[subject]) this.#take(envelope, subject);
    }
  }

  // The answer came behind the changes that it contains, on the same connection; later ones may have come since.
  agrees(answer) {
    const told = answer.body.book;
    if (this.#numbers[this.bookSubject] !== answer.body.numbers[this.bookSubject]) return null;
    const same = (levels, kept) =>
      levels.length === kept.size && levels.every(([price, quantity]) => kept.get(price) === quantity);
    return same(told.bids, this.book.bids) && same(told.asks, this.book.asks);
  }

  best(side) {
    const prices = [...this.book[side].keys()].sort((a, b) => Number(a) - Number(b));
    return side === "bids" ? prices.at(-1) : prices[0];
  }

  #take(envelope, subject) {
    if (this.#numbers === null) {
      this.#held.push([envelope, subject]);
      return;
    }
    if (envelope.session !== this.#session || envelope.seq !== this.#numbers[subject] + 1) {
      this.gaps += 1;
      this.#numbers = null;
      this.#held = [[envelope, subject]];
      this.ask().then((answer) => this.begin(answer), (problem) => (this.failure ??= problem));
      return;
    }
    this.#numbers[subject] = envelope.seq;
    if (envelope.type === "book_snapshot") this.#replace(envelope.body);
    if (envelope.type === "book_delta") this.#change(envelope.body);
    if (envelope.type === "trade") this.trades += 1;
  }

  #replace(told) {
    this.book = { bids: new Map(told.bids), asks: new Map(told.asks), sequence: told.sequence };
  }

  #change(told) {
    if (told.previous_sequence !== this.book.sequence) {
      throw new Error(`A change of the book follows ${told.previous_sequence}, not ${this.book.sequence}.`);
    }
    for (const side of ["bids", "asks"]) {
      for (const [price, quantity] of told[side]) {
        if (Number(quantity) === 0) this.book[side].delete(price);
        else this.book[side].set(price, quantity);
      }
    }
    this.book.sequence = told.sequence;
    this.deltas += 1;
  }
}
