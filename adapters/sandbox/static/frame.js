// Gives the frame the height that the tool asks for (LTI message "lti.frameResize").
(function () {
  const frame = document.getElementById("tool");
  window.addEventListener("message", function (event) {
    const asked = event.data;
    if (event.source !== frame.contentWindow || event.origin !== frame.dataset.origin) return;
    if (typeof asked !== "object" || asked === null || asked.subject !== "lti.frameResize") return;
    const height = Number(asked.height);
    if (height > 0) frame.style.height = Math.min(Math.max(Math.ceil(height), 300), 20000) + "px";
  });
})();
