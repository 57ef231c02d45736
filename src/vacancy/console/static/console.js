// Every page works without this file. It adds: theme, copying, printing, and parts that are live.
(() => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const say = (text) => { const box = $("say"); if (box) box.textContent = text; };

  // Theme: changed at once, and kept by the form of the page.
  const themed = $("theme");
  if (themed) {
    themed.hidden = false;
    themed.addEventListener("click", () => {
      const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
      const said = new URLSearchParams(new FormData($("theme-form")));
      said.set("theme", root.dataset.theme);
      fetch($("theme-form").action, { method: "POST", body: said, redirect: "manual" }).catch(() => {});
    });
  }

  // Copying and printing; both delegated, so that parts that are drawn anew have them too.
  const shown = (part) => { for (const one of part.querySelectorAll("[data-copy], [data-print]")) one.hidden = false; };
  shown(document);
  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      try { await navigator.clipboard.writeText(copy.dataset.copy); say($("say").dataset.copied); } catch { say($("say").dataset.notCopied); }
    }
    if (event.target.closest("[data-print]")) window.print();
  });

  // Menus close when the focus leaves them, on Escape, and on a click elsewhere.
  for (const menu of document.querySelectorAll("nav details")) {
    menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false; });
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); event.stopPropagation(); } });
    document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  }

  // Live: a message names topics; the parts that show one of them are fetched from the page's own
  // address and put in their place, unless they hold the focus or a choice (data-busy).
  const dot = $("live");
  if (!dot || !window.EventSource) return;
  const clock = () => new Date().toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit" });
  let stream = null, lost = 0, pause = 2000, waiting = 0, topics = new Set();
  const live = () => { clearTimeout(lost); lost = 0; pause = 2000; dot.hidden = false; dot.classList.remove("off"); dot.textContent = dot.dataset.on; };
  const dead = () => { const seen = clock(); lost ||= setTimeout(() => { dot.hidden = false; dot.classList.add("off"); dot.textContent = dot.dataset.off.replace("{time}", seen); }, 20000); };

  const parts = () => [...document.querySelectorAll("[data-live][id]")].filter((part) => part.dataset.live.split(" ").some((topic) => topics.has(topic) || topics.has("config")));
  const busy = (part) => "busy" in part.dataset || part.contains(document.activeElement);
  const draw = async () => {
    waiting = 0;
    const wanted = parts().filter((part) => !busy(part));
    const kept = parts().filter(busy);
    topics = new Set();
    if (kept.length) document.dispatchEvent(new CustomEvent("vacancy:kept", { detail: kept }));
    if (!wanted.length) return;
    const before = Number($("badge-conflicts")?.dataset.count || 0);
    try {
      const answer = await fetch(location.href, { headers: { "X-Fragment": wanted.map((part) => part.id).join(" ") } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of wanted) {
        const fresh = page.getElementById(part.id);
        if (fresh && !busy(part)) { part.replaceWith(fresh); shown(fresh.parentNode); }
      }
      dot.classList.remove("new"); void dot.offsetWidth; dot.classList.add("new");
      const now = $("badge-conflicts");
      if (now && Number(now.dataset.count) > before) say(now.dataset.news);
      document.dispatchEvent(new CustomEvent("vacancy:drawn", { detail: wanted.map((part) => part.id) }));
    } catch { /* the next message, or the next look, brings it */ }
  };
  const heard = (event) => { for (const topic of JSON.parse(event.data).topics) topics.add(topic); waiting ||= setTimeout(draw, 150); };

  const open = () => {
    if (stream || document.hidden) return;
    stream = new EventSource("/live");
    stream.onopen = live;
    stream.onmessage = heard;
    stream.onerror = () => {
      dead();
      if (stream && stream.readyState === EventSource.CLOSED) { stream = null; setTimeout(open, pause); pause = Math.min(pause * 2, 60000); }
    };
  };
  // A hidden page lets its connection go: browsers have six for one address. Shown again, it looks.
  let away = false;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stream?.close(); stream = null; away = true; } else { open(); if (away) { away = false; topics.add("config"); draw(); } }
  });
  // Ages are words: what shows one is fetched anew each minute.
  setInterval(() => { if (!document.hidden && stream) { topics.add("minute"); waiting ||= setTimeout(draw, 150); } }, 60000);
  addEventListener("pagehide", () => { stream?.close(); stream = null; });
  addEventListener("pageshow", open);
})();
