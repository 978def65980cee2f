/** The REST API, as one person. */

const GUEST_COPY_MS = 1_000;
/** How long what failed because the server was not there waits for the next try. */
const AGAIN_MS = 2_000;

/** The server has understood, and does not want to. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  /** Whether asking again cannot help. */
  get isFinal() {
    return this.status < 500 && this.status !== 429;
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

export class Api {
  #token;

  constructor(token) {
    this.#token = token;
  }

  /** Answers to guests may be a second old (docs/api/caching.md): what matters is read once more by then. */
  get copyLives() {
    return this.#token ? 0 : GUEST_COPY_MS;
  }

  get = (path) => this.#ask("GET", path);
  post = (path, body) => this.#ask("POST", path, body);
  put = (path, body) => this.#ask("PUT", path, body);
  delete = (path) => this.#ask("DELETE", path);

  /** The `data` of the answer; raises Refused or Unreachable. */
  async #ask(method, path, body) {
    const headers = { Prefer: "return=representation" };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (body) headers["Content-Type"] = "application/json";
    const request = { method, headers, body: body && JSON.stringify(body), cache: "no-cache" };
    const answer = await fetch(`/api/v1${path}`, request).catch(() => {
      throw new Unreachable();
    });
    const { data, error } = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, data?.errorDetail ?? error?.[0] ?? `The server answers ${answer.status}.`);
    return data;
  }
}

/** A function that runs a task once for many calls, and again while the server is not there; one run at a time. */
export function coalesce(task) {
  let isRunning = false;
  let isWanted = false;
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isWanted) {
        isWanted = false;
        if (!(await succeeds(task))) {
          isWanted = true;
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        }
      }
    } finally {
      isRunning = false;
    }
  };
}

/** Whether a task came to its end; false if it is worth another try. */
async function succeeds(task) {
  try {
    await task();
  } catch (error) {
    if (error instanceof Unreachable || (error instanceof Refused && !error.isFinal)) return false;
    throw error;
  }
  return true;
}

/** What is wrong, for the person who wanted something. */
export function problemOf(error) {
  return error instanceof Refused ? error.message : "The server does not answer; please try again.";
}
