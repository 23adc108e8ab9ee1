// Before the first paint: who chose no theme gets the device's.
(function () {
  var root = document.documentElement;
  if (!root.hasAttribute("data-theme") && matchMedia("(prefers-color-scheme: dark)").matches) root.setAttribute("data-theme", "dark");
})();
