// The contact widget, by one script tag on any page:
//
//   <script src="https://SERVER/widget/widget.js" data-entry="web" defer></script>
//
//   data-entry       the chat entry of the site (chats.toml)
//   data-call-entry  also offer a call from the browser to this entry (site.toml)
//   data-locale      en, zh-CN or zh-TW; the page's own language when absent
//   data-theme       light, dark or auto (as the visitor's system, when absent)
//   data-title       what the panel is called; "Contact us" in the visitor's language when absent
//   data-name        the visitor's name, when the page knows it
//   data-user-attributes    what the proof proves of them besides, as a query string: tier=gold
//   data-prechat     what the page knows of the visitor's concern, as a query string: topic=complaint&order=20231001
//   data-user, data-proof   who is signed in: an id, and hex HMAC-SHA256(the entry's secret, id), made by the page's server
//
// The attributes may be changed later; language and theme follow at once. Nothing of the page is touched but for one
// element at the end of its body, which holds everything in a shadow tree.
{
  const script = document.currentScript;
  const start = () => import(new URL("main.js", script.src).href).then(({ mount }) => mount(script));
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start, { once: true });
}
