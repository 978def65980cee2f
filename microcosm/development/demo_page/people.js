/** The people of the site, each asked for once. */

import { plain } from "./dom.js";

export class People {
  #api;
  #known = new Map();

  constructor(api) {
    this.#api = api;
  }

  /** Keep what came along with something else. */
  remember({ id, profileName, avatar }) {
    const person = { id, profileName: plain(profileName), avatar };
    this.#known.set(id, person);
    return person;
  }

  /** Ask for somebody anew next time. */
  forget(id) {
    this.#known.delete(id);
  }

  async find(id) {
    return this.#known.get(id) ?? this.remember(await this.#api.get(`/profiles/${id}`));
  }
}
