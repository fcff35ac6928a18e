"use strict";
(() => {
  const table = document.querySelector("table.cohort");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const text = new Intl.Collator(undefined, { numeric: true });
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? text.compare(a, b) : x - y;
  };
  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row.cells[i].dataset.value;
      const rows = [...body.rows].sort((a, b) => {
        if (!value(a) || !value(b)) return (value(b) ? 1 : 0) - (value(a) ? 1 : 0);
        return (up ? 1 : -1) * compare(value(a), value(b));
      });
      body.append(...rows);
    });
  });
})();
