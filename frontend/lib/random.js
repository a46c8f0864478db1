/** 132 random bits in 22 characters of A-Z a-z 0-9 _ -; unlike crypto.randomUUID it is there on plain HTTP too. */
export function randomName() {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return [...crypto.getRandomValues(new Uint8Array(22))].map((byte) => alphabet[byte & 63]).join("");
}
