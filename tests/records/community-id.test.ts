import { expect, test } from 'vitest'
import { parseIp } from '../../records/address.ts'
import { communityId } from '../../records/community-id.ts'

// From the specification's own repository; the last one as tshark tells it.
test.each([
  {
    name: 'TCP',
    protocol: 6,
    from: '128.232.110.120',
    to: '66.35.250.204',
    ports: [34855, 80],
    id: '1:LQU9qZlK+B5F3KDmev6m5PMibrg=',
  },
  {
    name: 'UDP',
    protocol: 17,
    from: '192.168.1.52',
    to: '8.8.8.8',
    ports: [54585, 53],
    id: '1:d/FP5EW3wiY1vCndhwleRRKHowQ=',
  },
  {
    name: 'ICMP echo',
    protocol: 1,
    from: '192.168.0.89',
    to: '192.168.0.1',
    ports: [8, 0],
    id: '1:X0snYXpgwiv9TZtqg64sgzUn6Dk=',
  },
  {
    name: 'ICMP time exceeded',
    protocol: 1,
    from: '192.168.0.1',
    to: '192.168.0.89',
    ports: [11, 0],
    id: '1:5ppgsucJbrpJCp1T8kvBKS94Ib0=',
  },
])('$name has the id that others give it', ({ protocol, from, to, ports, id }) => {
  const [origPort = 0, respPort = 0] = ports
  const flow = { protocol, origIp: parseIp(from)!, respIp: parseIp(to)!, origPort, respPort }
  expect(communityId(flow)).toBe(id)
})

test('both directions have one id', () => {
  const a = { origIp: parseIp('fe80::1')!, origPort: 40000 }
  const b = { respIp: parseIp('fe80::2')!, respPort: 443 }
  const back = { protocol: 6, origIp: b.respIp, respIp: a.origIp, origPort: 443, respPort: 40000 }
  expect(communityId({ protocol: 6, ...a, ...b })).toBe(communityId(back))
})
