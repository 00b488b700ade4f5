// Finds wallets (EIP-6963, else window.ethereum), has one sign the message of this sign-in, and goes back to the application.

const page = document.getElementById("sign-in");
const { api, session } = page.dataset;
const status = document.getElementById("status");

/** The chains that a sign-in may name: Ethereum, Polygon, Arbitrum, Optimism, Base. */
const CHAINS = [1, 137, 42161, 10, 8453];

/** What wallets say when their owner declines, when they don't know a chain, and when they are waiting already. */
const REJECTED = 4001;
const UNKNOWN_CHAIN = 4902;
const PENDING = -32002;

/** Something to tell the person: where it leads, and in which words. */
class Told extends Error {
  constructor(scene, title, text) {
    super(title);
    Object.assign(this, { scene, title, text });
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

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(`${api}/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ session_id: session, ...body }),
    });
  } catch {
    throw new Told("problem", "No connection", "This site could not be reached. Check your connection, and try again.");
  }
  if (answer.ok) return answer.json();
  switch (answer.status) {
    case 404:
      throw new Told("over");
    case 409:
      throw new Told("used");
    case 401:
      throw new Told("problem", "The signature was not accepted",
        "It may be of another account, or it took too long. Try again with the account that your wallet shows.");
    case 429:
    case 503:
      throw new Told("problem", "Too much to do", "This site is busy at the moment. Wait a little, and try again.");
    default:
      throw new Told("problem", "That did not work", `Try again. If it happens again, tell us this: ${await code(answer)}`);
  }
}

async function code(answer) {
  const problem = await answer.json().catch(() => ({}));
  return [problem.code ?? answer.status, problem.request_id].filter(Boolean).join(", ");
}

/** What went wrong in the wallet, in words for its owner. */
function inWords(error) {
  if (error instanceof Told) return error;
  switch (error?.code) {
    case REJECTED:
      return new Told("problem", "You declined", "Nothing was signed, and the application learned nothing.");
    case PENDING:
      return new Told("problem", "Your wallet is waiting", "It has a request open already. Open your wallet, answer it, and try again.");
    default:
      return new Told("problem", "Your wallet could not do this", "Unlock it, make sure that it has an account, and try again.");
  }
}

async function chainOf(provider) {
  return Number(await provider.request({ method: "eth_chainId" }));
}

/** A chain that a sign-in may name; the wallet is asked to change to one when it is elsewhere. */
async function settleChain(provider, name) {
  const chain = await chainOf(provider);
  if (CHAINS.includes(chain)) return chain;
  show("working", "Switch the network", `${name} is on a network that is not supported here. Let it switch to Ethereum.`);
  const elsewhere = () => new Told("problem", "Another network is needed",
    "Switch your wallet to Ethereum, Polygon, Arbitrum, Optimism or Base, and try again.");
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: "0x1" }] });
  } catch (error) {
    throw error?.code === UNKNOWN_CHAIN || error?.code === REJECTED ? elsewhere() : error;
  }
  const now = await chainOf(provider);
  if (!CHAINS.includes(now)) throw elsewhere();
  return now;
}

function hex(text) {
  return "0x" + Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Shows what is about to be signed, word for word. */
function reveal(message) {
  const details = document.getElementById("message");
  details.querySelector("pre").textContent = message;
  details.hidden = false;
}

async function signIn({ name, provider }) {
  show("working", `Connect ${name}`, "Your wallet asks you to choose an account for this site.");
  const [address] = await provider.request({ method: "eth_requestAccounts" });
  if (!address) throw new Told("problem", "No account", "Your wallet did not give an account. Choose one, and try again.");
  const chain = await settleChain(provider, name);
  const { message } = await post("challenge", { wallet_address: address, chain_id: chain });
  reveal(message);
  show("working", "Sign the message", `${name} shows you the message below. Signing it costs nothing and moves nothing.`);
  const signature = await provider.request({ method: "personal_sign", params: [hex(message), address] });
  show("working", "Checking", "One moment.");
  const { redirect_uri: onward } = await post("verify", { message, signature });
  document.getElementById("onward").href = onward;
  show("done");
  // Replaced, so that the way back does not lead to a sign-in that is used up.
  location.replace(onward);
}

let busy = false;

async function begin(wallet) {
  if (busy) return;
  busy = true;
  try {
    await signIn(wallet);
  } catch (error) {
    const { scene, title, text } = inWords(error);
    document.getElementById("message").hidden = true;
    show(scene, title, text);
  } finally {
    busy = false;
  }
}

/** By the name that the wallet has for itself (`rdns`) or, where it says none, by its provider. */
const known = new Set();

function offer({ info, provider }) {
  const key = info?.uuid ?? provider;
  if (!provider || known.has(key)) return;
  known.add(key);
  const name = String(info?.name || "Browser wallet").slice(0, 60);
  const button = document.createElement("button");
  button.type = "button";
  button.append(picture(info?.icon), document.createElement("bdi"));
  button.lastChild.textContent = name;
  button.addEventListener("click", () => begin({ name, provider }));
  const item = document.createElement("li");
  item.append(button);
  document.getElementById("wallets").append(item);
  settled(true);
}

/** Without a wallet there is nothing to choose from, and nothing to say of signing. */
function settled(found) {
  document.getElementById("no-wallet").hidden = found;
  document.getElementById("choose-label").hidden = !found;
  page.querySelector(".fine").hidden = !found;
}

/** Wallets draw their own icon. Only a picture that comes along is shown, never one from a network. */
function picture(icon) {
  const blank = document.createElement("span");
  blank.className = "blank";
  if (typeof icon !== "string" || !icon.startsWith("data:image/")) return blank;
  const image = new Image();
  image.alt = "";
  image.addEventListener("error", () => image.replaceWith(blank));
  image.src = icon;
  return image;
}

/** Wallets that announce themselves do so at once; what else is there is offered only when none has. */
function lookElsewhere() {
  if (known.size === 0 && window.ethereum) offer({ provider: window.ethereum });
  const none = known.size === 0;
  settled(!none);
  if (none) status.textContent = "No wallet was found in this browser.";
}

document.getElementById("again").addEventListener("click", () => show("choose"));
window.addEventListener("eip6963:announceProvider", (event) => offer(event.detail ?? {}));
window.dispatchEvent(new Event("eip6963:requestProvider"));
setTimeout(lookElsewhere, 300);
// A page that a browser has kept may show what is no longer so.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
