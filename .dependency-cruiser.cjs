// Who may import whom. Each rule's comment says what to do instead; a rule that is in the way is
// changed in the same commit, with the reason in docs/decisions/.
const stages = 'ingest|bus|store|analyzer|alerts|history|inventory|simulator|dashboard'
const clients =
  '(kafkajs|pino|ws|express|helmet|pcap-parser|commander|yaml|react|react-dom|vite|playwright-core|@duckdb|@influxdata|nodemailer|prom-client|uplot|@node-rs)'
// node:zlib is not in the list: it computes, it touches neither disk nor network.
const nodeIo =
  '^(node:)?(fs|fs/promises|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster|sqlite|stream|stream/promises|os|path|process|url|readline|timers/promises)$'

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment:
        'Two files that need each other are one idea or hide a third: merge them or extract it.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Nothing reaches this file: delete it, or import it where it belongs.',
      from: {
        orphan: true,
        pathNot: [
          '^(tests|bench|scripts)/',
          '[.]config[.](ts|js|cjs)$',
          '[.]d[.]ts$',
          '[.]cjs$',
          '^dashboard/web/',
        ],
      },
      to: {},
    },
    {
      name: 'records-stand-alone',
      severity: 'error',
      comment:
        'records/ is what everything shares: it may import zod, apache-arrow and pure Node helpers only.',
      from: { path: '^records/' },
      to: { path: `^(${stages}|app|tests|bench|scripts)/` },
    },
    {
      name: 'stages-meet-at-interfaces',
      severity: 'error',
      comment: 'Stages talk over the bus: import records/, bus/bus.ts or store/*-store.ts.',
      from: { path: `^(${stages})/`, pathNot: '^simulator/records/' },
      to: {
        path: `^(${stages}|app)/`,
        pathNot: ['^$1/', '^bus/bus[.]ts$', '^store/[^/]+-store[.]ts$'],
      },
    },
    {
      name: 'simulated-records-come-from-ingest',
      severity: 'error',
      comment:
        'simulator/records/ tells what ingest makes of simulated packets (docs/decisions/0020), so it may import ingest/, no other stage.',
      from: { path: '^simulator/records/' },
      to: { path: `^(${stages}|app)/`, pathNot: '^(simulator|ingest)/' },
    },
    {
      name: 'detectors-stand-alone',
      severity: 'error',
      comment:
        'A detector never leans on another: share through device-baseline, contact-outcome or sketches/. What is its own and too much for one file goes into a folder of its name.',
      from: { path: '^analyzer/detectors/(?!index[.]ts$)([^/.]+)' },
      to: {
        path: '^analyzer/',
        pathNot: [
          '^analyzer/(detector|device-baseline|contact-outcome)[.]ts$',
          '^analyzer/sketches/',
          '^analyzer/detectors/$1/',
        ],
      },
    },
    {
      name: 'only-app-picks-adapters',
      severity: 'error',
      comment: 'Take the interface as an argument; app/wire.ts chooses the technology.',
      from: { pathNot: ['^(app|tests|bench|scripts)/', '/adapters/'] },
      to: { path: '/adapters/' },
    },
    {
      name: 'io-in-adapters-only',
      severity: 'error',
      comment:
        'Only adapters, dashboard/{server,live-feed}.ts, dashboard/http/ and app/ touch network, disk or client libraries. A route (dashboard/routes/) takes what it needs as an argument.',
      from: {
        path: `^(records|${stages})/`,
        pathNot: [
          '/adapters/',
          '^dashboard/(server|live-feed)[.]ts$',
          '^dashboard/http/',
          '^dashboard/web/',
        ],
      },
      to: { path: [nodeIo, `node_modules/${clients}/`], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'web-is-a-client',
      severity: 'error',
      comment:
        'The page knows dashboard/api.ts and the types of records/; everything else comes over HTTP.',
      from: { path: '^dashboard/web/' },
      to: { path: `^(${stages}|app)/`, pathNot: ['^dashboard/web/', '^dashboard/api[.]ts$'] },
    },
    {
      name: 'tests-are-leaves',
      severity: 'error',
      comment:
        'Nothing imports tests or benchmarks: move what is shared into the stage that owns it.',
      from: { pathNot: '^(tests|bench)/' },
      to: { path: '^(tests|bench)/', pathNot: '^tests/support/start-services[.]ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|data|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js'],
      exportsFields: ['exports'],
    },
  },
}
