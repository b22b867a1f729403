/** Stands for node:crypto in the page (vite.config.ts): ids are made by the server, never here. */
export function createHash(): never {
  throw new Error('the page makes no ids')
}
