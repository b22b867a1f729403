import { createCaptureFileSource } from '../ingest/adapters/capture-file.ts'
import type { IngestConfig } from '../ingest/config.ts'
import { createPipeline, type PipelineStats } from '../ingest/pipeline.ts'
import type { RecordSink } from '../ingest/record-sink.ts'
import { clearProgress, showProgress } from './output.ts'

/** What the sink is given room to write between two blocks: slow output holds the reading back. */
export interface OfflineSink extends RecordSink {
  drain(): Promise<void>
}

/** Captures through ingest alone, into `sink`; resolves to what was read and what was refused. */
export async function readCaptures(
  files: readonly string[],
  config: IngestConfig,
  sink: OfflineSink,
): Promise<PipelineStats> {
  const source = createCaptureFileSource(files)
  const pipeline = createPipeline(config, { sink, sourceRejects: () => source.rejects })
  for await (const block of source.blocks()) {
    pipeline.onBlock(block)
    showProgress('reading', source.progress())
    await sink.drain()
  }
  pipeline.endRecording()
  await sink.drain()
  clearProgress()
  return pipeline.stats()
}
