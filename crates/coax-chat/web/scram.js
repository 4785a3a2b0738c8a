// Signing in without saying the password: SCRAM-SHA-256 (RFC 5802, RFC 7677), by the browser's own crypto.
//
// What is kept for a reload is not the password but what was derived from it with the server's salt. The
// browser offers its crypto on https and on this machine alone; elsewhere the page has only PLAIN.
//
// Nothing here knows IRC.

const text = new TextEncoder();
const HASH = "SHA-256";

export const canProve = () => Boolean(globalThis.crypto?.subtle);

/** One attempt. `key` is what an earlier one derived: {salt, iterations, salted}. */
export class Scram {
  constructor(account, password, key = null) {
    Object.assign(this, { account, password, key, step: 0 });
    this.nonce = base64(crypto.getRandomValues(new Uint8Array(18)));
  }

  /** Takes what the server said; the answer to it. */
  async answer(said) {
    this.step += 1;
    if (this.step === 1) return this.#first();
    if (this.step === 2) return this.#proof(said);
    if (said !== `v=${this.signature}`) throw new Error("This is not the server that knows your password.");
    return "";
  }

  #first() {
    // RFC 5802 §5.1: these two have a meaning of their own in the message.
    const name = this.account.replace(/=/g, "=3D").replace(/,/g, "=2C");
    this.bare = `n=${name},r=${this.nonce}`;
    return `n,,${this.bare}`;
  }

  async #proof(challenge) {
    const { r: nonce, s: salt, i } = Object.fromEntries(challenge.split(",").map((part) => [part[0], part.slice(2)]));
    const iterations = Number(i);
    if (!nonce?.startsWith(this.nonce) || !salt || !(iterations >= 4096 && iterations <= 1_000_000)) throw new Error("The server's challenge makes no sense.");
    const known = this.key?.salt === salt && this.key.iterations === iterations;
    if (!known && !this.password) throw new Error("Type your password again.");
    const salted = known ? bytes(this.key.salted) : await derive(this.password, bytes(salt), iterations);
    this.key = { salt, iterations, salted: base64(salted) };
    const unproven = `c=biws,r=${nonce}`;
    const said = `${this.bare},${challenge},${unproven}`;
    const clientKey = await sign(salted, "Client Key");
    const stored = new Uint8Array(await crypto.subtle.digest(HASH, clientKey));
    const signature = await sign(stored, said);
    this.signature = base64(await sign(await sign(salted, "Server Key"), said));
    return `${unproven},p=${base64(clientKey.map((byte, place) => byte ^ signature[place]))}`;
  }
}

async function derive(password, salt, iterations) {
  const key = await crypto.subtle.importKey("raw", text.encode(prepared(password)), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: HASH, salt, iterations }, key, 256));
}

/** One password however it was typed: near enough to SASLprep. What is newer than SASLprep stays as it is. */
function prepared(password) {
  if (/[\u{1f000}-\u{1ffff}]/u.test(password)) return password;
  return password.replace(/[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/g, "").normalize("NFKC");
}

async function sign(secret, said) {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: HASH }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, text.encode(said)));
}

export const base64 = (raw) => btoa(String.fromCharCode(...raw));
export const bytes = (coded) => Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
