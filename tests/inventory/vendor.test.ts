import { expect, test } from 'vitest'
import { createVendorList } from '../../inventory/vendor.ts'

const vendors = createVendorList()

test.each([
  { name: 'a maker of monitors', mac: '00:09:fb:12:34:56', vendor: 'Philips Patient Monitoring' },
  { name: 'a maker of network cards', mac: '00:1b:21:0a:00:20', vendor: 'Intel Corporate' },
  { name: 'a prefix in capitals', mac: '00:1B:21:0A:00:20', vendor: 'Intel Corporate' },
  { name: 'a prefix that nobody has registered', mac: 'fc:ff:ff:00:00:01', vendor: null },
  { name: 'a locally administered address', mac: '02:1b:21:0a:00:20', vendor: null },
  { name: 'an address that a telephone made up', mac: 'da:a1:19:00:00:01', vendor: null },
  { name: 'broadcast', mac: 'ff:ff:ff:ff:ff:ff', vendor: null },
  { name: 'an empty text', mac: '', vendor: null },
])('$name is told as $vendor', ({ mac, vendor }) => {
  expect(vendors.vendorOf(mac)).toBe(vendor)
})

test('only the first line of a registration is told: the name, not the postal address', () => {
  expect(vendors.vendorOf('00:0c:29:00:00:01')).toBe('VMware, Inc.')
})
