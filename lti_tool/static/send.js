/* Presses the button of a page whose only purpose is to carry a form on. Without script the person presses it. */
document.getElementById("send").submit();
