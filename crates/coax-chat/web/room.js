// One room: a channel, a person, or the server itself, with what was said there.
//
// Every line is keyed by its msgid, so that history and live talk may overlap; lines stand in the order
// in which the server told them. Lines of ours that the server has not echoed wait in `pending`.
//
// Nothing here touches the page or the line to the server.

/** The room in which the server itself speaks. */
export const SERVER = "*";
const RANKS = "~&@%+";
/** Lines kept where nobody scrolls back: the history has the rest. */
const MOST = 2000;
const names = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

export class Room {
  constructor(name, kind) {
    Object.assign(this, { name, kind, joined: kind !== "channel", rejoin: false, topic: "" });
    Object.assign(this, { members: new Map(), naming: null, stale: false, recounted: true });
    Object.assign(this, { lines: [], ids: new Set(), pending: [], older: kind !== "server", asked: "", place: 0 });
    /** The newest line when we last stopped listening: what came after it is still to be asked for. */
    this.since = undefined;
    Object.assign(this, { unread: 0, mentions: 0, firstUnread: null });
    /** An earlier part of the talk is shown: what is said now is not, until the reader has come to it. */
    this.later = false;
  }

  /** Lets go of all lines; `later`: to show an earlier part. */
  clear(later = false) {
    Object.assign(this, { lines: [], ids: new Set(), older: this.kind !== "server", later, since: undefined, asked: "" });
  }

  /** The msgid of the newest, or oldest, line that has one. */
  newest() {
    return this.lines.findLast((line) => line.id)?.id;
  }

  oldest() {
    return this.lines.find((line) => line.id)?.id;
  }

  /** A page of history is asked for: "latest", "after" what we knew, "newer" or "before" all we have, "around" a line. */
  ask(why) {
    this.asked = why;
    this.place = why === "newer" ? this.lines.length : why === "after" ? this.lines.findIndex((line) => line.id === this.since) + 1 : 0;
  }

  /** What happens now comes last; false where it is already there. */
  add(line) {
    if (line.id && this.ids.has(line.id)) return false;
    // It comes with the pages between the part that is shown and now.
    if (this.later && line.id) return true;
    if (line.id) this.ids.add(line.id);
    this.lines.push(line);
    return true;
  }

  /** A line of history goes where its page has come to: many may have been said in one millisecond. */
  insert(line) {
    if (line.id && this.ids.has(line.id)) {
      this.place = this.lines.findIndex((known) => known.id === line.id) + 1;
      return false;
    }
    if (line.id) this.ids.add(line.id);
    this.lines.splice(this.place, 0, line);
    this.place += 1;
    return true;
  }

  /** Lets go of the oldest lines of a long day. */
  trim() {
    if (this.asked || this.lines.length < MOST * 1.25) return;
    for (const line of this.lines.splice(0, this.lines.length - MOST)) this.ids.delete(line.id);
    this.older = true;
  }

  /** Somebody put a sign to a line, or took it away. Who did is counted once for each sign. */
  react(id, who, sign, on) {
    const place = this.lines.findIndex((line) => line.id === id);
    if (place < 0 || !sign) return false;
    const signs = new Map(this.lines[place].signs);
    const all = new Set(signs.get(sign)).add(who);
    if (!on) all.delete(who);
    if (all.size) signs.set(sign, all);
    else signs.delete(sign);
    this.lines[place] = { ...this.lines[place], signs };
    return true;
  }

  /** A line was taken back. Another line stands in its place, so that it is drawn again. */
  redact(id, text) {
    const place = this.lines.findIndex((line) => line.id === id);
    if (place < 0) return false;
    this.lines[place] = { ...this.lines[place], kind: "gone", text, mention: false, signs: undefined };
    return true;
  }

  /** Takes the pending line of this label out; what was echoed under it has arrived. */
  settle(label) {
    const place = label ? this.pending.findIndex((line) => line.label === label) : -1;
    return place < 0 ? null : this.pending.splice(place, 1)[0];
  }

  enter(member) {
    this.members.set(member.key, member);
    this.recounted = true;
  }

  /** Takes a member out; gives what was known of it. */
  exit(key) {
    const member = this.members.get(key);
    this.recounted = this.members.delete(key) || this.recounted;
    return member;
  }

  read() {
    this.unread = this.mentions = 0;
  }

  /** The members as people read them: by rank, then by name. */
  sorted() {
    const rank = (member) => (member.rank ? RANKS.indexOf(member.rank) : RANKS.length);
    return [...this.members.values()].sort((one, other) => rank(one) - rank(other) || names.compare(one.nick, other.nick));
  }
}
