// Sends one file as the body of a request, tells how far it is, and can be broken off.

/** A file that was refused; `code` is stable. */
export class UploadError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/**
 * `{done, cancel}`: `done` resolves with the JSON of the answer, or rejects with an UploadError (`cancelled`, `unavailable`
 * when nobody answers, else what the server says). `onProgress` gets a share from 0 to 1.
 */
export function upload({ url, token, file, onProgress }) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", url);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status < 300) resolve(answer);
      else reject(new UploadError(answer.code ?? answer.type?.split(":").at(-1).replaceAll("-", "_") ?? "unavailable"));
    };
    request.onerror = () => reject(new UploadError("unavailable"));
    request.onabort = () => reject(new UploadError("cancelled"));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

/** What is wrong with a file before it is sent, as the server would say it; null when nothing is. */
export function wrongWith(file, limits) {
  if (!limits?.types?.length) return "file_type";
  if (!file.size) return "file_empty";
  return file.size > limits.max_bytes ? "file_too_big" : null;
}

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

export const isPicture = ({ media_type }) => PICTURES.has(media_type);

/** The address of a file for the page alone: fetched with the token, which never stands in an address. */
export async function objectUrl(url, token, media_type) {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new UploadError("unknown_file");
  // The type is our own word for it, never one that a browser would run.
  const type = PICTURES.has(media_type) ? media_type : "application/octet-stream";
  return URL.createObjectURL(new Blob([await response.arrayBuffer()], { type }));
}

export function saveAs(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/** 48213 -> "47 kB", in the reader's language. */
export function sizeText(bytes, language) {
  const large = bytes >= 1_000_000;
  const value = large ? bytes / 1_000_000 : Math.max(1, bytes / 1000);
  const unit = large ? "megabyte" : "kilobyte";
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: large ? 1 : 0 }).format(value);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
