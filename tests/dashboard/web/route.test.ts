import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  alertHref,
  deviceHref,
  hrefOf,
  parseRoute,
  withParams,
} from '../../../dashboard/web/data/route.ts'

test.each([
  { hash: '', route: { page: 'alerts', id: null } },
  { hash: '#/alerts', route: { page: 'alerts', id: null } },
  { hash: '#/alerts/0a1b', route: { page: 'alerts', id: '0a1b' } },
  { hash: '#/alerts/../x', route: { page: 'alerts', id: null } },
  { hash: '#/alerts/<img>', route: { page: 'alerts', id: null } },
  { hash: '#/alerts/%E0%A4%A', route: { page: 'alerts', id: null } },
  { hash: '#/devices', route: { page: 'devices' } },
  { hash: '#/devices/%E0%A4%A', route: { page: 'devices' } },
  { hash: '#/sensors', route: { page: 'sensors' } },
  { hash: '#/account', route: { page: 'account' } },
  { hash: '#/elsewhere', route: { page: 'alerts', id: null } },
])('$hash is $route.page', ({ hash, route }) => {
  expect(parseRoute(hash)).toEqual({ ...route, params: {} })
})

test('an address tells filters again as they were written', () => {
  const params = { q: 'site:north & "ü"', t: '24h' }
  expect(parseRoute(alertHref('ab', params))).toEqual({ page: 'alerts', id: 'ab', params })
  expect(parseRoute(hrefOf({ page: 'devices' }, { q: '' }))).toEqual({
    page: 'devices',
    params: { q: '' },
  })
})

test('every host key is found again by its address', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (key) => {
      fc.pre(key.isWellFormed())
      expect(parseRoute(deviceHref(key))).toEqual({ page: 'device', key, params: {} })
    }),
  )
})

test('a parameter is changed and taken away, the rest stays', () => {
  expect(withParams('', { q: 'x' })).toBe('#/alerts?q=x')
  expect(withParams('#/alerts/ab?q=x&t=1h', { t: null })).toBe('#/alerts/ab?q=x')
  expect(withParams('#/alerts?q=x', { q: null })).toBe('#/alerts')
})
