// What each message of the server means for the model: one short function a command or numeric.
//
// `past` is the batch of history that a message came in, or null for what happens now. History is only
// shown; who is here is what happens now.
//
// Nothing here touches the page or the line to the server.

import { fold } from "./message.js";
import { SERVER } from "./room.js";

const because = (what, reason) => (reason ? `${what} (${reason})` : what);
const member = (nick, rank = "", away = false) => ({ key: fold(nick), nick, rank, away });

function talk(model, message, past) {
  let [target, text] = message.params;
  if (text === undefined) return;
  const room = place(model, message, target);
  let kind = message.command === "NOTICE" ? "notice" : "say";
  const action = /^\x01ACTION (.*?)\x01?$/s.exec(text);
  if (action) [kind, text] = ["action", action[1]];
  else if (text.startsWith("\x01")) return;
  if (isMine(model, message)) room.settle(message.label);
  model.say(room, message, kind, text, past);
}

/** Talk from a person belongs to the person's room, my own to whom I said it. */
function place(model, message, target) {
  const channel = target.replace(/^[~&@%+]+(?=[#&])/, "");
  if (/^[#&]/.test(channel)) return model.room(channel);
  if (!message.source.includes("!")) return model.room(SERVER);
  return model.room(isMine(model, message) ? target : message.nick);
}

/** Said by us, perhaps under the name we had on an earlier connection: then it has our label. */
const isMine = (model, message) => model.isMe(message.nick) || (message.label !== undefined && model.mine.has(fold(message.nick)));

const fault = (model, message) => model.fault(message, message.params.at(-1));

function topic(model, channel, text) {
  const room = model.room(channel);
  room.topic = text;
  model.touched.add(room);
}

export const HEARD = {
  PRIVMSG: talk,
  NOTICE: talk,
  JOIN(model, message, past) {
    const room = model.room(message.params[0]);
    if (past) return model.event(room, message, "joined", past);
    if (model.isMe(message.nick)) {
      Object.assign(room, { joined: true, rejoin: false, name: message.params[0] });
      room.members.clear();
    }
    room.enter(member(message.nick));
    model.event(room, message, "joined");
    model.touched.add(room);
  },
  PART(model, message, past) {
    const room = model.find(message.params[0]);
    // A room that was left and closed is not opened again to say so.
    if (!room) return;
    model.event(room, message, because("left", message.params[1]), past);
    if (!past) model.gone(room, message.nick);
  },
  KICK(model, message, past) {
    const [name, nick, reason] = message.params;
    const room = model.room(name);
    model.event(room, message, because(`removed ${nick}`, reason), past);
    if (!past) model.gone(room, nick);
  },
  QUIT(model, message, past) {
    const text = because("left the server", message.params[0]);
    if (past) return model.event(model.room(past.target), message, text, past);
    model.everywhere(message, text, (room, key) => room.exit(key));
  },
  NICK(model, message, past) {
    const [nick] = message.params;
    if (past) return model.event(model.room(past.target), message, `is now ${nick}`, past);
    if (model.isMe(message.nick)) model.become(nick);
    model.everywhere(message, `is now ${nick}`, (room, key) => {
      room.enter({ ...room.exit(key), ...{ key: fold(nick), nick } });
    });
    model.touched.add(model.room(SERVER));
  },
  TOPIC(model, message, past) {
    const [name, text] = message.params;
    if (!past) topic(model, name, text);
    model.event(model.room(name), message, text ? `set the topic: ${text}` : "removed the topic", past);
  },
  MODE(model, message, past) {
    const [name, ...change] = message.params;
    if (!/^[#&]/.test(name)) return;
    const room = model.room(name);
    model.event(room, message, `set ${change.join(" ")}`, past);
    if (!past && /[qaohv]/.test(change[0])) room.stale = true;
  },
  TAGMSG(model, message) {
    const id = message.tags.get("+draft/reply") ?? message.tags.get("+reply");
    const change = ["react", "unreact"].find((name) => message.tags.has(`+draft/${name}`));
    if (!id || !change) return;
    for (const room of model.rooms.values()) {
      if (room.react(id, fold(message.nick), message.tags.get(`+draft/${change}`), change === "react")) model.touched.add(room);
    }
  },
  REDACT(model, message) {
    const [, id, reason] = message.params;
    for (const room of model.rooms.values()) {
      if (room.redact(id, because(`taken back by ${message.nick}`, reason))) model.touched.add(room);
    }
  },
  CHATHISTORY(model, message) {
    const [, name, time] = message.params;
    if (/^[#&]/.test(name) || model.find(name) || Date.parse(time) <= (model.closed[fold(name)] ?? 0)) return;
    model.touched.add(model.room(name));
  },
  AWAY(model, message) {
    for (const room of model.rooms.values()) {
      const known = room.members.get(fold(message.nick));
      if (!known) continue;
      known.away = message.params.length > 0;
      room.recounted = true;
      model.touched.add(room);
    }
  },
  INVITE(model, message) {
    const [nick, channel] = message.params;
    if (model.isMe(nick)) model.event(model.shown ?? model.room(SERVER), message, `invites you: /join ${channel}`);
  },
  BATCH(model, message) {
    const [name, type, target] = message.params;
    const outer = { label: message.label };
    if (name.startsWith("+")) model.batches.set(name.slice(1), { ...outer, type, target, found: [], count: 0 });
    else model.batches.delete(name.slice(1));
  },
  FAIL(model, message) {
    // Where there is no history there is nothing to tell the reader.
    if (message.params[0] !== "CHATHISTORY") fault(model, message);
  },
  WARN: fault,
  NOTE: fault,
  ERROR: fault,
  "001"(model, message) {
    model.become(message.params[0]);
    model.touched.add(model.room(SERVER));
  },
  "005"(model, message) {
    const network = message.params.find((token) => token.startsWith("NETWORK="));
    if (network) model.network = network.slice("NETWORK=".length);
    model.touched.add(model.room(SERVER));
  },
  331: (model, message) => topic(model, message.params[1], ""),
  332: (model, message) => topic(model, message.params[1], message.params[2]),
  353(model, message) {
    const room = model.room(message.params[2]);
    room.naming ??= new Map();
    for (const word of message.params[3].split(" ").filter(Boolean)) {
      const nick = word.replace(/^[~&@%+]+/, "").split("!")[0];
      const known = room.members.get(fold(nick));
      room.naming.set(fold(nick), member(nick, word.match(/^[~&@%+]/)?.[0], known?.away));
    }
  },
  366(model, message) {
    const room = model.find(message.params[1]);
    if (!room) return;
    room.members = room.naming ?? new Map();
    Object.assign(room, { naming: null, stale: false, recounted: true });
    model.touched.add(room);
  },
  900(model, message) {
    model.account = message.params[2];
    model.touched.add(model.room(SERVER));
  },
  901(model) {
    model.account = "";
    model.touched.add(model.room(SERVER));
  },
};

const SILENT = new Set([
  "CAP", "AUTHENTICATE", "REGISTER", "PONG", "PING", "ACCOUNT", "CHGHOST", "SETNAME", "MARKREAD", "ACK",
  "002", "003", "004", "315", "318", "324", "329", "333", "352", "354", "369", "730", "731", "732", "733", "903",
]);

/** A command that has no function here: an error, or news from the server. */
export function unknown(model, message) {
  if (SILENT.has(message.command)) return;
  const words = message.params.slice(1).join(" ");
  if (/^[45]\d\d$/.test(message.command) && message.command !== "422") model.fault(message, words);
  else if (/^\d{3}$/.test(message.command)) model.say(model.room(SERVER), message, "notice", words);
}
