// The files that are on their way from this page: each by itself, with how far it is and what went wrong.
import { randomName } from "./random.js";
import { upload, wrongWith } from "./upload.js";

export class Uploads {
  /**
   * `address(client_id, name)` and `token()` of a request, `limits()` as the server says them; `onChange` gets the list of
   * {client_id, name, size, progress, failed}, `onDone` the server's answer when one is there.
   */
  constructor({ address, token, limits, onChange, onDone = () => {} }) {
    Object.assign(this, { _address: address, _token: token, _limits: limits, _onChange: onChange, _onDone: onDone });
    this._files = new Map(); // client id -> {file, cancel}
    this._list = [];
  }

  add(files) {
    for (const file of files) {
      const client_id = randomName();
      this._files.set(client_id, { file });
      this._set([...this._list, { client_id, name: file.name, size: file.size, progress: 0, failed: wrongWith(file, this._limits()) }]);
      this._send(client_id);
    }
  }

  /** The same file under the same name: should the first have arrived after all, it is still one. */
  again(client_id) {
    this._change(client_id, { failed: null, progress: 0 });
    this._send(client_id);
  }

  drop(client_id) {
    this._files.get(client_id)?.cancel?.();
    this._files.delete(client_id);
    this._set(this._list.filter((each) => each.client_id !== client_id));
  }

  dropAll() {
    for (const { client_id } of this._list) this.drop(client_id);
  }

  async _send(client_id) {
    const one = this._files.get(client_id);
    if (!one || this._list.find((each) => each.client_id === client_id).failed) return;
    const onProgress = (progress) => this._change(client_id, { progress });
    const { done, cancel } = upload({ url: this._address(client_id, one.file.name), token: this._token(), file: one.file, onProgress });
    one.cancel = cancel;
    try {
      const answer = await done;
      this.drop(client_id);
      this._onDone(answer);
    } catch ({ code }) {
      if (code !== "cancelled") this._change(client_id, { failed: code });
    }
  }

  _change(client_id, change) {
    this._set(this._list.map((each) => (each.client_id === client_id ? { ...each, ...change } : each)));
  }

  _set(list) {
    this._list = list;
    this._onChange(list);
  }
}
