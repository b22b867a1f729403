import tseslint from 'typescript-eslint'

const pureFiles = [
  'records/**/*.ts',
  'ingest/**/*.ts',
  'bus/*.ts',
  'store/*.ts',
  'analyzer/**/*.ts',
  'alerts/*.ts',
  'inventory/**/*.ts',
  'simulator/**/*.ts',
]

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'data/**', 'coverage/**', '.cache/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Typed arrays are read at indexes that the loop proves in range; `!` says so without a branch.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: 'error',
    },
  },
  {
    // Pure files take time and randomness as arguments: a replay must give the same result (docs/decisions/0002).
    files: pureFiles,
    ignores: ['**/adapters/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Pass `now` in: event time only.' },
        { object: 'Math', property: 'random', message: 'Pass a seeded generator in.' },
        { object: 'performance', property: 'now', message: 'Pass `now` in: event time only.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Pass `now` in.',
        },
      ],
    },
  },
  {
    files: ['tests/**/*.ts', 'bench/**/*.ts'],
    rules: { '@typescript-eslint/no-empty-function': 'off' },
  },
)
