({ name, number, announced, older }) => {
  const waiting = new Map();
  const listeners = new Map();
  let last = 0;
  const provider = {
    request: ({ method, params }) => new Promise((resolve, reject) => {
      waiting.set(++last, [resolve, reject]);
      window[`askWallet${number}`](JSON.stringify({ id: last, method, params }));
    }),
    on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
    removeListener: (event, listener) =>
      listeners.set(event, (listeners.get(event) ?? []).filter((known) => known !== listener)),
  };
  const icon = "data:image/svg+xml," + encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" rx="2" fill="${number % 2 ? "rebeccapurple" : "teal"}"/></svg>`);
  const uuid = `350670db-19fa-4704-a166-${String(number).padStart(12, "0")}`;
  const info = Object.freeze({ uuid, name, icon, rdns: "test.wallet" });
  const detail = Object.freeze({ info, provider });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window[`__wallet${number}`] = {
    announce,
    emit: (event, value) => (listeners.get(event) ?? []).forEach((listener) => listener(value)),
    settle: (id, error, result) => {
      const [resolve, reject] = waiting.get(id);
      waiting.delete(id);
      error ? reject(Object.assign(new Error(error.message), error)) : resolve(result);
    },
  };
  if (older) window.ethereum = provider;
  if (announced) {
    window.addEventListener("eip6963:requestProvider", announce);
    announce();
  }
}
