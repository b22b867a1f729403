import { z } from 'zod'

/** Last entry of an archive: an archive that was cut has none. */
export const manifestName = 'manifest.json'

/** Where the state and the configuration lie, in the archive and in a restored folder. */
export const stateName = 'state.sqlite'
export const configurationName = 'configuration.yaml'

/** A file of the archive: below the data folder, without a way out of it. */
const nameSchema = z
  .string()
  .max(255)
  // No part begins with a dot, so none is `.` or `..`; the other signs are those of encodeURIComponent.
  .regex(
    /^[A-Za-z0-9%_!'()*~-][A-Za-z0-9%_!'()*~.-]*(\/[A-Za-z0-9%_!'()*~-][A-Za-z0-9%_!'()*~.-]*)*$/,
  )

export const manifestSchema = z.strictObject({
  format: z.literal('wardwatch-backup'),
  version: z.literal(1),
  /** RFC 3339, UTC: when the state was read. */
  created: z.string(),
  /** Version of the tables of the state. */
  schemaVersion: z.int(),
  files: z.array(
    z.strictObject({
      name: nameSchema,
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
})
export type Manifest = z.infer<typeof manifestSchema>

export function isSafeName(name: string): boolean {
  return nameSchema.safeParse(name).success
}
