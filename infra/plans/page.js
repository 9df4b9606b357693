"use strict";
(() => {
  const query = document.getElementById("q");
  if (!query) return;
  const rows = [...document.querySelectorAll(".row")];
  const groups = [...document.querySelectorAll(".group")];
  const boxes = [...document.querySelectorAll(".chip input")];
  const shown = document.getElementById("shown");
  const all = document.getElementById("all");
  const apply = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const actions = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.action));
    let count = 0;
    for (const row of rows) {
      const hit = actions.has(row.dataset.action) && words.every((word) => row.dataset.words.includes(word));
      row.hidden = !hit;
      count += hit;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector(".row:not([hidden])");
      if (words.length && !group.hidden) group.open = true;
    }
    for (const title of document.querySelectorAll("h3.module")) {
      let next = title.nextElementSibling;
      let any = false;
      while (next && !next.matches("h3.module")) { any = any || !next.hidden; next = next.nextElementSibling; }
      title.hidden = !any;
    }
    shown.textContent = count === rows.length ? `${count} resources` : `${count} of ${rows.length} resources`;
  };
  query.addEventListener("input", apply);
  boxes.forEach((box) => box.addEventListener("change", apply));
  document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());
  all.addEventListener("click", () => {
    const open = all.textContent === "Open all";
    groups.forEach((group) => { group.open = open; });
    all.textContent = open ? "Close all" : "Open all";
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((item) => { item.open = true; }));
  apply();
})();
