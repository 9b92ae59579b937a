/* Speaks with the storage that the LMS's page offers (1EdTech "LTI Client Side postMessages" and "LTI postMessage
   Storage", 0.1): puts values there, or brings one back, and goes on. What the storage does not do in time counts as
   not there; the server then says what to do. Values go to the LMS's origin only, whichever page is around us. */
(function () {
  "use strict";
  const ANNOUNCED = 500; // milliseconds for the list of what the LMS can
  const ANSWERED = 2000; // milliseconds for putting or reading

  const asked = document.getElementById("storage").dataset;
  const onward = document.getElementById("onward");
  const host = window.parent !== window ? window.parent : window.opener;

  function named(name) {
    if (!name || name === "_parent") {
      return host;
    }
    try {
      const frame = host.frames[name];
      return frame && typeof frame.postMessage === "function" ? frame : null;
    } catch (error) {
      return null; // another site's page says so where it has no frame of this name
    }
  }

  function ask(frame, message, origin, patience) {
    const id = crypto.randomUUID();
    return new Promise(function (resolve) {
      function end(answer) {
        window.removeEventListener("message", hear);
        clearTimeout(timer);
        resolve(answer);
      }
      function hear(event) {
        const said = event.data;
        if (typeof said !== "object" || said === null || said.message_id !== id) return;
        if (said.subject !== message.subject + ".response") return;
        if (origin === "*" ? event.source !== frame : event.origin !== origin) return;
        end(said.error ? null : said);
      }
      const timer = setTimeout(end, patience, null);
      window.addEventListener("message", hear);
      frame.postMessage(Object.assign({ message_id: id }, message), origin);
    });
  }

  async function speak(messages) {
    if (!host) return [];
    const able = await ask(host, { subject: "lti.capabilities" }, "*", ANNOUNCED);
    const list = able && Array.isArray(able.supported_messages) ? able.supported_messages : null;
    return Promise.all(
      messages.map(function (message) {
        const entry = list && list.find((each) => each && each.subject === message.subject);
        const frame = list && !entry ? null : named((entry && entry.frame) || asked.target);
        return frame ? ask(frame, message, asked.origin, ANSWERED) : null;
      })
    );
  }

  /* A page that goes on before it is loaded leaves no step for "back" to stop at; so this one is not done loading
     while a frame in it is not. */
  function stayLoading() {
    const pending = document.createElement("iframe");
    pending.hidden = true;
    document.body.append(pending);
    pending.contentDocument.open();
  }

  async function run() {
    if (asked.here) window.history.replaceState(null, "", asked.here); // "back" and "reload" ask, and send no form
    if (onward) stayLoading();
    const puts = JSON.parse(asked.puts).map(([key, value]) => ({ subject: "lti.put_data", key: key, value: value }));
    const gets = asked.key ? [{ subject: "lti.get_data", key: asked.key }] : [];
    const messages = puts.concat(gets);
    const answers = messages.length ? await speak(messages) : [];
    if (!onward) return;
    if (onward.tagName === "A") {
      window.location.replace(onward.href); // not a step that "back" would lead to
      return;
    }
    const found = answers[0];
    document.getElementById("kept").value = found && typeof found.value === "string" ? found.value : "";
    onward.submit();
  }

  run();
})();
