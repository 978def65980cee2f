/** A poll whose totals move while people vote. */

import { coalesce, problemOf, Refused } from "./api.js";
import { byId, copy, plain } from "./dom.js";

export class Poll {
  #api;
  #live;
  #me;
  #id;
  #poll = null;
  #chosen = new Set();
  #isClosed = false;

  constructor({ api, live, me, id }) {
    this.#api = api;
    this.#live = live;
    this.#me = me;
    this.#id = id;
    live.subscribe("poll", id, {
      // Single votes are told by counts alone, which are not replayed.
      subscribed: () => this.readAgain(),
      change: ({ ids, gone }) => {
        if (gone && !ids.commentId) this.#hide();
        else if (!ids.commentId) this.readAgain();
      },
      counts: (frame) => this.#count(frame),
      gap: () => this.readAgain(),
      refused: () => this.#hide(),
    });
  }

  close() {
    this.#isClosed = true;
    this.#live.unsubscribe("poll", this.#id);
    this.#hide();
  }

  readAgain() {
    this.#read();
    if (this.#api.copyLives) setTimeout(this.#read, this.#api.copyLives);
  }

  #read = coalesce(async () => {
    if (this.#isClosed) return;
    try {
      const [poll, vote] = await Promise.all([
        this.#api.get(`/polls/${this.#id}?limit=5`),
        this.#me.profileId ? this.#api.get(`/polls/${this.#id}/vote`) : { choiceIds: [] },
      ]);
      if (this.#isClosed) return;
      this.#poll = poll;
      this.#chosen = new Set(vote.choiceIds);
      this.#show();
    } catch (error) {
      if (!(error instanceof Refused && error.isFinal)) throw error;
      this.#hide();
    }
  });

  #count({ voters, choices }) {
    if (!this.#poll) return;
    this.#poll.voterCount = voters;
    for (const { id, votes } of choices ?? []) {
      const choice = this.#poll.choices.find((each) => each.id === id);
      if (choice) choice.votes = votes;
    }
    this.#show();
  }

  async #choose(id) {
    const { multi } = this.#poll;
    const chosen = new Set(multi ? this.#chosen : []);
    if (this.#chosen.has(id)) chosen.delete(id);
    else chosen.add(id);
    byId("poll-problem").textContent = "";
    try {
      if (chosen.size) await this.#api.put(`/polls/${this.#id}/vote`, { choiceIds: [...chosen] });
      else await this.#api.delete(`/polls/${this.#id}/vote`);
      this.#chosen = chosen;
      this.#show();
    } catch (error) {
      byId("poll-problem").textContent = problemOf(error);
    }
  }

  #show() {
    const { title, question, choices, voterCount, pollOpen, meta } = this.#poll;
    const mayVote = meta.permissions.create && pollOpen && meta.flags.open;
    const most = Math.max(1, ...choices.map(({ votes }) => votes ?? 0));
    byId("poll-title").textContent = plain(title);
    byId("question").textContent = plain(question);
    byId("voters").textContent = `${voterCount === 1 ? "1 person has" : `${voterCount} people have`} voted${pollOpen ? "" : "; closed"}`;
    const list = byId("choices");
    // Elements stay while the choices do, so that bars move and the focus is kept.
    if (choices.map(({ id }) => id).join() !== [...list.children].map(({ dataset }) => dataset.choice).join()) {
      list.replaceChildren(...choices.map((choice) => this.#choice(choice)));
    }
    choices.forEach(({ id, choice, votes }, index) => {
      const button = list.children[index].firstElementChild;
      button.disabled = !mayVote;
      button.ariaPressed = String(this.#chosen.has(id));
      button.querySelector(".choice").textContent = plain(choice);
      button.querySelector(".votes").textContent = votes ?? "";
      button.style.setProperty("--share", (votes ?? 0) / most);
    });
    byId("poll").hidden = false;
  }

  #choice({ id }) {
    const element = copy("choice-template");
    element.dataset.choice = id;
    element.firstElementChild.onclick = () => this.#choose(id);
    return element;
  }

  #hide() {
    byId("poll").hidden = true;
    byId("poll-problem").textContent = "";
  }
}
