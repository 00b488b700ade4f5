// Finds wallets (EIP-6963, else window.ethereum), has one sign the message of this sign-in, and goes back to the application.

const page = document.getElementById("sign-in");
const { api, mfa, session } = page.dataset;
const part = (id) => document.getElementById(id);
const status = part("status");

/** The ids of the chains that this service accepts, and the names of some. */
const chains = page.dataset.chains.split(" ").map(Number);
const NAMES = new Map([[1, "Ethereum"], [137, "Polygon"], [42161, "Arbitrum"], [10, "Optimism"], [8453, "Base"]]);
const nameOf = (chain) => NAMES.get(chain) ?? `chain ${chain}`;

/** What wallets say when their owner declines, when they don't know a chain, and when they are waiting already. */
const REJECTED = 4001;
const UNKNOWN_CHAIN = 4902;
const PENDING = -32002;

/** How long this service may take for an answer, in milliseconds. */
const PATIENCE = 30_000;

/** Something to tell the person: where it leads, and in which words. `again` is what another try does, if not all of it. */
class Told extends Error {
  again = null;

  constructor(scene, title, text) {
    super(title);
    Object.assign(this, { scene, title, text });
  }
}

const problem = (title, text) => new Told("problem", title, text);

/** This service gave no answer. */
class Unreached extends Told {
  constructor() {
    super("problem", "No connection", "This site could not be reached. Check your connection, and try again.");
  }
}

/** Shows one section and hides the others; the focus goes along, and a screen reader hears of it. */
function show(scene, title, text) {
  for (const section of page.querySelectorAll("[data-scene]")) section.hidden = section.dataset.scene !== scene;
  // What ended leaves nothing to choose: the section speaks for the whole page.
  page.querySelector("header").hidden = scene === "used" || scene === "over";
  const section = page.querySelector(`[data-scene="${scene}"]`);
  const fill = (name, value) => {
    const element = section.querySelector(`[data-${name}]`);
    if (element && value) element.textContent = value;
  };
  fill("title", title);
  fill("text", text);
  const heading = section.querySelector("[tabindex]");
  status.textContent = [heading?.textContent, text].filter(Boolean).join(". ");
  heading?.focus();
}

/** The wallet was accepted, and the account has a second factor, which the person must give. */
class FactorRequired extends Error {
  constructor({ mfa_token: token, methods, passkey_options: options }) {
    super("mfa_required");
    Object.assign(this, { token, methods, options });
  }
}

/** Asks this service about this sign-in. */
const post = (path, body) => send(`${api}/${path}`, { session_id: session, ...body });

async function send(address, body) {
  const late = new AbortController();
  const clock = setTimeout(() => late.abort(), PATIENCE);
  let answer, content;
  try {
    answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: late.signal,
    });
    content = await answer.json();
  } catch {
    // It never came, broke off, or was given by something in between.
    if (!answer || answer.ok) throw new Unreached();
    content = {};
  } finally {
    clearTimeout(clock);
  }
  if (answer.ok) return content;
  throw refusal(answer.status, content);
}

/** The second factor was wrong; another one may be given. */
class WrongFactor extends Error {}

/** What an answer means that is no success. */
function refusal(answered, content) {
  const { code, request_id: request } = content;
  if (code === "mfa_required") return new FactorRequired(content);
  if (code === "invalid_factor") return new WrongFactor(code);
  if (code === "invalid_mfa_token") {
    return problem("The second factor was not accepted", "It was wrong too often, or it took too long. Sign the message again.");
  }
  switch (answered) {
    case 404:
      return new Told("over");
    case 409:
      return new Told("used");
    case 401:
      return problem("The signature was not accepted",
        "It may be of another account, or it took too long. Try again with the account that your wallet shows.");
    case 429:
    case 503:
      return problem("Too much to do", "This site is busy at the moment. Wait a little, and try again.");
    default:
      return problem("That did not work",
        `Try again. If it happens again, tell us this: ${[code ?? answered, request].filter(Boolean).join(", ")}`);
  }
}

/** What went wrong in the wallet, in words for its owner. */
function inWords(error) {
  if (error instanceof Told) return error;
  switch (error?.code) {
    case REJECTED:
      return problem("You declined", "Nothing was signed, and the application learned nothing.");
    case PENDING:
      return problem("Look at your wallet",
        "A request is open there already, and no other is shown until it is answered. Open your wallet, answer it, and try again.");
    default:
      return problem("Your wallet could not do this", "Unlock it, make sure that it has an account, and try again.");
  }
}

/**
 * One try with one wallet. It ends early when its owner turns to another, or when the wallet is not any more what the
 * page shows of it; what the wallet says after that, nobody hears.
 */
class Attempt {
  address = null;
  chain = null;
  ended = new AbortController();

  constructor({ name, provider }) {
    Object.assign(this, { name, provider });
    this.listeners = {
      accountsChanged: (accounts) => this.compare("account", this.address, accounts?.[0]?.toLowerCase()),
      chainChanged: (chain) => this.compare("network", this.chain, Number(chain)),
      disconnect: () => this.lost(),
    };
    for (const [event, listener] of Object.entries(this.listeners)) provider.on?.(event, listener);
  }

  /** Before the wallet has said what it is, and when it says it again, nothing has changed. */
  compare(what, shown, now) {
    if (shown === null || shown === now) return;
    if (now === undefined) return this.lost();
    this.leave(problem(`Your wallet changed its ${what}`,
      "Nothing was sent to the application. If your wallet still shows the old request, decline it there; then try again."));
  }

  lost() {
    this.leave(problem("Your wallet lost its connection", "Nothing was sent to the application. Open your wallet, and try again."));
  }

  /** Ends it, for that reason. */
  leave(reason) {
    this.ended.abort(reason);
  }

  /** The wallet is not watched any more. */
  close() {
    for (const [event, listener] of Object.entries(this.listeners)) this.provider.removeListener?.(event, listener);
  }

  /** What is answered, unless the attempt ends before. */
  async during(ask) {
    const { signal } = this.ended;
    signal.throwIfAborted();
    const answer = await new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      ask().then(resolve, reject);
    });
    signal.throwIfAborted();
    return answer;
  }

  ask(method, params) {
    return this.during(async () => this.provider.request({ method, params }));
  }

  async chainNow() {
    return Number(await this.ask("eth_chainId"));
  }

  tell(title, text) {
    show("working", title, text);
  }

  async connect() {
    this.tell(`Connect ${this.name}`, "Look at your wallet: it asks which account to use for this site. If nothing opened, open it yourself.");
    const [address] = await this.ask("eth_requestAccounts");
    if (!address) throw problem("No account", "Your wallet did not give an account. Choose one, and try again.");
    this.address = address.toLowerCase();
    this.chain = await this.settleChain();
    part("address").textContent = `${address.slice(0, 6)}…${address.slice(-4)}`;
    part("network").textContent = nameOf(this.chain);
    part("account").hidden = false;
    return address;
  }

  /** A chain that a sign-in may name; the wallet is asked to change to one when it is elsewhere. */
  async settleChain() {
    const chain = await this.chainNow();
    if (chains.includes(chain)) return chain;
    this.tell("Switch the network", `${this.name} is on a network that is not supported here. Look at your wallet, and let it switch to Ethereum.`);
    const elsewhere = () => problem("Another network is needed",
      `Switch your wallet to ${new Intl.ListFormat("en", { type: "disjunction" }).format(chains.map(nameOf))}, and try again.`);
    try {
      await this.ask("wallet_switchEthereumChain", [{ chainId: "0x1" }]);
    } catch (error) {
      throw error?.code === UNKNOWN_CHAIN || error?.code === REJECTED ? elsewhere() : error;
    }
    const now = await this.chainNow();
    if (!chains.includes(now)) throw elsewhere();
    return now;
  }

  /** Has the wallet sign the message of this sign-in. */
  async sign() {
    const address = await this.connect();
    const { message } = await this.during(() => post("challenge", { wallet_address: address, chain_id: this.chain }));
    part("message").querySelector("pre").textContent = message;
    part("message").hidden = false;
    this.tell("Sign the message", `Look at your wallet: ${this.name} shows you a message, which you can read here too. Signing it costs nothing and moves nothing.`);
    const signature = await this.ask("personal_sign", [hex(message), address]);
    return { message, signature };
  }
}

function hex(text) {
  return "0x" + Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Presents what was signed. From here on it is too late for another wallet. */
async function finish(proof) {
  part("cancel").hidden = true;
  show("working", "Checking", "One moment.");
  try {
    goOn(await post("verify", proof));
  } catch (error) {
    if (error instanceof FactorRequired) return goOn(await secondFactor(error));
    // What never arrived is as good as before: the wallet need not sign again.
    if (error instanceof Unreached) error.again = () => finish(proof);
    throw error;
  }
}

/** Asks for the second factor until one is accepted, or no other can be given. */
async function secondFactor({ token, methods, options }) {
  let fault = "";
  for (;;) {
    const factor = await nextFactor(methods, options, fault);
    show("working", "Checking", "One moment.");
    try {
      return await send(mfa, { mfa_token: token, ...factor });
    } catch (error) {
      if (!(error instanceof WrongFactor)) throw error;
      fault = factor.credential
        ? "This passkey was not accepted. Use another factor."
        : "This code is wrong, or was used before. Wait for the next one, and try again.";
      // The options of a passkey are for one attempt.
      if (factor.credential) options = null;
    }
  }
}

/** The factor that the person gives next. */
function nextFactor(methods, options, fault) {
  const form = part("factor");
  const fields = { totp: part("totp-field"), recovery_code: part("code-field") };
  const passkeys = Boolean(options) && typeof PublicKeyCredential?.parseRequestOptionsFromJSON === "function";
  let shown = methods.includes("totp") ? "totp" : "recovery_code";
  const choose = (method) => {
    shown = method;
    for (const [name, field] of Object.entries(fields)) field.hidden = name !== method;
    part("use-totp").hidden = method === "totp" || !methods.includes("totp");
    part("use-code").hidden = method === "recovery_code" || !methods.includes("recovery_code");
    form.hidden = !methods.includes(method);
  };
  choose(shown);
  part("use-passkey").hidden = !passkeys;
  part("factor-fault").textContent = fault;
  part("factor-fault").hidden = fault === "";
  show("factor");
  fields[shown].querySelector("input").focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      const input = fields[shown].querySelector("input");
      const value = input.value.trim();
      if (value === "") return input.focus();
      form.reset();
      resolve({ [shown]: value });
    };
    part("use-totp").onclick = () => choose("totp");
    part("use-code").onclick = () => choose("recovery_code");
    part("use-passkey").onclick = async () => {
      try {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
        const credential = await navigator.credentials.get({ publicKey });
        resolve({ credential: credential.toJSON() });
      } catch {
        // The person has closed the window of the browser, or has no such passkey here.
        part("factor-fault").textContent = "No passkey was used. Try again, or use another factor.";
        part("factor-fault").hidden = false;
      }
    };
  });
}

/** Goes back to the application. */
function goOn({ redirect_uri: onward }) {
  part("onward").href = onward;
  show("done");
  // Replaced, so that the way back does not lead to a sign-in that is used up.
  location.replace(onward);
}

/** What is going on; at most one thing is. */
let current = null;
let again = null;

/** Does one thing with a wallet, and tells what came of it. */
async function run(wallet, deed) {
  if (current) return;
  const mine = { wallet };
  current = mine;
  prepare(wallet);
  try {
    await deed(mine);
  } catch (error) {
    // The person has turned to something else.
    if (current !== mine) return;
    const told = inWords(error);
    again = () => run(wallet, told.again ?? tryWith(wallet));
    show(told.scene, told.title, told.text);
  } finally {
    if (current === mine) current = null;
  }
}

const tryWith = (wallet) => async (mine) => {
  const attempt = new Attempt(wallet);
  mine.attempt = attempt;
  let proof;
  try {
    proof = await attempt.sign();
  } finally {
    attempt.close();
  }
  await finish(proof);
};

const begin = (wallet) => run(wallet, tryWith(wallet));

/** Nothing of another attempt is left to see. */
function prepare(wallet) {
  part("account").hidden = true;
  part("message").hidden = true;
  part("message").open = false;
  part("cancel").hidden = false;
  page.querySelector("[data-picture]").replaceChildren(picture(wallet.icon));
}

/** Back to the wallets. A request that is open in one stays its owner's to answer; the answer comes to nothing. */
function chooseAnother() {
  const wallet = current?.wallet;
  current?.attempt?.leave(new Told("choose"));
  current = null;
  show("choose");
  wallet?.button.focus();
}

/** The second click of a double one may meet a button that has only just come under the pointer, and does not mean it. */
function onPress(button, deed) {
  button.addEventListener("click", (event) => event.detail < 2 && deed());
}

/** Wallets by the name that they have for themselves (`uuid`), each with its place in the list. */
const known = new Map();
/** The wallet that has not announced itself. It may be one of those that have, so it is offered only while there are none. */
const OLDER = "window.ethereum";

function offer(key, info, provider) {
  if (typeof provider?.request !== "function" || known.has(key)) return;
  const wallet = { name: String(info.name || "Browser wallet").slice(0, 60), icon: info.icon, provider };
  const button = document.createElement("button");
  button.type = "button";
  button.append(picture(wallet.icon), document.createElement("bdi"));
  button.lastChild.textContent = wallet.name;
  onPress(button, () => begin(wallet));
  wallet.button = button;
  const item = document.createElement("li");
  item.append(button);
  part("wallets").append(item);
  known.set(key, item);
  settled(true);
}

function announced({ detail }) {
  const { info, provider } = detail ?? {};
  if (!info?.uuid) return;
  known.get(OLDER)?.remove();
  known.delete(OLDER);
  offer(info.uuid, info, provider);
}

/** Without a wallet there is nothing to choose from, and nothing to say of signing. */
function settled(found) {
  part("no-wallet").hidden = found;
  part("choose-label").hidden = !found;
  part("facts").hidden = !found;
}

/** Wallets draw their own icon. Only a picture that comes along is shown, never one from a network. */
function picture(icon) {
  const blank = part("wallet-picture").content.firstElementChild.cloneNode(true);
  if (typeof icon !== "string" || !icon.startsWith("data:image/")) return blank;
  const image = new Image();
  image.alt = "";
  image.addEventListener("error", () => image.replaceWith(blank));
  image.src = icon;
  return image;
}

/** Wallets that announce themselves do so at once; what else is there is offered only when none has. */
function lookElsewhere() {
  if (known.size === 0) offer(OLDER, {}, window.ethereum);
  const none = known.size === 0;
  settled(!none);
  if (none) status.textContent = "No wallet was found in this browser.";
}

onPress(part("again"), () => again?.());
onPress(part("others"), chooseAnother);
onPress(part("cancel"), chooseAnother);
window.addEventListener("eip6963:announceProvider", announced);
window.dispatchEvent(new Event("eip6963:requestProvider"));
setTimeout(lookElsewhere, 300);
// Some browsers of wallet apps bring the wallet along only after the page.
window.addEventListener("ethereum#initialized", lookElsewhere, { once: true });
// A page that a browser has kept may show what is no longer so.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
