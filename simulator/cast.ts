import { type Cast, createHospital, type HospitalSize } from './hospital.ts'

/** Sizes by name. */
const sizes = {
  small: {
    wards: 1,
    pumpsPerWard: 2,
    monitorsPerWard: 2,
    nursePcsPerWard: 3,
    modalities: 2,
    analysers: 2,
    guests: 3,
  },
  ward: {
    wards: 1,
    pumpsPerWard: 8,
    monitorsPerWard: 6,
    nursePcsPerWard: 5,
    modalities: 2,
    analysers: 2,
    guests: 6,
  },
  hospital: {
    wards: 8,
    pumpsPerWard: 10,
    monitorsPerWard: 8,
    nursePcsPerWard: 6,
    modalities: 6,
    analysers: 6,
    guests: 30,
  },
} as const satisfies Record<string, HospitalSize>
export type SizeName = keyof typeof sizes

/** Everybody in a hospital of this size. */
export function castOfSize(size: SizeName): Cast {
  return createHospital(sizes[size])
}

export type { Cast }
