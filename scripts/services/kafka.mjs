// Starts an Apache Kafka broker for tests and benchmarks, on this machine, from Maven's jars (KRaft mode, no ZooKeeper).
// Plain Node ≥ 20 without dependencies. `node scripts/services/kafka.mjs` runs one until interrupted.
// WARDWATCH_KAFKA_BROKERS=host:port[,host:port] uses a broker that is already there instead.

import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const version = '4.1.0'
const startSeconds = 60
const run = promisify(execFile)

/** Brokers that the environment names, or null. */
export function kafkaFromEnvironment() {
  const brokers = process.env.WARDWATCH_KAFKA_BROKERS
  return brokers ? brokers.split(',') : null
}

/**
 * A broker of its own on a free loopback port, with an empty temporary folder.
 * `kill` ends it as a crash does; `restart` starts it again on the same data and port; `stop` removes everything.
 */
export async function startKafka() {
  const jars = await kafkaJars()
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-kafka-'))
  const [port, controllerPort] = [await freePort(), await freePort()]
  const properties = join(folder, 'server.properties')
  await writeFile(properties, serverProperties(folder, port, controllerPort))
  const java = [
    '-Xmx512m',
    '-Xms64m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=4',
    '-cp',
    join(jars, '*'),
  ]
  const clusterId = randomBytes(16).toString('base64url')
  await run('java', [
    ...java,
    'kafka.tools.StorageTool',
    'format',
    '--standalone',
    // With an equals sign: one id in 64 begins with a hyphen and would be taken for an option.
    `--cluster-id=${clusterId}`,
    '-c',
    properties,
  ])

  let broker = await launch()

  async function launch() {
    const output = createWriteStream(join(folder, 'broker.log'), { flags: 'a' })
    const child = spawn('java', [...java, 'kafka.Kafka', properties], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(output)
    child.stderr.pipe(output)
    const exited = once(child, 'exit')
    // A test run that ends without `stop` leaves no broker behind.
    const killWithUs = () => child.kill('SIGKILL')
    process.once('exit', killWithUs)
    child.once('exit', () => process.off('exit', killWithUs))
    try {
      await untilAnswering(port, child)
    } catch (error) {
      child.kill('SIGKILL')
      throw new Error(
        `${error.message}\n${(await readFile(join(folder, 'broker.log'), 'utf8')).slice(-2_000)}`,
      )
    }
    return { child, exited }
  }

  return {
    brokers: [`127.0.0.1:${port}`],
    async kill() {
      broker.child.kill('SIGKILL')
      await broker.exited
    },
    async restart() {
      broker = await launch()
    },
    async stop() {
      broker.child.kill('SIGKILL')
      await broker.exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Folder with the jars, fetched through Maven once and kept in the user's cache. */
async function kafkaJars() {
  await need('java', ['-version'], 'install a Java 17 runtime (Debian: openjdk-17-jre-headless)')
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wardwatch')
  const target = join(cache, `kafka-${version}`)
  if (existsSync(target)) return target
  await need('mvn', ['-v'], 'install Maven (Debian: maven); it fetches the jars once')
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'fetch-'))
  await writeFile(join(work, 'pom.xml'), pom)
  await run(
    'mvn',
    [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      '-DoutputDirectory=libs',
    ],
    { cwd: work },
  )
  // Whoever was faster has put the same jars there.
  await rename(join(work, 'libs'), target).catch((error) => {
    if (!existsSync(target)) throw error
  })
  await rm(work, { recursive: true, force: true })
  return target
}

async function need(command, args, remedy) {
  try {
    await run(command, args)
  } catch (cause) {
    throw new Error(
      `Kafka for tests needs \`${command}\`: ${remedy}, or name a broker in WARDWATCH_KAFKA_BROKERS.`,
      { cause },
    )
  }
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>wardwatch.tests</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`

function serverProperties(folder, port, controllerPort) {
  return `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
log.dirs=${join(folder, 'data')}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
log.retention.check.interval.ms=1000
`
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** A broker opens its port before it is ready, and answers once it is. */
async function untilAnswering(port, child) {
  const deadline = Date.now() + startSeconds * 1_000
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`the Kafka broker ended with code ${child.exitCode}`)
    if (await answers(port)) return
    if (Date.now() > deadline)
      throw new Error(`the Kafka broker did not answer within ${startSeconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

// ApiVersions request, version 0: | size: i32 | api key: i16 = 18 | version: i16 = 0 | correlation: i32 | client: i16 = -1 |
const apiVersionsRequest = Buffer.from('0000000a' + '0012' + '0000' + '00000001' + 'ffff', 'hex')

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const done = (answered) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(2_000, () => done(false))
    socket.once('connect', () => socket.write(apiVersionsRequest))
    socket.once('data', () => done(true))
    socket.once('error', () => done(false))
    socket.once('close', () => done(false))
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const kafka = await startKafka()
  console.log(kafka.brokers.join(','))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void kafka.stop())
}
