// Carries the launch message on without a click; the button on the page does the same without script.
document.getElementById("launch").submit();
