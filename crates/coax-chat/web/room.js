// What is known: who we are, the rooms (channels and people), their members and what was said.
//
// `receive` takes one message of the server and changes the model; the return value names the rooms
// that look different now. Everything is keyed by folded name, every line by its msgid, so that history
// and live talk may overlap.
//
// Nothing here touches the page or the line to the server.

import { fold } from "./message.js";

export const SERVER = "*";
const RANKS = "~&@%+";

export class Room {
  constructor(name, kind) {
    Object.assign(this, { name, kind, joined: kind !== "channel", topic: "", members: new Map(), lines: [] });
    Object.assign(this, { ids: new Set(), pending: [], unread: 0, mentions: 0, firstUnread: null, older: kind !== "server", naming: null });
  }

  /** The msgid of the newest, or oldest, line that has one. */
  newest() {
    return this.lines.findLast((line) => line.id)?.id;
  }

  oldest() {
    return this.lines.find((line) => line.id)?.id;
  }

  /** Puts a line where its time belongs; false where it is already there. */
  add(line) {
    if (line.id && this.ids.has(line.id)) return false;
    if (line.id) this.ids.add(line.id);
    let place = this.lines.length;
    while (place > 0 && this.lines[place - 1].at > line.at) place -= 1;
    this.lines.splice(place, 0, line);
    return true;
  }
}

export class Model {
  constructor() {
    this.nick = "";
    this.account = "";
    this.network = "coax";
    this.rooms = new Map();
    this.batches = new Map();
    this.touched = new Set();
    this.room(SERVER, "server");
  }

  room(name, kind = /^[#&]/.test(name) ? "channel" : "person") {
    const key = fold(name);
    if (!this.rooms.has(key)) this.rooms.set(key, new Room(name, kind));
    return this.rooms.get(key);
  }

  find(name) {
    return this.rooms.get(fold(name));
  }

  isMe(nick) {
    return fold(nick) === fold(this.nick);
  }

  /** Changes the model; returns the rooms that changed. `shown` is the room the reader looks at. */
  receive(message, shown) {
    this.touched = new Set();
    this.shown = shown;
    const batch = this.batches.get(message.tags.get("batch"));
    const past = batch?.type === "chathistory" ? batch : null;
    if (past) past.count += 1;
    if (batch?.type === "soju.im/search") batch.found.push(message);
    else (this.#HEARD[message.command] ?? this.#numeric).call(this, message, past);
    return this.touched;
  }

  #say(room, message, kind, text, past) {
    const nick = message.nick || message.source;
    const at = Date.parse(message.tags.get("time") ?? "") || Date.now();
    const line = { id: message.tags.get("msgid"), at, kind, nick, account: message.tags.get("account"), text };
    line.own = this.isMe(nick);
    line.mention = !line.own && (kind === "say" || kind === "action") && this.#named(text);
    if (!room.add(line)) return;
    this.touched.add(room);
    if (past || line.own || kind === "event" || (this.shown === room && !document.hidden)) return;
    room.firstUnread ??= line;
    room.unread += 1;
    if (line.mention || room.kind === "person") room.mentions += 1;
  }

  #named(text) {
    const place = fold(text).indexOf(fold(this.nick));
    if (place < 0) return false;
    const around = (text[place - 1] ?? " ") + (text[place + this.nick.length] ?? " ");
    return !/[\p{L}\p{N}_]/u.test(around);
  }

  #talk(message, past) {
    let [target, text] = message.params;
    if (text === undefined) return;
    const room = this.#place(message, target);
    let kind = message.command === "NOTICE" ? "notice" : "say";
    const action = /^\x01ACTION (.*?)\x01?$/s.exec(text);
    if (action) [kind, text] = ["action", action[1]];
    else if (text.startsWith("\x01")) return;
    const waiting = room.pending.findIndex((line) => line.label === message.tags.get("label"));
    if (this.isMe(message.nick) && waiting >= 0 && message.tags.has("label")) room.pending.splice(waiting, 1);
    this.#say(room, message, kind, text, past);
  }

  /** Talk from a person belongs to the person's room, my own to whom I said it. */
  #place(message, target) {
    const channel = target.replace(/^[~&@%+]+(?=[#&])/, "");
    if (/^[#&]/.test(channel)) return this.room(channel);
    if (!message.source.includes("!")) return this.room(SERVER);
    return this.room(this.isMe(message.nick) ? target : message.nick);
  }

  #event(room, message, text, past) {
    this.#say(room, message, "event", text, past);
  }

  /** An event of one person, told in every room where that person is. */
  #everywhere(message, text, change) {
    for (const room of this.rooms.values()) {
      const here = room.members.has(fold(message.nick));
      if (here || (room.kind === "person" && fold(room.name) === fold(message.nick))) this.#event(room, message, text);
      if (here) change(room);
      if (here) this.touched.add(room);
    }
  }

  #HEARD = {
    PRIVMSG: this.#talk,
    NOTICE: this.#talk,
    JOIN(message, past) {
      const room = this.room(message.params[0]);
      if (past) return this.#event(room, message, "joined", past);
      if (this.isMe(message.nick)) room.joined = true;
      room.members.set(fold(message.nick), { nick: message.nick, rank: "", away: false });
      this.#event(room, message, "joined");
      this.touched.add(room);
    },
    PART(message, past) {
      const room = this.room(message.params[0]);
      this.#event(room, message, because("left", message.params[1]), past);
      if (!past) this.#gone(room, message.nick);
    },
    KICK(message, past) {
      const [name, nick, reason] = message.params;
      const room = this.room(name);
      this.#event(room, message, because(`removed ${nick}`, reason), past);
      if (!past) this.#gone(room, nick);
    },
    QUIT(message, past) {
      if (past) return this.#event(this.room(past.target), message, because("left the server", message.params[0]), past);
      this.#everywhere(message, because("left the server", message.params[0]), (room) => room.members.delete(fold(message.nick)));
    },
    NICK(message, past) {
      const [nick] = message.params;
      if (past) return this.#event(this.room(past.target), message, `is now ${nick}`, past);
      if (this.isMe(message.nick)) this.nick = nick;
      this.#everywhere(message, `is now ${nick}`, (room) => {
        const member = room.members.get(fold(message.nick));
        room.members.delete(fold(message.nick));
        room.members.set(fold(nick), { ...member, nick });
      });
      this.touched.add(this.room(SERVER));
    },
    TOPIC(message, past) {
      const [name, topic] = message.params;
      const room = this.room(name);
      if (!past) room.topic = topic;
      this.#event(room, message, topic ? `set the topic: ${topic}` : "removed the topic", past);
    },
    MODE(message, past) {
      const [name, ...change] = message.params;
      if (!/^[#&]/.test(name)) return;
      const room = this.room(name);
      this.#event(room, message, `set ${change.join(" ")}`, past);
      if (!past && /[qaohv]/.test(change[0])) room.stale = true;
    },
    AWAY(message) {
      for (const room of this.rooms.values()) {
        const member = room.members.get(fold(message.nick));
        if (!member) continue;
        member.away = message.params.length > 0;
        this.touched.add(room);
      }
    },
    INVITE(message) {
      const [nick, channel] = message.params;
      if (this.isMe(nick)) this.#event(this.room(SERVER), message, `invites you to ${channel}`);
    },
    BATCH(message) {
      const [name, type, target] = message.params;
      if (name.startsWith("+")) this.batches.set(name.slice(1), { type, target, found: [], count: 0 });
      else this.batches.delete(name.slice(1));
    },
    FAIL(message) {
      this.#fault(message, message.params.at(-1));
    },
    WARN(message) {
      this.#fault(message, message.params.at(-1));
    },
    NOTE(message) {
      this.#fault(message, message.params.at(-1));
    },
    ERROR(message) {
      this.#fault(message, message.params.at(-1));
    },
    "001"(message) {
      this.nick = message.params[0];
      for (const room of this.rooms.values()) if (room.kind === "channel") room.members.clear();
      this.touched.add(this.room(SERVER));
    },
    "005"(message) {
      const network = message.params.find((token) => token.startsWith("NETWORK="));
      if (network) this.network = network.slice("NETWORK=".length);
    },
    331(message) {
      this.room(message.params[1]).topic = "";
      this.touched.add(this.room(message.params[1]));
    },
    332(message) {
      const room = this.room(message.params[1]);
      room.topic = message.params[2];
      this.touched.add(room);
    },
    353(message) {
      const room = this.room(message.params[2]);
      room.naming ??= new Map();
      for (const word of message.params[3].split(" ").filter(Boolean)) {
        const nick = word.replace(/^[~&@%+]+/, "").split("!")[0];
        const known = room.members.get(fold(nick));
        room.naming.set(fold(nick), { nick, rank: word.match(/^[~&@%+]/)?.[0] ?? "", away: known?.away ?? false });
      }
    },
    366(message) {
      const room = this.find(message.params[1]);
      if (!room) return;
      room.members = room.naming ?? new Map();
      room.naming = null;
      room.stale = false;
      this.touched.add(room);
    },
    900(message) {
      this.account = message.params[2];
      this.touched.add(this.room(SERVER));
    },
    901() {
      this.account = "";
      this.touched.add(this.room(SERVER));
    },
  };

  #gone(room, nick) {
    room.members.delete(fold(nick));
    if (this.isMe(nick)) {
      room.joined = false;
      room.members.clear();
    }
    this.touched.add(room);
  }

  #fault(message, text) {
    const about = message.params.find((param) => this.rooms.has(fold(param)));
    this.#say(about ? this.find(about) : this.shown ?? this.room(SERVER), message, "error", text);
  }

  #SILENT = new Set([
    "CAP", "AUTHENTICATE", "REGISTER", "PONG", "TAGMSG", "ACCOUNT", "CHGHOST", "SETNAME", "MARKREAD", "ACK",
    "002", "003", "004", "315", "318", "324", "329", "333", "352", "354", "369", "903",
  ]);

  #numeric(message) {
    if (this.#SILENT.has(message.command)) return;
    if (/^[45]\d\d$/.test(message.command)) return this.#fault(message, message.params.slice(1).join(" "));
    if (/^\d{3}$/.test(message.command)) this.#say(this.room(SERVER), message, "notice", message.params.slice(1).join(" "));
  }

  /** The members of a room as people read them: by rank, then by name. */
  members(room) {
    const rank = (member) => (member.rank ? RANKS.indexOf(member.rank) : RANKS.length);
    return [...room.members.values()].sort((one, other) => rank(one) - rank(other) || one.nick.localeCompare(other.nick));
  }
}

const because = (what, reason) => (reason ? `${what} (${reason})` : what);
