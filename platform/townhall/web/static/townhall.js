"use strict";
// Everything here is a comfort; every page works without it.

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.submit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  if (event.target.matches("[data-select]")) event.target.select();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    // The clipboard of scripts needs HTTPS; the old way works where a township has none.
    document.getElementById(copy.dataset.copy).select();
    if (document.execCommand("copy")) copy.textContent = copy.dataset.done;
  }
  const insert = event.target.closest("[data-insert]");
  if (insert) {
    const field = document.getElementById(insert.dataset.into);
    field.setRangeText(insert.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const login = event.target.closest("[data-login]");
  if (login) {
    document.getElementById("login").value = login.dataset.login;
    document.getElementById("password").value = login.dataset.password;
    document.querySelector(".signin button[type=submit]").focus();
  }
});

// A form with unsaved changes asks before it is left; saving is never asked about, and never happens twice.
let unsaved = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("[data-guard]")) unsaved = true;
});
document.addEventListener("submit", (event) => {
  unsaved = false;
  const button = event.target.method === "post" && event.submitter;
  if (button && !button.name) setTimeout(() => { button.disabled = true; button.dataset.sent = ""; }, 0);
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
  if (unsaved) event.returnValue = "";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("button[data-sent]").forEach((button) => { button.disabled = false; });
});

// How a text will stand on paper, a moment after the last key; an older answer never replaces a newer one.
let pause, asked = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-trial]");
  if (!form) return;
  clearTimeout(pause);
  pause = setTimeout(() => tryOut(form), 500);
});
async function tryOut(form) {
  const mine = ++asked, fields = new FormData(form);
  fields.append("bare", "1");
  const answer = await fetch(form.dataset.trial, { method: "POST", body: new URLSearchParams(fields) }).catch(() => null);
  const words = answer && await answer.text();
  if (words && mine === asked && (answer.ok || answer.status === 422)) document.getElementById("trial").innerHTML = words;
}

const refusal = document.getElementById("refusal");
if (refusal) refusal.focus();

// The chosen paper may be far down its list, the chosen tab off a narrow screen.
const chosen = document.querySelector(".papers [aria-current]");
if (chosen) chosen.closest("ul").scrollTop = chosen.offsetTop - 80;
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - 60;

// Whether anything on the page has been typed or chosen that a reload would lose.
const touched = () => [...document.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
  field.value !== field.defaultValue || field.checked !== field.defaultChecked && "defaultChecked" in field);

// What is being made is looked at again until it is done; without scripts the page reloads itself.
const again = (live) => setTimeout(async () => {
  let fresh = live;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const found = answer.ok && !answer.redirected && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(live.id);
    if (found) {
      const focused = live.contains(document.activeElement) && document.activeElement.id;
      live.replaceWith(found);
      fresh = found;
      if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
    }
  } catch (fault) { /* the server is away: ask again */ }
  if (fresh.dataset.live) again(fresh);
  else if (live.dataset.then === "reload" && !touched()) location.reload();
}, Number(live.dataset.live));
document.querySelectorAll("[data-live]").forEach(again);

// Why a value is what it is, in a panel over the page; without scripts the link opens its page.
document.addEventListener("click", async (event) => {
  const panel = document.querySelector(".why-panel");
  if (panel && event.target.closest("[data-why-close]")) panel.remove();
  const link = event.target.closest("[data-why]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer || answer.redirected) return void location.assign(link.href);
  const place = document.querySelector(".why-panel") || document.body.appendChild(document.createElement("aside"));
  place.className = "why-panel";
  place.tabIndex = -1;
  place.innerHTML = await answer.text();
  place.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".why-panel")?.remove();
});
