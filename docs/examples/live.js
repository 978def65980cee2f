/**
 * Follows a Microcosm site: what is missed while nobody listens is read from the feed, what happens comes over the socket.
 *
 * A module without dependencies, which needs nothing but `fetch` and `WebSocket`. docs/api/live.md says what the frames mean. The
 * demo page of `make run` uses this very file, and tests/e2e/test_examples.py runs it.
 */

/** Closings after which coming back helps nobody: the client is wrong, its token has ended, there is no such site. */
const FINAL_CODES = new Set([1009, 4400, 4401, 4404]);
/** "Come back later": as many connections as may be, or too many frames. */
const TOO_MANY = 4429;
const LOST = 1006;

const PING_MS = 25_000;
const PONG_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const PAUSE_WHEN_TOO_MANY_MS = 5_000;
const LONGEST_PAUSE_MS = 30_000;
/** The server takes 20 in a second. */
const FRAMES_PER_SECOND = 15;

/**
 * Hands over every change behind a position, in order, and returns the position to go on from.
 *
 * Without `after` there is nothing behind: the answer is where the log ends now. `gap` is called when the log does not reach back so
 * far: what is shown then has to be read again.
 */
export async function catchUp({ site, token = "", after = null, change = () => {}, gap = () => {} }) {
  let position = after;
  for (;;) {
    const address = new URL("/api/v1/changes", site);
    address.searchParams.set("limit", "500");
    if (position !== null) address.searchParams.set("after", position);
    const answer = await fetch(address, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
    if (!answer.ok) throw new Error(`GET ${address.pathname} answers ${answer.status}`);
    const { data } = await answer.json();
    if (data.gap) await gap();
    for (const each of data.changes) await change(each);
    position = data.position;
    if (!data.more) return position;
  }
}

/**
 * A socket that comes back by itself and goes on where each subscription stopped.
 *
 * It is told of by handlers, all of them optional: `state({name, ...})` with the name `connecting`, `live`, `waiting` (with `pause` in
 * milliseconds) or `ended` (with `code`); `access()` when the viewer's rights may be others: read again what is shown;
 * `told(position)` when everything up to a position has been handed to the subscriptions: the place to go on from after a restart.
 */
export class Live {
  #url;
  #token;
  #handlers;
  #subscriptions = new Map();
  #socket = null;
  #outbox = [];
  #sentAt = [];
  #flushing = 0;
  #beating = 0;
  #coming = 0;
  #attempts = 0;
  #told = -1;
  #isClosed = false;

  constructor({ site, token = "", ...handlers }) {
    this.#url = new URL("/live/v1", site);
    this.#url.protocol = this.#url.protocol === "https:" ? "wss:" : "ws:";
    this.#token = token;
    this.#handlers = handlers;
    this.#connect();
  }

  /**
   * Follow something, with handlers of its own: `change(frame)`, `counts(frame)`, `presence(frame)`, `typing(frame)`; `subscribed(frame)`
   * each time it begins or goes on; `gap()` when something was missed for good: read again what is shown; `refused()` when there is
   * no such thing for the viewer. With `after` it begins with what happened behind that position.
   */
  subscribe(to, id = 0, { after = null, ...handlers } = {}) {
    const subscription = { to, id, after, handlers, last: null, isWaiting: true };
    this.#subscriptions.set(`${to}:${id}`, subscription);
    if (this.#isOpen()) this.#ask(subscription);
  }

  /** Follow something no longer. */
  unsubscribe(to, id = 0) {
    if (this.#subscriptions.delete(`${to}:${id}`)) this.#say({ type: "unsubscribe", to, id });
  }

  /** Tell the others who are present at an item that one is typing; the server passes over what comes too often. */
  typing(id) {
    if (this.#subscriptions.get(`presence:${id}`)?.isWaiting === false) this.#say({ type: "typing", id });
  }

  /** Come back at once instead of after the pause. */
  retry() {
    if (this.#isClosed || this.#socket) return;
    clearTimeout(this.#coming);
    this.#connect();
  }

  /** End it; nothing is heard any more. */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#coming);
    this.#drop();
  }

  #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #connect() {
    this.#handlers.state?.({ name: "connecting" });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      // The server takes one frame after the other, so nothing has to wait for the answer.
      if (this.#token) this.#say({ type: "sign_in", token: this.#token });
      else this.#handlers.state?.({ name: "live", profileId: 0 });
      for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
      this.#beat();
    };
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lose(code);
  }

  #lose(code) {
    this.#drop();
    if (FINAL_CODES.has(code)) {
      this.#isClosed = true;
      this.#handlers.state?.({ name: "ended", code });
      return;
    }
    // Twice as long each time, and not all clients of a server at the same moment.
    const first = code === TOO_MANY ? PAUSE_WHEN_TOO_MANY_MS : FIRST_PAUSE_MS;
    const pause = Math.min(LONGEST_PAUSE_MS, first * 2 ** this.#attempts) * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    this.#coming = setTimeout(() => this.#connect(), pause);
    this.#handlers.state?.({ name: "waiting", pause });
  }

  #drop() {
    clearTimeout(this.#beating);
    clearTimeout(this.#flushing);
    this.#outbox = [];
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** Browsers do not tell of the server's pings, so a connection that is dead is found by ours. */
  #beat() {
    clearTimeout(this.#beating);
    this.#beating = setTimeout(() => {
      this.#say({ type: "ping" });
      this.#beating = setTimeout(() => this.#lose(LOST), PONG_MS);
    }, PING_MS);
  }

  #say(frame) {
    if (!this.#isOpen()) return;
    this.#outbox.push(frame);
    this.#flush();
  }

  #flush() {
    clearTimeout(this.#flushing);
    while (this.#outbox.length) {
      const now = Date.now();
      this.#sentAt = this.#sentAt.filter((at) => now - at < 1000);
      if (this.#sentAt.length >= FRAMES_PER_SECOND) {
        this.#flushing = setTimeout(() => this.#flush(), 100);
        return;
      }
      this.#sentAt.push(now);
      this.#socket.send(JSON.stringify(this.#outbox.shift()));
    }
  }

  #ask(subscription) {
    const { to, id, after } = subscription;
    subscription.isWaiting = true;
    this.#say({ type: "subscribe", to, id, ...(after === null || to === "presence" ? {} : { after }) });
  }

  #hear(frame) {
    if (frame.type === "signed_in") {
      this.#handlers.state?.({ name: "live", profileId: frame.profileId });
    } else if (frame.type === "access") {
      this.#handlers.access?.();
    } else if (frame.type === "pong") {
      this.#beat();
      // Everything up to there was sent, to whatever it belonged.
      for (const subscription of this.#subscriptions.values()) {
        if (!subscription.isWaiting) subscription.after = Math.max(subscription.after, frame.position);
      }
    } else if (frame.type !== "error") {
      const subscription = this.#subscriptions.get(`${frame.to}:${frame.id}`);
      if (subscription) this.#hearOf(subscription, frame);
    }
    if (frame.type !== "error") this.#attempts = 0;
    this.#tell();
  }

  #hearOf(subscription, frame) {
    if (frame.type === "subscribed" || frame.type === "gap") {
      subscription.isWaiting = false;
      subscription.after = subscription.last = frame.position;
    } else if (frame.type === "refused") {
      this.#subscriptions.delete(`${frame.to}:${frame.id}`);
    } else if (frame.type === "change") {
      // What comes before the answer to a question still belongs to the subscription before it.
      if (subscription.isWaiting) return;
      if (frame.previous !== subscription.last) {
        // There is a hole: go on from before it.
        this.#ask(subscription);
        return;
      }
      subscription.after = subscription.last = frame.position;
    }
    subscription.handlers[frame.type]?.(frame);
  }

  #tell() {
    let position = Infinity;
    for (const { to, after } of this.#subscriptions.values()) {
      if (to !== "presence") position = Math.min(position, after ?? -1);
    }
    if (position === Infinity || position <= this.#told) return;
    this.#told = position;
    this.#handlers.told?.(position);
  }
}
