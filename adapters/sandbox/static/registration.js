// Goes back to the list when the tool says that its registration is over ("org.imsglobal.lti.close").
(function () {
  const frame = document.getElementById("tool");
  window.addEventListener("message", function (event) {
    if (event.source !== frame.contentWindow || event.origin !== frame.dataset.origin) return;
    if (typeof event.data !== "object" || event.data === null) return;
    if (event.data.subject === "org.imsglobal.lti.close") window.location.assign(frame.dataset.back);
  });
})();
