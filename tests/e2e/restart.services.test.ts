import { afterAll, test } from 'vitest'
import { expectSameWhenKilled } from '../support/killed-replay.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'

// Needs no service, only time: core kills a few times.
const folder = temporaryFolder()
afterAll(folder.remove)

test('a replay on the memory bus, killed at 20 points, gives what an undisturbed one gives', async () => {
  await expectSameWhenKilled(writeLongCapture(folder.path, 61), folder.path, 20)
})
