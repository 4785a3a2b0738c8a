// The log of the room that is shown: every line drawn once, and kept.
//
// What is new is put where it belongs. The reader's place is held: only who stands at the end follows
// the talk.
//
// Nothing here changes the model.

import { element, nick, plain, rich } from "./text.js";

const NEAR = 40;
const at = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const dayOf = (line) => new Date(line.at).toDateString();

export class Log {
  #room = null;
  #drawn = [];
  #mark = null;
  /** The msgid of a line to be shown as soon as it is there. */
  #goal = null;

  constructor() {
    at("scroll").addEventListener("scroll", () => this.atEnd() && this.#mayGoOn(), { passive: true });
    // A keyboard that comes up on a phone makes the log shorter: who stood at the end still does.
    let tall = at("scroll").clientHeight;
    new ResizeObserver(() => {
      const scroll = at("scroll");
      const was = scroll.scrollHeight - scroll.scrollTop - tall;
      tall = scroll.clientHeight;
      if (was < NEAR) this.toEnd();
    }).observe(at("scroll"));
  }

  atEnd() {
    const scroll = at("scroll");
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
  }

  toEnd() {
    at("scroll").scrollTop = at("scroll").scrollHeight;
    this.#mayGoOn();
  }

  /** The way to what is new is offered while there is any below. */
  #mayGoOn() {
    at("newest").hidden = !this.#room?.later;
  }

  /** Shows the line of this msgid now, or when it is drawn. */
  seek(id) {
    this.#goal = id;
    this.#reach();
  }

  #reach() {
    const found = this.#goal && this.#drawn.find((drawn) => drawn.line.id === this.#goal);
    if (!found) return false;
    this.#goal = null;
    const entry = found.nodes.at(-1);
    for (const other of at("log").querySelectorAll(".found")) other.classList.remove("found");
    entry.classList.add("found");
    entry.scrollIntoView({ block: "center" });
    at("newest").hidden = this.atEnd() && !this.#room.later;
    return true;
  }

  /** Shows another room: from its end, or from the first line that was not read. */
  show(room) {
    this.#room = room;
    this.#drawn = [];
    this.#goal = null;
    // A screen reader should hear what is said, not all that was ever said here.
    at("log").setAttribute("aria-busy", "true");
    at("log").replaceChildren();
    this.#match([...room.lines, ...room.pending]);
    this.toEnd();
    const mark = at("log").querySelector(".unread-mark");
    if (mark && mark.offsetTop < at("scroll").scrollTop) {
      at("scroll").scrollTop = mark.offsetTop - 8;
      at("newest").hidden = false;
    }
    at("log").removeAttribute("aria-busy");
  }

  /** Draws what is not drawn yet. */
  update() {
    const scroll = at("scroll");
    const end = this.atEnd();
    const below = scroll.scrollHeight - scroll.scrollTop;
    const [first, last] = [this.#drawn[0]?.line, this.#drawn.at(-1)?.line];
    this.#match([...this.#room.lines, ...this.#room.pending]);
    if (this.#goal && this.#reach()) return;
    if (end && !this.#room.later) return this.toEnd();
    if (first && this.#drawn[0]?.line !== first) scroll.scrollTop = scroll.scrollHeight - below;
    if (this.#drawn.at(-1)?.line !== last) at("newest").hidden = false;
  }

  #match(wanted) {
    const known = new Map(this.#drawn.map((drawn) => [drawn.line, drawn]));
    const kept = new Set(wanted);
    for (const drawn of this.#drawn) if (!kept.has(drawn.line)) drawn.nodes.forEach((node) => node.remove());
    let next = at("log").firstChild;
    this.#drawn = wanted.map((line, place) => {
      const newDay = !place || dayOf(wanted[place - 1]) !== dayOf(line);
      let drawn = known.get(line);
      if (drawn && drawn.newDay !== newDay) {
        while (next && drawn.nodes.includes(next)) next = next.nextSibling;
        drawn.nodes.forEach((node) => node.remove());
        drawn = null;
      }
      drawn ??= { line, newDay, nodes: this.#draw(line, newDay) };
      drawn.nodes = drawn.nodes.filter((node) => node === this.#mark || !node.classList.contains("unread-mark"));
      for (const node of drawn.nodes) {
        if (node === next) next = next.nextSibling;
        else at("log").insertBefore(node, next);
      }
      return drawn;
    });
  }

  #draw(line, newDay) {
    const nodes = [];
    if (newDay) nodes.push(element("li", "day", day.format(line.at)));
    if (line === this.#room.firstUnread) {
      // The mark of an earlier absence has served.
      this.#mark?.remove();
      this.#mark = element("li", "unread-mark", "new");
      nodes.push(this.#mark);
    }
    const entry = element("li", ["entry", line.kind, line.mention && "mention", line.pending && "pending"].filter(Boolean).join(" "));
    if (line.id) entry.dataset.id = line.id;
    const date = new Date(line.at);
    const time = element("time", "", clock.format(date));
    time.dateTime = date.toISOString();
    time.title = date.toLocaleString();
    const said = element("div", "said");
    if (line.nick && line.kind !== "error") said.append(nick(line.nick), " ");
    said.append(rich(line.text));
    const about = line.reply && this.#room.lines.find((other) => other.id === line.reply);
    if (about) said.prepend(element("div", "reply", `↪ ${about.nick}: ${plain(about.text).slice(0, 100)}`));
    if (line.signs?.size) said.append(element("div", "signs", [...line.signs].map(([sign, all]) => `${plain(sign)} ${all.size}`).join("  ")));
    if (line.doubtful) said.append(doubt(line));
    entry.append(time, said);
    return [...nodes, entry];
  }
}

/** A line that may or may not have arrived: only the reader can tell whether to say it again. */
function doubt(line) {
  const asking = element("span", "doubt", "The line broke; this may not have arrived. ");
  for (const [what, text] of [["again", "Say it again"], ["forget", "Forget it"]]) {
    const button = element("button", "", text);
    Object.assign(button.dataset, { doubt: what, label: line.label });
    asking.append(button, " ");
  }
  return asking;
}
