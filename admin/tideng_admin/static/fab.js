// Flask-AppBuilder's tables become cards on a phone: every cell gets its column's title.
document.querySelectorAll(".adm .table").forEach(function (table) {
  var titles = Array.from(table.querySelectorAll("thead th")).map(function (th) { return th.textContent.trim(); });
  if (!titles.length) return;
  table.querySelectorAll("tbody tr").forEach(function (row) {
    var first = true;
    Array.from(row.children).forEach(function (cell, n) {
      if (!titles[n]) return;
      cell.setAttribute("data-label", titles[n]);
      if (first) cell.classList.add("t-title");
      first = false;
    });
  });
});
document.querySelectorAll("#modal-confirm .btn-default").forEach(function (button) {
  button.textContent = document.getElementById("fab-cancel").innerHTML;
});
