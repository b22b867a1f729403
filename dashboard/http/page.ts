import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import express, { type Router } from 'express'
import { noncePlaceholder } from './headers.ts'
import { Refusal } from './route.ts'

/**
 * The built page. Its one HTML file carries the nonce of the answer, so it is never kept by a browser; Vite puts a hash
 * into the names of all others: they never change.
 */
export function pageFiles(webRoot: string): Router {
  const router = express.Router()
  router.get(['/', '/index.html'], async (_request, response) => {
    const html = await readFile(join(webRoot, 'index.html'), 'utf8').catch((cause: unknown) => {
      throw new Refusal(503, 'the page is not built: `npm run build`', null, { cause })
    })
    response.set('Cache-Control', 'no-store')
    response.type('html').send(html.replaceAll(noncePlaceholder, String(response.locals['nonce'])))
  })
  router.use('/assets', express.static(join(webRoot, 'assets'), { immutable: true, maxAge: '1y' }))
  router.use(express.static(webRoot, { cacheControl: false, index: false }))
  return router
}
