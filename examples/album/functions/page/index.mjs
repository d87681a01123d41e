// The album's page: one small document that works on a phone and talks to the API beside it.
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Album</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 42rem; padding: 1rem; }
  form { display: flex; gap: .5rem; margin: 1rem 0; }
  input, button { font: inherit; padding: .5rem; }
  input[type=text] { flex: 1; min-width: 0; }
  figure { margin: 0 0 1rem; } img { width: 100%; border-radius: .5rem; }
</style>
<h1>Album</h1>
<form id="new"><input type="text" name="title" placeholder="Title" required><button>Create</button></form>
<ul id="albums"></ul>
<section id="album" hidden><h2></h2><input type="file" accept="image/*"><div></div></section>
<script type="module">
  // The page may stand under a path of its own (/_clearsky/execute-api/ID): the API is beside it.
  const base = location.pathname.replace(/\\/+$/, "");
  const api = (path, options) => fetch(base + path, options).then((r) => r.json());
  const post = (path, body) => api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const $ = (selector) => document.querySelector(selector);
  const list = async () => {
    const { albums } = await api("/albums");
    $("#albums").replaceChildren(...albums.map(({ album, title }) => {
      const link = Object.assign(document.createElement("a"), { href: "#" + album, textContent: title });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
  };
  const show = async () => {
    const id = location.hash.slice(1);
    $("#album").hidden = !id;
    if (!id) return;
    const { title, pictures } = await api("/albums/" + id);
    $("#album h2").textContent = title;
    $("#album div").replaceChildren(...pictures.map(({ name, url }) => {
      const figure = document.createElement("figure");
      figure.append(Object.assign(new Image(), { src: url, alt: name }), name);
      return figure;
    }));
  };
  $("#new").onsubmit = async (event) => {
    event.preventDefault();
    await post("/albums", { title: new FormData(event.target).get("title") });
    event.target.reset();
    await list();
  };
  $("#album input").onchange = async ({ target }) => {
    const file = target.files[0];
    const name = file.name.replace(/[^A-Za-z0-9._-]/g, "_");
    const { upload, headers } = await post("/albums/" + location.hash.slice(1) + "/pictures", { name, type: file.type });
    await fetch(upload, { method: "PUT", headers, body: file });
    await show();
  };
  onhashchange = show;
  await list();
  await show();
</script>
</html>`;

export const handler = async (event) => {
  const { stage, http } = event.requestContext;
  console.log("page", http.method, event.rawPath, "stage", stage);
  return { statusCode: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: page };
};
