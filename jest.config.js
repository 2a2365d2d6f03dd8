/** @type {import('jest').Config} */
export default {
  // Looked at when everything runs (`npm test`): the rules are tested in every branch. It costs 2 s of CPU.
  collectCoverageFrom: ['domain/**/*.ts'],
  coverageDirectory: '.cache/coverage',
  coverageReporters: ['text-summary'],
  coverageThreshold: { './domain/': { branches: 100 } },
  projects: [
    {
      displayName: 'fast',
      testMatch: [
        '<rootDir>/test/{domain,api,infra,clients,activities,workers,bin,bench,workflows}/**/*.test.ts',
        '<rootDir>/docs/examples/**/*.test.ts',
      ],
      ...shared(),
    },
    {
      displayName: 'server',
      testMatch: ['<rootDir>/test/server/**/*.test.ts'],
      globalSetup: '<rootDir>/test/support/stack-up.ts',
      globalTeardown: '<rootDir>/test/support/stack-down.ts',
      // A project's own `testTimeout` is taken and not heeded.
      setupFilesAfterEnv: ['<rootDir>/test/support/patience.ts'],
      ...shared(),
    },
  ],
};

function shared() {
  return {
    testEnvironment: 'node',
    injectGlobals: false,
    extensionsToTreatAsEsm: ['.ts'],
    transform: {
      '^.+\\.ts$': [
        '@swc/jest',
        {
          swcrc: false,
          jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
          module: { type: 'es6' },
          sourceMaps: 'inline',
        },
      ],
    },
  };
}
