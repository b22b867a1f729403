#!/usr/bin/env node
// The `wardwatch` command: one binary for every role.
import { join } from 'node:path'
import { buildWeb } from './build-web.mjs'
import { ensurePackages, root, runNode } from './bootstrap.mjs'

const args = process.argv.slice(2)
ensurePackages()
if (['run', 'demo'].includes(args[0]) && !args.includes('--help')) await buildWeb()
process.exitCode = await runNode([join(root, 'app', 'main.ts'), ...args])
