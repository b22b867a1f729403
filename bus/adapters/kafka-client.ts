import type { ConnectionOptions } from 'node:tls'
import { Kafka, type KafkaConfig, type LogEntry, logLevel, type SASLOptions } from 'kafkajs'
import { isWardwatchError, WardwatchError } from '../../records/errors.ts'
import type { Logger } from '../../records/service.ts'
import type { KafkaBusConfig } from '../config.ts'

/** The kafkajs client of a configuration; its own logs go to `logger`. Connects to nothing yet. */
export function createKafkaClient(config: KafkaBusConfig, logger: Logger): Kafka {
  filterTimerWarning()
  const options: KafkaConfig = {
    brokers: config.brokers,
    clientId: config.clientId,
    connectionTimeout: config.connectionTimeoutMs,
    authenticationTimeout: config.connectionTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    retry: retryOptions(config),
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => forward(logger, entry),
  }
  if (config.tls !== null) options.ssl = tlsOptions(config.tls)
  if (config.sasl !== null) options.sasl = saslOptions(config.sasl)
  return new Kafka(options)
}

/** How kafkajs repeats a call; all of it given, since its own defaults change under NODE_ENV=test. */
export function retryOptions(config: KafkaBusConfig) {
  return {
    retries: config.retries,
    initialRetryTime: config.retryDelayMs,
    maxRetryTime: config.retryDelayMsMax,
    factor: 0.2,
    multiplier: 2,
  }
}

function tlsOptions({
  ca,
  cert,
  key,
  serverName,
}: NonNullable<KafkaBusConfig['tls']>): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  }
}

/** Its union of mechanisms wants each one spelled out. */
function saslOptions({ mechanism, ...user }: NonNullable<KafkaBusConfig['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism: 'plain', ...user }
    case 'scram-sha-256':
      return { mechanism: 'scram-sha-256', ...user }
    case 'scram-sha-512':
      return { mechanism: 'scram-sha-512', ...user }
  }
}

/** What kafkajs calls an error it mostly recovers from by itself; what it gives up reaches us as a rejection. */
function forward(logger: Logger, { level, namespace, log }: LogEntry): void {
  const fields = Object.fromEntries(
    Object.entries(log).filter(
      ([name]) => !['message', 'timestamp', 'logger', 'stack'].includes(name),
    ),
  )
  const line = { namespace, text: log.message, ...fields }
  if (level <= logLevel.WARN) logger.warn(line, 'kafkajs reports')
  else logger.debug(line, 'kafkajs reports')
}

const misconfigured =
  /AUTHORIZATION_FAILED|AUTHENTICATION|SASL|MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE|INVALID_|POLICY_VIOLATION|UNSUPPORTED/

/** The WardwatchError of what kafkajs rejects with: BUS_MISCONFIGURED when a retry cannot help, else BUS_UNAVAILABLE. */
export function busError(doing: string, cause: unknown): WardwatchError {
  if (isWardwatchError(cause)) return cause
  const root = rootOf(cause)
  const type =
    root instanceof Error && 'type' in root && typeof root.type === 'string' ? root.type : ''
  const name = root instanceof Error ? root.name : ''
  const text = root instanceof Error ? root.message : String(root)
  if (misconfigured.test(type) || name === 'KafkaJSSASLAuthenticationError') {
    return new WardwatchError('BUS_MISCONFIGURED', `Kafka refuses to ${doing}: ${text}`, { cause })
  }
  return new WardwatchError('BUS_UNAVAILABLE', `Kafka does not ${doing}: ${text}`, {
    cause,
    retryable: true,
  })
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error
}

let isFiltered = false

/**
 * kafkajs computes the delay of a timer in its request queue as (-1 − now) while nothing throttles it; Node 24 says so
 * with a TimeoutNegativeWarning on every request, and does what kafkajs means. This one warning, from that one file, is dropped.
 */
function filterTimerWarning(): void {
  if (isFiltered) return
  isFiltered = true
  const emit = process.emitWarning.bind(process)
  process.emitWarning = (...given: unknown[]): void => {
    const isOurs =
      given[1] === 'TimeoutNegativeWarning' && /kafkajs.+requestQueue/.test(new Error().stack ?? '')
    if (!isOurs) Reflect.apply(emit, process, given)
  }
}
