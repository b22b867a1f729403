import { describe, expect, test } from 'vitest'
import { fatalErrorOf, faultOf, reasonIn } from '../../ingest/capture-faults.ts'

const at = {
  interface: 'span0',
  filter: 'tcp prot 22',
  user: 'nobody',
  program: 'tcpdump',
  interfaces: ['eth0', 'lo'],
}

describe('what tcpdump says when it ends', () => {
  test.each([
    [
      "tcpdump: span0: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)",
      'not-permitted',
      'CAPTURE_NOT_PERMITTED',
      'setcap cap_net_raw',
    ],
    [
      'tcpdump: span0: No such device exists\n(No such device exists)',
      'interface-gone',
      'INTERFACE_NOT_FOUND',
      'there are: eth0, lo',
    ],
    [
      'tcpdump: SIOCGIFHWADDR: No such device',
      'interface-gone',
      'INTERFACE_NOT_FOUND',
      'no network interface span0',
    ],
    [
      "tcpdump: can't parse filter expression: syntax error",
      'bad-filter',
      'CONFIG_INVALID',
      'input.filter: "tcp prot 22"',
    ],
    ["tcpdump: Couldn't find user 'nobody'", 'bad-user', 'CONFIG_INVALID', 'no user nobody'],
  ])(
    '%j is a reason to stop at the first try, with its remedy',
    (messages, fault, code, remedy) => {
      const found = faultOf(messages)
      expect(found).toBe(fault)
      const error = fatalErrorOf(found, { ...at, messages })
      expect(error).toMatchObject({ code, retryable: false })
      expect(error?.message).toContain(remedy)
    },
  )

  test.each([
    ['tcpdump: span0: That device is not up', 'interface-down'],
    ['tcpdump: pcap_loop: The interface went down\n3 packets captured', 'interface-down'],
    ['1 packet captured\n0 packets dropped by kernel', 'ended'],
    ['', 'ended'],
  ] as const)('%j is waited for', (messages, fault) => {
    const found = faultOf(messages)
    expect(found).toBe(fault)
    expect(fatalErrorOf(found, { ...at, messages })).toBeNull()
  })

  test('is told without greeting and counts', () => {
    const messages =
      'tcpdump: listening on span0, link-type EN10MB (Ethernet)\ntcpdump: 1 packet captured, 1 packet received by filter\n' +
      'tcpdump: pcap_loop: The interface disappeared\n3 packets captured\n0 packets dropped by kernel\n'
    expect(reasonIn(messages)).toBe('tcpdump: pcap_loop: The interface disappeared')
    expect(reasonIn('3 packets captured\n')).toBeNull()
  })
})
