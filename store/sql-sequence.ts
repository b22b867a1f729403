import type { Transaction } from 'kysely'
import type { StateTables } from './sql.ts'

/**
 * Takes `count` numbers of a counter that rises without holes. Its row stays locked until the transaction ends, so the
 * order of numbers is the order in which readers see what carries them.
 * @returns the last of them.
 */
export async function takeNumbers(
  tx: Transaction<StateTables>,
  name: 'alert_row' | 'notification' | 'control_command',
  count: number,
): Promise<number> {
  const { value } = await tx
    .insertInto('revision_counter')
    .values({ name, value: count })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({
        value: eb('revision_counter.value', '+', count),
      })),
    )
    .returning('value')
    .executeTakeFirstOrThrow()
  return value
}
