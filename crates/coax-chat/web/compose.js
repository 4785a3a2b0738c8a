// The box one types in: sending, completing names, bringing back what was typed.
//
// Nothing here knows the line to the server.

import { isSecret } from "./commands.js";
import { fold } from "./message.js";

/** Bytes of one line of talk, so that it fits into a line of IRC with the longest prefix. */
const MOST = 380;
const at = (id) => document.getElementById(id);

export function compose(chat) {
  const box = at("message");
  const typed = [];
  let place = 0;
  let completing = null;

  at("talk").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value;
    if (!text.trim()) return;
    box.value = "";
    if (!isSecret(text, chat.view.shown)) typed.push(text);
    place = typed.length;
    grow();
    enter(chat, text);
  });

  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const plain = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey;
    const act = plain && { Enter: () => at("talk").requestSubmit(), Tab: complete, ArrowUp: () => recall(-1), ArrowDown: () => recall(1) }[event.key];
    if (event.key !== "Tab") completing = null;
    if (act && act() !== false) event.preventDefault();
  });

  /** Completes the name before the cursor; again: the next that fits. */
  function complete() {
    completing ??= names(chat, box);
    if (!completing) return false;
    const { before, after, fits } = completing;
    const name = fits[completing.next % fits.length];
    const whole = before + name + (before || /^[#&]/.test(name) ? " " : ": ");
    completing.next += 1;
    box.value = whole + after;
    box.selectionStart = box.selectionEnd = whole.length;
  }

  /** Brings back what was typed earlier, while the box holds nothing else. */
  function recall(step) {
    if (box.value && box.value !== typed[place]) return false;
    place = Math.max(0, Math.min(typed.length, place + step));
    box.value = typed[place] ?? "";
    grow();
  }

  /** Where the style cannot do it, the box grows by hand. */
  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  }
}

function names(chat, box) {
  const head = box.value.slice(0, box.selectionStart);
  const stem = /\S*$/.exec(head)[0];
  if (!stem) return null;
  const { model, view } = chat;
  const known = [...view.shown.sorted().map((member) => member.nick), ...[...model.rooms.values()].map((room) => room.name)];
  const fits = known.filter((name) => fold(name).startsWith(fold(stem)) && !model.isMe(name));
  if (!fits.length) return null;
  return { before: head.slice(0, -stem.length), after: box.value.slice(head.length), fits: [...new Set(fits)], next: 0 };
}

function enter(chat, text) {
  const { view } = chat;
  view.status("");
  // A word alone: `/usr/bin/env` is talk. A space before the slash is a slip, and what follows is not for all to read.
  const command = /^\s*\/([a-z]+)(?:\s+(.*))?$/is.exec(text);
  if (text.startsWith("//")) text = text.slice(1);
  else if (command) {
    if (!chat.commands.run(command[1].toLowerCase(), (command[2] ?? "").trim())) view.status(`There is no /${command[1]}. /help shows what there is.`);
    return;
  }
  if (view.shown.kind === "server") return view.status("This is where the server speaks. Join a channel to talk: /join #lobby");
  for (const line of text.split("\n").filter((line) => line.trim())) for (const part of portions(line)) chat.commands.talk(view.shown, part);
  view.log.toEnd();
}

/** Parts of a text that fit into one line of IRC each, cut between words where there are any. */
function portions(text) {
  const encoder = new TextEncoder();
  const parts = [""];
  for (const piece of text.match(/\s+|\S{1,80}/gu) ?? []) {
    if (encoder.encode(parts.at(-1) + piece).length > MOST) parts.push("");
    parts[parts.length - 1] += piece;
  }
  return parts.filter((part) => part.trim());
}
