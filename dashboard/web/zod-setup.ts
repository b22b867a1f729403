import { z } from 'zod'

// The page's policy forbids making code from text; zod would try, once, and the browser would report it. This must run
// before any schema is made, so main.tsx imports it first.
z.config({ jitless: true })
