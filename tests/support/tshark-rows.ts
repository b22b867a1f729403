import { tshark } from './tshark.ts'

/** Bodies are not waited for: a status line counts when it is there. */
const preferences = ['http.desegment_body:FALSE']

/** Fields of each packet that the filter takes, as tshark reads them: per field all its occurrences. */
export async function tsharkRows(
  path: string,
  filter: string,
  fields: readonly string[],
  morePreferences: readonly string[] = [],
): Promise<string[][][]> {
  const output = await tshark(
    path,
    ...['-Y', filter, '-T', 'fields', '-E', 'separator=/t'],
    ...['-E', 'occurrence=a', '-E', 'aggregator=|'],
    ...[...preferences, ...morePreferences].flatMap((preference) => ['-o', preference]),
    ...['frame.number', ...fields].flatMap((field) => ['-e', field]),
  )
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const row = line.split('\t').slice(1)
      return row.map((field) => (field === '' ? [] : field.split('|')))
    })
}
