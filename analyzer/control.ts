import type { ControlCommand } from '../records/control.ts'
import type { HostKey } from '../records/observation.ts'
import { type FoldedBaseline, foldedVersion } from './baseline/folded.ts'
import type { HostTable } from './host-table.ts'
import type { PartitionState } from './partition-state.ts'
import { decodeSection, encodeSection } from './section.ts'

/** What a partition lets its commands do beside changing baselines. */
export interface ControlEnvironment {
  /** The key lies in this partition: its baseline may be made here. */
  isOwn(key: HostKey): boolean
  tellDetectors(command: ControlCommand, key: HostKey): void
  /** A profile of another version came in and was left out. */
  dropped(): void
}

/** What people have decided, carried out when its time has come (docs/decisions/0003, 0012). */
export function createControl(
  hosts: HostTable,
  state: PartitionState,
  environment: ControlEnvironment,
) {
  function approve(command: Extract<ControlCommand, { kind: 'approve' }>): void {
    if (!environment.isOwn(command.host)) return
    hosts.take(command.host).baseline.approveRelation(command.relation, command.effectiveUs)
  }

  function unapprove(command: Extract<ControlCommand, { kind: 'unapprove' }>): void {
    if (!environment.isOwn(command.host)) return
    hosts.find(command.host)?.baseline.unapproveRelation(command.relation)
  }

  /** The partition of the old key answers with its profile; the partition of the new key, maybe another, takes it. */
  function joinDevices(
    command: Extract<ControlCommand, { kind: 'same-device' }>,
    answers: ControlCommand[],
  ): void {
    const profile = hosts.find(command.oldKey)?.baseline.exportProfile() ?? null
    if (profile === null) return
    const { oldKey, newKey, ...common } = command
    answers.push({
      ...common,
      kind: 'profile',
      id: `${command.id}/profile`,
      reason: `profile of ${oldKey}`,
      host: newKey,
      profile: Buffer.from(encodeSection(foldedVersion, profile)).toString('base64'),
    })
  }

  function importProfile(command: Extract<ControlCommand, { kind: 'profile' }>): void {
    if (!environment.isOwn(command.host)) return
    const profile = decodeSection(foldedVersion, Buffer.from(command.profile, 'base64'))
    if (profile === null) environment.dropped()
    else
      hosts
        .take(command.host)
        .baseline.importProfile(profile as FoldedBaseline, command.effectiveUs)
  }

  return {
    /** Carries out what has become effective; what is to be sent back is added to `answers`. */
    apply(answers: ControlCommand[]): void {
      for (const command of state.takeEffective()) {
        if (command.kind === 'approve') approve(command)
        else if (command.kind === 'unapprove') unapprove(command)
        else if (command.kind === 'same-device') joinDevices(command, answers)
        else importProfile(command)
        for (const key of keysOf(command)) environment.tellDetectors(command, key)
      }
    },
  }
}

function keysOf(command: ControlCommand): HostKey[] {
  return command.kind === 'same-device' ? [command.oldKey, command.newKey] : [command.host]
}
