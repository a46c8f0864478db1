// Files as a chat shows them, on the staff's pages and in the widget: `words` are the texts of whichever it is.
import { html, useEffect, useState } from "./ui.js";
import { isPicture, objectUrl, saveAs } from "./upload.js";

/** A file of a message: a picture is shown, anything else is saved. `source` is {url, token}. */
export function FileLine({ file, source, words }) {
  const picture = isPicture(file) && !file.gone;
  const [address, setAddress] = useState(null);
  const [failed, setFailed] = useState(false);
  const [hidden, setHidden] = useState(false); // the embedding page lets no picture be shown: it can be saved all the same
  useEffect(() => {
    if (!picture) return undefined;
    let made = null;
    let over = false;
    objectUrl(source.url, source.token, file.media_type).then(
      (found) => (over ? URL.revokeObjectURL(found) : setAddress((made = found))),
      () => setFailed(true),
    );
    return () => ((over = true), made && URL.revokeObjectURL(made));
  }, [file.id, picture]);
  const save = async () => {
    try {
      const found = address ?? (await objectUrl(source.url, source.token, file.media_type));
      saveAs(found, file.name);
      if (!address) setTimeout(() => URL.revokeObjectURL(found), 60000);
    } catch {
      setFailed(true);
    }
  };
  if (file.gone || failed) return html`<span class="file gone"><bdi>${file.name}</bdi> <small>${words.gone}</small></span>`;
  return html`
    <span class="file">
      ${address && !hidden && html`<img class="picture" src=${address} alt=${file.name} onError=${() => setHidden(true)} />`}
      <button type="button" class="file-save" title=${words.save(file.name)} onClick=${save}><bdi>${file.name}</bdi> <small>${words.size(file.size)}</small></button>
    </span>
  `;
}

/** What is on its way. */
export function UploadList({ list, uploads, words }) {
  if (!list.length) return null;
  return html`
    <ul class="uploads" aria-label=${words.list}>
      ${list.map(({ client_id, name, size, progress, failed }) => html`
        <li key=${client_id} class=${failed ? "failed" : ""}>
          <bdi class="upload-name">${name}</bdi> <small>${words.size(size)}</small>
          ${failed
            ? html`<span role="alert">${words.problem(failed)}</span> <button type="button" class="link plain" onClick=${() => uploads.again(client_id)}>${words.again}</button>`
            : html`<progress max="1" value=${progress} aria-label=${words.progress(name)}></progress>`}
          <button type="button" class="link plain" onClick=${() => uploads.drop(client_id)}>${failed ? words.discard : words.cancel}</button>
        </li>`)}
    </ul>
  `;
}

/** The button that chooses files; `accept` are the types that may be sent. */
export function Attach({ accept, disabled, name, onFiles, children }) {
  const chosen = ({ target }) => {
    onFiles([...target.files]);
    target.value = "";
  };
  const choose = ({ currentTarget }) => currentTarget.nextElementSibling.click();
  return html`
    <button type="button" class="attach" disabled=${disabled} aria-label=${name} title=${name} onClick=${choose}>${children}</button>
    <input class="attach-input" type="file" multiple hidden accept=${accept.join(",")} onChange=${chosen} />
  `;
}

/** What a place takes that files may be dropped on. */
export function dropping(onFiles, setOver) {
  return {
    onDragOver: (event) => event.dataTransfer.types.includes("Files") && (event.preventDefault(), setOver(true)),
    onDragLeave: (event) => event.currentTarget.contains(event.relatedTarget) || setOver(false),
    onDrop: (event) => {
      setOver(false);
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      onFiles([...event.dataTransfer.files]);
    },
  };
}
