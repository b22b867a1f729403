import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientAddress, type MirrorLab, serverAddress } from './mirror-lab.ts'

/** A real OpenSSH server that lets nobody in, and clients that try with a wrong key. */
export function startSshServer(lab: MirrorLab, folder: string) {
  const keys = join(folder, 'ssh')
  mkdirSync(keys)
  // Where sshd's unprivileged half is locked in.
  mkdirSync('/run/sshd', { recursive: true })
  for (const key of ['host', 'wrong'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, key)])
  const lines = [
    `ListenAddress ${serverAddress}`,
    `HostKey ${join(keys, 'host')}`,
    'PidFile none',
    'UsePAM no',
    'PasswordAuthentication no',
    'AuthorizedKeysFile none',
    'MaxStartups 100',
  ]
  writeFileSync(join(keys, 'config'), `${lines.join('\n')}\n`)
  lab.server('/usr/sbin/sshd', ['-D', '-e', '-f', join(keys, 'config')])
  const options = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no']
    .concat('UserKnownHostsFile=/dev/null', 'ConnectionAttempts=5')
    .flatMap((option) => ['-o', option])
  return {
    /** One refused log-in from client `n`; throws when it was not refused. */
    async refuse(n: number) {
      const who = ['-b', clientAddress(n), '-i', join(keys, 'wrong'), `root@${serverAddress}`]
      const { code } = await lab.ask('ssh', [...options, ...who, 'true'])
      if (code !== 255) throw new Error(`ssh ended with ${String(code)}`)
    },
  }
}

/** A real DICOM archive (DCMTK's storescp), and stations that store an image in it. */
export function startArchive(lab: MirrorLab, folder: string) {
  const images = join(folder, 'archive')
  mkdirSync(images)
  lab.server('storescp', ['--output-directory', images, '--aetitle', 'ARCHIVE', '11112'])
  const [dump, image] = [join(folder, 'image.dump'), join(folder, 'image.dcm')]
  // The least a storage service takes: a Secondary Capture of one instance, without pixels.
  const elements = [
    '(0008,0016) UI =SecondaryCaptureImageStorage',
    '(0008,0018) UI [1.2.276.0.7230010.3.1.4.1]',
    '(0010,0010) PN [TEST^NOBODY]',
    '(0010,0020) LO [0]',
    '(0020,000d) UI [1.2.276.0.7230010.3.1.2.1]',
    '(0020,000e) UI [1.2.276.0.7230010.3.1.3.1]',
  ]
  writeFileSync(dump, `${elements.join('\n')}\n`)
  execFileSync('dump2dcm', [dump, image])
  return {
    /** Stores the image under a calling title, from this namespace's first address; its exit code. */
    async store(title: string) {
      const titles = ['--aetitle', title, '--call', 'ARCHIVE']
      return (await lab.ask('storescu', [...titles, serverAddress, '11112', image])).code
    },
  }
}
