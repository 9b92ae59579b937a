/* The registration is over: tells the LMS that opened this page so (LTI Dynamic Registration 1.0), when the
   person is done reading. Without script the page says that the window can be closed. */
(function () {
  "use strict";
  const button = document.getElementById("close");
  button.hidden = false;
  button.addEventListener("click", function () {
    (window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
  });
  button.focus();
})();
