// Keeps small values for the tool in the frame as long as this page is open, for browsers that give a framed tool no
// cookies (1EdTech "LTI Client Side postMessages" and "LTI postMessage Storage" 0.1). Only the tool's own frame is
// answered, at its own address only, and each address has a store of its own.
(function () {
  const MOST_KEYS = 50;
  const MOST_CHARACTERS = 4096; // in all, for each address: no more than the specification asks for
  const frame = document.getElementById("tool");
  const stores = new Map();

  class Refused extends Error {
    constructor(code, words) {
      super(words);
      this.code = code;
    }
  }

  function keyOf(asked) {
    if (typeof asked.key === "string" && asked.key) return asked.key;
    throw new Refused("bad_request", "There is no key.");
  }

  const answers = {
    "lti.capabilities": function () {
      const stored = ["lti.put_data", "lti.get_data"].map((subject) => ({ subject, frame: "_parent" }));
      return { supported_messages: [{ subject: "lti.capabilities" }, ...stored] };
    },
    "lti.put_data": function (asked, store) {
      const key = keyOf(asked);
      const value = asked.value === undefined || asked.value === null ? "" : asked.value;
      if (typeof value !== "string") throw new Refused("bad_request", "The value is no text.");
      const others = [...store].filter(([name]) => name !== key);
      const size = others.reduce((sum, [name, held]) => sum + name.length + held.length, key.length + value.length);
      if (value && (others.length >= MOST_KEYS || size > MOST_CHARACTERS)) {
        throw new Refused("storage_exhaustion", "There is no room left.");
      }
      if (value) store.set(key, value);
      else store.delete(key);
      return { key, value };
    },
    "lti.get_data": function (asked, store) {
      const key = keyOf(asked);
      return store.has(key) ? { key, value: store.get(key) } : { key };
    },
  };

  window.addEventListener("message", function (event) {
    const asked = event.data;
    if (event.source !== frame.contentWindow || typeof asked !== "object" || asked === null) return;
    if (typeof asked.subject !== "string" || typeof asked.message_id !== "string") return;
    const said = { subject: asked.subject + ".response", message_id: asked.message_id };
    try {
      if (event.origin !== frame.dataset.origin) throw new Refused("wrong_origin", "This is not the tool's address.");
      if (!Object.hasOwn(answers, asked.subject)) throw new Refused("unsupported_subject", "This is not known here.");
      if (!stores.has(event.origin)) stores.set(event.origin, new Map());
      Object.assign(said, answers[asked.subject](asked, stores.get(event.origin)));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      said.error = { code: error.code, message: error.message };
    }
    event.source.postMessage(said, event.origin === "null" ? "*" : event.origin);
  });
})();
